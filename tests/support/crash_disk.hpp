#pragma once
// A disk under SQLite that remembers every write, truncation, sync and deletion, so that a test can
// lay out what a power cut after any of them may have left; and that fails when it is told to.
// One at a time; databases opened while it lives go through it.

#include <cstdint>
#include <string>
#include <vector>

namespace test {

class CrashDisk {
 public:
  enum class Kind : std::uint8_t { write, truncate, sync, remove };
  struct Operation {
    Kind kind;
    std::string file;
    std::int64_t offset = 0;  // or the size that a truncation leaves
    std::string bytes;
  };
  // What became of writes that were not synced before the cut.
  enum class Unsynced : std::uint8_t {
    kept,
    lost,
    torn,       // the last one half, those before it kept
    reordered,  // each 512 bytes of them there or not, by the seed
  };

  CrashDisk();
  ~CrashDisk();
  CrashDisk(const CrashDisk&) = delete;

  const std::vector<Operation>& operations() const;
  // The operation of this number, from 0, and all after it return this SQLite error.
  void fail_from(std::size_t operation, int sqlite_code);

  // Writes into `folder` the files as they may be after the first `done` operations.
  void lay_out(const std::string& folder, std::size_t done, Unsynced unsynced,
               std::uint64_t seed) const;
};

}  // namespace test
