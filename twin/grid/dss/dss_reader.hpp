#pragma once
// Reads OpenDSS scripts: the words that radial test feeders use. What is not supported is refused
// by name with its file and line; nothing is skipped in silence.
//
// Objects    Circuit and Vsource (three phases) · LineCode, WireData, LineSpacing, LineGeometry
//            (dss_geometry.hpp) · Line of one to three phases, also as a switch · Transformer and
//            XfmrCode of one to three phases, two or three windings, any connection · RegControl
//            · Capacitor, Reactor · Load of models 1 to 5 and 8 · Generator of models 1 and 2 ·
//            LoadShape · SwtControl. Monitor, EnergyMeter, Sensor, Spectrum, TCC_Curve,
//            GrowthShape, PriceShape and TShape change no network: their words are left.
// Commands   dss_script.hpp; options of Set: dss_options.hpp; properties: dss_classes.hpp
//
// Defaults are OpenDSS's own (manual and property reference): load limits 0.95 and 1.05, x1r1 4,
// x0r0 3, lines of 336 MCM ACSR, windings of 0.2 % resistance each, delta-wye lagging by 30
// degrees, Deri's earth return. The network is what stands when the script ends; Clear begins
// anew. Set ControlMode=off leaves regulators out: taps stay as given.
// Names are in lower case. A bus's nodes 1 to 3 are its phases.

#include "ledger/base/result.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

ledger::Result<Network> read_dss(const std::string& path, const LoadFile& load);

}  // namespace twin
