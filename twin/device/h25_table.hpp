#pragma once
// BDEW's standard load profile of German households, H25 (BDEW, "Standardlastprofile Strom", 2025):
// energy by month, day type and hour for 1,000,000 kWh a year, here the sums of the published
// table's quarter hours, in kWh; the same in W for 1,000 MWh are kW.
//
// The table holds for use with BDEW's dynamisation, a polynomial of the day of the year t that
// carries the season (it alone has more in July than in January):
//   F(t) = -3.92e-10 t^4 + 3.20e-7 t^3 - 7.02e-5 t^2 + 2.1e-3 t + 1.24
//   E(day, hour) = table(month, day type, hour) F(t)
// H25, P25 and S25 are meant so, G25 and L25 without F. F is rounded to four decimals as in the
// procedure's paper (VDEW M-05/2000, step 4b). Here "H25" always is E, the table times F.

#include "twin/device/day_type.hpp"

namespace twin {

constexpr std::size_t months_a_year = 12;

// kWh of one hour of a day for 1,000,000 kWh a year, without F. month: 1 to 12.
double h25_table_kwh(int month, DayType type, int hour);

// F(t). day_of_year: 1 to 366.
double dynamisation(int day_of_year);

// What the profile adds up to in the calendar year that holds this time, with that year's own
// Sundays and holidays, kWh: near 1,000,000, never exactly. A load that is to use its year's energy
// divides by this.
double h25_sum_kwh(ledger::CivilTime within);

}  // namespace twin
