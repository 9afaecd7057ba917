#include "twin/grid/model/feeder_generator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "ledger/base/invariant.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

namespace twin {
namespace {

constexpr double mv_nominal_v = 10e3, lv_nominal_v = 400;  // line to line
constexpr double short_circuit_va = 150e6, short_circuit_r_to_x = 0.1;
constexpr double phase_v = 230.94010767585033;  // 400 / sqrt 3

struct Cable {
  double r_ohm_per_km, x_ohm_per_km, rated_a;
};
constexpr Cable main_cable{0.208, 0.080, 270};
constexpr Cable service_cable{0.868, 0.083, 123};
constexpr double r0_to_r1 = 4.0, x0_to_x1 = 3.66;

struct Losses {
  double rated_kva, load_w, no_load_w;
};
// Three-phase liquid-immersed, maximum load and no-load losses, tier 2.
constexpr std::array<Losses, 8> transformer_losses{{{50, 750, 81},
                                                    {100, 1250, 130},
                                                    {160, 1750, 189},
                                                    {250, 2350, 270},
                                                    {315, 2800, 324},
                                                    {400, 3250, 387},
                                                    {500, 3900, 459},
                                                    {630, 4600, 540}}};
constexpr double short_circuit_voltage = 0.04;

// Losses between the table's ratings: linear, as the regulation's own note has it.
Losses losses_at(double kva) {
  const auto above = std::find_if(transformer_losses.begin(), transformer_losses.end(),
                                  [&](const Losses& l) { return l.rated_kva >= kva; });
  if (above == transformer_losses.begin() || above == transformer_losses.end()) {
    const Losses& edge = above == transformer_losses.end() ? transformer_losses.back() : *above;
    return {kva, edge.load_w * kva / edge.rated_kva, edge.no_load_w * kva / edge.rated_kva};
  }
  const Losses& high = *above;
  const Losses& low = *(above - 1);
  const double t = (kva - low.rated_kva) / (high.rated_kva - low.rated_kva);
  return {kva, low.load_w + t * (high.load_w - low.load_w),
          low.no_load_w + t * (high.no_load_w - low.no_load_w)};
}

Line make_line(std::string name, std::uint32_t from, std::uint32_t to, const Cable& cable,
               double length_m) {
  const Complex z1 = length_m / 1000 * Complex(cable.r_ohm_per_km, cable.x_ohm_per_km);
  const Complex z0 = {r0_to_r1 * z1.real(), x0_to_x1 * z1.imag()};
  Line line;
  line.name = std::move(name);
  line.from = from;
  line.to = to;
  line.z = from_sequence(z1, z0);
  line.rated_a = cable.rated_a;
  line.length_m = length_m;
  return line;
}

Transformer make_transformer(double kva) {
  const Losses losses = losses_at(kva);
  Transformer t;
  t.name = "transformer";
  t.from = 0;
  t.to = 1;
  t.coils = coils_of(Winding::delta, Winding::wye_grounded, 5);
  t.from_coil_v = coil_voltage(Winding::delta, mv_nominal_v);
  t.to_coil_v = coil_voltage(Winding::wye_grounded, lv_nominal_v);
  t.rated_va = kva * 1000;
  const double r = losses.load_w / t.rated_va;
  const double x = std::sqrt(short_circuit_voltage * short_circuit_voltage - r * r);
  t.z = lv_nominal_v * lv_nominal_v / t.rated_va * Complex(r, x);
  t.from_magnetising = losses.no_load_w / 3 / (mv_nominal_v * mv_nominal_v);
  return t;
}

Source make_source() {
  Source s;
  s.bus = 0;
  const double z = mv_nominal_v * mv_nominal_v / short_circuit_va;
  const double x = z / std::sqrt(1 + short_circuit_r_to_x * short_circuit_r_to_x);
  const Complex z1{short_circuit_r_to_x * x, x};
  s.z = from_sequence(z1, z1);
  return s;
}

std::string two_digits(std::uint32_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

}  // namespace

Network generate_feeder(const GeneratorSpec& spec, ledger::Rng rng) {
  ledger::invariant(spec.homes > 0 && spec.branches > 0, "a feeder has homes and branches");
  Network net;
  net.buses.push_back({"medium-voltage", mv_nominal_v / std::numbers::sqrt3, 0, 14});
  net.buses.push_back({"busbar", phase_v, 0, 0});
  net.sources = {make_source()};
  net.transformers.push_back(make_transformer(spec.transformer_kva));

  const std::uint32_t branches = std::min(spec.branches, spec.homes);
  std::vector<std::uint32_t> end_of_branch(branches, 1);  // the bus where it goes on
  std::vector<double> distance(branches, 0);
  for (std::uint32_t home = 0; home < spec.homes; ++home) {
    const std::uint32_t b = home % branches;
    const bool left = home / branches % 2 == 0;
    // Streets leave the transformer in all directions and bend a little on their way.
    const double heading = 2 * std::numbers::pi * b / branches + 0.35;
    const double bend = 0.12 * std::sin(distance[b] / 60);
    const double dx = std::cos(heading + bend), dy = std::sin(heading + bend);
    if (left) {
      const double step = distance[b] == 0 ? 1.6 * spec.spacing_m : spec.spacing_m;
      distance[b] += step;
      const Bus from = net.buses[end_of_branch[b]];
      const auto joint = static_cast<std::uint32_t>(net.buses.size());
      net.buses.push_back(
          {"joint-" + std::to_string(b + 1) + "-" + two_digits(home / branches / 2 + 1), phase_v,
           from.x + step * dx, from.y + step * dy});
      net.lines.push_back(make_line("main-" + net.buses[joint].name.substr(6), end_of_branch[b],
                                    joint, main_cable, step));
      end_of_branch[b] = joint;
    }
    ledger::Rng own = rng.fork("lot", home);
    const double service_m = own.uniform(9, 17);
    const double side = left ? 1 : -1;
    const Bus joint = net.buses[end_of_branch[b]];
    const auto bus = static_cast<std::uint32_t>(net.buses.size());
    const std::string name = "home-" + two_digits(home + 1);
    net.buses.push_back({name, phase_v, joint.x - side * service_m * dy + own.uniform(-3, 3) * dx,
                         joint.y + side * service_m * dx + own.uniform(-3, 3) * dy});
    net.lines.push_back(make_line("service-" + two_digits(home + 1), end_of_branch[b], bus,
                                  service_cable, service_m));
    Connection c;
    c.name = name;
    c.bus = bus;
    net.connections.push_back(c);
  }
  return net;
}

}  // namespace twin
