#pragma once
// Figures and times in words, the same in the report and in the window.

#include <string>

#include "ledger/base/time.hpp"

namespace viz {

// "12 345.7": fixed decimals, a narrow space between thousands, a true minus sign; "–" where the
// value is not finite. UTF-8.
std::string number_text(double value, int decimals = 0);

constexpr double kwh(std::int64_t wh) { return static_cast<double>(wh) / 1000; }

// An element of the grid in a sentence: made-up feeders have one branch named "transformer", which
// takes an article; all other names stand as they are.
std::string element_text(const std::string& name);

// As number_text with as many decimals as three significant digits need: 0.0123, 1.23, 12.3, 123.
std::string figure_text(double value);

// Civil time of an instant of a run that began at `epoch`, in the epoch's own offset.
ledger::CivilTime civil_time(ledger::CivilTime epoch, ledger::Instant time);
std::string clock_text(ledger::CivilTime time);  // "18:05"
std::string day_text(ledger::CivilTime time);    // "21 Jun"
std::string date_text(ledger::CivilTime time);   // "Sunday, 21 June 2026"

// "45 min", "2 h", "1 h 30 min", "3 days": rounded to minutes.
std::string span_text(ledger::Duration duration);

}  // namespace viz
