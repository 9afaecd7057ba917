#include "twin/scenario/traded_feeder.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "twin/grid/model/topology.hpp"

namespace twin {
namespace {

constexpr double fuse_a = 63;

std::vector<Phases> draws_without_homes(const Scenario& scenario, const Network& network) {
  std::vector<Phases> out;
  for (const Connection& c : network.connections) out.push_back(c.draw_va);
  for (const HomeSpec& h : scenario.homes) out[h.connection] = {};
  return out;
}

double fuse_w(const Network& network, const Connection& c) {
  return fuse_a * network.buses[c.bus].nominal_v * std::popcount(c.phases);
}

}  // namespace

MarketBuses market_buses(const Scenario& scenario, const Network& network) {
  MarketBuses out;
  for (const HomeSpec& h : scenario.homes)
    out.network.push_back(network.connections[h.connection].bus);
  std::sort(out.network.begin(), out.network.end());
  out.network.erase(std::unique(out.network.begin(), out.network.end()), out.network.end());
  for (const HomeSpec& h : scenario.homes) {
    const auto at = std::lower_bound(out.network.begin(), out.network.end(),
                                     network.connections[h.connection].bus);
    out.of_home.push_back(static_cast<std::uint32_t>(at - out.network.begin()));
  }
  return out;
}

ledger::Result<FeederTradeLimits> trade_limits_of(const Scenario& scenario,
                                                  const Network& network) {
  const MarketBuses buses = market_buses(scenario, network);
  const double slot_minutes = scenario.time.market_slot.seconds() / 60;
  std::vector<TradingPlace> places(buses.network.size());
  for (std::size_t h = 0; h < scenario.homes.size(); ++h) {
    const std::uint32_t c = scenario.homes[h].connection;
    TradingPlace& place = places[buses.of_home[h]];
    place.connections.push_back(c);
    place.most_bought_wh += fuse_w(network, network.connections[c]) * slot_minutes / 60;
    place.most_sold_wh = place.most_bought_wh;
  }
  const GridLimits limits{.max_loading = scenario.grid.max_loading,
                          .v_min_pu = scenario.grid.v_min_pu,
                          .v_max_pu = scenario.grid.v_max_pu};
  auto out = feeder_trade_limits(network, draws_without_homes(scenario, network), places, limits,
                                 slot_minutes);
  if (out) out->limits.buses = buses.busbar() + 1;
  return out;
}

FeederFees fees_of(const Scenario& scenario, const Network& network) {
  const Topology topology = topology_of(network);
  FeederFees out;
  out.node_of_bus.assign(network.buses.size(), 0);
  for (std::size_t n = 0; n < topology.order.size(); ++n)
    out.node_of_bus[topology.order[n]] = static_cast<std::uint32_t>(n);
  out.tree.resize(topology.order.size());
  std::vector<ledger::Price> fee(out.tree.size());
  const FeeTreeSpec& prices = scenario.prices.fee_tree;
  for (std::size_t n = 1; n < out.tree.size(); ++n) {
    const std::uint32_t bus = topology.order[n], branch = topology.feeding_branch[bus];
    out.tree[n].parent = out.node_of_bus[topology.parent[bus]];
    fee[n] = prices.transformer;
    if (branch < network.lines.size())
      fee[n].value = std::llround(static_cast<double>(prices.line_km.value) *
                                  network.lines[branch].length_m / 1000);
  }
  std::vector<double> draw_w(out.tree.size());
  const std::vector<Phases> draws = draws_without_homes(scenario, network);
  for (std::size_t c = 0; c < draws.size(); ++c)
    for (const Complex& va : draws[c])
      draw_w[out.node_of_bus[network.connections[c].bus]] += va.real();
  for (std::size_t n = out.tree.size(); n-- > 1;) draw_w[out.tree[n].parent] += draw_w[n];
  std::vector<std::int64_t> net_import;
  for (const double w : draw_w) net_import.push_back(std::llround(w));
  market::set_directional_fees(out.tree, fee, net_import, prices.relief_percent);
  return out;
}

ledger::Result<TradedFeeder> traded_feeder_of(const Scenario& scenario, const Network& network,
                                              market::FeederForm form) {
  TradedFeeder out;
  if (form == market::FeederForm::limits) {
    auto limits = trade_limits_of(scenario, network);
    if (!limits) return ledger::failure(limits.error());
    out.terms = std::move(limits->limits);
    out.bus_of_home = market_buses(scenario, network).of_home;
  } else {
    FeederFees fees = fees_of(scenario, network);
    out.terms = std::move(fees.tree);
    for (const HomeSpec& h : scenario.homes)
      out.bus_of_home.push_back(fees.node_of_bus[network.connections[h.connection].bus]);
  }
  if (const std::string wrong = market::check_feeder(out.terms); !wrong.empty())
    return ledger::failure(wrong);
  return out;
}

}  // namespace twin
