// A node's store under power cuts at each write and sync of a run of 50 blocks, and on a disk that
// fails. AIPCHAIN_CRASH_STRIDE=1 tries every point (scripts/campaign crashes).

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sqlite3.h>

#include "tests/support/crash_disk.hpp"
#include "tests/support/setting.hpp"
#include "tests/support/validator_net.hpp"
#include "twin/store/node_store.hpp"

using namespace twin_test;
using test::CrashDisk;

namespace {

namespace fs = std::filesystem;

struct Scratch {
  Scratch() {
    std::string name = (fs::temp_directory_path() / "aipchain-crash-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Scratch() { fs::remove_all(path); }
  std::string file() const { return (path / "records.db").string(); }
  fs::path path;
};

// What one validator of a real run persisted, in order.
const std::vector<Persist>& persisted() {
  static const std::vector<Persist> out = [] {
    std::vector<Persist> all;
    ValidatorNet net;
    net.on_persist = [&](std::uint32_t n, const Persist& p) {
      if (n == 1) all.push_back(p);
      return Result<void>{};
    };
    net.run_until(Instant{} + seconds(5 * 51));
    return all;
  }();
  return out;
}

// How many records were acknowledged, and the operations that the disk had seen by then.
struct Acknowledged {
  std::vector<std::size_t> operations;  // by record
};

Acknowledged write_all(const CrashDisk& disk, const std::string& file) {
  Acknowledged out;
  auto store = NodeStore::open(file);
  if (!store) return out;
  for (const Persist& p : persisted()) {
    if (!(*store)->keep(p)) break;
    out.operations.push_back(disk.operations().size());
  }
  return out;
}

// Everything acknowledged is there; of what was under way the whole or nothing.
void check_store(const std::string& file, std::size_t acknowledged) {
  const auto store = NodeStore::open(file);
  REQUIRE_MESSAGE(store, store.error());
  std::optional<Bytes> last, next;
  for (std::size_t k = 0; k < persisted().size() && k <= acknowledged; ++k) {
    const Persist& p = persisted()[k];
    if (p.kind == RecordKind::last_signed) (k < acknowledged ? last : next) = p.record;
    if (p.kind != RecordKind::block) continue;
    const auto there = (*store)->block(height_of(*decode_block_record(p.record)));
    CHECK((there == std::optional(p.record) || (k == acknowledged && !there)));
  }
  const auto newest = (*store)->newest(RecordKind::last_signed);
  CHECK((newest == last || (next && newest == next)));
}

}  // namespace

TEST_CASE("node store: whatever a power cut leaves, what was acknowledged is there") {
  const std::size_t stride = test::setting("AIPCHAIN_CRASH_STRIDE", 23);
  REQUIRE(stride > 0);
  const Scratch run;
  CrashDisk disk;
  const Acknowledged done = write_all(disk, run.file());
  REQUIRE(done.operations.size() == persisted().size());
  std::size_t cuts = 0, blocks = 0;
  for (const Persist& p : persisted()) blocks += p.kind == RecordKind::block ? 1 : 0;
  REQUIRE(blocks >= 50);
  const std::size_t operations = disk.operations().size();
  for (std::size_t cut = 0; cut <= operations; cut += stride)
    for (const auto left : {CrashDisk::Unsynced::kept, CrashDisk::Unsynced::lost,
                            CrashDisk::Unsynced::torn, CrashDisk::Unsynced::reordered}) {
      CAPTURE(cut);
      CAPTURE(static_cast<int>(left));
      const Scratch after;
      disk.lay_out(after.path.string(), cut, left, cut);
      std::size_t acknowledged = 0;
      while (acknowledged < done.operations.size() && done.operations[acknowledged] <= cut)
        ++acknowledged;
      check_store(after.file(), acknowledged);
      ++cuts;
    }
  std::printf("crashes: %zu places among %zu operations of %zu blocks, 4 ways each: %zu cuts\n",
              operations / stride + 1, operations, blocks, cuts);
}

TEST_CASE("node store: a full or failing disk is told, and loses nothing that was acknowledged") {
  std::size_t operations = 0;
  {
    const Scratch run;
    CrashDisk disk;
    write_all(disk, run.file());
    operations = disk.operations().size();
  }
  const std::size_t stride = test::setting("AIPCHAIN_CRASH_STRIDE", 41);
  std::size_t failures = 0;
  for (std::size_t at = 0; at < operations; at += stride)
    for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE}) {
      CAPTURE(at);
      CAPTURE(code);
      const Scratch run;
      std::size_t acknowledged = 0;
      {
        CrashDisk disk;
        disk.fail_from(at, code);
        acknowledged = write_all(disk, run.file()).operations.size();
      }
      // The last checkpoint of the database runs behind the last record: its failure comes late.
      CHECK(acknowledged <= persisted().size());
      check_store(run.file(), acknowledged);
      ++failures;
    }
  std::printf("disk failures: %zu\n", failures);
}

TEST_CASE("node store: after a failure nothing is kept any more") {
  const Scratch run;
  CrashDisk disk;
  auto store = NodeStore::open(run.file());
  REQUIRE(store);
  disk.fail_from(disk.operations().size(), SQLITE_FULL);
  const auto failed = (*store)->keep(persisted()[0]);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().find("full") != std::string::npos);
  disk.fail_from(SIZE_MAX, SQLITE_OK);
  CHECK_FALSE((*store)->keep(persisted()[0]));
}
