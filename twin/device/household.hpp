#pragma once
// The electricity use of a household without car and heat pump: a base load, a fridge that cycles,
// and appliance events (cooking, washing, kettles, screens) as a Poisson process whose rate follows
// the hour of the day.
//
//   P(t) = base + fridge(t) + sum of running appliances
// Every hour of every day has its own fork of the home's stream, which draws that hour's events; an
// event may run into the hours after it. So P(t) is a function of time alone, for any step, and a
// day more changes nothing. All powers are scaled so that the year's mean is annual_kwh / 8760 h.

#include <array>
#include <vector>

#include "ledger/base/rng.hpp"
#include "ledger/base/time.hpp"

namespace twin {

class Household {
 public:
  Household(double annual_kwh, ledger::CivilTime start, ledger::Rng rng);

  // Mean power over [from, from + span), W: exact for any span, cheapest when times rise.
  double power_w(ledger::Instant from, ledger::Duration span);

 private:
  struct Event {
    std::int64_t begin_ms = 0, end_ms = 0;  // local
    double power_w = 0;
  };
  void load_hours(std::int64_t hour);  // events that may touch this local hour
  void draw_hour(std::int64_t hour);

  double scale_;
  std::int64_t offset_ms_;  // from scenario time to local time since 1970
  ledger::Rng rng_;
  double fridge_w_, fridge_phase_;
  std::int64_t loaded_hour_ = INT64_MIN;
  std::vector<Event> events_;
};

}  // namespace twin
