#include "twin/congestion/curtailment.hpp"

#include <algorithm>
#include <cmath>

namespace twin {

void Curtailment::cut(const Constraint& c, const Step& step, std::optional<std::size_t> first,
                      LadderPlan& plan) const {
  const std::size_t homes = step.present_w.size();
  const double least = least_effect * largest_push(c);
  std::vector<double> most_w(homes);
  for (std::size_t h = 0; h < homes; ++h)
    if (-step.direction * push(c, h) >= least) most_w[h] = step.present_w[h];
  // In turn, level k / n cuts the first k homes of n.
  const auto share_of = [&](std::size_t home, double level) {
    if (!first) return level;
    const auto turn = static_cast<double>((home + homes - *first) % homes);
    return std::clamp(level * static_cast<double>(homes) - turn, 0.0, 1.0);
  };
  const auto change = [&](double level) {
    std::vector<double> out(homes);
    for (std::size_t h = 0; h < homes; ++h)
      out[h] = step.direction * share_of(h, level) * most_w[h];
    return out;
  };
  const std::vector<double> changes = change(smallest_level(c, plan, change));
  Measure measure = measure_of(c, plan);
  std::vector<double> limit_w(homes);
  for (std::size_t h = 0; h < homes; ++h) {
    limit_w[h] = step.present_w[h] - std::abs(changes[h]);
    if (std::abs(changes[h]) < 1) continue;
    plan.limits[h].*step.limit = limit_w[h];
    measure.eur_per_hour += std::abs(changes[h]) / 1000 * step.lost_eur_per_kwh;
  }
  carry(c, changes, plan, measure, limit_w, std::vector(homes, step.owed_eur_per_kwh));
  if (!measure.homes.empty()) plan.measures.push_back(std::move(measure));
}

void Curtailment::act(const Situation& now, LadderPlan& plan) const {
  using Limits = ai::HomeLimits;
  const auto step_of = [&](double HomeView::*power, double Limits::*limit, int direction,
                           double owed_eur_per_kwh, double lost_eur_per_kwh) {
    Step step{{}, direction, limit, owed_eur_per_kwh, lost_eur_per_kwh};
    for (std::size_t h = 0; h < now.homes.size(); ++h)
      step.present_w.push_back(std::max(0.0, std::min(now.homes[h].*power, plan.limits[h].*limit)));
    return step;
  };
  const double lost_load = static_cast<double>(spec().lost_load.value) * 1e-6;
  const std::size_t first = now.homes.empty() ? 0 : now.slot.value % now.homes.size();
  for (const Constraint* c : those_over(now, plan)) {
    cut(*c, step_of(&HomeView::pv_w, &Limits::pv_w, 1, sell_eur_per_kwh_, 0), std::nullopt, plan);
    if (over(*c, plan) > 0)
      cut(*c, step_of(&HomeView::controllable_w, &Limits::controllable_w, -1, 0, 0), first, plan);
    if (over(*c, plan) > 0)
      cut(*c, step_of(&HomeView::load_w, &Limits::load_w, -1, 0, lost_load), std::nullopt, plan);
  }
}

}  // namespace twin
