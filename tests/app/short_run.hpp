#pragma once
// The program as its users call it, on worlds small enough for a test.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "market/audit/files.hpp"

namespace test {

// A folder of its own below the system's temporary one, gone with its owner.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string at(const std::string& name) const { return (path_ / name).string(); }
  void write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

struct Outcome {
  int code = 0;
  std::string output, errors;
};

// `aipchain ARGUMENTS...`, to its end.
Outcome aipchain(std::vector<std::string> arguments);

// Six homes behind two gateways for six minutes of noon: market slots of a minute, batches and
// blocks of 20 s.
extern const char* const short_scenario;

std::string slurp(const std::filesystem::path& path);
std::vector<std::string> lines_of(const std::string& text);

// A directory's files in memory, by path.
using Files = std::map<std::string, ledger::Bytes>;
Files files_of(const std::filesystem::path& directory);
// As the auditor reads them; `files` must outlive it.
market::FileSet view_of(const Files& files);

}  // namespace test
