#pragma once
// The day types of the German standard load profiles: Saturday (SA), Sunday or public holiday (FT)
// and workday (WT). Public holidays are the nine that all of Germany has; those of single states
// are workdays here. 24 and 31 December count as Saturdays where they are no Sundays (VDEW,
// "Anwendung der repräsentativen VDEW-Lastprofile step-by-step", M-05/2000).

#include <vector>

#include "ledger/base/time.hpp"

namespace twin {

enum class DayType : std::uint8_t { saturday, holiday, workday };
constexpr std::size_t day_types = 3;
constexpr std::size_t hours_a_day = 24;

DayType day_type(const ledger::CivilFields& day);

// Every day of the calendar year that holds this time, from 1 January on.
std::vector<ledger::CivilFields> days_of_year(ledger::CivilTime within);

// Easter Sunday's day of the year in the Gregorian calendar (Meeus, Astronomical Algorithms,
// chapter 8, after Butcher 1876).
int easter_day_of_year(int year);

}  // namespace twin
