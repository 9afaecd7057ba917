// A node's records on a real disk, and a validator that is started from them.

#include <filesystem>
#include <fstream>

#include "tests/support/validator_net.hpp"
#include "twin/store/node_store.hpp"

using namespace twin_test;

namespace {

namespace fs = std::filesystem;

struct StoreFolder {
  StoreFolder() {
    std::string name = (fs::temp_directory_path() / "aipchain-node-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~StoreFolder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  fs::path path;
};

std::optional<std::int64_t> rows(const std::string& path, const char* query) {
  auto database = Database::open(path, Database::Mode::read);
  REQUIRE(database);
  const auto n = database->integer(query);
  return n ? std::optional(*n) : std::nullopt;
}

void change(const std::string& path, const char* sql) {
  auto database = Database::open(path, Database::Mode::create);
  REQUIRE(database);
  REQUIRE(database->execute(sql));
}

std::unique_ptr<NodeStore> opened(const std::string& path) {
  auto store = NodeStore::open(path);
  REQUIRE(store);
  return std::move(*store);
}

}  // namespace

TEST_CASE("a validator restarted from its store does not equivocate, and goes on") {
  const StoreFolder folder;
  auto store = opened(folder / "validator-1");
  ValidatorNet net;
  net.on_persist = [&](std::uint32_t n, const Persist& p) {
    return n == 1 ? store->keep(p) : Result<void>{};
  };
  for (const int effects : {1, 2, 3, 4}) {
    net.run_until(Instant{} + seconds(10 * effects) + milliseconds(10));
    net.crash_after_effects(1, static_cast<std::size_t>(effects));
    while (!net.crashed(1)) net.run_for(milliseconds(5));
    net.lose_disk(1);
    store.reset();
    store = opened(folder / "validator-1");
    if (net.height(1) > 1) CHECK(store->block(net.height(1) - 1).has_value());
    CHECK(store->newest(RecordKind::last_signed).has_value());
    net.external = store.get();
    net.up(1);
    net.external = nullptr;
  }
  const std::uint64_t voted = net.votes[1];
  net.run_for(seconds(20));
  CHECK(net.equivocations.empty());
  CHECK(net.votes[1] > voted);
  CHECK(net.height(1) >= net.height(0) - 1);
}

TEST_CASE("evidence is kept, one piece behind the other") {
  const StoreFolder folder;
  const std::string path = folder / "validator-0";
  for (int i = 1; i < 4; ++i) {
    REQUIRE(opened(path)->keep({RecordKind::evidence, Bytes(100, 7), true}));
    CHECK(*rows(path, "SELECT count(*) FROM evidence") == i);
  }
}

TEST_CASE("a damaged block counts as not there; a damaged signing record stops the start") {
  const StoreFolder folder;
  const std::string path = folder / "validator-0";
  {
    auto store = opened(path);
    ValidatorNet net;
    net.on_persist = [&](std::uint32_t n, const Persist& p) {
      return n == 0 ? store->keep(p) : Result<void>{};
    };
    net.run_until(Instant{} + milliseconds(22'500));
    REQUIRE(store->block(4).has_value());
  }
  change(path,
         "UPDATE block SET record = CAST(substr(record, 1, 50) || x'7f' || substr(record, 52) AS "
         "BLOB) "
         "WHERE height = 3");
  CHECK(opened(path)->block(2).has_value());
  CHECK_FALSE(opened(path)->block(3).has_value());
  CHECK_FALSE(opened(path)->block(5).has_value());

  change(path, "UPDATE newest SET record = substr(record, 1, length(record) - 1)");
  const auto damaged = NodeStore::open(path);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().find(path + ": its signing record is damaged") == 0);
  fs::remove(path);
  CHECK_FALSE(opened(path)->newest(RecordKind::last_signed).has_value());
}

TEST_CASE("a store is one process's, and a node's") {
  const StoreFolder folder;
  CHECK_FALSE(NodeStore::open(folder / "no/such/folder/validator-0"));
  const std::string path = folder / "validator-0";
  const auto store = opened(path);
  const auto second = NodeStore::open(path);
  REQUIRE_FALSE(second);
  CHECK(second.error().find(path + ": another process runs on it") == 0);

  std::ofstream(folder / "text") << std::string(5000, 'x');
  const auto text = NodeStore::open(folder / "text");
  REQUIRE_FALSE(text);
  CHECK(text.error().find(folder / "text") == 0);
  change(folder / "other", "CREATE TABLE t (x)");
  const auto other = NodeStore::open(folder / "other");
  REQUIRE_FALSE(other);
  CHECK(other.error().find("not a node's") != std::string::npos);
}
