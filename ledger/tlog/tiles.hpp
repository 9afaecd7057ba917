#pragma once
// C2SP tlog-tiles: the log as static files. Level 0 tiles hold leaf hashes, a tile of level L + 1
// the roots of full tiles of level L; a tile is 256 hashes wide, the last one of a level may be
// partial. Entry bundles hold the same 256 entries as level 0's tiles, each behind a u16 length.
//
//   tile/<L>/<N>[.p/<W>]      tile/entries/<N>[.p/<W>]
//   N in groups of three digits, all but the last prefixed with x: 1234067 is x001/x234/067

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace ledger {

using TileFile = std::pair<std::string, Bytes>;

// Paths of the tile files of a log of this size: by level, entry bundles first, then by number.
std::vector<std::string> tile_paths(std::uint64_t size);

// Those files, with their bytes. An entry above 65,535 bytes is a broken invariant.
std::vector<TileFile> all_tiles(std::span<const Bytes> entries, std::uint64_t size);

// The files that the log of `new_size` has and the one of `old_size` has not; old_size <= new_size.
// `tree` holds the entries' leaf hashes, and no entry before old_size is hashed again.
std::vector<TileFile> changed_tiles(std::span<const Bytes> entries, const LogTree& tree,
                                    std::uint64_t old_size, std::uint64_t new_size);

// Paths of partial tiles of the old size that the new size has no more; old_size <= new_size.
std::vector<std::string> obsolete_tiles(std::uint64_t old_size, std::uint64_t new_size);

// Reads the entry bundles of a log of this size, then compares every hash tile with the one rebuilt
// from the entries. The error names the first path that is missing or differs.
struct TiledLog {
  std::vector<Bytes> entries;
  LogTree tree;  // over them
};
using ReadFile = std::function<std::optional<Bytes>(const std::string& path)>;
Result<TiledLog> read_tiles(std::uint64_t size, const ReadFile& read);

}  // namespace ledger
