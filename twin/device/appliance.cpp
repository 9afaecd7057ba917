#include "twin/device/appliance.hpp"

#include <algorithm>

namespace twin {
namespace {

constexpr std::array<Appliance, appliances> listed{{
    {"lamps", 60, 55, 0, 0, 8, 1, When::evening},
    {"microwave oven, toaster", 900, 5, 0, 0, 1.5, 0.9, When::meals},
    {"hair dryer and the like", 1300, 5, 0, 0, 0.7, 0.8, When::any},
    {"kettle, coffee maker", 1900, 4, 0, 0, 2.5, 1, When::meals},
    {"computer, console", 110, 70, 0, 0, 2.5, 0.9, When::any},
    {"television", 120, 80, 0, 0, 2.5, 0.95, When::evening},
    {"vacuum cleaner, iron, tools", 1000, 18, 0, 0, 0.5, 1, When::daytime},
    {"hob", 1500, 24, 0, 0, 1.0, 1, When::meals},
    {"washing machine", 2000, 14, 180, 55, 0.5, 0.95, When::daytime},
    {"dishwasher", 2000, 20, 100, 50, 0.6, 0.7, When::meals},
    {"oven", 2200, 28, 0, 0, 0.3, 0.95, When::meals},
    {"tumble dryer", 1600, 60, 0, 0, 0.3, 0.4, When::daytime},
}};

using Hours = std::array<double, hours_a_day>;
constexpr Hours at_meals{0.4, 0.3, 0.3, 0.3, 0.5, 0.9, 1.5, 1.5, 1.2, 0.9, 0.9, 1.3,
                         1.4, 1.1, 0.8, 0.8, 0.9, 1.1, 1.4, 1.2, 0.9, 0.7, 0.6, 0.5};
constexpr Hours by_day{0.3, 0.2, 0.2, 0.2, 0.3, 0.5, 0.8, 1.2, 1.5, 1.5, 1.5, 1.4,
                       1.2, 1.2, 1.3, 1.3, 1.2, 1.1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4};
constexpr Hours in_the_evening{0.8, 0.6, 0.4, 0.4, 0.4, 0.6, 0.9, 0.8, 0.6, 0.6, 0.6, 0.6,
                               0.6, 0.7, 0.7, 0.8, 0.9, 1.1, 1.3, 1.4, 1.4, 1.4, 1.3, 1.1};

// What phase [begin, end), in hours after a start uniform in [0, 1), covers of [0, x) on average:
// the integral over the start s of the length of [s + begin, s + end) below x.
double covered_h(double begin, double end, double x) {
  // A ramp's integral: of max(0, y - s) for s over [0, 1).
  const auto ramp = [](double y) {
    if (y <= 0) return 0.0;
    return y < 1 ? y * y / 2 : y - 0.5;
  };
  return ramp(x - begin) - ramp(x - end);
}

void add_phase(Appliance& a, double power_w, double begin_h, double end_h, double weight) {
  for (std::size_t j = 0; j < longest_run_h; ++j) {
    const auto hour = static_cast<double>(j);
    const double hours = covered_h(begin_h, end_h, hour + 1) - covered_h(begin_h, end_h, hour);
    a.spill_wh[j] += weight * power_w * hours;
  }
}

std::array<Appliance, appliances> complete() {
  constexpr int factors = 100;  // the midpoints of the factor of duration's range
  auto out = listed;
  for (Appliance& a : out) {
    a.energy_wh = (a.first_w * a.first_min + a.second_w * a.second_min) / 60;
    for (int k = 0; k < factors; ++k) {
      const double factor = 1 + duration_spread * ((2 * k + 1.0) / factors - 1);
      const double first_h = factor * a.first_min / 60, second_h = factor * a.second_min / 60;
      add_phase(a, a.first_w, 0, first_h, 1.0 / factors);
      add_phase(a, a.second_w, first_h, first_h + second_h, 1.0 / factors);
    }
  }
  std::sort(out.begin(), out.end(),
            [](const Appliance& a, const Appliance& b) { return a.energy_wh < b.energy_wh; });
  return out;
}

}  // namespace

const std::array<Appliance, appliances>& appliance_catalogue() {
  static const std::array<Appliance, appliances> catalogue = complete();
  return catalogue;
}

double readiness(When when, int hour) {
  const auto h = static_cast<std::size_t>(hour);
  switch (when) {
    case When::meals:
      return at_meals[h];
    case When::daytime:
      return by_day[h];
    case When::evening:
      return in_the_evening[h];
    case When::any:
      break;
  }
  return 1;
}

}  // namespace twin
