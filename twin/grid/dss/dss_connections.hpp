#pragma once
// What loads, generators, capacitors and reactors of OpenDSS have in common: legs between nodes.

#include "twin/grid/dss/dss_build.hpp"

namespace twin {

struct DssLegs {
  std::uint32_t bus = 0;
  PhaseMask mask = 0;
  Hookup hookup = Hookup::wye;
};

// The legs of an element with this many phases: wye to its neutral, or delta around. Refused where
// they are not all from phase to ground, or all from phase to phase.
DssLegs dss_legs(DssBuild& build, const DssObject& o, const DssSaid* bus, std::size_t phases,
                 bool delta);

// Over one leg, from the kV that OpenDSS wants: line to line but for one phase.
double dss_leg_v(double kv, std::size_t phases, bool delta);

bool dss_is_delta(DssBuild& build, const DssSaid& conn);

}  // namespace twin
