#include "twin/store/node_store.hpp"

#include "ledger/crypto/sha256.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr const char* schema = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
BEGIN IMMEDIATE;
PRAGMA application_id = 1095323726;
CREATE TABLE IF NOT EXISTS newest (kind INTEGER PRIMARY KEY, record BLOB NOT NULL, sha256 BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS block (height INTEGER PRIMARY KEY, record BLOB NOT NULL, sha256 BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS evidence (id INTEGER PRIMARY KEY, record BLOB NOT NULL, sha256 BLOB NOT NULL) STRICT;
COMMIT;
)sql";
static_assert(node_application_id == 1095323726);

// The record in a row of (record, sha256), where it is what was written.
std::optional<Bytes> whole_record(const Statement& row) {
  const auto record = row.blob(0);
  if (!equal(sha256(record), row.blob(1))) return std::nullopt;
  return to_bytes(record);
}

std::optional<Bytes> only_record(Statement& query) {
  const auto row = query.step();
  auto out = row && *row ? whole_record(query) : std::nullopt;
  static_cast<void>(query.run());  // to the end, so that nothing stays open
  return out;
}

}  // namespace

Result<std::unique_ptr<NodeStore>> NodeStore::open(const std::string& path) {
  auto database = Database::open(path, Database::Mode::create);
  if (!database) return failure(database.error().message);
  std::unique_ptr<NodeStore> out(new NodeStore(std::move(*database)));
  if (auto ok = out->prepare(path); !ok) {
    if (ok.error().kind == StoreFailure::locked)
      return failure(path + ": another process runs on it, and two would sign twice");
    return failure(ok.error().message);
  }
  if (auto ok = out->check_newest(path); !ok) return failure(ok.error());
  return out;
}

Stored<void> NodeStore::prepare(const std::string& path) {
  // Before anything is read, so that the log is read without memory shared with other processes.
  if (auto ok = database_.execute("PRAGMA locking_mode = EXCLUSIVE"); !ok) return ok;
  const auto id = database_.integer("PRAGMA application_id");
  if (!id) return tl::unexpected(id.error());
  const auto tables = database_.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected(tables.error());
  if (*tables != 0 && *id != node_application_id)
    return tl::unexpected(
        StoreError{StoreFailure::not_a_run, path + ": is a database, but not a node's"});
  if (auto ok = database_.execute(schema); !ok) return ok;
  for (const auto& [statement, sql] :
       {std::pair{&put_newest_, "INSERT OR REPLACE INTO newest VALUES (?1, ?2, ?3)"},
        {&put_block_, "INSERT OR REPLACE INTO block VALUES (?1, ?2, ?3)"},
        {&put_evidence_, "INSERT INTO evidence (record, sha256) VALUES (?1, ?2)"},
        {&get_newest_, "SELECT record, sha256 FROM newest WHERE kind = ?1"},
        {&get_block_, "SELECT record, sha256 FROM block WHERE height = ?1"}}) {
    auto made = database_.prepare(sql);
    if (!made) return tl::unexpected(made.error());
    *statement = std::move(*made);
  }
  return {};
}

// A damaged record is an error and not a fresh start: who runs the node has to decide.
Result<void> NodeStore::check_newest(const std::string& path) const {
  auto rows = database_.prepare("SELECT record, sha256 FROM newest");
  if (!rows) return failure(rows.error().message);
  for (;;) {
    const auto row = rows->step();
    if (!row) return failure(row.error().message);
    if (!*row) return {};
    if (!whole_record(*rows))
      return failure(path +
                     ": its signing record is damaged. Without it the node cannot know what it has "
                     "signed; move the file away to let the node observe before it votes");
  }
}

Result<void> NodeStore::keep(const Persist& persist) {
  if (!failure_.empty()) return failure(failure_);
  if (auto ok = write(persist); !ok) failure_ = ok.error().message;
  if (!failure_.empty()) return failure(failure_);
  return {};
}

Stored<void> NodeStore::write(const Persist& persist) {
  const Hash sum = sha256(persist.record);
  const BytesView record = persist.record, check = sum;
  if (persist.kind == RecordKind::evidence || persist.kind == RecordKind::signed_twice)
    return put_evidence_.bind(record, check).run();
  if (replaces(persist.kind))
    return put_newest_.bind(static_cast<int>(persist.kind), record, check).run();
  if (persist.kind != RecordKind::block) return {};
  const auto block = decode_block_record(persist.record);
  if (!block)
    return tl::unexpected(StoreError{StoreFailure::corrupt, "a block record that is none"});
  return put_block_.bind(height_of(*block), record, check).run();
}

Result<void> NodeStore::purge() {
  if (!failure_.empty()) return failure(failure_);
  if (auto ok = database_.execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"); !ok)
    failure_ = ok.error().message;
  if (!failure_.empty()) return failure(failure_);
  return {};
}

std::optional<Bytes> NodeStore::newest(RecordKind kind) const {
  return only_record(get_newest_.bind(static_cast<int>(kind)));
}

std::optional<Bytes> NodeStore::block(std::uint64_t height) const {
  return only_record(get_block_.bind(height));
}

}  // namespace twin
