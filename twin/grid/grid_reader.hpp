#pragma once
// Reads a grid file of any supported kind, told by its name:
//
//   .json   power-grid-model (pgm_reader.hpp)      .m     MATPOWER (matpower_reader.hpp)
//   .dss    OpenDSS (dss_reader.hpp)               .csv   a SimBench folder by one of its files
//   other   a SimBench folder (simbench_reader.hpp), where a Line.csv stands in it
//
// Anything else is refused by name.

#include "ledger/base/result.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

// The network holds: PowerFlow::check finds nothing in it. Errors begin with the file, and the line
// where there is one.
ledger::Result<Network> read_grid(const std::string& path, const LoadFile& load);

}  // namespace twin
