// RegControl of OpenDSS.

#include <algorithm>
#include <cmath>

#include "twin/grid/dss/dss_build.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {
namespace {

struct Regulation {
  const DssSaid* transformer = nullptr;
  std::size_t winding = 1, tap_winding = 0, phase = 1;  // tap_winding 0: the same
  double target = 120, band = 3, pt_ratio = 60, ct_primary = 300, r = 0, x = 0;
  double delay_s = 15, steps_at_once = 16;
  std::optional<double> tap_number;
};

void take(DssBuild& build, const DssSaid& s, Regulation& to) {
  if (s.name == "transformer") to.transformer = &s;
  if (s.name == "winding") to.winding = build.count(s, 1, 3);
  if (s.name == "tapwinding") to.tap_winding = build.count(s, 1, 3);
  if (s.name == "vreg") to.target = build.above_zero(s);
  if (s.name == "band") to.band = build.above_zero(s);
  if (s.name == "ptratio") to.pt_ratio = build.above_zero(s);
  if (s.name == "ctprim") to.ct_primary = build.above_zero(s);
  if (s.name == "r") to.r = build.number(s);
  if (s.name == "x") to.x = build.number(s);
  if (s.name == "delay") to.delay_s = build.number(s);
  if (s.name == "maxtapchange") to.steps_at_once = static_cast<double>(build.count(s, 0, 100));
  if (s.name == "tapnum") to.tap_number = build.number(s);
  if (s.name == "ptphase") to.phase = build.count(s, 1, 3);
  if (s.name == "reversible" && build.flag(s))
    build.refuse(s, "regulators that turn round with the flow of power are not supported");
  if (s.name == "vlimit" && build.number(s) > 0)
    build.refuse(s, "a voltage limit beside the target is not supported");
}

// The network controls a transformer's `to` side: turns it round where that is the other one.
void turn_round(Transformer& t) {
  const double ratio = t.from_coil_v / t.to_coil_v;
  t.z *= ratio * ratio;
  std::swap(t.from, t.to);
  std::swap(t.from_coil_v, t.to_coil_v);
  std::swap(t.from_tap, t.to_tap);
  std::swap(t.from_magnetising, t.to_magnetising);
  std::swap(t.from_neutral_z, t.to_neutral_z);
  std::swap(t.from_closed, t.to_closed);
  for (CoilPair& pair : t.coils) std::swap(pair.from, pair.to);
}

}  // namespace

void add_tap_control(DssBuild& build, const DssObject& o) {
  Regulation said;
  const std::vector<DssSaid> all = build.said_of(o);
  for (const DssSaid& s : all) take(build, s, said);
  if (!said.transformer) return build.refuse(o, "needs a transformer");
  const auto found = build.windings_of.find(build.word(*said.transformer));
  if (found == build.windings_of.end())
    return build.refuse(*said.transformer, "transformer \"" + cut(said.transformer->value->text) +
                                               "\" does not exist");
  if (said.winding > found->second.size())
    return build.refuse(o, "its transformer has no winding " + std::to_string(said.winding));
  if (said.tap_winding != 0 && said.tap_winding != said.winding)
    return build.refuse(o, "taps on another winding than the regulated one are not supported");
  const DssBuild::Winding& winding = found->second[said.winding - 1];
  if (winding.line_currents_only && (said.r != 0 || said.x != 0))
    return build.refuse(o, "line-drop compensation at a delta winding is not supported");
  for (DssBuild::Winding& each : found->second) {
    if (each.transformer != winding.transformer) continue;
    if (each.controlled) return build.refuse(o, "its transformer has a regulator already");
    each.controlled = true;
  }
  Transformer& t = build.net.transformers[winding.transformer];
  if (!winding.at_to) turn_round(t);
  if (said.phase > t.coils.size())
    return build.refuse(o, "its transformer has no phase " + std::to_string(said.phase));
  std::swap(t.coils[0], t.coils[said.phase - 1]);  // the control looks at the first pair
  if (said.tap_number)
    t.to_tap =
        std::clamp((winding.tap_min + winding.tap_max) / 2 + *said.tap_number * winding.tap_step,
                   winding.tap_min, winding.tap_max);
  if (said.steps_at_once == 0) return;  // held where it is
  TapControl c;
  c.name = o.name;
  c.transformer = winding.transformer;
  c.target_v = said.target;
  c.band_v = said.band;
  c.pt_ratio = said.pt_ratio;
  c.ct_primary_a = said.ct_primary;
  c.compensation_v = {said.r, said.x};
  c.tap_step = winding.tap_step;
  c.tap_min = winding.tap_min;
  c.tap_max = winding.tap_max;
  c.delay_s = said.delay_s;
  c.steps_at_once = static_cast<int>(said.steps_at_once);
  build.net.tap_controls.push_back(std::move(c));
}

}  // namespace twin
