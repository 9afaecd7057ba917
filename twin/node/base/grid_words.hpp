#pragma once
// What the grid operator and the homes' managers say to each other, over the channel between them,
// which says who speaks. Powers in W, import positive; `unlimited` where there is no limit.
//
//   18 home reports   fleet to grid operator, each minute: minute u32, count u16, then by rising
//                     meter: meter u32, actual i32, net i32, load i32, PV i32, controllable i32,
//                     down i32, up i32, ask i32 (micro-EUR/kWh), idle i32, least i32, slack i32
//                     (minutes); forecasts u16, then by rising meter: meter u32, first slot u32,
//                     slots u16, net Wh i32 each; plans u16, likewise
//   19 grid word      grid operator to fleet: slot u32, micro-EUR a kW u32, fees u16 and i32 each
//                     (micro-EUR/kWh from the slot on), count u16, then by rising meter: meter u32,
//                     import, export, controllable, PV and load limit i32 each, shift i32
// A report says what the home does, what it would do without limits, and how much of that import is
// of use to it (ai::ImportUse; a slack of `unlimited`: no car is there that wants anything). A word
// says all that holds: what a home is not named in does not limit it, and a word is void five
// minutes after it came. Decoders refuse every other byte sequence.

#include <cstdint>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"

namespace twin {

struct HomeReport {
  ledger::MeterId meter;
  std::int32_t actual_w = 0;  // its exchange
  std::int32_t net_w = 0, load_w = 0, pv_w = 0, controllable_w = 0;
  std::int32_t down_w = 0, up_w = 0, ask = 0;
  std::int32_t idle_w = 0, least_w = 0, slack_minutes = 0;
};

struct NetForecast {
  ledger::MeterId meter;
  ledger::Slot first;
  std::vector<std::int32_t> net_wh;
};

struct HomeReports {
  std::uint32_t minute = 0;  // since the epoch, at its end
  std::vector<HomeReport> homes;
  std::vector<NetForecast> forecasts;  // those that are new
  std::vector<NetForecast> plans;      // what homes expect by their plans (ai::HomeOutlook)
};

inline constexpr std::int32_t unlimited = INT32_MAX;

struct LimitWord {
  ledger::MeterId meter;
  std::int32_t import_w = unlimited, export_w = unlimited, controllable_w = unlimited;
  std::int32_t pv_w = unlimited, load_w = unlimited;
  std::int32_t shift_w = 0;
};

struct GridWord {
  ledger::Slot slot;
  std::uint32_t micro_eur_per_kw = 0;
  std::vector<std::int32_t> fees;
  std::vector<LimitWord> limits;
};

// Framed.
ledger::Bytes encode(const HomeReports&);
ledger::Bytes encode(const GridWord&);
// The bodies, without the kind byte.
ledger::Result<HomeReports> decode_home_reports(ledger::BytesView body);
ledger::Result<GridWord> decode_grid_word(ledger::BytesView body);

}  // namespace twin
