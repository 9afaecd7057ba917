#pragma once
// An electric car at home: comes back in the evening, is plugged in and wants what the day took
// before it leaves the next morning.
//
//   by day d: arrival normal around 17:30 (1 h), departure the next morning normal around 7:45
//   (45 min), distance exponential around the mean and cut to 0.2 to 3 means, 60 % of weekend days
//   at home
//   need_d = distance_d * kwh_per_km / 0.9 (charger), at most the battery; E: of it still wanted
//   plugged in   dE = -P dt, P = min(plug, set-point) until E = 0; the battery takes 0.9 P
//   a set-point below 6 A on the plug's phases (IEC 61851-1) stops charging
//   unmet        what even the full plug can no longer bring by departure, counted in the step that
//                makes it so; the charger never tries for it: it is charged elsewhere
//   deferred     E less what E would be, had no set-point ever been given
// Energy of a step is exact for any span while the set-point holds. Every day's draw comes from its
// own fork, so that adding a day changes no other. What was due before the car is first looked at
// counts as charged.

#include <limits>

#include "ledger/base/rng.hpp"
#include "ledger/base/time.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

struct EvStep {
  double power_w = 0;      // mean, at the plug
  double held_back_w = 0;  // mean that it would have drawn more without the set-point
  double deferred_wh = 0;  // at the step's end
  double unmet_wh = 0;     // that this step gave up
  double wanted_wh = 0;    // at the step's end, of the session that is plugged in ...
  double hours_left = 0;   // ... until it leaves; 0 where none wants anything
};

// At the plug, since the start.
struct EvTotals {
  double needed_wh = 0;  // of all sessions so far, what was left of them when first looked at
  double delivered_wh = 0, unmet_wh = 0;
  double wanted_wh = 0;  // now: needed - delivered - unmet
};

class Ev {
 public:
  Ev(const EvSpec& spec, ledger::CivilTime start, ledger::Rng rng);

  // Steps follow one another; a span is at most a day.
  EvStep step(ledger::Instant from, ledger::Duration span,
              double limit_w = std::numeric_limits<double>::infinity());
  int phases() const { return phases_; }
  const EvTotals& totals() const { return totals_; }
  // Of what was delivered: what reached the battery, and what the charger lost.
  double charged_wh() const;
  double losses_wh() const { return totals_.delivered_wh - charged_wh(); }

 private:
  struct Session {
    std::int64_t day = INT64_MIN;  // local days since 1970
    ledger::Instant arrival, departure;
    double wanted_wh = 0;      // E
    double unhindered_wh = 0;  // what E would be without set-points
  };
  Session& session(std::int64_t day, ledger::Instant from);
  void charge(Session& s, ledger::Instant from, ledger::Instant to, double cap_w, EvStep& out);

  EvSpec spec_;
  ledger::CivilTime start_;
  ledger::Rng rng_;
  int phases_;
  double plug_w_;
  Session sessions_[2];  // today's and yesterday's: a session may pass midnight, never 9:00
  EvTotals totals_;
};

}  // namespace twin
