#include "market/clearing/whole_fills.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace market {

using ledger::Wide;

namespace {

std::int64_t sign_of(const OrderGroup& g) { return g.side == Side::buy ? 1 : -1; }

}  // namespace

WholeFills::WholeFills(std::span<const OrderGroup> groups, const TradeLimits& limits,
                       std::span<const RowsOfBus> rows_of_bus, std::span<const Wide> values,
                       std::span<const double> fill, std::int64_t& work_left, bool all_open)
    : groups_(groups),
      limits_(limits),
      rows_of_bus_(rows_of_bus),
      values_(values),
      work_left_(work_left) {
  std::vector<double> beyond;  // how far each was rounded up
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const double most = static_cast<double>(groups[g].energy.value);
    const double held = std::clamp(fill[g], 0.0, most);
    fill_.push_back(std::llround(held));
    beyond.push_back(static_cast<double>(fill_.back()) - held);
    rounded_.push_back(std::abs(beyond.back()) > 1e-6);
    open_.push_back(all_open || rounded_.back());
  }
  balance(std::move(beyond));
  find_flows();
}

WholeFills::WholeFills(std::span<const OrderGroup> groups, const TradeLimits& limits,
                       std::span<const RowsOfBus> rows_of_bus, std::span<const Wide> values,
                       std::vector<std::int64_t> fills, std::int64_t& work_left)
    : groups_(groups),
      limits_(limits),
      rows_of_bus_(rows_of_bus),
      values_(values),
      fill_(std::move(fills)),
      rounded_(groups.size(), false),
      open_(groups.size(), true),
      work_left_(work_left) {
  find_flows();
}

void WholeFills::balance(std::vector<double> beyond) {
  std::int64_t excess = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) excess += sign_of(groups_[g]) * fill_[g];
  // Who goes down (up, for sellers) by a Wh and was rounded the other way, furthest first.
  const std::int64_t way = excess > 0 ? -1 : 1;
  std::vector<std::size_t> order;
  for (std::size_t g = 0; g < groups_.size(); ++g)
    if (rounded_[g] && way * sign_of(groups_[g]) * beyond[g] < 0) order.push_back(g);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(beyond[a]) > std::abs(beyond[b]);
  });
  for (std::size_t k = 0; k < order.size() && excess != 0; ++k, excess += way)
    fill_[order[k]] += way * sign_of(groups_[order[k]]);
}

void WholeFills::find_flows() {
  flow_.assign(limits_.rows.size(), 0);
  for (std::size_t g = 0; g < groups_.size(); ++g) add_flow(g, sign_of(groups_[g]) * fill_[g]);
}

void WholeFills::add_flow(std::size_t g, std::int64_t net_wh) {
  for (const LimitTerm& t : rows_of_bus_[groups_[g].bus])
    flow_[t.bus] += static_cast<Wide>(t.coefficient) * net_wh;
}

std::vector<double> WholeFills::most_added() const {
  std::vector<double> out(limits_.rows.size());
  for (std::size_t g = 0; g < groups_.size(); ++g)
    if (rounded_[g])
      for (const LimitTerm& t : rows_of_bus_[groups_[g].bus])
        out[t.bus] += std::abs(static_cast<double>(t.coefficient));
  return out;
}

// `g` trades so many Wh more: with `h`, where the two are on different sides, otherwise in its
// place.
void WholeFills::move(std::size_t g, std::size_t h, std::int64_t wh) {
  const std::int64_t net_wh = sign_of(groups_[g]) * wh;
  fill_[g] += wh;
  fill_[h] += groups_[g].side == groups_[h].side ? -wh : wh;
  add_flow(g, net_wh);
  add_flow(h, -net_wh);
}

std::int64_t WholeFills::coefficient(std::size_t row, std::uint32_t bus) const {
  const RowsOfBus& rows = rows_of_bus_[bus];
  const auto at = std::lower_bound(rows.begin(), rows.end(), row,
                                   [](const LimitTerm& t, std::size_t r) { return t.bus < r; });
  return at != rows.end() && at->bus == row ? at->coefficient : 0;
}

// What a Wh of the group is worth beyond its bus's value.
Wide WholeFills::gain(std::size_t g) const {
  const Wide above = static_cast<Wide>(groups_[g].limit.value) * value_scale;
  return sign_of(groups_[g]) * (above - values_[groups_[g].bus]);
}

// Of every bus and side the filled group that is worth least.
std::vector<std::size_t> WholeFills::worst_filled(Side side) const {
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

void WholeFills::take_back() {
  for (std::size_t r = 0; r < limits_.rows.size(); ++r)
    while (excess(r) > 0) {
      if (work_left_ <= 0) return;
      take_pair_back(r);
      r = 0;  // what helps one row may burden an earlier one
    }
}

// There is such a pair: the row's flow is a sum over pairs, and above zero.
void WholeFills::take_pair_back(std::size_t row) {
  const auto sellers = worst_filled(Side::sell);
  std::size_t buyer = 0, seller = 0;
  std::int64_t best_room = 0;
  double best = 0;
  const auto buyers = worst_filled(Side::buy);
  work_left_ -= static_cast<std::int64_t>(2 * groups_.size() + buyers.size() * sellers.size());
  for (const std::size_t b : buyers) {
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
  const Wide wanted = (excess(row) + best_room - 1) / best_room;
  const std::int64_t most = std::min(fill_[buyer], fill_[seller]);
  move(buyer, seller, -static_cast<std::int64_t>(std::min<Wide>(wanted, most)));
  open_[buyer] = open_[seller] = true;
}

// How many Wh of it energies leave.
std::int64_t WholeFills::left_of(const Exchange& e) const {
  const auto left = [&](std::size_t of, bool up) {
    return up ? groups_[of].energy.value - fill_[of] : fill_[of];
  };
  const bool same_side = groups_[e.g].side == groups_[e.h].side;
  return std::min(left(e.g, e.way > 0), left(e.h, same_side == (e.way < 0)));
}

// How many Wh of it rows leave, `most` at most.
std::int64_t WholeFills::room_of(const Exchange& e, std::int64_t most) {
  const OrderGroup &first = groups_[e.g], &second = groups_[e.h];
  if (most <= 0 || first.bus == second.bus) return most;
  const RowsOfBus &a = rows_of_bus_[first.bus], &b = rows_of_bus_[second.bus];
  const std::int64_t sign = e.way * sign_of(first);
  std::size_t i = 0, k = 0;
  while (most > 0 && (i < a.size() || k < b.size())) {
    const std::uint32_t row =
        std::min(i < a.size() ? a[i].bus : UINT32_MAX, k < b.size() ? b[k].bus : UINT32_MAX);
    std::int64_t each = 0;
    if (i < a.size() && a[i].bus == row) each += a[i++].coefficient;
    if (k < b.size() && b[k].bus == row) each -= b[k++].coefficient;
    each *= sign;
    if (each <= 0) continue;
    const Wide room = std::max<Wide>(-excess(row), 0);
    if (Wide{each} * most > room) most = static_cast<std::int64_t>(room / each);
  }
  work_left_ -= static_cast<std::int64_t>(i + k);
  return most;
}

// Those that are worth more, best first, each once.
std::vector<WholeFills::Exchange> WholeFills::exchanges() {
  std::vector<Exchange> out;
  for (std::size_t g = 0; g < groups_.size(); ++g)
    for (std::size_t h = 0; open_[g] && h < groups_.size(); ++h) {
      const bool same_side = groups_[g].side == groups_[h].side;
      if (!open_[h] || (same_side ? h == g : h < g)) continue;
      const std::int64_t welfare =
          sign_of(groups_[g]) * (groups_[g].limit.value - groups_[h].limit.value);
      if (welfare > 0) out.push_back({welfare, g, h, 1});
      if (welfare < 0 && !same_side) out.push_back({-welfare, g, h, -1});
    }
  std::stable_sort(out.begin(), out.end(),
                   [](const Exchange& a, const Exchange& b) { return a.welfare > b.welfare; });
  work_left_ -= static_cast<std::int64_t>(out.size());
  return out;
}

bool WholeFills::prices_pay() const { return MostRent(groups_, limits_.buses, fill_).pays(); }

// Whether prices pay after it, of so many Wh.
bool WholeFills::paid(const Exchange& e, std::int64_t wh, MostRent& rent) {
  move(e.g, e.h, e.way * wh);
  const std::int64_t more = sign_of(groups_[e.g]) * e.way * wh;
  work_left_ -= rent.update(groups_[e.g].bus, more, fill_);
  work_left_ -= rent.update(groups_[e.h].bus, -more, fill_);
  return rent.pays();
}

void WholeFills::undo(const Exchange& e, std::int64_t wh, MostRent& rent) { paid(e, -wh, rent); }

// All of them once; `rent`: none, where prices need not pay. Whether any made the fills better.
bool WholeFills::pass(std::span<const Exchange> all, MostRent* rent) {
  bool better = false;
  for (const Exchange& e : all) {
    if (--work_left_ <= 0) return false;
    std::int64_t wh = room_of(e, left_of(e));
    if (rent == nullptr && wh > 0) move(e.g, e.h, e.way * wh);
    for (; rent != nullptr && wh > 0; wh /= 2) {
      if (paid(e, wh, *rent)) break;
      undo(e, wh, *rent);
    }
    better = better || wh > 0;
  }
  return better;
}

void WholeFills::fill_again() {
  const std::vector<Exchange> all = exchanges();
  while (pass(all, nullptr)) {
  }
}

void WholeFills::exchange() {
  MostRent rent(groups_, limits_.buses, fill_);
  const std::vector<Exchange> all = exchanges();
  while (pass(all, &rent)) {
  }
}

bool WholeFills::better_by_exchange() {
  MostRent rent(groups_, limits_.buses, fill_);
  const std::vector<Exchange> all = exchanges();
  return std::any_of(all.begin(), all.end(), [&](const Exchange& e) {
    --work_left_;
    if (left_of(e) <= 0) return false;
    const bool pays = paid(e, 1, rent);
    undo(e, 1, rent);
    return pays && room_of(e, 1) == 1;
  });
}

}  // namespace market
