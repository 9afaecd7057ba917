#pragma once
// Reads a grid file by its suffix: ".dss" (OpenDSS). Other suffixes are refused by name.

#include "ledger/base/result.hpp"
#include "twin/grid/network.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

// The network holds: PowerFlow::check finds nothing in it. Errors begin with file and line.
ledger::Result<Network> read_grid(const std::string& path, const LoadFile& load);

}  // namespace twin
