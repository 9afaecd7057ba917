#pragma once
// An electric car at home: leaves in the morning, comes back in the evening, charges on arrival at
// plug power until what the day took is back.
//
//   by day d: away from departure_d to arrival_d (normal around 7:45 and 17:30, 1 h), distance
//   exponential-like around the mean, 60 % of weekend days at home
//   need_d = distance_d * kwh_per_km / 0.9 (charger), at most the battery
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
  Day days_[2];  // today and yesterday: charging may pass midnight
};

}  // namespace twin
