#pragma once
// Reads a SimBench grid: a folder of CSV files with semicolons (SimBench documentation, "Dataset";
// kV, MW, Mvar, MVA, km, ohm and microsiemens per km, percent). `path` names the folder or one of
// its .csv files.
//
// Wanted     Node (or Node_reconstructed), Line, LineType
// If there   Transformer and TransformerType, ExternalNet, Load, RES, PowerPlant, Storage, Switch,
//            Coordinates, LoadProfile, RESProfile. Rows in Transformer3W, DCLine or Shunt are
//            refused; other files are not looked at.
//
// - The source stands at ExternalNet's node with calc_type vavm, at the node's vmSetp and vaSetp; a
//   reconstructed grid's at the node of role hv_slack, at 1 pu.
// - Transformers are as their TransformerType says, by power-grid-model's equations
//   (pgm_transformer.hpp). va0 gives the clock: odd hours are Dyn below 1 kV and YNd above, even
//   ones YNyn. Taps are as given.
// - RES and power plants of calc_type pq are negative loads behind all loads, pvm holds its node's
//   vmSetp. Storages stand idle: they are checked and take no connection.
// - SimBench has no zero sequence: lines get that of four-core cables, r0 = 4 r, x0 = 3.66 x, b0 =
//   b, and the network is called balanced.
// - A load whose profile is a column of LoadProfile has that series times its pLoad, generation
//   likewise; a profile that is not there leaves it without. At most 20 million values in all.

#include "ledger/base/result.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

ledger::Result<Network> read_simbench(const std::string& path, const LoadFile& load);

}  // namespace twin
