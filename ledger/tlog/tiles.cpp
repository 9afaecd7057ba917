#include "ledger/tlog/tiles.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"

namespace ledger {
namespace {

constexpr std::uint64_t tile_width = 256;
constexpr unsigned tile_height = 8;                             // 2^8 = 256
constexpr std::uint64_t max_log_size = std::uint64_t{1} << 32;  // what we are ready to read

struct Tile {
  bool entries = false;  // a bundle; its level is 0
  unsigned level = 0;
  std::uint64_t number = 0, width = tile_width;

  std::string path() const;
  std::uint64_t begin() const { return number * tile_width; }
  std::uint64_t end() const { return begin() + width; }
};

std::string number_path(std::uint64_t n) {
  const auto three = [](std::uint64_t v) {
    const std::string digits = std::to_string(v);
    return std::string(3 - digits.size(), '0') + digits;
  };
  std::string out = three(n % 1000);
  for (n /= 1000; n > 0; n /= 1000) out = "x" + three(n % 1000) + "/" + out;
  return out;
}

std::string Tile::path() const {
  const std::string name = entries ? "entries" : std::to_string(level);
  const std::string full = "tile/" + name + "/" + number_path(number);
  return width == tile_width ? full : full + ".p/" + std::to_string(width);
}

// The tiles of a log of new_size that the log of old_size has not.
std::vector<Tile> tiles_between(std::uint64_t old_size, std::uint64_t new_size) {
  std::vector<Tile> out;
  unsigned level = 0;
  for (; new_size > 0; ++level, old_size /= tile_width, new_size /= tile_width) {
    if (old_size == new_size) continue;
    const auto add = [&](bool entries) {
      for (std::uint64_t n = old_size / tile_width; n * tile_width < new_size; ++n)
        out.push_back({entries, level, n, std::min(tile_width, new_size - n * tile_width)});
    };
    if (level == 0) add(true);
    add(false);
  }
  return out;
}

Bytes bundle_bytes(std::span<const Bytes> entries, const Tile& tile) {
  ByteWriter w;
  for (std::uint64_t i = tile.begin(); i < tile.end(); ++i) {
    invariant(entries[i].size() <= 65'535, "an entry fits its length");
    w.u16(static_cast<std::uint16_t>(entries[i].size())).raw(entries[i]);
  }
  return w.take();
}

Bytes hash_tile_bytes(const LogTree& tree, const Tile& tile) {
  Bytes out;
  out.reserve(tile.width * sizeof(Hash));
  for (std::uint64_t i = tile.begin(); i < tile.end(); ++i)
    append(out, tree.subtree(tile.level * tile_height, i));
  return out;
}

LogTree tree_of(std::span<const Bytes> entries) {
  LogTree tree;
  for (const Bytes& entry : entries) tree.append(leaf_hash(entry));
  return tree;
}

Result<void> read_bundle(const Tile& tile, BytesView bundle, std::vector<Bytes>& entries) {
  ByteReader r(bundle);
  for (std::uint64_t i = 0; i < tile.width && !r.failed(); ++i)
    entries.push_back(to_bytes(r.raw(r.u16())));
  if (!r.done())
    return failure(tile.path() + ": does not hold " + std::to_string(tile.width) + " entries");
  return {};
}

}  // namespace

std::vector<std::string> tile_paths(std::uint64_t size) {
  std::vector<std::string> out;
  for (const Tile& tile : tiles_between(0, size)) out.push_back(tile.path());
  return out;
}

std::vector<TileFile> changed_tiles(std::span<const Bytes> entries, const LogTree& tree,
                                    std::uint64_t old_size, std::uint64_t new_size) {
  invariant(old_size <= new_size, "a log grows");
  invariant(new_size <= entries.size() && new_size <= tree.size(),
            "tiles of entries that are there");
  std::vector<TileFile> out;
  for (const Tile& tile : tiles_between(old_size, new_size))
    out.emplace_back(tile.path(),
                     tile.entries ? bundle_bytes(entries, tile) : hash_tile_bytes(tree, tile));
  return out;
}

std::vector<TileFile> all_tiles(std::span<const Bytes> entries, std::uint64_t size) {
  invariant(size <= entries.size(), "tiles of entries that are there");
  return changed_tiles(entries, tree_of(entries.first(size)), 0, size);
}

std::vector<std::string> obsolete_tiles(std::uint64_t old_size, std::uint64_t new_size) {
  invariant(old_size <= new_size, "a log grows");
  std::vector<std::string> out;
  unsigned level = 0;
  for (; old_size != new_size; ++level, old_size /= tile_width, new_size /= tile_width) {
    const Tile last{false, level, old_size / tile_width, old_size % tile_width};
    if (last.width == 0) continue;
    if (level == 0) out.push_back(Tile{true, 0, last.number, last.width}.path());
    out.push_back(last.path());
  }
  return out;
}

Result<TiledLog> read_tiles(std::uint64_t size, const ReadFile& read) {
  if (size > max_log_size) return failure("a log above 2^32 entries");
  TiledLog log;
  // Bundles come first, so that the tree is whole before a hash tile is compared with it.
  for (std::uint64_t n = 0; n * tile_width < size; ++n) {
    const Tile tile{true, 0, n, std::min(tile_width, size - n * tile_width)};
    const auto bundle = read(tile.path());
    if (!bundle) return failure(tile.path() + ": missing");
    if (auto ok = read_bundle(tile, *bundle, log.entries); !ok) return failure(ok.error());
    for (std::uint64_t i = tile.begin(); i < tile.end(); ++i)
      log.tree.append(leaf_hash(log.entries[i]));
  }
  for (const Tile& tile : tiles_between(0, size)) {
    if (tile.entries) continue;
    const auto found = read(tile.path());
    if (!found) return failure(tile.path() + ": missing");
    if (*found != hash_tile_bytes(log.tree, tile))
      return failure(tile.path() + ": differs from its entries");
  }
  return log;
}

}  // namespace ledger
