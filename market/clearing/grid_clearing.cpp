#include "market/clearing/grid_clearing.hpp"

#include <Clp_C_Interface.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include "market/clearing/merit_order.hpp"

namespace market {

using ledger::failure;
using ledger::Result;
using ledger::WattHours;
using ledger::Wide;

namespace {

using Groups = std::vector<OrderGroup>;

struct Solution {
  std::vector<double> fill;        // by group, Wh
  std::vector<double> multiplier;  // by row, micro-euro/kWh a unit of the row
};

struct ClpDeleter {
  void operator()(Clp_Simplex* model) const { Clp_deleteModel(model); }
};

double sign_of(const OrderGroup& g) { return g.side == Side::buy ? 1.0 : -1.0; }

// The matrix by columns: row 0 is the balance, row r + 1 the limit r, scaled to coefficients of at
// most 1.
struct Columns {
  std::vector<CoinBigIndex> start{0};
  std::vector<int> row;
  std::vector<double> value, upper, cost;
};

std::vector<double> row_scales(const TradeLimits& limits) {
  std::vector<double> out;
  for (const LimitRow& row : limits.rows) {
    double most = 1;
    for (const LimitTerm& t : row.terms)
      most = std::max(most, std::abs(static_cast<double>(t.coefficient)));
    out.push_back(most);
  }
  return out;
}

// The terms of each bus: row and coefficient.
std::vector<std::vector<LimitTerm>> terms_by_bus(const TradeLimits& limits) {
  std::vector<std::vector<LimitTerm>> out(limits.buses);
  for (std::uint32_t r = 0; r < limits.rows.size(); ++r)
    for (const LimitTerm& t : limits.rows[r].terms) out[t.bus].push_back({r, t.coefficient});
  return out;
}

Columns columns_of(const Groups& groups, const TradeLimits& limits,
                   std::span<const double> scales) {
  const auto at_bus = terms_by_bus(limits);
  Columns out;
  for (const OrderGroup& g : groups) {
    const double sign = sign_of(g);
    out.row.push_back(0);
    out.value.push_back(sign);
    for (const LimitTerm& t : at_bus[g.bus]) {
      out.row.push_back(static_cast<int>(t.bus) + 1);
      out.value.push_back(sign * static_cast<double>(t.coefficient) / scales[t.bus]);
    }
    out.start.push_back(static_cast<CoinBigIndex>(out.row.size()));
    out.upper.push_back(static_cast<double>(g.energy.value));
    out.cost.push_back(-sign * static_cast<double>(g.limit.value));
  }
  return out;
}

Result<Solution> solve(const Groups& groups, const TradeLimits& limits) {
  if (groups.empty()) return Solution{{}, std::vector<double>(limits.rows.size())};
  const std::vector<double> scales = row_scales(limits);
  const Columns columns = columns_of(groups, limits, scales);
  const std::size_t rows = limits.rows.size() + 1;
  std::vector<double> row_lower(rows, -std::numeric_limits<double>::max()), row_upper(rows, 0.0);
  const std::vector<double> lower(groups.size(), 0.0);
  row_lower[0] = 0;
  for (std::size_t r = 0; r < limits.rows.size(); ++r)
    row_upper[r + 1] = static_cast<double>(limits.rows[r].room) / scales[r];
  const std::unique_ptr<Clp_Simplex, ClpDeleter> model(Clp_newModel());
  Clp_setLogLevel(model.get(), 0);
  Clp_loadProblem(model.get(), static_cast<int>(groups.size()), static_cast<int>(rows),
                  columns.start.data(), columns.row.data(), columns.value.data(), lower.data(),
                  columns.upper.data(), columns.cost.data(), row_lower.data(), row_upper.data());
  Clp_initialSolve(model.get());
  if (Clp_status(model.get()) != 0) return failure("grid-aware clearing: Clp found no optimum");
  Solution out;
  const double* fill = Clp_primalColumnSolution(model.get());
  const double* dual = Clp_dualRowSolution(model.get());
  out.fill.assign(fill, fill + groups.size());
  for (std::size_t r = 0; r < limits.rows.size(); ++r)
    out.multiplier.push_back(std::max(0.0, -dual[r + 1] / scales[r]));
  return out;
}

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
std::int64_t best_balance(const Groups& groups, std::span<const std::int64_t> congestion) {
  struct Energies {
    Wide buy = 0, sell = 0;
  };
  std::map<std::int64_t, Energies> at;  // by the balance's value that an order just accepts
  Wide demand = 0, supply = 0;
  for (const OrderGroup& g : groups) {
    const std::int64_t value = g.limit.value * value_scale - congestion[g.bus];
    (g.side == Side::buy ? at[value].buy : at[value].sell) += g.energy.value;
    if (g.side == Side::buy) demand += g.energy.value;
  }
  if (at.empty()) return 0;
  std::int64_t low = at.rbegin()->first, high = at.begin()->first;
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

// Fills in whole Wh, by group.
class Rounding {
 public:
  Rounding(const Groups& groups, const TradeLimits& limits, std::span<const double> fill,
           std::span<const std::int64_t> values)
      : groups_(groups), limits_(limits), values_(values), at_bus_(terms_by_bus(limits)) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const double nearest = std::round(fill[g]);
      const bool whole = std::abs(fill[g] - nearest) < 1e-6;
      const double rounded = std::clamp(whole ? nearest : std::floor(fill[g]), 0.0,
                                        static_cast<double>(groups[g].energy.value));
      fill_.push_back(static_cast<std::int64_t>(rounded));
      lowered_.push_back(!whole);
    }
  }

  std::vector<std::int64_t> run() {
    balance();
    find_flows();
    for (std::size_t r = 0; r < limits_.rows.size(); ++r)
      while (flow_[r] > limits_.rows[r].room) {
        take_back(r);
        r = 0;  // what helps one row may burden an earlier one
      }
    fill_again();
    return std::move(fill_);
  }

 private:
  // What a Wh of the group is worth beyond its price.
  Wide gain(std::size_t g) const {
    const Wide above =
        static_cast<Wide>(groups_[g].limit.value) * value_scale - values_[groups_[g].bus];
    return groups_[g].side == Side::buy ? above : -above;
  }

  void balance() {
    std::int64_t excess = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g)
      excess += groups_[g].side == Side::buy ? fill_[g] : -fill_[g];
    const Side side = excess > 0 ? Side::buy : Side::sell;
    excess = std::abs(excess);
    std::vector<std::size_t> worst_first;
    for (std::size_t g = 0; g < groups_.size(); ++g)
      if (groups_[g].side == side && fill_[g] > 0) worst_first.push_back(g);
    std::stable_sort(worst_first.begin(), worst_first.end(),
                     [&](std::size_t a, std::size_t b) { return gain(a) < gain(b); });
    for (const std::size_t g : worst_first) {
      const std::int64_t back = std::min(excess, fill_[g]);
      fill_[g] -= back;
      excess -= back;
      if (back > 0) lowered_[g] = true;
    }
  }

  void find_flows() {
    flow_.assign(limits_.rows.size(), 0);
    for (std::size_t g = 0; g < groups_.size(); ++g)
      add_flow(g, groups_[g].side == Side::buy ? fill_[g] : -fill_[g]);
  }
  void add_flow(std::size_t g, std::int64_t net_wh) {
    for (const LimitTerm& t : at_bus_[groups_[g].bus])
      flow_[t.bus] += static_cast<Wide>(t.coefficient) * net_wh;
  }
  // `g` trades so many Wh more: with `h`, where the two are on different sides, otherwise in its
  // place.
  void move(std::size_t g, std::size_t h, std::int64_t wh) {
    const std::int64_t net_wh = groups_[g].side == Side::buy ? wh : -wh;
    fill_[g] += wh;
    fill_[h] += groups_[g].side == groups_[h].side ? -wh : wh;
    add_flow(g, net_wh);
    add_flow(h, -net_wh);
  }

  // Of every bus and side the filled group that is worst.
  std::vector<std::size_t> worst_filled(Side side) const {
    std::map<std::uint32_t, std::size_t> worst;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (groups_[g].side != side || fill_[g] == 0) continue;
      const auto [at, is_new] = worst.emplace(groups_[g].bus, g);
      if (!is_new && gain(g) < gain(at->second)) at->second = g;
    }
    std::vector<std::size_t> out;
    for (const auto& [bus, g] : worst) out.push_back(g);
    return out;
  }

  std::int64_t coefficient(std::size_t row, std::uint32_t bus) const {
    for (const LimitTerm& t : at_bus_[bus])
      if (t.bus == row) return t.coefficient;
    return 0;
  }

  // The pair that gives most room back for its welfare. There is one: the row's flow is a sum over
  // pairs, and above zero.
  void take_back(std::size_t row) {
    const auto sellers = worst_filled(Side::sell);
    std::size_t buyer = 0, seller = 0;
    std::int64_t best_room = 0;
    double best = 0;
    for (const std::size_t b : worst_filled(Side::buy)) {
      const std::int64_t by_buyer = coefficient(row, groups_[b].bus);
      for (const std::size_t s : sellers) {
        const std::int64_t room = by_buyer - coefficient(row, groups_[s].bus);
        if (room <= 0) continue;
        const double loss = std::max(static_cast<double>(gain(b) + gain(s)), 0.0) + 1;
        const double each = static_cast<double>(room) / loss;
        if (each <= best) continue;
        best = each;
        best_room = room;
        buyer = b;
        seller = s;
      }
    }
    const Wide beyond = flow_[row] - limits_.rows[row].room;
    const Wide wanted = (beyond + best_room - 1) / best_room;
    const std::int64_t most = std::min(fill_[buyer], fill_[seller]);
    move(buyer, seller, -static_cast<std::int64_t>(std::min<Wide>(wanted, most)));
    lowered_[buyer] = lowered_[seller] = true;
  }

  // How many Wh of such a move there is room for.
  std::int64_t room_of(std::size_t g, std::size_t h) const {
    const OrderGroup &first = groups_[g], &second = groups_[h];
    const bool together = first.side != second.side;
    Wide most = std::min(first.energy.value - fill_[g],
                         together ? second.energy.value - fill_[h] : fill_[h]);
    const std::int64_t sign = first.side == Side::buy ? 1 : -1;
    const auto limit = [&](const std::vector<LimitTerm>& terms) {
      for (const LimitTerm& t : terms) {
        const std::int64_t each =
            sign * (coefficient(t.bus, first.bus) - coefficient(t.bus, second.bus));
        if (each > 0) most = std::min(most, (limits_.rows[t.bus].room - flow_[t.bus]) / each);
      }
    };
    limit(at_bus_[first.bus]);
    limit(at_bus_[second.bus]);
    return static_cast<std::int64_t>(std::max<Wide>(most, 0));
  }

  // Best moves first, among those that rounding took from, until none is left.
  void fill_again() {
    struct Move {
      std::int64_t welfare;
      std::size_t g, h;
    };
    std::vector<Move> moves;
    for (std::size_t g = 0; g < groups_.size(); ++g)
      for (std::size_t h = 0; lowered_[g] && h < groups_.size(); ++h) {
        if (!lowered_[h] || h == g) continue;
        const std::int64_t sign = groups_[g].side == Side::buy ? 1 : -1;
        const std::int64_t welfare = sign * (groups_[g].limit.value - groups_[h].limit.value);
        if (welfare > 0) moves.push_back({welfare, g, h});
      }
    std::stable_sort(moves.begin(), moves.end(),
                     [](const Move& a, const Move& b) { return a.welfare > b.welfare; });
    for (bool again = true; again;) {
      again = false;
      for (const Move& m : moves)
        if (const std::int64_t wh = room_of(m.g, m.h); wh > 0) {
          move(m.g, m.h, wh);
          again = true;
        }
    }
  }

  const Groups& groups_;
  const TradeLimits& limits_;
  std::span<const std::int64_t> values_;
  std::vector<std::vector<LimitTerm>> at_bus_;  // by bus: row and coefficient
  std::vector<std::int64_t> fill_;
  std::vector<bool> lowered_;  // rounding took from it
  std::vector<Wide> flow_;     // by row
};

}  // namespace

Result<GridProposal> propose_grid_clearing(std::span<const Order> orders,
                                           std::span<const std::uint32_t> buses,
                                           const TradeLimits& limits) {
  const Groups groups = order_groups(orders, buses);
  const auto solution = solve(groups, limits);
  if (!solution) return failure(solution.error());
  GridProposal out;
  out.multipliers = whole_multipliers(solution->multiplier);
  const auto congestion = nodal_values(limits, 0, out.multipliers);
  if (congestion.empty()) return failure("grid-aware clearing: a multiplier is out of bounds");
  out.balance = best_balance(groups, congestion);
  out.values = nodal_values(limits, out.balance, out.multipliers);
  if (out.values.empty()) return failure("grid-aware clearing: a value is out of bounds");
  out.fills.resize(orders.size());
  const auto fill = Rounding(groups, limits, solution->fill, out.values).run();
  for (std::size_t g = 0; g < groups.size(); ++g)
    share_by_energy(orders, groups[g].orders, WattHours{fill[g]}, out.fills);
  if (const auto checked = check_proposal(orders, buses, limits, out); !checked)
    return failure(checked.error());
  return out;
}

}  // namespace market
