#include "twin/congestion/flexibility.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace twin {
namespace {

constexpr int halvings = 6;

// What a home still offers, beyond what the plan asks of it already.
double down_left_w(const HomeView& home, double planned_w) {
  return std::max(0.0, home.down_w + std::min(0.0, planned_w));
}
double up_left_w(const HomeView& home, double planned_w) {
  return std::max(0.0, home.up_w - std::max(0.0, planned_w));
}

std::vector<double> sum_of(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t h = 0; h < a.size(); ++h) a[h] += b[h];
  return a;
}

std::vector<std::size_t> by_cost(std::vector<std::pair<double, std::size_t>> offers) {
  std::sort(offers.begin(), offers.end());
  std::vector<std::size_t> out;
  for (const auto& [cost, home] : offers) out.push_back(home);
  return out;
}

}  // namespace

std::vector<double> Flexibility::buy(const Situation& now, const LadderPlan& plan,
                                     const Constraint& c) const {
  const double least = least_effect * largest_push(c);
  std::vector<std::pair<double, std::size_t>> offers;
  for (std::size_t h = 0; h < now.homes.size(); ++h)
    if (std::abs(push(c, h)) >= least)
      offers.emplace_back(now.homes[h].ask_eur_per_kwh / std::abs(push(c, h)), h);
  std::vector<double> out(now.homes.size());
  for (const std::size_t h : by_cost(std::move(offers))) {
    const double left = over(c, plan, out);
    if (left <= 0) break;
    const double wanted_w = left / std::abs(push(c, h));
    out[h] = push(c, h) > 0 ? -std::min(wanted_w, down_left_w(now.homes[h], plan.change_w[h]))
                            : std::min(wanted_w, up_left_w(now.homes[h], plan.change_w[h]));
  }
  return out;
}

std::vector<double> Flexibility::sell(const Situation& now, const LadderPlan& plan,
                                      const Constraint& c,
                                      const std::vector<double>& bought) const {
  const double least = least_effect * largest_push(c);
  std::vector<std::pair<double, std::size_t>> offers;
  for (std::size_t h = 0; h < now.homes.size(); ++h)
    if (std::abs(push(c, h)) < least) offers.emplace_back(now.homes[h].ask_eur_per_kwh, h);
  double open_w = -std::accumulate(bought.begin(), bought.end(), 0.0);
  std::vector<double> out(now.homes.size());
  for (const std::size_t h : by_cost(std::move(offers))) {
    const HomeView& home = now.homes[h];
    out[h] = open_w > 0 ? std::min(open_w, up_left_w(home, plan.change_w[h]))
                        : -std::min(-open_w, down_left_w(home, plan.change_w[h]));
    open_w -= out[h];
  }
  return out;
}

bool Flexibility::makes_a_bottleneck(const Situation& now, const LadderPlan& plan,
                                     const std::vector<double>& change_w) const {
  std::vector<double> without_w, with_w;
  for (std::size_t h = 0; h < now.homes.size(); ++h) {
    without_w.push_back(now.homes[h].net_w + plan.change_w[h]);
    with_w.push_back(without_w.back() + change_w[h]);
  }
  std::vector<double> free_w;
  for (const HomeView& home : now.homes) free_w.push_back(home.net_w);
  const FeederModel::State free = now.model->solve(free_w), without = now.model->solve(without_w),
                           with = now.model->solve(with_w);
  if (!free.converged || !without.converged || !with.converged) return true;
  for (std::size_t b = 0; b < now.loading.size(); ++b) {
    const double before = now.loading[b] + without.loading[b] - free.loading[b];
    const double after = now.loading[b] + with.loading[b] - free.loading[b];
    if (after > spec().max_loading * now.max_loading && after > before + 1e-9 &&
        before <= spec().max_loading * now.max_loading)
      return true;
  }
  return false;
}

void Flexibility::act(const Situation& now, LadderPlan& plan) const {
  for (const Constraint* c : those_over(now, plan)) {
    const std::vector<double> bought = buy(now, plan, *c);
    std::vector<double> sold = sell(now, plan, *c, bought);
    int tries = 0;
    for (; makes_a_bottleneck(now, plan, sum_of(bought, sold)) && tries <= halvings; ++tries)
      for (double& w : sold) w = tries + 1 < halvings ? w / 2 : 0;
    if (tries > halvings) continue;
    const std::vector<double> changes = sum_of(bought, sold);
    Measure measure = measure_of(*c, plan);
    std::vector<double> asks;
    for (std::size_t h = 0; h < changes.size(); ++h) {
      asks.push_back(now.homes[h].ask_eur_per_kwh);
      if (std::abs(changes[h]) >= 1) plan.limits[h].shift_w += changes[h];
    }
    carry(*c, changes, plan, measure, changes, asks);
    if (!measure.homes.empty()) plan.measures.push_back(std::move(measure));
  }
}

}  // namespace twin
