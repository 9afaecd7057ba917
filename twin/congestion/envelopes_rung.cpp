#include "twin/congestion/envelopes_rung.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace twin {
namespace {

constexpr double turn_h = 0.25;  // slack is compared in such steps

// What its manager can do about an import: all devices, and what the battery gives.
double firm_import_w(const HomeView& home, double net_w) {
  return std::clamp(home.net_w - home.down_w, 0.0, net_w);
}
// About an export: what devices take, and all of its PV.
double firm_export_w(const HomeView& home, double net_w) {
  return std::clamp(home.net_w + home.up_w + home.pv_w, net_w, 0.0);
}

// A step that lies beyond what it asks for leaves it what is idle.
void ask_for_import(const HomeView& home, double net_w, FlexibleHome& what) {
  what.firm_w = firm_import_w(home, net_w);
  what.import_w = net_w - what.firm_w;
  const double idle_w = std::clamp(home.idle_w - what.firm_w, 0.0, what.import_w);
  const double least_w = std::max(idle_w, home.least_w - what.firm_w);
  if (least_w > what.import_w)
    what.import_w = idle_w;
  else
    what.step = UseStep{idle_w, least_w};
}

// By which homes take turns.
auto turn_of(const HomeView& view, std::uint32_t home) {
  const double turns = std::min(view.slack_h / turn_h, 1e6);
  return std::tuple(static_cast<std::int64_t>(std::floor(turns)), -view.waited_minutes, home);
}

// By how much what was measured is beyond the model, where homes do what they would.
Unmodelled unmodelled_of(const Situation& now, const FeederModel::State& modelled) {
  Unmodelled out;
  for (std::size_t b = 0; b < now.loading.size(); ++b)
    out.loading.push_back(now.loading[b] - modelled.loading[b]);
  out.v_min_pu.resize(now.model->network().connections.size());
  out.v_max_pu = out.v_min_pu;
  for (std::uint32_t h = 0; h < now.v_min_pu.size(); ++h) {
    if (!(now.v_min_pu[h] > 0)) continue;
    out.v_min_pu[now.model->connection(h)] = now.v_min_pu[h] - modelled.v_min_pu[h];
    out.v_max_pu[now.model->connection(h)] = now.v_max_pu[h] - modelled.v_max_pu[h];
  }
  return out;
}

}  // namespace

std::vector<EnvelopesRung::Asking> EnvelopesRung::who_asks(
    const Situation& now, const LadderPlan& plan,
    const std::vector<const Constraint*>& beyond) const {
  std::vector<Asking> out;
  for (std::uint32_t h = 0; h < now.homes.size(); ++h) {
    Asking a{h, now.homes[h].net_w + plan.change_w[h], {}, 0};
    const auto loads = [&](const Constraint* c) {
      return (a.net_w > 0 ? push(*c, h) : -push(*c, h)) >= least_effect * largest_push(*c);
    };
    const auto reason = std::find_if(beyond.begin(), beyond.end(), loads);
    if (a.net_w == 0 || reason == beyond.end()) continue;
    a.reason = static_cast<std::size_t>(reason - beyond.begin());
    a.what.connection = now.model->connection(h);
    if (a.net_w > 0) {
      ask_for_import(now.homes[h], a.net_w, a.what);
    } else {
      a.what.firm_w = firm_export_w(now.homes[h], a.net_w);
      a.what.export_w = a.what.firm_w - a.net_w;
    }
    out.push_back(a);
  }
  std::sort(out.begin(), out.end(), [&](const Asking& a, const Asking& b) {
    return turn_of(now.homes[a.home], a.home) < turn_of(now.homes[b.home], b.home);
  });
  return out;
}

ledger::Result<SlotEnvelopes> EnvelopesRung::allocate(const Situation& now, const LadderPlan& plan,
                                                      const std::vector<Asking>& asking) const {
  std::vector<double> home_w;
  for (const HomeView& home : now.homes) home_w.push_back(home.net_w);
  const FeederModel::State modelled = now.model->solve(home_w);
  if (!modelled.converged) return ledger::failure("the feeder model has no power flow");
  if (!model_) {
    GridLimits limits;
    limits.max_loading = spec().max_loading * now.max_loading;
    limits.v_min_pu = now.lowest_pu + spec().voltage_margin_pu;
    limits.v_max_pu = now.highest_pu - spec().voltage_margin_pu;
    model_ = std::make_unique<EnvelopeModel>(now.model->network(), limits);
  }
  for (std::size_t h = 0; h < home_w.size(); ++h) home_w[h] += plan.change_w[h];
  std::vector<FlexibleHome> homes;
  for (const Asking& a : asking) homes.push_back(a.what);
  return model_->allocate(now.model->draws(home_w), homes, unmodelled_of(now, modelled));
}

void EnvelopesRung::act(const Situation& now, LadderPlan& plan) const {
  const std::vector<const Constraint*> beyond = those_over(now, plan);
  if (beyond.empty()) return;
  const std::vector<Asking> asking = who_asks(now, plan, beyond);
  const auto box = allocate(now, plan, asking);
  if (!box) {
    plan.failures.push_back("no envelopes: " + box.error());
    return;
  }
  for (std::size_t reason = 0; reason < beyond.size(); ++reason) {
    std::vector<double> changes(now.homes.size()), limits_w(now.homes.size());
    for (std::size_t k = 0; k < asking.size(); ++k) {
      const Asking& a = asking[k];
      if (a.reason != reason) continue;
      const bool imports = a.net_w > 0;
      const double end_w =
          imports ? a.what.firm_w + box->homes[k].import_w : a.what.firm_w - box->homes[k].export_w;
      changes[a.home] = end_w - a.net_w;
      if (std::abs(changes[a.home]) < 1) continue;
      ai::HomeLimits& limits = plan.limits[a.home];
      double& limit_w = imports ? limits.import_w : limits.export_w;
      limit_w = std::min(limit_w, std::abs(end_w));
      limits_w[a.home] = limit_w;
    }
    Measure measure = measure_of(*beyond[reason], plan);
    carry(*beyond[reason], changes, plan, measure, limits_w);
    if (!measure.homes.empty()) plan.measures.push_back(std::move(measure));
  }
}

}  // namespace twin
