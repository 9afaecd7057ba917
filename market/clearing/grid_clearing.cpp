#include "market/clearing/grid_clearing.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "market/clearing/grid_program.hpp"
#include "market/clearing/merit_order.hpp"
#include "market/clearing/whole_fills.hpp"

namespace market {

using ledger::failure;
using ledger::Result;
using ledger::WattHours;
using ledger::Wide;

namespace {

using Groups = std::vector<OrderGroup>;

std::vector<RowMultiplier> whole_multipliers(std::span<const double> multipliers) {
  std::vector<RowMultiplier> out;
  for (std::uint32_t r = 0; r < multipliers.size(); ++r) {
    const double scaled = multipliers[r] * static_cast<double>(value_scale);
    const std::int64_t value = std::llround(std::min(scaled, static_cast<double>(max_multiplier)));
    if (value > 0) out.push_back({r, value});
  }
  return out;
}

// The middle of the values at which the dual objective is least: where what sells below it is worth
// no less than what buys above it, and the other way round.
Wide best_balance(const Groups& groups, std::span<const Wide> congestion) {
  struct Energies {
    Wide buy = 0, sell = 0;
  };
  std::map<Wide, Energies> at;  // by the balance's value that an order just accepts
  Wide demand = 0, supply = 0;
  for (const OrderGroup& g : groups) {
    const Wide value = static_cast<Wide>(g.limit.value) * value_scale - congestion[g.bus];
    (g.side == Side::buy ? at[value].buy : at[value].sell) += g.energy.value;
    if (g.side == Side::buy) demand += g.energy.value;
  }
  if (at.empty()) return 0;
  Wide low = at.rbegin()->first, high = at.begin()->first;
  bool found = false;
  for (const auto& [value, energy] : at) {
    if (supply <= demand) high = value;
    supply += energy.sell;
    demand -= energy.buy;
    if (!found && supply >= demand) {
      low = value;
      found = true;
    }
  }
  return low + (high - low) / 2;
}

// One book, solved again with less room in rows that rounding burdens.
class Search {
 public:
  Search(std::span<const Order> orders, std::span<const std::uint32_t> buses,
         const TradeLimits& limits)
      : orders_(orders),
        buses_(buses),
        limits_(limits),
        groups_(order_groups(orders, buses)),
        program_(groups_, limits),
        taken_(limits.rows.size()) {}

  Result<GridProposal> run() {
    std::string why = "Clp found no optimum within its bounds";
    for (int round = 0; round < most_rounds; ++round) {
      const auto solution = program_.solve(taken_);
      if (!solution) break;
      GridProposal proposal;
      if (!set_prices(solution->multiplier, proposal)) {
        why = "a multiplier or a value is out of bounds";
        break;
      }
      WholeFills whole(groups_, limits_, program_.rows_of_bus(), proposal.values, solution->fill);
      const bool again = take_room(whole);
      whole.take_back();
      whole.fill_again();
      if (std::string refused = keep_best(whole.fills(), std::move(proposal)); !refused.empty())
        why = std::move(refused);
      if (!again) break;
    }
    if (!best_) return failure("grid-aware clearing: " + why);
    return std::move(*best_);
  }

 private:
  static constexpr int most_rounds = 12;

  bool set_prices(std::span<const double> multiplier, GridProposal& p) const {
    p.multipliers = whole_multipliers(multiplier);
    const auto congestion = nodal_values(limits_, 0, p.multipliers);
    if (congestion.empty()) return false;
    p.balance = best_balance(groups_, congestion);
    p.values = nodal_values(limits_, p.balance, p.multipliers);
    return !p.values.empty();
  }

  // Takes more room from the rows that rounding has left beyond theirs; false where none is.
  bool take_room(const WholeFills& whole) {
    const std::vector<double> most = whole.most_added();
    bool more = false;
    for (std::size_t r = 0; r < taken_.size(); ++r) {
      const auto excess = static_cast<double>(whole.excess(r));
      if (excess <= 0) continue;
      const double next = std::max({2 * taken_[r], taken_[r] + excess, most[r] / 8});
      taken_[r] = std::max(taken_[r], std::min(next, most[r]));
      more = true;
    }
    return more;
  }

  // The proposal where it holds and is worth more than the best one so far; the error says why it
  // does not hold.
  std::string keep_best(std::span<const std::int64_t> fills, GridProposal p) {
    p.fills.resize(orders_.size());
    for (std::size_t g = 0; g < groups_.size(); ++g)
      share_by_energy(orders_, groups_[g].orders, WattHours{fills[g]}, p.fills);
    const auto checked = check_proposal(orders_, buses_, limits_, p);
    if (!checked) return checked.error();
    if (!best_ || checked->welfare > welfare_) {
      best_ = std::move(p);
      welfare_ = checked->welfare;
    }
    return {};
  }

  std::span<const Order> orders_;
  std::span<const std::uint32_t> buses_;
  const TradeLimits& limits_;
  Groups groups_;
  GridProgram program_;
  std::vector<double> taken_;  // by row: of its room
  std::optional<GridProposal> best_;
  ledger::MicroEuros welfare_;
};

}  // namespace

Result<GridProposal> propose_grid_clearing(std::span<const Order> orders,
                                           std::span<const std::uint32_t> buses,
                                           const TradeLimits& limits) {
  return Search(orders, buses, limits).run();
}

}  // namespace market
