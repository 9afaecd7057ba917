#pragma once
// An electric car at home: comes back in the evening and charges on arrival at plug power until
// what the day took is back, or until it leaves the next morning.
//
//   by day d: arrival normal around 17:30 (1 h), departure the next morning normal around 7:45
//   (45 min), distance exponential around the mean and cut to 0.2 to 3 means, 60 % of weekend days
//   at home
//   need_d = distance_d * kwh_per_km / 0.9 (charger), at most the battery
// So one day's charging has ended when the next one's begins, and the plug's power is never passed.
// What a short night leaves out is charged elsewhere and is not this home's energy.
// Every day's draw comes from its own fork, so that adding a day changes no other.

#include "ledger/base/rng.hpp"
#include "ledger/base/time.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

class Ev {
 public:
  Ev(const EvSpec& spec, ledger::CivilTime start, ledger::Rng rng)
      : spec_(spec), start_(start), rng_(rng) {}

  // Mean power drawn from `from` for `span`, W: exact for any span within a day.
  double power_w(ledger::Instant from, ledger::Duration span);
  int phases() const { return spec_.phases; }

 private:
  struct Day {
    std::int64_t number = INT64_MIN;  // local days since 1970
    ledger::Instant begin, end;       // of charging
  };
  const Day& day(std::int64_t number);
  double overlap_s(const Day& day, ledger::Instant from, ledger::Instant to) const;

  EvSpec spec_;
  ledger::CivilTime start_;
  ledger::Rng rng_;
  Day days_[2];  // today and yesterday: charging may pass midnight, never noon
};

}  // namespace twin
