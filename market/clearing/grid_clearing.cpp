#include "market/clearing/grid_clearing.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "market/clearing/exact_program.hpp"
#include "market/clearing/grid_program.hpp"
#include "market/clearing/whole_fills.hpp"

namespace market {

using ledger::failure;
using ledger::Result;
using ledger::WattHours;
using ledger::Wide;

namespace {

using Groups = std::vector<OrderGroup>;

std::vector<RowMultiplier> multipliers_above_0(std::span<const Wide> multipliers) {
  std::vector<RowMultiplier> out;
  for (std::uint32_t r = 0; r < multipliers.size(); ++r)
    if (multipliers[r] > 0) out.push_back({r, multipliers[r]});
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

// One book, solved again with less room in rows that rounding burdens, exactly where floating point
// does not do, and without orders that no prices pay for.
class Search {
 public:
  Search(std::span<const Order> orders, std::span<const std::uint32_t> buses,
         const TradeLimits& limits)
      : orders_(orders),
        buses_(buses),
        limits_(limits),
        groups_(order_groups(orders, buses)),
        program_(groups_, limits),
        all_room_(limits.rows.size()),
        rows_of_bus_(program_.rows_of_bus()) {}

  Result<GridProposal> run() {
    rounds(program_);
    if (!best_) solve_exactly();
    if (!best_ && orders_.size() <= most_exchanged) exchange();
    if (!best_) return failure("grid-aware clearing: " + why_);
    return std::move(*best_);
  }

 private:
  static constexpr int most_rounds = 12;
  static constexpr std::size_t most_open = 256;
  static constexpr int most_nodes = 64;

  template <class Program>
  void rounds(Program& program) {
    std::vector<double> taken = all_room_;
    for (int round = 0; round < most_rounds; ++round) {
      const auto solution = program.solve(taken);
      if (!solution) break;
      auto proposal = priced(solution->multiplier);
      if (!proposal) break;
      WholeFills whole(groups_, limits_, rows_of_bus_, proposal->values, solution->fill, work_left_,
                       all_open_);
      const bool again = take_room(whole, taken);
      set_fills(whole, *proposal);
      keep_best(*std::move(proposal));
      if (!again) break;
    }
  }

  void solve_exactly() {
    ExactProgram program(groups_, limits_, rows_of_bus_);
    all_open_ = groups_.size() <= most_open;
    rounds(program);
    if (best_) return;
    const auto whole = program.solve(all_room_);
    if (whole) prices_ = priced(whole->multiplier);
    if (!prices_) return;
    for (const OrderGroup& g : groups_) ranges_.push_back({0, g.energy.value});
    nodes_left_ = all_open_ ? most_nodes : 0;
    branch(program);
  }

  // The group that is furthest from a whole Wh is held below where it is, then above, and so on,
  // while that may be worth more than what holds already.
  void branch(ExactProgram& program) {
    if (--nodes_left_ < 0) return;
    const auto solution = program.solve(all_room_);
    if (!solution) return;
    keep_best(with_prices(solution->fill));
    if (best_ && worth(solution->fill) <= 1e3 * static_cast<double>(welfare_.value + 1)) return;
    const auto apart = [&](std::size_t g) {
      return std::abs(solution->fill[g] - std::round(solution->fill[g]));
    };
    std::size_t at = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g)
      if (apart(g) > apart(at)) at = g;
    if (apart(at) == 0) return;
    const auto below = static_cast<std::int64_t>(std::floor(solution->fill[at]));
    const Range whole = ranges_[at];
    for (const Range part : {Range{whole.low, below}, Range{below + 1, whole.high}}) {
      hold(program, at, part);
      branch(program);
    }
    hold(program, at, whole);
  }

  // What a group may trade, Wh.
  struct Range {
    std::int64_t low = 0, high = 0;
  };
  void hold(ExactProgram& program, std::size_t g, Range range) {
    ranges_[g] = range;
    program.bound(g, range.low, range.high);
  }

  double worth(std::span<const double> fill) const {
    double out = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g)
      out += (groups_[g].side == Side::buy ? fill[g] : -fill[g]) *
             static_cast<double>(groups_[g].limit.value);
    return out;
  }

  // Fills set right by hand, at the exact program's prices.
  GridProposal with_prices(std::span<const double> fill) {
    GridProposal p = *prices_;
    WholeFills whole(groups_, limits_, rows_of_bus_, p.values, fill, work_left_, all_open_);
    set_fills(whole, p);
    return p;
  }

  // From nothing, and from the most that prices pay for of all that was tried.
  void exchange() {
    if (!prices_) prices_ = priced(std::vector<Wide>(limits_.rows.size()));
    std::vector<GridProposal> found;
    for (std::vector<std::int64_t> fills :
         {std::vector<std::int64_t>(groups_.size()), std::move(paid_for_)}) {
      if (fills.empty()) continue;
      GridProposal p = *prices_;
      std::int64_t work = most_hand_work;
      WholeFills whole(groups_, limits_, rows_of_bus_, p.values, std::move(fills), work);
      whole.exchange();
      p.fills = fills_of_orders(orders_, groups_, whole.fills());
      keep_best(p);
      found.push_back(std::move(p));
    }
    if (best_) return;
    for (GridProposal& p : found)
      keep_best({Guarantee::exchanges, std::move(p.fills), 0, {}, nodal_values(limits_, 0, {})});
  }

  // Balance and values that go with multipliers; nothing where they are out of bounds.
  std::optional<GridProposal> priced(std::span<const Wide> multipliers) {
    GridProposal p;
    p.multipliers = multipliers_above_0(multipliers);
    const auto congestion = nodal_values(limits_, 0, p.multipliers);
    if (!congestion.empty()) {
      p.balance = best_balance(groups_, congestion);
      p.values = nodal_values(limits_, p.balance, p.multipliers);
    }
    if (!p.values.empty()) return p;
    why_ = "a multiplier or a value is out of bounds";
    return std::nullopt;
  }

  // Takes more room from the rows that rounding has left beyond theirs; false where none is.
  static bool take_room(const WholeFills& whole, std::vector<double>& taken) {
    const std::vector<double> most = whole.most_added();
    bool more = false;
    for (std::size_t r = 0; r < taken.size(); ++r) {
      const auto excess = static_cast<double>(whole.excess(r));
      if (excess <= 0) continue;
      const double next = std::max({2 * taken[r], taken[r] + excess, most[r] / 8});
      taken[r] = std::max(taken[r], std::min(next, most[r]));
      more = true;
    }
    return more;
  }

  // Set right by hand, and shared among equals.
  void set_fills(WholeFills& whole, GridProposal& p) {
    whole.take_back();
    whole.fill_again();
    p.fills = fills_of_orders(orders_, groups_, whole.fills());
    keep_paid(whole);
  }

  // Of what may be exchanged later, where nothing else holds.
  void keep_paid(const WholeFills& whole) {
    const std::vector<std::int64_t>& fills = whole.fills();
    Wide welfare = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g)
      welfare += Wide{fills[g]} * groups_[g].limit.value * (groups_[g].side == Side::buy ? 1 : -1);
    if (!all_open_ || welfare <= most_paid_ || !whole.prices_pay()) return;
    paid_for_ = fills;
    most_paid_ = welfare;
  }

  // Where it holds and is worth more than the best one so far.
  void keep_best(GridProposal p) {
    const auto checked = check_proposal(orders_, buses_, limits_, p);
    if (!checked) {
      why_ = checked.error();
    } else if (!best_ || checked->welfare > welfare_) {
      best_ = std::move(p);
      welfare_ = checked->welfare;
    }
  }

  std::span<const Order> orders_;
  std::span<const std::uint32_t> buses_;
  const TradeLimits& limits_;
  Groups groups_;
  GridProgram program_;
  std::vector<double> all_room_;  // none of it taken
  std::span<const RowsOfBus> rows_of_bus_;
  bool all_open_ = false;  // what may be filled again when set right by hand
  std::string why_ = "no optimum was found within the work allowed";
  std::optional<GridProposal> best_;
  ledger::MicroEuros welfare_;
  std::vector<Range> ranges_;  // by group
  int nodes_left_ = 0;
  std::int64_t work_left_ = most_hand_work;  // of all rounds and branches
  std::optional<GridProposal> prices_;       // of the whole program, exactly
  std::vector<std::int64_t> paid_for_;       // fills by group that prices pay for
  Wide most_paid_ = 0;                       // what they are worth, thousandths of a micro-euro
};

}  // namespace

Result<GridProposal> propose_grid_clearing(std::span<const Order> orders,
                                           std::span<const std::uint32_t> buses,
                                           const TradeLimits& limits) {
  return Search(orders, buses, limits).run();
}

}  // namespace market
