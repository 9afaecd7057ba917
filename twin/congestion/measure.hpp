#pragma once
// What a rung of the ladder did to homes, and why: what figures count and the ledger records.

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/base/amounts.hpp"
#include "ledger/base/ids.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

enum class Congested : std::uint8_t { loading, low_voltage, high_voltage };

struct LimitedHome {
  std::uint32_t home = 0;
  // What it may draw with what the rung is about (dimming: its controllable devices; envelopes:
  // all of it; curtailment: feed in, or consume); of flexibility, by how much it changes.
  std::int64_t limit_w = 0;
  std::int64_t change_w = 0;     // of its exchange by that, as the operator expects it
  double owed_eur_per_hour = 0;  // by the grid operator for that
};

struct Measure {
  RungSpec::Kind rung{};
  Congested why{};
  std::uint32_t element = 0;  // a branch, or the connection of a voltage
  std::string element_name;
  double before = 0, after = 0;  // loading or per-unit voltage, without and with it
  std::vector<LimitedHome> homes;
  double eur_per_hour = 0;  // what it costs the grid operator, or homes as lost load
};

// A slot and element that a day's forecasts of the homes bring above its limit.
struct ExpectedOverload {
  ledger::Slot slot;
  std::uint32_t branch = 0;
  double loading = 0;
};

}  // namespace twin
