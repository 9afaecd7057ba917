#pragma once
// A generated low-voltage feeder: a village along streets that leave one transformer.
//
//   10 kV source (Sk'' 150 MVA, R/X 0.1) - Dyn5 transformer 10/0.4 kV - busbar
//     - `branches` main cables NAYY-J 4x150 with a joint every two homes
//     - a service cable NAYY-J 4x35 from each joint to the homes on both sides of the street
// Homes are numbered along the branches in turn. Connections are three-phase, one a home.
//
// Figures: cables NAYY-J 4x150 R' 0.208, X' 0.080 ohm/km, 270 A and 4x35 R' 0.868, X' 0.083 ohm/km,
// 123 A in ground (DIN VDE 0276-603; R' at 20 C is IEC 60228's for aluminium, class 2); zero
// sequence R0/R1 = 4, X0/X1 = 3.66 (four-core cable, return through the fourth conductor;
// Oeding and Oswald, Elektrische Kraftwerke und Netze, ch. 9). Transformers: no-load and load
// losses of Regulation (EU) 548/2014, annex I, table I.1, tier 2; u_k 4 %.

#include "ledger/base/rng.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

// The rng shapes lots and service lengths; the electrical layout follows from the specification.
Network generate_feeder(const GeneratorSpec& spec, ledger::Rng rng);

}  // namespace twin
