#pragma once
// Reads OpenDSS scripts: the words that radial test feeders use. Everything else is refused by name
// with its file and line; nothing is skipped in silence.
//
// Commands   Clear, Set, New, Edit, BatchEdit, ~ and More (go on with the last object), Redirect,
//            Compile, CalcVoltageBases, BusCoords, Solve, Show-like words are refused
// Objects    Circuit and Vsource (basekv, pu, angle, isc3, isc1, mvasc3, mvasc1, x1r1, x0r0, bus1),
//            LineCode (nphases 3, r1 x1 r0 x0 c1 c0, units, normamps, emergamps),
//            Line (bus1, bus2, phases 3, linecode, length, units, r1 x1 r0 x0 c1 c0, normamps),
//            LoadShape (npts, interval, minterval, sinterval, mult, useactual),
//            Transformer (2 windings: buses, conns, kvs, kvas, xhl, %rs, %r, %loadloss, sub),
//            Load (phases, bus1, kv, kw, pf, yearly, daily, model 1, conn wye, vminpu, vmaxpu)
//            Monitor and EnergyMeter are instruments: their words are read and left
// Defaults are OpenDSS's own (its manual's tables): load limits 0.95 and 1.05, x1r1 4, x0r0 3, two
// windings of 0.2 % resistance each, delta-wye lagging by 30 degrees (hour 1).
// Bounds: 64 nested redirects, 64 MiB in all.

#include "ledger/base/result.hpp"
#include "twin/grid/network.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

ledger::Result<Network> read_dss(const std::string& path, const LoadFile& load);

}  // namespace twin
