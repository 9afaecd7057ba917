#pragma once
// Reads MATPOWER case files (.m, case format version 2; User's Manual, 3 and appendix B). What the
// file computes is computed (matlab_program.hpp); what it cannot is refused with its line.
//
// - Powers are those of all three phases, voltages from line to line; BASE_KV 0 counts as 1 kV.
//   The file is a single-phase equivalent: zero sequence is taken as positive sequence and the
//   network is called balanced.
// - A bus of type 3 with a generator in service is an ideal source of that generator's VG at the
//   bus's VA; each such bus, so that a file may hold several feeders. Without any, the first bus of
//   type 2 that has one takes its part. Other buses of type 2 hold VG; their reactive limits are
//   not enforced (MATPOWER's default). Generators at buses of type 1 are negative loads.
// - A branch with a ratio, a shift or two different base voltages is a transformer (TAP at the from
//   end; 0 counts as 1); other branches are lines. BR_STATUS 0 opens both ends. RATE_A is the
//   rating.
// - Buses of type 4 are out of service, with all that is connected to them: they are left out.
// - gencost, areas, bus_name, gen_name, branch_name, gentype and genfuel do not change a power
//   flow; other fields of the case (dcline, ...) are refused by name.

#include "ledger/base/result.hpp"
#include "twin/grid/model/network.hpp"

namespace twin {

ledger::Result<Network> read_matpower(const std::string& path, std::string_view text);

}  // namespace twin
