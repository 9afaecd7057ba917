#include "market/clearing/trade_limits.hpp"

namespace market {
namespace {

std::string check_row(const LimitRow& row, std::uint32_t buses) {
  if (row.terms.empty()) return "has no terms";
  if (row.room < 0 || row.room > max_room) return "has no room of 0 to 10^15";
  for (std::size_t k = 0; k < row.terms.size(); ++k) {
    const LimitTerm& t = row.terms[k];
    if (t.bus >= buses) return "names bus " + std::to_string(t.bus) + ", which is not there";
    if (k > 0 && t.bus <= row.terms[k - 1].bus) return "does not name its buses in rising order";
    if (t.coefficient == 0 || t.coefficient > max_coefficient || t.coefficient < -max_coefficient)
      return "has a coefficient of 0 or beyond 10^9";
  }
  return {};
}

}  // namespace

std::string check_trade_limits(const TradeLimits& limits) {
  if (limits.buses == 0 || limits.buses > max_buses) return "trade limits of no or too many buses";
  if (limits.rows.size() > max_limit_rows) return "trade limits have too many rows";
  std::size_t terms = 0;
  for (std::size_t r = 0; r < limits.rows.size(); ++r) {
    if (const std::string what = check_row(limits.rows[r], limits.buses); !what.empty())
      return "row " + std::to_string(r) + " of the trade limits " + what;
    terms += limits.rows[r].terms.size();
  }
  return terms > max_limit_terms ? "trade limits have too many terms" : "";
}

std::vector<RowsOfBus> rows_by_bus(const TradeLimits& limits) {
  std::vector<RowsOfBus> out(limits.buses);
  for (std::uint32_t r = 0; r < limits.rows.size(); ++r)
    for (const LimitTerm& t : limits.rows[r].terms) out[t.bus].push_back({r, t.coefficient});
  return out;
}

std::size_t first_row_beyond(const TradeLimits& limits, std::span<const std::int64_t> net_wh) {
  for (std::size_t r = 0; r < limits.rows.size(); ++r) {
    ledger::Wide sum = 0;
    for (const LimitTerm& t : limits.rows[r].terms)
      sum += static_cast<ledger::Wide>(t.coefficient) * net_wh[t.bus];
    if (sum > limits.rows[r].room) return r;
  }
  return limits.rows.size();
}

}  // namespace market
