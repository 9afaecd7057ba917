#include "twin/congestion/rung.hpp"

#include <algorithm>
#include <cmath>

#include "twin/congestion/capacity_tariff.hpp"
#include "twin/congestion/curtailment.hpp"
#include "twin/congestion/dimming_14a.hpp"
#include "twin/congestion/dynamic_grid_fee.hpp"
#include "twin/congestion/envelopes_rung.hpp"
#include "twin/congestion/flexibility.hpp"
#include "twin/congestion/time_of_use.hpp"

namespace twin {
namespace {

double value_with(const Constraint& c, const LadderPlan& plan, const std::vector<double>& more_w) {
  double value = c.value;
  for (std::size_t h = 0; h < c.per_w.size(); ++h)
    value += c.per_w[h] * (plan.change_w[h] + (more_w.empty() ? 0 : more_w[h]));
  return value;
}

class NoRung final : public Rung {
 public:
  using Rung::Rung;
  void act(const Situation&, LadderPlan&) const override {}
};

}  // namespace

double Rung::over(const Constraint& c, const LadderPlan& plan,
                  const std::vector<double>& more_w) const {
  const double value = value_with(c, plan, more_w);
  switch (c.kind) {
    case Congested::loading:
      return value - spec_.max_loading * c.limit;
    case Congested::low_voltage:
      return c.limit + spec_.voltage_margin_pu - value;
    case Congested::high_voltage:
      return value - c.limit + spec_.voltage_margin_pu;
  }
  return 0;
}

double Rung::push(const Constraint& c, std::size_t home) {
  return c.kind == Congested::low_voltage ? -c.per_w[home] : c.per_w[home];
}

double Rung::largest_push(const Constraint& c) {
  double most = 0;
  for (std::size_t h = 0; h < c.per_w.size(); ++h) most = std::max(most, std::abs(push(c, h)));
  return most;
}

std::vector<const Constraint*> Rung::those_over(const Situation& now,
                                                const LadderPlan& plan) const {
  std::vector<std::pair<double, const Constraint*>> found;
  for (const Constraint& c : now.constraints) {
    // Loadings and voltages are compared by how much of what is allowed they are beyond.
    const double beyond = over(c, plan) / (c.kind == Congested::loading ? c.limit : 0.1);
    if (beyond > 0) found.emplace_back(-beyond, &c);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const Constraint*> out;
  for (const auto& [beyond, c] : found) out.push_back(c);
  return out;
}

Measure Rung::measure_of(const Constraint& c, const LadderPlan& before) const {
  Measure m;
  m.rung = spec_.kind;
  m.why = c.kind;
  m.element = c.element;
  m.element_name = c.name;
  m.before = m.after = value_with(c, before, {});
  return m;
}

void Rung::carry(const Constraint& c, const std::vector<double>& change_w, LadderPlan& plan,
                 Measure& measure, const std::vector<double>& limit_w,
                 const std::vector<double>& owed_eur_per_kwh) const {
  for (std::size_t h = 0; h < change_w.size(); ++h) {
    if (std::abs(change_w[h]) < 1) continue;
    plan.change_w[h] += change_w[h];
    const double owed =
        owed_eur_per_kwh.empty() ? 0 : std::abs(change_w[h]) / 1000 * owed_eur_per_kwh[h];
    measure.homes.push_back(
        {static_cast<std::uint32_t>(h), std::llround(limit_w[h]), std::llround(change_w[h]), owed});
    measure.eur_per_hour += owed;
  }
  measure.after = value_with(c, plan, {});
}

std::unique_ptr<Rung> make_rung(const RungSpec& spec, double sell_eur_per_kwh) {
  using Kind = RungSpec::Kind;
  switch (spec.kind) {
    case Kind::none:
      return std::make_unique<NoRung>(spec);
    case Kind::time_of_use:
      return std::make_unique<TimeOfUse>(spec);
    case Kind::dynamic_grid_fee:
      return std::make_unique<DynamicGridFee>(spec);
    case Kind::capacity_tariff:
      return std::make_unique<CapacityTariff>(spec);
    case Kind::dimming_14a:
      return std::make_unique<Dimming14a>(spec);
    case Kind::envelopes:
      return std::make_unique<EnvelopesRung>(spec);
    case Kind::flexibility:
      return std::make_unique<Flexibility>(spec);
    case Kind::curtailment:
      return std::make_unique<Curtailment>(spec, sell_eur_per_kwh);
  }
  return nullptr;
}

}  // namespace twin
