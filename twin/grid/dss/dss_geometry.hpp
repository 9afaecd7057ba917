#pragma once
// WireData, LineSpacing and LineGeometry of OpenDSS: conductors in the air or the ground.

#include "twin/grid/dss/dss_build.hpp"
#include "twin/grid/model/line_constants.hpp"

namespace twin {

struct DssGeometry {
  std::vector<Conductor> conductors;
  std::size_t phases = 3;  // of them; the rest are neutrals
  bool reduced = false;    // neutrals are to be eliminated
  double rated_a = 0;      // 0: none known
};

DssGeometry dss_geometry(DssBuild& build, const DssObject& geometry);

// A spacing and the wires that hang there, in order.
DssGeometry dss_hung(DssBuild& build, const DssSaid& wires, const DssObject& spacing);

}  // namespace twin
