#include "ledger/tlog/tiles.hpp"

#include <algorithm>
#include <set>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace ledger {
namespace {

constexpr std::uint64_t tile_width = 256;
constexpr std::uint64_t max_log_size = std::uint64_t{1} << 32;  // what we are ready to read

std::string number_path(std::uint64_t n) {
  const auto three = [](std::uint64_t v) {
    const std::string digits = std::to_string(v);
    return std::string(3 - digits.size(), '0') + digits;
  };
  std::string out = three(n % 1000);
  for (n /= 1000; n > 0; n /= 1000) out = "x" + three(n % 1000) + "/" + out;
  return out;
}

std::string tile_path(const std::string& level, std::uint64_t n, std::uint64_t width) {
  const std::string path = "tile/" + level + "/" + number_path(n);
  return width == tile_width ? path : path + ".p/" + std::to_string(width);
}

// Calls f(level name, level, tile number, width) for every tile of a log of this size; entry
// bundles have the level "entries" and the shape of level 0.
template <class F>
void each_tile(std::uint64_t size, F&& f) {
  unsigned level = 0;
  for (std::uint64_t hashes = size; hashes > 0; hashes /= tile_width, ++level)
    for (std::uint64_t n = 0; n * tile_width < hashes; ++n) {
      const std::uint64_t width = std::min(tile_width, hashes - n * tile_width);
      if (level == 0) f("entries", 0u, n, width);
      f(std::to_string(level), level, n, width);
    }
}

// Hash i of a level: the root over 256^level leaves.
Hash level_hash(std::span<const Bytes> entries, unsigned level, std::uint64_t i) {
  if (level == 0) return leaf_hash(entries[i]);
  std::vector<Hash> below;
  for (std::uint64_t k = 0; k < tile_width; ++k)
    below.push_back(level_hash(entries, level - 1, i * tile_width + k));
  return root_of(below);
}

Bytes tile_bytes(std::span<const Bytes> entries, const std::string& name, unsigned level,
                 std::uint64_t n, std::uint64_t width) {
  ByteWriter w;
  for (std::uint64_t i = n * tile_width; i < n * tile_width + width; ++i) {
    if (name == "entries") {
      invariant(entries[i].size() <= 65'535, "an entry fits its length");
      w.u16(static_cast<std::uint16_t>(entries[i].size())).raw(entries[i]);
    } else {
      w.raw(level_hash(entries, level, i));
    }
  }
  return w.take();
}

std::set<std::string> paths_of(std::uint64_t size) {
  std::set<std::string> out;
  each_tile(size, [&](const std::string& name, unsigned, std::uint64_t n, std::uint64_t width) {
    out.insert(tile_path(name, n, width));
  });
  return out;
}

}  // namespace

std::vector<TileFile> changed_tiles(std::span<const Bytes> entries, std::uint64_t old_size,
                                    std::uint64_t new_size) {
  invariant(new_size <= entries.size(), "tiles of entries that are there");
  const std::set<std::string> old = paths_of(old_size);
  std::vector<TileFile> out;
  each_tile(new_size,
            [&](const std::string& name, unsigned level, std::uint64_t n, std::uint64_t width) {
              std::string path = tile_path(name, n, width);
              if (!old.contains(path))
                out.emplace_back(std::move(path), tile_bytes(entries, name, level, n, width));
            });
  return out;
}

std::vector<TileFile> all_tiles(std::span<const Bytes> entries, std::uint64_t size) {
  return changed_tiles(entries, 0, size);
}

std::vector<std::string> obsolete_tiles(std::uint64_t old_size, std::uint64_t new_size) {
  const std::set<std::string> fresh = paths_of(new_size);
  std::vector<std::string> out;
  for (const std::string& path : paths_of(old_size))
    if (!fresh.contains(path)) out.push_back(path);
  return out;
}

Result<std::vector<Bytes>> read_tiles(std::uint64_t size, const ReadFile& read) {
  if (size > max_log_size) return failure("a log above 2^32 entries");
  std::vector<Bytes> entries;
  for (std::uint64_t n = 0; n * tile_width < size; ++n) {
    const std::uint64_t width = std::min(tile_width, size - n * tile_width);
    const std::string path = tile_path("entries", n, width);
    const auto bundle = read(path);
    if (!bundle) return failure(path + ": missing");
    ByteReader r(*bundle);
    for (std::uint64_t i = 0; i < width && !r.failed(); ++i)
      entries.push_back(to_bytes(r.raw(r.u16())));
    if (!r.done()) return failure(path + ": does not hold " + std::to_string(width) + " entries");
  }
  for (const auto& [path, expected] : all_tiles(entries, size)) {
    const auto found = read(path);
    if (!found) return failure(path + ": missing");
    if (*found != expected) return failure(path + ": differs from its entries");
  }
  return entries;
}

}  // namespace ledger
