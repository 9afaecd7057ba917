#pragma once
// What a feeder lets the trades of one slot add to its flows: linear rows in integers, which
// anybody can check.
//
//   sum over buses of coefficient x (bought - sold at the bus, Wh)  <=  room
//
// The unit of a row is its maker's (twin/grid/flow/trade_limits.hpp): room and coefficients share
// it. A row's room counts from what flows anyway, and is never below zero: trading nothing is
// always within the limits. Where nothing limits there are no rows.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/amounts.hpp"

namespace market {

struct LimitTerm {
  std::uint32_t bus = 0;
  std::int64_t coefficient = 0;  // not 0
  auto operator<=>(const LimitTerm&) const = default;
};

struct LimitRow {
  std::vector<LimitTerm> terms;  // by rising bus, at least one
  std::int64_t room = 0;         // >= 0
  bool operator==(const LimitRow&) const = default;
};

struct TradeLimits {
  std::uint32_t buses = 1;
  std::vector<LimitRow> rows;
  bool operator==(const TradeLimits&) const = default;
};

// Bounds that keep every sum below within 128 bits.
inline constexpr std::uint32_t max_buses = 100'000;
inline constexpr std::size_t max_limit_rows = 10'000;
inline constexpr std::size_t max_limit_terms = 1'000'000;  // of all rows together
inline constexpr std::int64_t max_coefficient = 1'000'000'000;
inline constexpr std::int64_t max_room = 1'000'000'000'000'000;

// The first thing that is out of bounds or form, or empty.
std::string check_trade_limits(const TradeLimits& limits);

// The rows that a bus is in, rising; LimitTerm::bus is the row here.
using RowsOfBus = std::vector<LimitTerm>;
std::vector<RowsOfBus> rows_by_bus(const TradeLimits& limits);

// The first row that trades with `net_wh` (bought - sold, by bus) do not leave in its room, or
// rows.size(). `net_wh`: one a bus, within 10^13 Wh.
std::size_t first_row_beyond(const TradeLimits& limits, std::span<const std::int64_t> net_wh);

}  // namespace market
