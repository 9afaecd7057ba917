#include "app/grid_book.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "app/book_output.hpp"
#include "app/input_file.hpp"
#include "market/clearing/grid_clearing.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/model/topology.hpp"

namespace app {
namespace {

// Buses by name, and by number where no bus has that name.
std::map<std::string, std::uint32_t> buses_by_word(const twin::Network& net) {
  std::map<std::string, std::uint32_t> out;
  for (std::uint32_t b = 0; b < net.buses.size(); ++b) out.emplace(net.buses[b].name, b);
  for (std::uint32_t b = 0; b < net.buses.size(); ++b)
    out.emplace(std::to_string(net.buses[b].id), b);
  return out;
}

// A place for each bus that an order names, with connections to stand for it.
class Places {
 public:
  explicit Places(twin::Network& net) : net_(net), live_(twin::topology_of(net).live) {}

  std::uint32_t at(std::uint32_t bus) {
    const auto [found, is_new] = place_.emplace(bus, static_cast<std::uint32_t>(place_.size()));
    if (!is_new) return found->second;
    twin::TradingPlace& place = places.emplace_back();
    for (std::uint32_t c = 0; c < net_.connections.size(); ++c)
      if (net_.connections[c].bus == bus) place.connections.push_back(c);
    if (place.connections.empty()) {
      twin::Connection c;
      c.name = net_.buses[bus].name;
      c.bus = bus;
      c.phases = live_[bus];
      place.connections.push_back(static_cast<std::uint32_t>(net_.connections.size()));
      net_.connections.push_back(c);
    }
    return found->second;
  }

  bool is_live(std::uint32_t bus) const { return live_[bus] != 0; }

  std::vector<twin::TradingPlace> places;

 private:
  twin::Network& net_;
  std::vector<twin::PhaseMask> live_;
  std::map<std::uint32_t, std::uint32_t> place_;  // by bus
};

FeederState state_of(const twin::Network& net, const twin::PowerFlowResult& r) {
  FeederState out;
  out.converged = r.converged;
  if (!r.converged) return out;
  for (std::uint32_t b = 0; b < r.loading.size(); ++b)
    if (r.loading[b] > out.max_loading) {
      out.max_loading = r.loading[b];
      out.worst_branch = twin::branch_name(net, b);
    }
  for (const twin::Connection& c : net.connections)
    for (unsigned p = 0; p < 3; ++p) {
      if (!(c.phases >> p & 1)) continue;
      const double pu =
          std::abs(twin::leg_voltage(c, r.voltage_v[c.bus], p)) / twin::leg_nominal_v(net, c);
      out.v_min_pu = std::min(out.v_min_pu.value_or(pu), pu);
      out.v_max_pu = std::max(out.v_max_pu.value_or(pu), pu);
    }
  return out;
}

// With what each place buys beyond what it sells.
std::vector<twin::Phases> draws_after(const twin::Network& net, std::vector<twin::Phases> draws,
                                      std::span<const twin::TradingPlace> places,
                                      std::span<const std::int64_t> net_wh, double slot_minutes) {
  for (std::size_t p = 0; p < places.size(); ++p) {
    const double each_w = static_cast<double>(net_wh[p]) * 60 / slot_minutes /
                          static_cast<double>(places[p].connections.size());
    for (const std::uint32_t c : places[p].connections) {
      const twin::PhaseMask phases = net.connections[c].phases;
      for (unsigned leg = 0; leg < 3; ++leg)
        if (phases >> leg & 1) draws[c][leg] += each_w / std::popcount(phases);
    }
  }
  return draws;
}

// Where each order stands; those that stand at no live bus are refused.
void place_orders(market::OrderBook& orders, const std::string& grid_file, const twin::Network& net,
                  Places& at, GridBook& book) {
  const auto buses = buses_by_word(net);
  std::vector<std::string> why(orders.orders.size());
  for (std::size_t i = 0; i < why.size(); ++i) {
    const std::string word = bus_of(orders, i);
    const auto bus = buses.find(word);
    if (bus == buses.end() || !at.is_live(bus->second)) {
      why[i] = no_place(word, "a live bus", grid_file);
      continue;
    }
    const market::Order& o = orders.orders[i];
    const std::uint32_t place = at.at(bus->second);
    if (place == book.buses.size()) book.buses.push_back(net.buses[bus->second].name);
    book.of_order.push_back(place);
    const bool buys = o.side == market::Side::buy;
    (buys ? at.places[place].most_bought_wh : at.places[place].most_sold_wh) +=
        static_cast<double>(o.energy.value);
  }
  refuse_orders(orders, why);
}

ledger::Result<void> clear(std::span<const market::Order> orders, GridBook& book) {
  auto proposal = market::propose_grid_clearing(orders, book.of_order, book.limits.limits);
  if (!proposal) return ledger::failure(proposal.error());
  auto nodal = market::check_proposal(orders, book.of_order, book.limits.limits, *proposal);
  if (!nodal) return ledger::failure(nodal.error());
  book.proposal = std::move(*proposal);
  book.nodal = std::move(*nodal);
  return {};
}

std::vector<std::int64_t> net_wh_of(std::span<const market::Order> orders, const GridBook& book,
                                    std::size_t places) {
  std::vector<std::int64_t> out(places);
  for (std::size_t i = 0; i < orders.size(); ++i)
    out[book.of_order[i]] +=
        (orders[i].side == market::Side::buy ? 1 : -1) * book.proposal.fills[i].value;
  return out;
}

}  // namespace

ledger::Result<GridBook> clear_on_grid(const std::string& grid_file, market::OrderBook& orders,
                                       double slot_minutes) {
  auto net = twin::read_grid(grid_file, [](const std::string& path) { return read_file(path); });
  if (!net) return ledger::failure(net.error());
  GridBook book;
  Places at(*net);
  place_orders(orders, grid_file, *net, at, book);
  std::vector<twin::Phases> draws;
  for (const twin::Connection& c : net->connections) draws.push_back(c.draw_va);
  if (!orders.orders.empty()) {
    auto limits = twin::feeder_trade_limits(*net, draws, at.places, {}, slot_minutes);
    if (!limits) return ledger::failure(grid_file + ": " + limits.error());
    book.limits = std::move(*limits);
  }
  if (auto ok = clear(orders.orders, book); !ok) return ledger::failure(ok.error());

  const auto net_wh = net_wh_of(orders.orders, book, at.places.size());
  twin::PowerFlow flow(*net);
  book.before = state_of(*net, flow.solve(draws));
  book.after =
      state_of(*net, flow.solve(draws_after(*net, draws, at.places, net_wh, slot_minutes)));
  return book;
}

ledger::Result<GridBook> clear_without_grid(std::span<const market::Order> orders) {
  GridBook book;
  book.buses = {"everywhere"};
  book.of_order.assign(orders.size(), 0);
  if (auto ok = clear(orders, book); !ok) return ledger::failure(ok.error());
  return book;
}

}  // namespace app
