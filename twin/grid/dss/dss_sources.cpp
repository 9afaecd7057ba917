// Vsource of OpenDSS: a voltage behind a short-circuit impedance.

#include <cmath>
#include <numbers>

#include "twin/grid/dss/dss_build.hpp"
#include "twin/grid/model/number_range.hpp"
#include "twin/grid/model/phase_matrix.hpp"

namespace twin {
namespace {

// How the impedance was given last.
enum class Given : std::uint8_t { power, current, impedance };

struct SourceSaid {
  double kv = 115, pu = 1, angle = 0;
  double mva3 = 2000, mva1 = 2100, isc3 = 10'000, isc1 = 10'500, x1r1 = 4, x0r0 = 3;
  Complex z1{1.65, 6.6}, z0{1.9, 5.7};
  bool z0_said = false;
  Given given = Given::power;
  const DssSaid* bus = nullptr;
};

Complex ohms(DssBuild& build, const DssSaid& s) {
  const auto z = build.numbers(s, 2);
  if (z.size() != 2) {
    build.refuse(s, std::string(s.name) + " wants resistance and reactance");
    return 1;
  }
  return {z[0], z[1]};
}

// Whether the property is one of the impedance.
bool take_impedance(DssBuild& build, const DssSaid& s, SourceSaid& to) {
  const auto as = [&](Given given, double value) {
    to.given = given;
    return value;
  };
  if (s.name == "mvasc3") return to.mva3 = as(Given::power, build.above_zero(s)), true;
  if (s.name == "mvasc1") return to.mva1 = as(Given::power, build.above_zero(s)), true;
  if (s.name == "isc3") return to.isc3 = as(Given::current, build.above_zero(s)), true;
  if (s.name == "isc1") return to.isc1 = as(Given::current, build.above_zero(s)), true;
  if (s.name == "x1r1") return to.x1r1 = build.number(s), true;
  if (s.name == "x0r0") return to.x0r0 = build.number(s), true;
  if (s.name == "r1") return to.z1.real(as(Given::impedance, build.number(s))), true;
  if (s.name == "x1") return to.z1.imag(as(Given::impedance, build.number(s))), true;
  if (s.name == "r0" || s.name == "x0") {
    to.z0_said = true;
    const double value = as(Given::impedance, build.number(s));
    s.name == "r0" ? to.z0.real(value) : to.z0.imag(value);
    return true;
  }
  if (s.name == "z1") {
    to.z1 = ohms(build, s);
    if (!to.z0_said) to.z0 = to.z1;
    to.given = Given::impedance;
    return true;
  }
  if (s.name == "z0") {
    to.z0 = ohms(build, s);
    to.z0_said = true;
    to.given = Given::impedance;
    return true;
  }
  return false;
}

void take(DssBuild& build, const DssSaid& s, SourceSaid& to) {
  if (take_impedance(build, s, to)) return;
  if (s.name == "bus1") to.bus = &s;
  if (s.name == "basekv") to.kv = build.above_zero(s);
  if (s.name == "pu") to.pu = build.above_zero(s);
  if (s.name == "angle") to.angle = build.number(s);
  if (s.name == "phases" && build.count(s, 1, 3) != 3)
    build.refuse(s, "sources of fewer than three phases are not supported");
  if ((s.name == "frequency" || s.name == "basefreq") && build.number(s) != build.net.frequency_hz)
    build.refuse(s, "a frequency other than the circuit's is not supported");
}

// From the short-circuit currents of three phases and of one: |Z1| = U / Isc3 and
// |2 Z1 + Z0| = 3 U / Isc1, with X0 = x0r0 R0 (a quadratic equation for R0).
void by_currents(SourceSaid& s, double isc3, double isc1) {
  const double volts = s.kv * 1000 / std::numbers::sqrt3;
  const double x1 = volts / isc3 / std::sqrt(1 + 1 / (s.x1r1 * s.x1r1));
  s.z1 = {x1 / s.x1r1, x1};
  const double a = 1 + s.x0r0 * s.x0r0, b = 4 * (s.z1.real() + s.z1.imag() * s.x0r0);
  const double c = 4 * std::norm(s.z1) - std::pow(3 * volts / isc1, 2);
  const double r0 = (-b + std::sqrt(std::max(0.0, b * b - 4 * a * c))) / (2 * a);
  s.z0 = {r0, r0 * s.x0r0};
}

}  // namespace

void add_source(DssBuild& build, const DssObject& o) {
  SourceSaid said;
  const std::vector<DssSaid> all = build.said_of(o);
  for (const DssSaid& s : all) take(build, s, said);
  if (said.x1r1 == 0 || said.x0r0 == 0) return build.refuse(o, "x1r1 and x0r0 cannot be 0");
  const double line_v = said.kv * 1000;
  const double amperes_of_mva = 1e6 / (std::numbers::sqrt3 * line_v);
  if (said.given == Given::power)
    by_currents(said, said.mva3 * amperes_of_mva, said.mva1 * amperes_of_mva);
  if (said.given == Given::current) by_currents(said, said.isc3, said.isc1);
  const std::string spec = said.bus ? said.bus->value->text : "sourcebus";
  const DssPlace place = said.bus ? said.bus->value->place : o.place;
  const DssTerminal t = build.terminal(o, place, spec, 3, 3);
  if (t.nodes != std::vector{1, 2, 3})
    return build.refuse(o, place, "a source stands at the nodes 1.2.3");
  Source source;
  source.name = o.name;
  source.id = static_cast<std::int64_t>(build.net.sources.size()) + 1;
  source.bus = t.bus;
  source.voltage_pu = said.pu;
  source.angle_deg = said.angle;
  source.z = from_sequence(said.z1, said.z0);
  for (const Complex z : {said.z1, said.z0})
    if (z != Complex{} && is_too_small(z))
      return build.refuse(o, "its impedance is below 1e-12 ohm, yet not zero");
  if (!is_finite(source.z)) return build.refuse(o, "its impedance cannot be");
  build.net.sources.push_back(std::move(source));
  build.source_ln_v.push_back(line_v / std::numbers::sqrt3);
}

}  // namespace twin
