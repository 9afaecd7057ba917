#include "market/clearing/grid_proposal.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <tuple>

#include "ledger/base/invariant.hpp"
#include "market/clearing/merit_order.hpp"
#include "market/clearing/nodal_prices.hpp"
#include "market/clearing/thousandths.hpp"
#include "market/clearing/whole_fills.hpp"

namespace market {

using ledger::failure;
using ledger::Price;
using ledger::Result;
using ledger::WattHours;
using ledger::Wide;

namespace {

// Above the dual objective of any book's multipliers that are worth stating: what all orders of a
// full book are worth is 10^30. A term of it is below this, too, so that a sum fits into 128 bits.
constexpr Wide most_dual = max_value * 10'000'000;

// A proposal, beside what it is about.
class Check {
 public:
  Check(std::span<const Order> orders, std::span<const std::uint32_t> buses,
        const TradeLimits& limits, const GridProposal& proposal)
      : orders_(orders),
        buses_(buses),
        limits_(limits),
        proposal_(proposal),
        groups_(order_groups(orders, buses)) {}

  Result<NodalClearing> run() {
    for (const auto step : {&Check::form, &Check::fills, &Check::shares, &Check::rows,
                            &Check::values, &Check::prices, &Check::gap, &Check::exchange})
      if (std::string why = (this->*step)(); !why.empty())
        return failure("grid-aware proposal: " + why);
    return std::move(out_);
  }

 private:
  bool by_exchanges() const { return proposal_.guarantee == Guarantee::exchanges; }

  Wide worth(std::size_t i) const {
    const Wide w = static_cast<Wide>(proposal_.fills[i].value) * orders_[i].limit.value;
    return orders_[i].side == Side::buy ? w : -w;
  }

  std::string form() {
    if (proposal_.fills.size() != orders_.size()) return "another number of fills than of orders";
    if (proposal_.values.size() != limits_.buses) return "another number of values than of buses";
    const auto& m = proposal_.multipliers;
    for (std::size_t k = 0; k < m.size(); ++k) {
      if (m[k].row >= limits_.rows.size() || (k > 0 && m[k].row <= m[k - 1].row))
        return "multipliers are not one a row, in rising order";
      if (m[k].value <= 0 || m[k].value > max_multiplier)
        return "a multiplier is not of 1 to 10^28";
    }
    return {};
  }

  std::string fills() {
    net_.assign(limits_.buses, 0);
    WattHours bought, sold;
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      const WattHours fill = proposal_.fills[i];
      if (fill.value < 0 || fill > orders_[i].energy)
        return "order " + std::to_string(i) + " is filled beyond its energy";
      const bool buys = orders_[i].side == Side::buy;
      (buys ? bought : sold) += fill;
      net_[buses_[i]] += buys ? fill.value : -fill.value;
    }
    out_.volume = bought;
    return bought == sold ? "" : "what is bought is not what is sold";
  }

  std::string shares() {
    std::vector<WattHours> shared(orders_.size());
    for (const OrderGroup& g : groups_) {
      if (g.orders.size() == 1) continue;
      WattHours total;
      for (const std::uint32_t i : g.orders) total += proposal_.fills[i];
      share_by_energy(orders_, g.orders, total, shared);
      for (const std::uint32_t i : g.orders)
        if (shared[i] != proposal_.fills[i])
          return "order " + std::to_string(i) + " has not its share among its equals";
    }
    return {};
  }

  std::string rows() {
    const std::size_t beyond = first_row_beyond(limits_, net_);
    if (beyond == limits_.rows.size()) return {};
    return "row " + std::to_string(beyond) + " is beyond its room";
  }

  std::string values() {
    if (by_exchanges() && (proposal_.balance != 0 || !proposal_.multipliers.empty()))
      return "proven by exchanges, it has multipliers or a balance";
    const auto exact = nodal_values(limits_, proposal_.balance, proposal_.multipliers);
    return exact == proposal_.values ? "" : "values are not what its multipliers make them";
  }

  std::string prices() {
    auto found = by_exchanges()
                     ? middle_prices(orders_, buses_, proposal_.fills, net_)
                     : nodal_prices(orders_, buses_, proposal_.fills, proposal_.values, net_);
    if (!found) return found.error();
    out_.prices = std::move(found->by_bus);
    out_.rent = found->rent;
    return out_.rent.value < 0 ? "no prices within limits pay for its fills" : "";
  }

  // D - W, in Wh times billionths of a micro-euro per kWh.
  std::string gap() {
    Wide welfare = 0, dual = 0;
    const std::string too_far = "its welfare is too far below what its multipliers allow";
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      const bool buys = orders_[i].side == Side::buy;
      const Wide above =
          static_cast<Wide>(orders_[i].limit.value) * value_scale - proposal_.values[buses_[i]];
      dual += orders_[i].energy.value * std::max<Wide>(buys ? above : -above, 0);
      if (dual > most_dual) return too_far;
      welfare += worth(i);
    }
    for (const RowMultiplier& m : proposal_.multipliers) {
      const std::int64_t room = limits_.rows[m.row].room;
      if (room > 0 && m.value > (most_dual - dual) / room) return too_far;
      dual += m.value * room;
    }
    const Wide gap = dual - welfare * value_scale;
    out_.welfare = from_thousandths(welfare);
    constexpr Wide micro_euro = Wide{1000} * value_scale;
    if (!by_exchanges() && gap > most_gap()) return too_far;
    out_.gap = {
        static_cast<std::int64_t>(std::min<Wide>((gap + micro_euro - 1) / micro_euro, INT64_MAX))};
    return {};
  }

  std::string exchange() {
    if (!by_exchanges()) return {};
    if (orders_.size() > most_exchanged) return "of so many orders exchanges prove nothing";
    std::vector<std::int64_t> filled;
    for (const OrderGroup& g : groups_) {
      filled.push_back(0);
      for (const std::uint32_t i : g.orders) filled.back() += proposal_.fills[i].value;
    }
    const auto rows_of_bus = rows_by_bus(limits_);
    std::int64_t work = most_hand_work;  // only counted: it ends with the pairs
    WholeFills whole(groups_, limits_, rows_of_bus, proposal_.values, std::move(filled), work);
    return whole.better_by_exchange() ? "an exchange of one Wh makes it better" : "";
  }

  // What rounding to whole Wh may cost (grid_proposal.hpp).
  Wide most_gap() const {
    const Weights w = weights();
    const std::vector<Wide> at_margin = congestion_at_margin(w);
    const auto n = std::max<Wide>(1, static_cast<Wide>(at_margin.size()));
    const Wide narrow = 2 * n * highest_bid() * value_scale;
    return 2 * std::accumulate(at_margin.begin(), at_margin.end(), Wide{0}) + (w.units + 1) / 2 +
           (any_row_narrower_than(2 * n) ? narrow : 0);
  }

  // Of the multipliers' rows.
  struct Weights {
    std::vector<Wide> congestion;  // by bus: sum_r m_r |a_rb - c_r|, at most max_value
    std::vector<Wide> unit;        // by bus: sum_r |a_rb|
    Wide units = 0;                // what D changes where each multiplier is a unit larger, at most
  };
  Weights weights() const {
    Weights out{std::vector<Wide>(limits_.buses), std::vector<Wide>(limits_.buses), 0};
    std::vector<Wide> ordered(limits_.buses);
    for (std::size_t i = 0; i < orders_.size(); ++i) ordered[buses_[i]] += orders_[i].energy.value;
    const std::int64_t with_orders =
        std::count_if(ordered.begin(), ordered.end(), [](Wide wh) { return wh > 0; });
    for (const RowMultiplier& m : proposal_.multipliers) {
      out.units += limits_.rows[m.row].room;
      const std::int64_t middle = twice_middle(limits_.rows[m.row], ordered, with_orders);
      for (const LimitTerm& t : limits_.rows[m.row].terms) {
        const Wide size = std::abs(t.coefficient);
        const Wide apart = m.value * std::abs(2 * t.coefficient - middle);
        out.congestion[t.bus] = std::min(out.congestion[t.bus] + (apart + 1) / 2, max_value);
        out.unit[t.bus] += size;
        out.units += ordered[t.bus] * size;
      }
    }
    return out;
  }

  // Twice c_r: what the row's largest and least coefficients come to, where it counts all `buses`
  // with orders; otherwise 0. `ordered`: by bus, above 0 where anybody orders.
  static std::int64_t twice_middle(const LimitRow& row, std::span<const Wide> ordered,
                                   std::int64_t buses) {
    std::int64_t least = max_coefficient, most = -max_coefficient, counted = 0;
    for (const LimitTerm& t : row.terms) {
      if (ordered[t.bus] == 0) continue;
      least = std::min(least, t.coefficient);
      most = std::max(most, t.coefficient);
      ++counted;
    }
    return counted == buses ? least + most : 0;
  }

  // The dearest k + 1 of the groups whose limit is their bus's value, by what a Wh there counts.
  std::vector<Wide> congestion_at_margin(const Weights& w) const {
    const Wide near = value_scale + *std::max_element(w.unit.begin(), w.unit.end());
    std::vector<Wide> out;
    for (const OrderGroup& g : groups_) {
      const Wide above = static_cast<Wide>(g.limit.value) * value_scale - proposal_.values[g.bus];
      if (above <= near && above >= -near) out.push_back(w.congestion[g.bus]);
    }
    std::sort(out.begin(), out.end(), std::greater<>());
    out.resize(std::min(out.size(), proposal_.multipliers.size() + 1));
    return out;
  }

  Wide highest_bid() const {
    Wide out = 0;
    for (const OrderGroup& g : groups_)
      if (g.side == Side::buy) out = std::max<Wide>(out, g.limit.value);
    return out;
  }

  bool any_row_narrower_than(Wide wh) const {
    return std::any_of(limits_.rows.begin(), limits_.rows.end(), [&](const LimitRow& row) {
      return std::any_of(row.terms.begin(), row.terms.end(), [&](const LimitTerm& t) {
        return row.room < wh * std::abs(t.coefficient);
      });
    });
  }

  std::span<const Order> orders_;
  std::span<const std::uint32_t> buses_;
  const TradeLimits& limits_;
  const GridProposal& proposal_;
  std::vector<OrderGroup> groups_;
  std::vector<std::int64_t> net_;  // by bus, bought - sold
  NodalClearing out_;
};

}  // namespace

std::vector<OrderGroup> order_groups(std::span<const Order> orders,
                                     std::span<const std::uint32_t> buses) {
  std::vector<std::uint32_t> sorted(orders.size());
  std::iota(sorted.begin(), sorted.end(), 0u);
  const auto key = [&](std::uint32_t i) {
    return std::tuple(buses[i], orders[i].side, orders[i].limit);
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  std::vector<OrderGroup> out;
  for (const std::uint32_t i : sorted) {
    if (out.empty() || key(out.back().orders.front()) != key(i))
      out.push_back({buses[i], orders[i].side, orders[i].limit, {}, {}});
    out.back().orders.push_back(i);
    out.back().energy += orders[i].energy;
  }
  return out;
}

std::vector<WattHours> fills_of_orders(std::span<const Order> orders,
                                       std::span<const OrderGroup> groups,
                                       std::span<const std::int64_t> fills) {
  std::vector<WattHours> out(orders.size());
  for (std::size_t g = 0; g < groups.size(); ++g)
    share_by_energy(orders, groups[g].orders, WattHours{fills[g]}, out);
  return out;
}

std::vector<Wide> nodal_values(const TradeLimits& limits, Wide balance,
                               std::span<const RowMultiplier> multipliers) {
  const auto within = [](Wide v) { return v <= max_value && v >= -max_value; };
  if (!within(balance)) return {};
  std::vector<Wide> out(limits.buses, balance);
  for (const RowMultiplier& m : multipliers)
    for (const LimitTerm& t : limits.rows[m.row].terms)
      if (!within(out[t.bus] += m.value * t.coefficient)) return {};
  return out;
}

Result<NodalClearing> check_proposal(std::span<const Order> orders,
                                     std::span<const std::uint32_t> buses,
                                     const TradeLimits& limits, const GridProposal& proposal) {
  ledger::invariant(orders.size() <= max_orders_a_slot && buses.size() == orders.size() &&
                        std::all_of(orders.begin(), orders.end(), within_bounds),
                    "a book within its bounds, and where its orders stand");
  ledger::invariant(check_trade_limits(limits).empty() &&
                        std::all_of(buses.begin(), buses.end(),
                                    [&](std::uint32_t b) { return b < limits.buses; }),
                    "trade limits within their bounds, of all buses");
  return Check(orders, buses, limits, proposal).run();
}

}  // namespace market
