#pragma once
// The congestion ladder's one interface. Each minute the grid operator looks at a situation: what
// homes would do without limits, and which elements that would bring outside of theirs. The rungs
// act on it in the scenario's order, each on what the ones before it left over.
//
// Powers in W, import from the grid positive; loadings as shares of the rating, voltages per unit.

#include <memory>
#include <string>
#include <vector>

#include "ai/home_manager.hpp"
#include "twin/congestion/feeder_model.hpp"
#include "twin/congestion/measure.hpp"

namespace twin {

// A home without limits, as its manager reports it, and what the operator knows of its devices.
struct HomeView {
  double net_w = 0;                 // exchange
  double load_w = 0;                // of the household
  double pv_w = 0;                  // available
  double controllable_w = 0;        // drawn by car, heat pump and battery
  double least_controllable_w = 0;  // that it keeps when it is dimmed (dimming_14a.hpp)
  double down_w = 0, up_w = 0;      // by how much it offers to change, >= 0
  double ask_eur_per_kwh = 0;       // for that
  // What of its import is of use (ai::ImportUse): all up to idle_w, and from least_w on; how long
  // its car can still wait, and how long an operator's envelope has made it wait.
  double idle_w = 0, least_w = 0;
  double slack_h = ai::no_limit;
  int waited_minutes = 0;
};

// An element that is outside of its limit without any measure, or near it.
struct Constraint {
  Congested kind{};
  std::uint32_t element = 0;  // a branch, or a home's connection in the network
  std::string name;
  double value = 0, limit = 0;  // loading and grid.max_loading; voltage and the band's end
  std::vector<double> per_w;    // change of the value by a W more that a home draws
};

struct Situation {
  ledger::Slot slot;       // the running one
  double hour_of_day = 0;  // local, at its start
  double slot_h = 0.25;
  std::size_t slots_a_day = 96;
  std::vector<HomeView> homes;
  std::vector<Constraint> constraints;
  std::vector<double> loading;               // by branch, without measures
  std::vector<double> v_min_pu, v_max_pu;    // by home, likewise; 0 where it is dark
  double max_loading = 1;                    // grid.max_loading
  double lowest_pu = 0.9, highest_pu = 1.1;  // grid.v_min_pu and v_max_pu
  // Highest loading by import of any element, share of the limit, by the day's forecasts and what
  // homes plan since then, from the running slot on; empty where there are none.
  std::vector<double> forecast_loading;
  const FeederModel* model = nullptr;
};

struct LadderPlan {
  std::vector<ai::HomeLimits> limits;  // by home
  std::vector<double> change_w;        // by home, expected, against the situation
  std::vector<std::int64_t> fees;      // micro-EUR/kWh on a kWh of import, from the running slot on
  double eur_per_kw = 0;
  std::vector<Measure> measures;
  std::vector<std::string> failures;  // what a rung could not do, and why
};

class Rung {
 public:
  explicit Rung(const RungSpec& spec) : spec_(spec) {}
  virtual ~Rung() = default;
  // Adds to the plan; never takes back what a rung before it asked for.
  virtual void act(const Situation& now, LadderPlan& plan) const = 0;
  const RungSpec& spec() const { return spec_; }

 protected:
  // How far the constraint is beyond what this rung brings it to, with the plan and `more_w` by
  // home; at most 0 where it is kept.
  double over(const Constraint& c, const LadderPlan& plan,
              const std::vector<double>& more_w = {}) const;
  // By how much `over` grows with a W more that the home draws.
  static double push(const Constraint& c, std::size_t home);
  static double largest_push(const Constraint& c);
  // Those that are over, the furthest first.
  std::vector<const Constraint*> those_over(const Situation& now, const LadderPlan& plan) const;
  // The smallest level from 0 to 1 at which `change_w(level)` brings the constraint back; 1 where
  // none does. More level is more relief.
  template <class ChangeOf>
  double smallest_level(const Constraint& c, const LadderPlan& plan, ChangeOf&& change_of) const {
    if (over(c, plan, change_of(1.0)) > 0) return 1;
    double low = 0, high = 1;
    for (int i = 0; i < 24; ++i) {
      const double middle = (low + high) / 2;
      (over(c, plan, change_of(middle)) > 0 ? low : high) = middle;
    }
    return high;
  }
  Measure measure_of(const Constraint& c, const LadderPlan& before) const;
  // Adds the changes to the plan and the measure, for homes where there are any; `after` follows.
  // `owed_eur_per_kwh`: for a home's change, by home; empty: nothing.
  void carry(const Constraint& c, const std::vector<double>& change_w, LadderPlan& plan,
             Measure& measure, const std::vector<double>& limit_w,
             const std::vector<double>& owed_eur_per_kwh = {}) const;

 private:
  RungSpec spec_;
};

// A home counts as behind an element if it moves it by at least this share of what the home that
// moves it most does.
inline constexpr double least_effect = 0.05;

// Of the spec's kind; offers and prices in it. `sell`: what a kWh fed in earns, EUR.
std::unique_ptr<Rung> make_rung(const RungSpec& spec, double sell_eur_per_kwh);

}  // namespace twin
