// Nominal voltages of buses, free neutrals and switch controls: what is known once all elements
// are there.

#include <cmath>
#include <numbers>

#include "twin/grid/dss/dss_build.hpp"
#include "twin/grid/model/number_range.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {
namespace {

struct Link {
  std::uint32_t to = 0;
  double ratio = 1;  // of phase-to-ground voltages, far over near
};

// What a coil's rated voltage says of its bus's voltage to ground.
double to_ground_v(const std::array<Terminal, 2>& coil, double volts) {
  const auto is_phase = [](Terminal t) {
    return t != Terminal::ground && t != Terminal::star_point;
  };
  return is_phase(coil[0]) && is_phase(coil[1]) ? volts / std::numbers::sqrt3 : volts;
}

std::vector<std::vector<Link>> links_of(const Network& net) {
  std::vector<std::vector<Link>> out(net.buses.size());
  const auto join = [&](std::uint32_t a, std::uint32_t b, double ratio) {
    out[a].push_back({b, ratio});
    out[b].push_back({a, 1 / ratio});
  };
  for (const Line& l : net.lines) join(l.from, l.to, 1);
  for (const Transformer& t : net.transformers)
    join(t.from, t.to,
         to_ground_v(t.coils[0].to, t.to_coil_v) / to_ground_v(t.coils[0].from, t.from_coil_v));
  return out;
}

void spread(Network& net, const std::vector<std::vector<Link>>& links, std::uint32_t start,
            double volts) {
  if (net.buses[start].nominal_v > 0) return;
  net.buses[start].nominal_v = volts;
  std::vector<std::uint32_t> waiting{start};
  while (!waiting.empty()) {
    const std::uint32_t bus = waiting.back();
    waiting.pop_back();
    for (const Link& link : links[bus]) {
      if (net.buses[link.to].nominal_v > 0) continue;
      net.buses[link.to].nominal_v = net.buses[bus].nominal_v * link.ratio;
      waiting.push_back(link.to);
    }
  }
}

// The nearest base, where one is anywhere near.
double snapped(double volts, const std::vector<double>& bases_kv) {
  constexpr double near = 0.2;
  double best = volts, distance = near;
  for (const double kv : bases_kv) {
    const double base = kv * 1000 / std::numbers::sqrt3;
    if (!(base > 0) || std::abs(1 - volts / base) >= distance) continue;
    distance = std::abs(1 - volts / base);
    best = base;
  }
  return best;
}

}  // namespace

void name_voltages(DssBuild& build) {
  Network& net = build.net;
  const auto links = links_of(net);
  for (std::size_t s = 0; s < net.sources.size(); ++s)
    spread(net, links, net.sources[s].bus, build.source_ln_v[s]);
  std::vector<double> bases;
  if (const DssValue* option = build.script.option("voltagebases")) {
    const auto values = dss_numbers(option->text);
    for (const double kv : values.value_or(bases))
      if (is_too_large(kv) || (kv != 0 && is_too_small(kv)))
        build.problem =
            words_of(option->place) + ": VoltageBases wants numbers from 1e-12 to below 1e15";
    if (!values) build.problem = words_of(option->place) + ": VoltageBases " + values.error();
    bases = values.value_or(bases);
  }
  for (std::uint32_t b = 0; b < net.buses.size(); ++b) {
    Bus& bus = net.buses[b];
    if (!(bus.nominal_v > 0) || !std::isfinite(bus.nominal_v))
      return build.refuse(build.first_at(b),
                          "bus \"" + cut(bus.name) + "\" is not connected to the source");
    bus.nominal_v = snapped(bus.nominal_v, bases);
    const auto said = build.script.base_ln_v.find(bus.name);
    if (said != build.script.base_ln_v.end()) bus.nominal_v = said->second;
  }
  for (std::size_t s = 0; s < net.sources.size(); ++s)
    net.sources[s].voltage_pu *= build.source_ln_v[s] / net.buses[net.sources[s].bus].nominal_v;
}

void check_neutrals(DssBuild& build) {
  for (const auto& [at, users] : build.free_neutrals)
    if (users.size() > 1)
      return build.refuse(*users[1], "node " + std::to_string(at.second) + " of bus \"" +
                                         build.net.buses[at.first].name +
                                         "\": neutrals that are joined are not supported");
}

void add_switch_control(DssBuild& build, const DssObject& o) {
  const DssSaid *line = nullptr, *state = nullptr, *action = nullptr, *normal = nullptr;
  std::size_t terminal = 1;
  const std::vector<DssSaid> all = build.said_of(o);
  for (const DssSaid& s : all) {
    if (s.name == "switchedobj") line = &s;
    if (s.name == "switchedterm") terminal = build.count(s, 1, 2);
    if (s.name == "state") state = &s;
    if (s.name == "action") action = &s;
    if (s.name == "normal") normal = &s;
  }
  if (!line) return build.refuse(o, "needs a switched object");
  const std::string name = build.word(*line);
  const auto found = build.line_of.find(name.starts_with("line.") ? name.substr(5) : "");
  if (found == build.line_of.end())
    return build.refuse(*line, "there is no line \"" + cut(line->value->text) + "\" to switch");
  const DssSaid* last = state ? state : action ? action : normal;
  if (!last) return;
  const std::string word = build.word(*last);
  if (word.empty() || (word[0] != 'o' && word[0] != 'c'))
    return build.refuse(*last, std::string(last->name) + " wants open or close, found \"" +
                                   last->value->text + "\"");
  Line& switched = build.net.lines[found->second];
  (terminal == 1 ? switched.from_closed : switched.to_closed) = word[0] == 'c';
}

}  // namespace twin
