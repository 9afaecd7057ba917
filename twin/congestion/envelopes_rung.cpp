#include "twin/congestion/envelopes_rung.hpp"

#include <algorithm>

namespace twin {
namespace {

// What its manager can do about an import: all devices, and what the battery gives.
double least_net_w(const HomeView& home) { return home.net_w - home.down_w; }
// About an export: what devices take, and all of its PV.
double most_net_w(const HomeView& home) { return home.net_w + home.up_w + home.pv_w; }

}  // namespace

void EnvelopesRung::act(const Situation& now, LadderPlan& plan) const {
  const std::size_t homes = now.homes.size();
  for (const Constraint* c : those_over(now, plan)) {
    const double least = least_effect * largest_push(*c);
    double widest_w = 0;
    for (std::size_t h = 0; h < homes; ++h)
      widest_w = std::max(widest_w, std::abs(now.homes[h].net_w + plan.change_w[h]));
    // At level 1 nobody may draw, or feed in, anything.
    const auto envelope_w = [&](double level) { return widest_w * (1 - level); };
    const auto change = [&](double level) {
      std::vector<double> out(homes);
      for (std::size_t h = 0; h < homes; ++h) {
        const HomeView& home = now.homes[h];
        const double net_w = home.net_w + plan.change_w[h];
        if (push(*c, h) >= least)
          out[h] = std::min(0.0, std::max(envelope_w(level), least_net_w(home)) - net_w);
        else if (push(*c, h) <= -least)
          out[h] = std::max(0.0, std::min(-envelope_w(level), most_net_w(home)) - net_w);
      }
      return out;
    };
    const double level = smallest_level(*c, plan, change);
    const std::vector<double> changes = change(level);
    Measure measure = measure_of(*c, plan);
    for (std::size_t h = 0; h < homes; ++h) {
      if (std::abs(changes[h]) < 1) continue;
      double& limit_w = changes[h] < 0 ? plan.limits[h].import_w : plan.limits[h].export_w;
      limit_w = std::min(limit_w, envelope_w(level));
    }
    carry(*c, changes, plan, measure, std::vector<double>(homes, envelope_w(level)));
    if (!measure.homes.empty()) plan.measures.push_back(std::move(measure));
  }
}

}  // namespace twin
