#include "twin/world/island.hpp"

#include <algorithm>

namespace twin {
namespace {

constexpr double reserve = 0.05;  // of what the island draws, at least min_reserve_w
constexpr double min_reserve_w = 50;

struct Sums {
  double wanted_w = 0, pv_w = 0, charge_w = 0, discharge_w = 0;
};

Sums sums_of(std::span<const IslandHome> homes, const std::vector<bool>& shed) {
  Sums out;
  for (std::size_t h = 0; h < homes.size(); ++h) {
    if (!shed[h]) out.wanted_w += homes[h].wanted_w;
    out.pv_w += homes[h].pv_w;
    out.charge_w += homes[h].charge_w;
    out.discharge_w += homes[h].discharge_w;
  }
  return out;
}

double reserve_of(double drawn_w) { return std::max(min_reserve_w, reserve * drawn_w); }

// The strongest battery that can give and take enough for the losses it will not have foreseen.
std::optional<std::uint32_t> former_of(std::span<const IslandHome> homes) {
  std::optional<std::uint32_t> best;
  for (std::uint32_t h = 0; h < homes.size(); ++h) {
    if (!homes[h].can_form || homes[h].discharge_w < min_reserve_w) continue;
    if (!best || homes[h].discharge_w > homes[*best].discharge_w) best = h;
  }
  return best;
}

void shed_until_balanced(std::span<const IslandHome> homes, double losses_w, std::uint32_t turn,
                         IslandPlan& plan) {
  const auto count = static_cast<std::uint32_t>(homes.size());
  for (std::uint32_t k = 0; k < count; ++k) {
    const Sums s = sums_of(homes, plan.shed);
    const double drawn_w = s.wanted_w + losses_w;
    if (drawn_w + reserve_of(drawn_w) <= s.pv_w + s.discharge_w) return;
    const std::uint32_t h = (turn + k) % count;
    if (homes[h].wanted_w == 0) continue;
    plan.shed[h] = true;
  }
}

}  // namespace

IslandPlan plan_island(std::span<const IslandHome> homes, double losses_w, std::uint32_t turn) {
  IslandPlan plan;
  plan.asked.resize(homes.size());
  plan.shed.assign(homes.size(), false);
  plan.former = former_of(homes);
  if (plan.former) shed_until_balanced(homes, losses_w, turn, plan);
  const Sums s = sums_of(homes, plan.shed);
  const double deficit_w = s.wanted_w + losses_w - s.pv_w;
  const double room_w = std::max(0.0, s.charge_w - reserve_of(s.wanted_w + losses_w));
  const double taken_w = std::min(std::max(0.0, -deficit_w), room_w);
  const double curtailed_w = std::max(0.0, -deficit_w - taken_w);
  for (std::size_t h = 0; h < homes.size(); ++h) {
    SetPoints& asked = plan.asked[h];
    asked.battery_w = 0;
    if (!plan.former) {
      plan.shed[h] = true;
      asked.pv_limit_w = 0;
    } else if (deficit_w > 0) {
      asked.battery_w = -deficit_w * homes[h].discharge_w / s.discharge_w;
    } else {
      if (s.charge_w > 0) asked.battery_w = taken_w * homes[h].charge_w / s.charge_w;
      if (curtailed_w > 0) asked.pv_limit_w = homes[h].pv_w * (1 - curtailed_w / s.pv_w);
    }
    if (plan.shed[h]) asked.load_limit_w = asked.ev_limit_w = asked.heat_pump_limit_w = 0;
  }
  return plan;
}

Network islanded(Network network, std::uint32_t bus) {
  const std::uint32_t source = network.sources[0].bus;
  for (Line& l : network.lines)
    if (l.from == source || l.to == source) l.from_closed = l.to_closed = false;
  for (Transformer& t : network.transformers)
    if (t.from == source || t.to == source) t.from_closed = t.to_closed = false;
  Source former;
  former.bus = bus;
  former.name = "island";
  network.sources = {former};
  network.generators.clear();
  return network;
}

}  // namespace twin
