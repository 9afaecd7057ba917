#pragma once
// A day of a made-up feeder for tests of the views: 4 streets of 10 homes, smooth curves that look
// like a summer day. Nothing in it comes from the physics.

#include <cstdint>
#include <filesystem>
#include <string>

#include "twin/snapshot.hpp"
#include "twin/store/run_writer.hpp"

namespace made_up {

twin::RunDescription description();
twin::Snapshot snapshot(std::int64_t minute);
twin::FeederMinute feeder_minute(std::int64_t minute);

// Writes run.db of `minutes` minutes; requires success.
void write_run(const std::string& path, const twin::RunDescription& run, std::int64_t minutes);

// The text of a summary.json with all keys that the report shows.
std::string summary();

// A folder of its own, removed with what is in it.
class Folder {
 public:
  Folder();
  ~Folder();
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace made_up
