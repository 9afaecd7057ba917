// Capacitor and Reactor of OpenDSS: admittances at a bus, or a reactor between two buses.

#include <cmath>
#include <numbers>

#include "twin/grid/dss/dss_build.hpp"
#include "twin/grid/dss/dss_connections.hpp"
#include "twin/grid/model/number_range.hpp"
#include "twin/grid/model/phase_matrix.hpp"

namespace twin {
namespace {

struct ShuntSaid {
  std::size_t phases = 3;
  double kv = 12.47;
  bool delta = false;
  std::vector<double> kvar{1200}, cuf, states;
  std::size_t steps = 1;
  bool by_kvar = true;
  double r = 0, x = 0;
  const DssSaid *bus1 = nullptr, *bus2 = nullptr;
};

void take(DssBuild& build, const DssSaid& s, ShuntSaid& to) {
  constexpr std::size_t max_steps = 100;
  if (s.name == "bus1") to.bus1 = &s;
  if (s.name == "bus2") to.bus2 = &s;
  if (s.name == "phases") to.phases = build.count(s, 1, 3);
  if (s.name == "kv") to.kv = build.above_zero(s);
  if (s.name == "conn") to.delta = dss_is_delta(build, s);
  if (s.name == "kvar") {
    to.kvar = build.numbers(s, max_steps);
    to.by_kvar = true;
  }
  if (s.name == "basefreq" && build.number(s) != build.net.frequency_hz)
    build.refuse(s, "a base frequency other than the circuit's is not supported");
}

// Whether the second end stands on ground, as it does where it is not given.
bool at_ground(DssBuild& build, const ShuntSaid& said) {
  if (!said.bus2) return true;
  const std::string text = build.word(*said.bus2);
  const std::size_t dot = text.find('.');
  return dot != std::string::npos && text.substr(dot).find_first_not_of(".0") == std::string::npos;
}

void add_shunt(DssBuild& build, const DssObject& o, const ShuntSaid& said, Complex leg_y) {
  const DssLegs legs = dss_legs(build, o, said.bus1, said.phases, said.delta);
  Shunt shunt;
  shunt.name = o.name;
  shunt.id = static_cast<std::int64_t>(build.net.shunts.size()) + 1;
  shunt.bus = legs.bus;
  for (std::size_t p = 0; p < 3; ++p) {
    if (!(legs.mask >> p & 1)) continue;
    shunt.y[p][p] += leg_y;
    if (legs.hookup == Hookup::wye) continue;
    const std::size_t q = (p + 1) % 3;
    shunt.y[q][q] += leg_y;
    shunt.y[p][q] -= leg_y;
    shunt.y[q][p] -= leg_y;
  }
  build.net.shunts.push_back(shunt);
}

// kvar or microfarads of the steps that are on, a leg.
double leg_susceptance(DssBuild& build, const DssObject& o, const ShuntSaid& said) {
  const std::vector<double>& steps = said.by_kvar ? said.kvar : said.cuf;
  if (steps.size() > 1 && steps.size() != said.steps)
    build.refuse(o, "wants one value, or one for each step");
  if (steps.empty()) return 0;
  const double volts = dss_leg_v(said.kv, said.phases, said.delta);
  double sum = 0;
  for (std::size_t step = 0; step < said.steps; ++step) {
    // One kvar for many steps is all of them together.
    const double value =
        steps.size() > 1 ? steps[step] : steps[0] / static_cast<double>(said.steps);
    if (step < said.states.size() && said.states[step] == 0) continue;
    sum += said.by_kvar ? value * 1000 / static_cast<double>(said.phases) / (volts * volts)
                        : 2 * std::numbers::pi * build.net.frequency_hz * value * 1e-6;
  }
  return sum;
}

// Between two buses: a branch without shunt.
void add_series(DssBuild& build, const DssObject& o, const ShuntSaid& said, Complex z) {
  if (!said.bus1) return build.refuse(o, "needs bus1");
  const std::size_t n = said.phases;
  const auto from = build.terminal(o, said.bus1->value->place, said.bus1->value->text, n, n);
  const auto to = build.terminal(o, said.bus2->value->place, said.bus2->value->text, n, n);
  if (from.nodes != to.nodes)
    return build.refuse(*said.bus2, "a reactor from one phase to another is not supported");
  Line line;
  line.name = o.name;
  line.id = static_cast<std::int64_t>(build.net.lines.size()) + 1;
  line.from = from.bus;
  line.to = to.bus;
  line.phases = 0;
  for (const int node : from.nodes) {
    const auto p = static_cast<std::size_t>(node - 1);
    if (node < 1 || node > 3 || (line.phases >> p & 1))
      return build.refuse(*said.bus1, "a reactor's nodes are different ones of 1 to 3");
    line.phases |= static_cast<PhaseMask>(1 << p);
    line.z[p][p] = z;
  }
  build.net.lines.push_back(std::move(line));
}

}  // namespace

void add_capacitor(DssBuild& build, const DssObject& o) {
  ShuntSaid said;
  const std::vector<DssSaid> all = build.said_of(o);
  for (const DssSaid& s : all) {
    take(build, s, said);
    if (s.name == "cuf") {
      said.cuf = build.numbers(s, 100);
      said.by_kvar = false;
    }
    if (s.name == "numsteps") said.steps = build.count(s, 1, 100);
    if (s.name == "states") said.states = build.numbers(s, 100);
    if (s.name == "r" || s.name == "xl")
      for (const double value : build.numbers(s))
        if (value != 0) build.refuse(s, "impedance in series with a capacitor is not supported");
  }
  if (!at_ground(build, said))
    return build.refuse(*said.bus2, "capacitors between two buses are not supported");
  add_shunt(build, o, said, {0, leg_susceptance(build, o, said)});
}

void add_reactor(DssBuild& build, const DssObject& o) {
  ShuntSaid said;
  const std::vector<DssSaid> all = build.said_of(o);
  for (const DssSaid& s : all) {
    take(build, s, said);
    if (s.name == "r") said.r = build.number(s);
    if (s.name == "x") said.x = build.number(s);
    if (s.name == "z") {
      const auto z = build.numbers(s, 2);
      if (z.size() == 2) said.r = z[0], said.x = z[1];
    }
    if (s.name == "x" || s.name == "z") said.by_kvar = false;
  }
  if (said.by_kvar && (said.kvar.size() != 1 || said.kvar[0] == 0))
    return build.refuse(o, "kvar wants a number other than 0");
  const double volts = dss_leg_v(said.kv, said.phases, said.delta);
  const double x = said.by_kvar
                       ? volts * volts * static_cast<double>(said.phases) / (said.kvar[0] * 1000)
                       : said.x;
  const Complex z(said.r, x);
  if (is_too_small(z)) return build.refuse(o, "its impedance is zero or below 1e-12 ohm");
  if (at_ground(build, said))
    add_shunt(build, o, said, 1.0 / z);
  else
    add_series(build, o, said, z);
}

}  // namespace twin
