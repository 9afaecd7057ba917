#include <algorithm>
#include <doctest/doctest.h>
#include <map>

#include "ledger/base/rng.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/tlog/tiles.hpp"

using namespace ledger;

namespace {

using Files = std::map<std::string, Bytes>;

std::vector<Bytes> entries_of(std::size_t n) {
  Rng rng(77);
  std::vector<Bytes> out(n);
  for (Bytes& entry : out)
    for (std::uint64_t k = rng.below(6); k > 0; --k)
      entry.push_back(static_cast<std::uint8_t>(rng.next()));
  return out;
}

LogTree tree_of(std::span<const Bytes> entries) {
  LogTree tree;
  for (const Bytes& entry : entries) tree.append(leaf_hash(entry));
  return tree;
}

Files files_of(std::span<const Bytes> entries, std::uint64_t size) {
  Files out;
  for (auto& [path, bytes] : all_tiles(entries, size)) CHECK(out.emplace(path, bytes).second);
  return out;
}

Result<TiledLog> read_back(const Files& files, std::uint64_t size) {
  return read_tiles(size, [&](const std::string& path) {
    const auto at = files.find(path);
    return at == files.end() ? std::nullopt : std::optional(at->second);
  });
}

bool names(const Result<TiledLog>& read, const std::string& path) {
  return !read && read.error().starts_with(path + ": ");
}

}  // namespace

// The numbers are those of the examples in c2sp.org/tlog-tiles.
TEST_CASE("a log of 70,000 entries has the tiles that the standard counts") {
  const auto paths = tile_paths(70'000);
  const auto count = [&](const std::string& start) {
    return std::count_if(paths.begin(), paths.end(),
                         [&](const std::string& p) { return p.starts_with(start); });
  };
  const auto has = [&](const std::string& p) {
    return std::find(paths.begin(), paths.end(), p) != paths.end();
  };
  CHECK(count("tile/0/") == 274);
  CHECK(count("tile/entries/") == 274);
  CHECK(count("tile/1/") == 2);
  CHECK(count("tile/2/") == 1);
  CHECK(paths.size() == 551);
  for (const char* path : {"tile/0/000", "tile/0/272", "tile/0/273.p/112", "tile/1/000",
                           "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"})
    CHECK_MESSAGE(has(path), path);
  for (const char* path : {"tile/0/273", "tile/0/000.p/256", "tile/1/001", "tile/2/000",
                           "tile/3/000.p/1", "tile/entries/274"})
    CHECK_FALSE_MESSAGE(has(path), path);
}

TEST_CASE("tile numbers are written in groups of three digits") {
  const auto last_bundle = [](std::uint64_t size) {
    const std::uint64_t before = (size - 1) / 256 * 256;
    return obsolete_tiles(size, before + 256).front();
  };
  CHECK(last_bundle(1) == "tile/entries/000.p/1");
  CHECK(last_bundle(255) == "tile/entries/000.p/255");
  CHECK(last_bundle(999 * 256 + 5) == "tile/entries/999.p/5");
  CHECK(last_bundle(1000 * 256 + 5) == "tile/entries/x001/000.p/5");
  CHECK(last_bundle(std::uint64_t{1'234'067} * 256 + 9) == "tile/entries/x001/x234/067.p/9");
  CHECK(tile_paths(0).empty());
  CHECK(tile_paths(256) ==
        std::vector<std::string>{"tile/entries/000", "tile/0/000", "tile/1/000.p/1"});
}

TEST_CASE("tiles hold the hashes that the standard defines") {
  const auto entries = entries_of(600);
  const Files files = files_of(entries, 600);
  std::vector<Hash> leaves;
  for (const Bytes& entry : entries) leaves.push_back(leaf_hash(entry));
  const Bytes& second = files.at("tile/0/001");
  REQUIRE(second.size() == 8192);
  CHECK(equal(BytesView(second).subspan(32 * 3, 32), leaves[259]));
  const Bytes& above = files.at("tile/1/000.p/2");
  REQUIRE(above.size() == 64);
  CHECK(equal(BytesView(above).first(32), root_of(std::span(leaves).first(256))));
  CHECK(equal(BytesView(above).last(32), root_of(std::span(leaves).subspan(256, 256))));
  CHECK(files.size() == 7);
}

TEST_CASE("a log that grows by any steps has the files of one written at once") {
  const auto entries = entries_of(1200);
  const LogTree tree = tree_of(entries);
  Rng rng(4);
  Files disk;
  for (std::uint64_t size = 0; size < 1200;) {
    const std::uint64_t full = (size / 256 + 1) * 256;
    const std::uint64_t step = rng.chance(0.3) ? full - size : rng.below(150);
    const std::uint64_t next = std::min<std::uint64_t>(1200, size + step);
    for (auto& [path, bytes] : changed_tiles(entries, tree, size, next)) {
      CHECK_FALSE(disk.contains(path));  // files never change
      disk[path] = bytes;
    }
    for (const std::string& path : obsolete_tiles(size, next)) CHECK(disk.erase(path) == 1);
    size = next;
    REQUIRE(disk == files_of(entries, size));
  }
}

TEST_CASE("what was written is read back") {
  const auto entries = entries_of(800);
  for (const std::size_t size : {0u, 1u, 2u, 255u, 256u, 257u, 511u, 512u, 800u}) {
    const auto read = read_back(files_of(entries, size), size);
    REQUIRE(read);
    CHECK(read->entries ==
          std::vector<Bytes>(entries.begin(), entries.begin() + static_cast<long>(size)));
    CHECK(read->tree.root() == tree_of(read->entries).root());
  }
  const std::vector<Bytes> largest{Bytes(65'535, 7)};
  CHECK(read_back(files_of(largest, 1), 1)->entries == largest);
}

TEST_CASE("a missing or shortened or lengthened file is named") {
  const auto entries = entries_of(600);
  const Files good = files_of(entries, 600);
  for (const auto& [path, bytes] : good) {
    Files wrong = good;
    wrong.erase(path);
    CHECK(names(read_back(wrong, 600), path));
    wrong = good;
    wrong[path].pop_back();
    CHECK(names(read_back(wrong, 600), path));
    wrong = good;
    wrong[path].push_back(0);
    CHECK(names(read_back(wrong, 600), path));
    wrong = good;
    wrong[path].clear();
    CHECK(names(read_back(wrong, 600), path));
  }
  CHECK_FALSE(read_back(good, 601));
  CHECK_FALSE(read_back(good, 599));
  const auto huge = read_back(good, 0x1'0000'0001);
  REQUIRE_FALSE(huge);
  CHECK(huge.error() == "a log above 2^32 entries");
  CHECK_FALSE(read_back({}, 1));
}

// A changed entry that keeps its length shows in its hash tile; a changed hash names its own file.
TEST_CASE("every changed byte of a small log's files is found") {
  const std::vector<Bytes> entries{{1, 2, 3}, {}, {4}, {5, 6, 7, 8}, {9, 9}};
  const Files good = files_of(entries, 5);
  for (const auto& [path, bytes] : good)
    for (std::size_t i = 0; i < bytes.size(); ++i)
      for (const int change : {0x01, 0x80, 0xff}) {
        Files wrong = good;
        wrong[path][i] = static_cast<std::uint8_t>(bytes[i] ^ change);
        const auto read = read_back(wrong, 5);
        CHECK_FALSE(read);
        if (path.starts_with("tile/0")) CHECK(names(read, path));
      }
}

TEST_CASE("random flips in a log of two levels are found") {
  const auto entries = entries_of(700);
  const Files good = files_of(entries, 700);
  Rng rng(6);
  for (int i = 0; i < 100; ++i) {
    Files wrong = good;
    auto at = std::next(wrong.begin(), static_cast<long>(rng.below(wrong.size())));
    at->second[rng.below(at->second.size())] ^= static_cast<std::uint8_t>(1 + rng.below(255));
    CHECK_FALSE(read_back(wrong, 700));
  }
}

TEST_CASE("garbage bundles are refused") {
  Rng rng(8);
  const Files good = files_of(entries_of(3), 3);
  for (int i = 0; i < 2000; ++i) {
    Files wrong = good;
    Bytes& bundle = wrong.at("tile/entries/000.p/3");
    bundle.clear();
    for (std::uint64_t k = rng.below(12); k > 0; --k)
      bundle.push_back(static_cast<std::uint8_t>(rng.chance(0.6) ? rng.below(3) : rng.next()));
    if (wrong == good) continue;
    CHECK_FALSE(read_back(wrong, 3));
  }
}
