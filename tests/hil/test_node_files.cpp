// A node's records on a real disk, and a validator that is started from them.

#include <filesystem>
#include <fstream>

#include "hil/node_files.hpp"
#include "tests/support/validator_net.hpp"

using namespace twin_test;
using hil::NodeFiles;

namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "aipchain-node-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  fs::path path;
};

std::unique_ptr<NodeFiles> opened(const std::string& path) {
  auto files = NodeFiles::open(path);
  REQUIRE(files);
  return std::move(*files);
}

}  // namespace

TEST_CASE("a validator restarted from its files does not equivocate, and goes on") {
  const Folder folder;
  auto files = opened(folder / "validator-1");
  ValidatorNet net;
  net.on_persist = [&](std::uint32_t n, const Persist& p) {
    return n == 1 ? files->keep(p) : Result<void>{};
  };
  for (const int effects : {1, 2, 3, 4}) {
    net.run_until(Instant{} + seconds(10 * effects) + milliseconds(10));
    net.crash_after_effects(1, static_cast<std::size_t>(effects));
    while (!net.crashed(1)) net.run_for(milliseconds(5));
    net.lose_disk(1);
    files.reset();
    files = opened(folder / "validator-1");
    if (net.height(1) > 1) CHECK(files->block(net.height(1) - 1).has_value());
    CHECK(files->newest(RecordKind::last_signed).has_value());
    net.external = files.get();
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
  const Folder folder;
  const std::string path = folder / "validator-0";
  for (int i = 1; i < 4; ++i) {
    REQUIRE(opened(path)->keep({RecordKind::evidence, Bytes(100, 7), true}));
    CHECK(fs::file_size(path + ".evidence") == static_cast<std::uintmax_t>(104 * i));
  }
}

TEST_CASE(
    "a torn tail of the blocks is cut off; a damaged signing record "
    "stops the start") {
  const Folder folder;
  const std::string path = folder / "validator-0";
  {
    auto files = opened(path);
    ValidatorNet net;
    net.on_persist = [&](std::uint32_t n, const Persist& p) {
      return n == 0 ? files->keep(p) : Result<void>{};
    };
    net.run_until(Instant{} + milliseconds(22'500));
    REQUIRE(files->block(4).has_value());
  }
  const auto whole = fs::file_size(path + ".blocks");
  fs::resize_file(path + ".blocks", whole - 1);
  CHECK(opened(path)->block(3).has_value());
  CHECK_FALSE(opened(path)->block(4).has_value());
  CHECK(fs::file_size(path + ".blocks") < whole - 1);
  {
    std::fstream f(path + ".blocks", std::ios::in | std::ios::out | std::ios::binary);
    f.seekp(50);
    f.put('\x7f');
  }
  CHECK_FALSE(opened(path)->block(1).has_value());

  std::fstream f(path, std::ios::in | std::ios::out | std::ios::binary);
  f.seekp(20);
  f.put('\x7f');
  f.close();
  const auto damaged = NodeFiles::open(path);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().find(path + ": is damaged") == 0);
  fs::remove(path);
  CHECK_FALSE(opened(path)->newest(RecordKind::last_signed).has_value());
  CHECK_FALSE(NodeFiles::open(folder / "no/such/folder/validator-0"));
}
