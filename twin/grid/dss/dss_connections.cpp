#include "twin/grid/dss/dss_connections.hpp"

#include <numbers>

#include "twin/scenario/nearest.hpp"

namespace twin {
namespace {

struct Leg {
  unsigned phase = 0;
  Hookup hookup = Hookup::wye;
};

// Nothing where no connection of the network stands between these nodes.
std::optional<Leg> leg_between(int a, int b) {
  const auto is_phase = [](int node) { return node >= 1 && node <= 3; };
  if (is_phase(b) && !is_phase(a)) std::swap(a, b);
  if (!is_phase(a) || b > 3 || a == b) return std::nullopt;
  if (b == 0) return Leg{static_cast<unsigned>(a - 1), Hookup::wye};
  const bool next = b == a % 3 + 1;
  return Leg{static_cast<unsigned>((next ? a : b) - 1), Hookup::delta};
}

}  // namespace

DssLegs dss_legs(DssBuild& build, const DssObject& o, const DssSaid* bus, std::size_t phases,
                 bool delta) {
  DssLegs out;
  if (!bus) {
    build.refuse(o, "needs bus1");
    return out;
  }
  const bool ring = delta && phases == 3;
  const std::size_t conductors = ring ? 3 : phases + 1;
  const DssTerminal t = build.terminal(o, bus->value->place, bus->value->text, conductors, phases);
  out.bus = t.bus;
  for (std::size_t c = 0; c < phases; ++c) {
    const std::size_t other = ring ? (c + 1) % 3 : delta ? c + 1 : phases;
    const auto leg = leg_between(t.nodes[c], t.nodes[other]);
    if (!leg) {
      build.refuse(*bus,
                   "no load can stand between the nodes of \"" + cut(bus->value->text) + "\"");
      return out;
    }
    const auto bit = static_cast<PhaseMask>(1 << leg->phase);
    if (c > 0 && leg->hookup != out.hookup)
      build.refuse(*bus, "legs to ground and between phases in one element are not supported");
    if (out.mask & bit) build.refuse(*bus, "its nodes do not fit its phases");
    out.hookup = leg->hookup;
    out.mask |= bit;
  }
  return out;
}

double dss_leg_v(double kv, std::size_t phases, bool delta) {
  return kv * 1000 / (delta || phases == 1 ? 1 : std::numbers::sqrt3);
}

bool dss_is_delta(DssBuild& build, const DssSaid& conn) {
  const std::string word = build.word(conn);
  const bool delta = word == "delta" || word == "d" || word == "ll";
  if (!delta && word != "wye" && word != "y" && word != "ln" && word != "w" && word != "star")
    build.refuse(conn, "connection \"" + cut(conn.value->text) + "\" is not wye or delta");
  return delta;
}

}  // namespace twin
