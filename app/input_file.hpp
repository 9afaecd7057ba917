#pragma once
// Files that a user or a scenario names: bounded, since a name may stand for anything.

#include <cstddef>
#include <string>

#include "ledger/base/result.hpp"

namespace app {

inline constexpr std::size_t largest_input = std::size_t{64} << 20;  // scenario, grid, receipt
inline constexpr std::size_t largest_ledger_file = std::size_t{1}
                                                   << 30;  // tile, opening, recording

// The whole file, or one message that names it. Only regular files and pipes (`<(command)`) are
// read, and no more than `most` bytes of them.
ledger::Result<std::string> read_file(const std::string& path, std::size_t most = largest_input);

}  // namespace app
