// One stochastic home, its appliances, and the calendar and table that it follows.

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <set>

#include "twin/device/appliance.hpp"
#include "twin/device/h25_table.hpp"
#include "twin/device/household.hpp"

using namespace twin;
using ledger::Duration;
using ledger::Instant;
using ledger::Rng;

namespace {

const ledger::CivilTime midsummer = *ledger::from_rfc3339("2026-06-21T00:00:00+02:00");

ledger::CivilFields date(const char* text) {
  return ledger::fields_of(*ledger::from_rfc3339(std::string(text) + "T12:00:00Z"));
}

double energy_wh(Household& home, Instant from, Duration length, Duration step) {
  double wh = 0;
  for (Instant t = from; t < from + length;) {
    const Duration part = std::min(step, from + length - t);
    wh += home.power_w(t, part) * part.seconds() / 3600;
    t = t + part;
  }
  return wh;
}

}  // namespace

TEST_CASE("Easter falls where almanacs have it") {
  for (const auto& [year, month_and_day] :
       std::initializer_list<std::pair<int, const char*>>{{1961, "04-02"},
                                                          {2000, "04-23"},
                                                          {2008, "03-23"},
                                                          {2024, "03-31"},
                                                          {2025, "04-20"},
                                                          {2026, "04-05"},
                                                          {2038, "04-25"}}) {
    const std::string day = std::to_string(year) + "-" + month_and_day;
    CAPTURE(day);
    CHECK(easter_day_of_year(year) == date(day.c_str()).day_of_year);
  }
}

TEST_CASE("public holidays are Sundays to the profile, and only those of all Germany") {
  for (const char* day : {"2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14",
                          "2026-05-25", "2026-10-03", "2026-12-25", "2026-12-26", "2026-06-21"}) {
    CAPTURE(day);
    CHECK(day_type(date(day)) == DayType::holiday);
  }
  // Epiphany, Corpus Christi, Reformation Day, All Saints'; Maundy Thursday; days around them.
  for (const char* day : {"2026-01-06", "2026-06-04", "2025-10-31", "2028-11-01", "2026-04-02",
                          "2026-04-07", "2026-05-15", "2026-05-26", "2026-10-02", "2026-12-23"}) {
    CAPTURE(day);
    CHECK(day_type(date(day)) == DayType::workday);
  }
  CHECK(day_type(date("2026-06-20")) == DayType::saturday);
  CHECK(day_type(date("2026-12-24")) == DayType::saturday);
  CHECK(day_type(date("2026-12-31")) == DayType::saturday);
  CHECK(day_type(date("2028-12-24")) == DayType::holiday);  // a Sunday
  CHECK(days_of_year(midsummer).size() == 365);
  CHECK(days_of_year(*ledger::from_rfc3339("2028-12-31T23:00:00-05:00")).size() == 366);
}

TEST_CASE("H25 with its season adds up to its year, with more in winter than in summer") {
  CHECK(h25_sum_kwh(midsummer) == doctest::Approx(1e6).epsilon(0.01));
  CHECK(dynamisation(1) == doctest::Approx(1.242));
  const auto day_kwh = [](int month, int day_of_year) {
    double sum = 0;
    for (int h = 0; h < 24; ++h)
      sum += h25_table_kwh(month, DayType::workday, h) * dynamisation(day_of_year);
    return sum;
  };
  CHECK(day_kwh(1, 16) > 1.25 * day_kwh(7, 197));
}

TEST_CASE("an appliance's spills are what its runs draw by hour") {
  double before = 0;
  for (const Appliance& a : appliance_catalogue()) {
    CAPTURE(a.name);
    CHECK(a.energy_wh >= before);
    before = a.energy_wh;
    std::array<double, longest_run_h> drawn{};
    Rng rng(1);
    constexpr int runs = 4000;
    for (int k = 0; k < runs; ++k) {
      const double longer = rng.uniform(1 - duration_spread, 1 + duration_spread) / 60;
      const double begin = rng.uniform(), between = begin + longer * a.first_min;
      const double end = between + longer * a.second_min;
      for (std::size_t j = 0; j < longest_run_h; ++j) {
        const auto h = static_cast<double>(j);
        const auto inside = [&](double from, double to) {
          return std::max(0.0, std::min(to, h + 1) - std::max(from, h));
        };
        drawn[j] += (a.first_w * inside(begin, between) + a.second_w * inside(between, end)) / runs;
      }
    }
    double sum = 0;
    for (std::size_t j = 0; j < longest_run_h; ++j) {
      CHECK(std::abs(drawn[j] - a.spill_wh[j]) < 0.02 * a.energy_wh);
      sum += a.spill_wh[j];
    }
    CHECK(sum == doctest::Approx(a.energy_wh).epsilon(1e-4));
  }
}

TEST_CASE("a household's energy is the same for any step") {
  const Instant from = Instant{} + ledger::hours(20);  // over midnight, from Sunday to Monday
  const auto of_step = [&](Duration step) {
    Household home(4000, midsummer, Rng(7));
    return energy_wh(home, from, ledger::hours(12), step);
  };
  const double fine = of_step(ledger::seconds(1));
  CHECK(fine > 1000);
  for (const Duration step :
       {ledger::milliseconds(250), ledger::seconds(5), ledger::minutes(1),
        ledger::seconds(7 * 60 + 13), ledger::minutes(15), ledger::hours(1), ledger::hours(12)}) {
    CAPTURE(step.ns);
    CHECK(of_step(step) == doctest::Approx(fine).epsilon(1e-10));
  }
}

TEST_CASE("a household is the same whatever was asked before, and from whichever day it starts") {
  Household a(3000, midsummer, Rng(9)), b(3000, midsummer, Rng(9));
  ledger::CivilTime earlier = midsummer;
  earlier.unix_ms -= 3 * 86'400'000;
  Household c(3000, earlier, Rng(9));
  const Instant times[] = {Instant{} + ledger::hours(31), Instant{} - ledger::hours(50),
                           Instant{} + ledger::hours(5), Instant{} + ledger::minutes(5 * 60 + 59)};
  for (Instant t = Instant{} - ledger::hours(60); t < Instant{}; t = t + ledger::minutes(7))
    b.power_w(t, ledger::minutes(7));
  for (const Instant t : times) {
    const double power_w = a.power_w(t, ledger::minutes(15));
    CHECK(power_w == b.power_w(t, ledger::minutes(15)));
    CHECK(power_w == c.power_w(t + ledger::hours(72), ledger::minutes(15)));
  }
}

TEST_CASE("no two households are alike: sizes, habits and appliances") {
  std::set<double> peaks;
  double least_share = 1, most_share = 0;
  for (std::uint64_t h = 0; h < 20; ++h) {
    Household home(3500, midsummer, Rng(h));
    double peak_w = 0, evening_wh = 0, all_wh = 0;
    for (int m = 0; m < 20 * 1440; m += 5) {
      const double w = home.power_w(Instant{} + ledger::minutes(m), ledger::minutes(5));
      peak_w = std::max(peak_w, w);
      all_wh += w;
      if (m % 1440 >= 18 * 60) evening_wh += w;
    }
    peaks.insert(peak_w);
    least_share = std::min(least_share, evening_wh / all_wh);
    most_share = std::max(most_share, evening_wh / all_wh);
  }
  CHECK(peaks.size() == 20);
  CHECK(*peaks.begin() > 1500);
  CHECK(*peaks.rbegin() > 1.3 * *peaks.begin());
  CHECK(most_share > 1.3 * least_share);
}

TEST_CASE("absurd households use what they are told to, and never less than nothing") {
  Household none(0, midsummer, Rng(3));
  CHECK(energy_wh(none, {}, ledger::hours(48), ledger::minutes(15)) == 0);
  Household castle(1e6, midsummer, Rng(3));
  const double week_kwh = energy_wh(castle, {}, ledger::hours(168), ledger::minutes(15)) / 1000;
  CHECK(week_kwh > 0.7 * 1e6 / 52);
  CHECK(week_kwh < 1e6 / 52);  // it is summer
  for (std::uint64_t h = 0; h < 50; ++h) {
    Household home(1500, midsummer, Rng(h));
    for (int m = 0; m < 1440; m += 10)
      CHECK(home.power_w(Instant{} + ledger::minutes(m), ledger::minutes(10)) > 0);
  }
}
