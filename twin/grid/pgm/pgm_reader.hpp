#pragma once
// Reads power-grid-model's JSON (input datasets, schema version 1.0), the project's native grid
// file. Components and attributes: pgm_format.hpp; what a transformer's nameplate means:
// pgm_transformer.hpp.
//
// - The file gives no frequency: 50 Hz. An element's name is the text in its `extra`, else its id.
// - A three_winding_transformer becomes three transformers around a bus of their own, all with its
//   id. A link is a line of next to no impedance (pi_branch.hpp). A branch may begin and end at one
//   node.
// - A source above 1e15 VA is ideal. tap_pos outside its range is taken at the range's end, as
//   power-grid-model does.
// - Loads and generators become connections, loads first; what is switched off (status 0) is left
//   out. Lines and transformers keep their switches.
// - Where lines or shunts have no zero sequence it is taken as the positive one and the network is
//   called balanced, as it is where nothing in the file is given by phase.
// - Measurements, faults and transformer_tap_regulator leave a power flow as it is and are not
//   read (taps are as given). voltage_regulator and unknown components are refused by name.
//
// Errors: "file:line:column: component id: attribute: found ...; wants ...".

#include "ledger/base/result.hpp"
#include "twin/grid/model/network.hpp"

namespace twin {

ledger::Result<Network> read_pgm(const std::string& path, std::string text);

}  // namespace twin
