#include "tests/support/random_feeder.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ledger/base/rng.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

namespace test {
namespace {

using namespace twin;
using ledger::Rng;

constexpr double mv = 20000 / std::numbers::sqrt3, lv = 400 / std::numbers::sqrt3;
constexpr double worst_drop = 0.15;

// What the maker knows of a bus beside its voltage.
struct Place {
  PhaseMask phases = all_phases;
  std::uint32_t section = 0;  // buses that lines may join: same voltage, clock and tap
  bool floating = false;      // no path to ground
  std::uint32_t parent = 0;
  double z_pu_per_va = 0;  // bound on the drop from its parent that 1 VA below makes
};

class Maker {
 public:
  Maker(std::uint64_t seed, FeederSize size) : rng_(Rng(seed).fork("feeder")), size_(size) {}

  RandomFeeder make() {
    add_source();
    while (net_.buses.size() < size_.buses) add_bus();
    for (std::uint32_t b = 1; b < net_.buses.size(); ++b)
      if (rng_.chance(0.6)) add_load(b);
    if (draw_va_.empty()) add_load(1);
    scale_loads();
    add_capacitors();
    add_ties();
    if (rng_.chance(0.1)) cut_a_spur();
    return {std::move(net_), std::move(draw_va_)};
  }

 private:
  std::uint32_t below(std::size_t n) { return static_cast<std::uint32_t>(rng_.below(n)); }

  std::uint32_t new_bus(double nominal_v, Place place) {
    const auto b = static_cast<std::uint32_t>(net_.buses.size());
    net_.buses.push_back({"bus-" + std::to_string(b), nominal_v, 0, 0, b});
    places_.push_back(place);
    return b;
  }

  void add_source() {
    new_bus(mv, {});
    Source s;
    s.voltage_pu = rng_.uniform(1.0, 1.05);
    s.angle_deg = rng_.chance(0.5) ? 0 : rng_.uniform(-30, 30);
    if (!rng_.chance(0.2)) {
      const double z = 20000.0 * 20000.0 / rng_.uniform(100e6, 500e6);
      s.z = from_sequence(std::polar(z, 1.47), std::polar(z * rng_.uniform(0.8, 3), 1.4));
    }
    net_.sources.push_back(s);
  }

  void add_bus() {
    const auto buses = net_.buses.size();
    // Long feeders with branches: mostly on from one of the last few buses.
    const std::uint32_t parent =
        rng_.chance(0.75)
            ? static_cast<std::uint32_t>(buses - 1 - below(std::min<std::size_t>(buses, 3)))
            : below(buses);
    const bool on_mv = net_.buses[parent].nominal_v > 1000;
    if (on_mv && rng_.chance(0.25))
      add_transformer(parent);
    else if (on_mv && places_[parent].phases == all_phases && rng_.chance(0.05))
      add_regulators(parent);
    else
      add_line(parent);
  }

  void add_line(std::uint32_t parent) {
    Place place = places_[parent];
    place.parent = parent;
    if (rng_.chance(0.2) && !place.floating) place.phases = fewer(place.phases);
    const double v = net_.buses[parent].nominal_v;
    Line line = line_between(parent, new_bus(v, place), place.phases);
    place.z_pu_per_va = bound(line.z) / (v * v);
    places_.back() = place;
    net_.lines.push_back(line);
  }

  PhaseMask fewer(PhaseMask phases) {
    const auto keep = static_cast<PhaseMask>(phases & (1 + below(7)));
    return keep ? keep : phases;
  }

  static double bound(const PhaseMatrix& z) {
    double out = 0;
    for (const auto& row : z)
      out = std::max(out, std::abs(row[0]) + std::abs(row[1]) + std::abs(row[2]));
    return out;
  }

  Line line_between(std::uint32_t from, std::uint32_t to, PhaseMask phases) {
    const bool on_mv = net_.buses[from].nominal_v > 1000;
    Line line;
    line.name = "line-" + std::to_string(net_.lines.size());
    line.from = from;
    line.to = to;
    line.phases = phases;
    line.length_m = on_mv ? rng_.uniform(50, 3000) : rng_.uniform(5, 150);
    const double km = line.length_m / 1000;
    const Complex z1(rng_.uniform(0.1, 0.6) * km, rng_.uniform(0.07, 0.35) * km);
    line.z = from_sequence(z1, z1 * rng_.uniform(1.5, 4));
    const double c = on_mv ? rng_.uniform(1e-8, 3e-7) * km * 2 * std::numbers::pi * 50 : 0;
    if (!places_[from].floating) line.shunt = from_sequence({0, c}, {0, 0.6 * c});
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t q = 0; q < p; ++q)  // untransposed
        line.z[p][q] = line.z[q][p] = line.z[p][q] * rng_.uniform(0.85, 1.15);
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t q = 0; q < 3; ++q)
        if (!(phases >> p & 1) || !(phases >> q & 1)) line.z[p][q] = line.shunt[p][q] = 0;
    return line;
  }

  void add_transformer(std::uint32_t parent) {
    Place place = places_[parent];
    place.section = ++sections_;
    place.parent = parent;
    Transformer t;
    t.name = "transformer-" + std::to_string(net_.transformers.size());
    t.from = parent;
    t.rated_va = rng_.uniform(50e3, 1e6);
    t.to_tap = rng_.chance(0.5) ? 1 : 1 + 0.0125 * static_cast<double>(below(5));
    if (place.phases == all_phases && !rng_.chance(0.15))
      set_three_phase_coils(t, place);
    else
      set_single_unit(t, place);
    const double v = t.to_coil_v, unit_va = t.rated_va / static_cast<double>(t.coils.size());
    t.z = std::polar(rng_.uniform(0.03, 0.08) * v * v / unit_va, rng_.uniform(1.2, 1.5));
    t.to_magnetising = {0.002 * unit_va / (v * v), -0.005 * unit_va / (v * v)};
    place.z_pu_per_va = std::abs(t.z) / (v * v);
    t.to = new_bus(lv, place);
    net_.transformers.push_back(t);
  }

  void set_three_phase_coils(Transformer& t, Place& place) {
    const auto kind = below(20);
    Winding from = Winding::delta, to = Winding::wye_grounded;
    int clock = rng_.chance(0.5) ? 5 : 11;
    if (kind < 6) {
      from = Winding::wye_grounded;
      clock = rng_.chance(0.5) ? 0 : 6;
    } else if (kind < 9) {  // earthed through an impedance
      to = Winding::wye;
      t.to_neutral_z = Complex(rng_.uniform(0, 0.01), rng_.uniform(0, 0.01));
    } else if (kind < 10) {
      to = Winding::delta;
      clock = 2 * static_cast<int>(below(6));
      place.floating = true;
    }
    t.coils = coils_of(from, to, clock);
    t.from_coil_v = coil_voltage(from, 20000);
    t.to_coil_v = coil_voltage(to, 400);
  }

  void set_single_unit(Transformer& t, Place& place) {
    unsigned p = below(3);
    while (!(place.phases >> p & 1)) p = (p + 1) % 3;
    const auto phase = static_cast<Terminal>(p);
    t.coils = {{{phase, Terminal::ground}, {phase, Terminal::ground}}};
    t.from_coil_v = mv;
    t.to_coil_v = lv;
    t.rated_va /= 3;
    place.phases = static_cast<PhaseMask>(1u << p);
  }

  // Three single-phase regulators, each with its own tap.
  void add_regulators(std::uint32_t parent) {
    Place place = places_[parent];
    place.section = ++sections_;
    place.parent = parent;
    const Complex z = std::polar(0.01 * mv * mv / 5e6, 1.4);
    place.z_pu_per_va = std::abs(z) / (mv * mv);
    const std::uint32_t bus = new_bus(mv, place);
    for (unsigned p = 0; p < 3; ++p) {
      Transformer t;
      t.name = "regulator-" + std::to_string(net_.transformers.size());
      t.from = parent;
      t.to = bus;
      const auto phase = static_cast<Terminal>(p);
      t.coils = {{{phase, Terminal::ground}, {phase, Terminal::ground}}};
      t.from_coil_v = t.to_coil_v = mv;
      t.to_tap = 1 + 0.00625 * static_cast<double>(below(7));
      t.rated_va = 5e6;
      t.z = z;
      net_.transformers.push_back(t);
    }
  }

  void add_load(std::uint32_t bus) {
    const Place& place = places_[bus];
    Connection c;
    c.name = "load-" + std::to_string(net_.connections.size());
    c.bus = bus;
    PhaseMask delta_legs = 0;
    for (unsigned p = 0; p < 3; ++p)
      if (place.phases >> p & 1 && place.phases >> (p + 1) % 3 & 1)
        delta_legs |= static_cast<PhaseMask>(1u << p);
    const bool delta = delta_legs && (place.floating || rng_.chance(0.3));
    c.hookup = delta ? Hookup::delta : Hookup::wye;
    c.phases = delta ? delta_legs : place.phases;
    if (rng_.chance(0.5)) c.phases = fewer(c.phases);
    c.model = random_model();
    const double sign = rng_.chance(0.12) ? -1 : 1;  // solar now and then
    const double va = (net_.buses[bus].nominal_v > 1000 ? 20e3 : 3e3) * rng_.uniform(0.1, 1);
    Phases s{};
    for (unsigned p = 0; p < 3; ++p)
      if (c.phases >> p & 1)
        s[p] = sign * std::polar(va * rng_.uniform(0.5, 1.5), rng_.uniform(-0.1, 0.55));
    net_.connections.push_back(c);
    draw_va_.push_back(s);
  }

  LoadModel random_model() {
    LoadModel m;
    const auto shares = [&]() -> std::array<double, 3> {
      const double a = rng_.uniform(), b = rng_.uniform();
      return {std::min(a, b), std::max(a, b) - std::min(a, b), 1 - std::max(a, b)};
    };
    if (rng_.chance(0.5)) {
      m.p_shares = shares();
      m.q_shares = shares();
    }
    if (rng_.chance(0.3)) {
      m.min_pu = rng_.uniform(0.85, 0.97);
      m.max_pu = rng_.uniform(1.01, 1.1);
    }
    return m;
  }

  // Power by phase that a connection's legs take from its bus.
  Phases phases_va(std::size_t c) const {
    Phases out{};
    const bool delta = net_.connections[c].hookup == Hookup::delta;
    for (std::size_t p = 0; p < 3; ++p) {
      out[p] += draw_va_[c][p] / (delta ? 2.0 : 1.0);
      if (delta) out[(p + 1) % 3] += draw_va_[c][p] / 2.0;
    }
    return out;
  }

  // Children come after their parents, so one pass each way sums power up and drops down. The drop
  // in a branch is taken as that of its most loaded phase, whatever the angles.
  void scale_loads() {
    std::vector<Phases> below_va(net_.buses.size());
    std::vector<double> drop(net_.buses.size());
    for (std::size_t c = 0; c < draw_va_.size(); ++c) {
      Phases& sum = below_va[net_.connections[c].bus];
      sum = sum + phases_va(c);
    }
    for (std::size_t b = net_.buses.size(); b-- > 1;) {
      Phases& sum = below_va[places_[b].parent];
      sum = sum + below_va[b];
    }
    const auto most = [&](std::size_t b) {
      const Phases& s = below_va[b];
      return std::max({std::abs(s[0]), std::abs(s[1]), std::abs(s[2])});
    };
    drop[0] = bound(net_.sources[0].z) * most(0) / (mv * mv);
    for (std::size_t b = 1; b < net_.buses.size(); ++b)
      drop[b] = drop[places_[b].parent] + places_[b].z_pu_per_va * most(b);
    const double k = rng_.uniform(0.03, worst_drop) / *std::max_element(drop.begin(), drop.end());
    for (Phases& s : draw_va_)
      for (Complex& leg : s) leg *= k;
  }

  void add_capacitors() {
    for (std::size_t c = 0; c < draw_va_.size(); ++c) {
      const std::uint32_t bus = net_.connections[c].bus;
      if (places_[bus].floating || !rng_.chance(0.08)) continue;
      const double v = net_.buses[bus].nominal_v,
                   b = 0.1 * std::abs(draw_va_[c][0] + draw_va_[c][1]) / (v * v);
      Shunt s;
      s.bus = bus;
      s.name = "capacitor-" + std::to_string(net_.shunts.size());
      for (unsigned p = 0; p < 3; ++p)
        if (places_[bus].phases >> p & 1) s.y[p][p] = {0, b};
      net_.shunts.push_back(s);
    }
  }

  // Closed ties make loops; open ones are cables under voltage from one end, or from none.
  void add_ties() {
    const std::uint32_t open = 1 + below(3);
    for (std::uint32_t tie = 0; tie < size_.loops + open; ++tie) {
      const std::uint32_t a = below(net_.buses.size()), b = below(net_.buses.size());
      const auto shared = static_cast<PhaseMask>(places_[a].phases & places_[b].phases);
      if (a == b || places_[a].section != places_[b].section || shared == 0) continue;
      Line line = line_between(a, b, shared);
      if (tie >= size_.loops) {
        line.from_closed = rng_.chance(0.4);
        line.to_closed = !line.from_closed && rng_.chance(0.8);
      }
      net_.lines.push_back(line);
    }
  }

  // Opens a line to a bus that feeds no other, so that the bus is dead where no tie reaches it.
  void cut_a_spur() {
    std::vector<bool> feeds(net_.buses.size(), false);
    for (const Place& p : places_) feeds[p.parent] = true;
    for (Line& l : net_.lines)
      if (l.to > 1 && !feeds[l.to] && places_[l.to].parent == l.from) {
        l.from_closed = false;
        return;
      }
  }

  Rng rng_;
  FeederSize size_;
  Network net_;
  std::vector<Place> places_;  // by bus
  std::vector<Phases> draw_va_;
  std::uint32_t sections_ = 0;
};

}  // namespace

RandomFeeder random_feeder(std::uint64_t seed, FeederSize size) { return Maker(seed, size).make(); }

FeederSize random_feeder_size(std::uint64_t seed) {
  Rng rng = Rng(seed).fork("feeder size");
  FeederSize out;
  out.buses = static_cast<std::uint32_t>(2 * std::pow(1000.0, std::pow(rng.uniform(), 1.3)));
  if (rng.chance(0.5)) out.loops = 1 + static_cast<std::uint32_t>(rng.below(4));
  return out;
}

}  // namespace test
