#include "app/grid_book_output.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/book_output.hpp"
#include "market/clearing/clearing.hpp"
#include "market/settlement/slot_clearing.hpp"

namespace app {
namespace {

using nlohmann::json;

const char* side_of(const market::Order& o) { return o.side == market::Side::buy ? "buy" : "sell"; }

// As a chain pairs fills and prices (market/settlement/slot_clearing.hpp), its rows by rising id.
std::vector<market::Trade> deals_of(const market::OrderBook& orders, const GridBook& book) {
  std::vector<std::uint32_t> by_id(orders.orders.size());
  std::iota(by_id.begin(), by_id.end(), 0u);
  std::sort(by_id.begin(), by_id.end(), [&](std::uint32_t a, std::uint32_t b) {
    return orders.orders[a].id < orders.orders[b].id;
  });
  std::vector<market::BookRow> rows;
  for (const std::uint32_t i : by_id)
    rows.push_back({orders.orders[i], book.proposal.fills[i], book.nodal.prices[book.of_order[i]]});
  std::vector<market::Trade> out = market::deals_of(rows);
  for (market::Trade& t : out) {
    t.buyer = by_id[t.buyer];
    t.seller = by_id[t.seller];
  }
  return out;
}

json state_json(const FeederState& s) {
  if (!s.converged) return {{"converged", false}};
  return {{"converged", true},
          {"max_loading", s.max_loading},
          {"worst_branch", s.worst_branch},
          {"v_min_pu", number_or_null(s.v_min_pu)},
          {"v_max_pu", number_or_null(s.v_max_pu)}};
}

void print_grid_json(const market::OrderBook& orders, const GridBook& book,
                     const std::string& grid_file) {
  const std::vector<market::Trade> deals = deals_of(orders, book);
  json trades = json::array(), fills = json::array(), prices = json::array(), full = json::array();
  for (const market::Trade& t : deals)
    trades.push_back({{"buyer", orders.agents[t.buyer]},
                      {"seller", orders.agents[t.seller]},
                      {"buyer_order", orders.ids[t.buyer]},
                      {"seller_order", orders.ids[t.seller]},
                      {"kwh", kwh(t.energy)},
                      {"price_eur_per_kwh", eur_per_kwh(t.price)},
                      {"congestion_eur_per_kwh", eur_per_kwh(t.beside)}});
  for (std::size_t i = 0; i < orders.orders.size(); ++i) {
    const std::uint32_t bus = book.of_order[i];
    fills.push_back({{"order", orders.ids[i]},
                     {"agent", orders.agents[i]},
                     {"side", side_of(orders.orders[i])},
                     {"bus", book.buses[bus]},
                     {"kwh", kwh(book.proposal.fills[i])},
                     {"price_eur_per_kwh", eur_per_kwh(book.nodal.prices[bus])}});
  }
  for (std::size_t b = 0; b < book.buses.size(); ++b)
    prices.push_back(
        {{"bus", book.buses[b]}, {"price_eur_per_kwh", eur_per_kwh(book.nodal.prices[b])}});
  for (const market::RowMultiplier& m : book.proposal.multipliers)
    full.push_back(book.limits.names[m.row]);
  json out{{"mechanism", "grid-aware"},
           {"orders", orders.orders.size()},
           {"price_eur_per_kwh", one_price(deals)},
           {"volume_kwh", kwh(book.nodal.volume)},
           {"trades", std::move(trades)},
           {"welfare_eur", eur(book.nodal.welfare)},
           {"optimal_welfare_eur", eur(market::optimal_welfare(orders.orders))},
           {"duality_gap_eur", eur(book.nodal.gap)},
           {"guarantee", book.proposal.guarantee == market::Guarantee::gap ? "gap" : "exchanges"},
           {"congestion_rent_eur", eur(book.nodal.rent)},
           {"limits", book.limits.limits.rows.size()},
           {"full", std::move(full)},
           {"prices", std::move(prices)},
           {"fills", std::move(fills)},
           {"refused", remarks_json(orders.refused)},
           {"rounded", remarks_json(orders.rounded)}};
  if (!grid_file.empty()) {
    out["before"] = state_json(book.before);
    out["after"] = state_json(book.after);
  }
  std::cout << out.dump(2) << '\n';
}

void print_state(const char* when, const FeederState& s) {
  if (!s.converged) {
    std::printf("%s the trades: the power flow does not converge\n", when);
    return;
  }
  std::printf("%s the trades: ", when);
  if (s.v_min_pu)
    std::printf("voltages %.4f to %.4f pu", *s.v_min_pu, *s.v_max_pu);
  else
    std::printf("nothing is connected");
  if (!s.worst_branch.empty())
    std::printf(", highest loading %.1f %% (%s)", 100 * s.max_loading, s.worst_branch.c_str());
  std::printf("\n");
}

void print_grid_text(const market::OrderBook& orders, const GridBook& book,
                     const std::string& grid_file) {
  std::printf("grid-aware: %.3f kWh of %zu orders\n", kwh(book.nodal.volume), orders.orders.size());
  std::printf(
      "welfare %.6f EUR, at most %.6f below the best that the grid lets through, and %.6f EUR "
      "without a grid; congestion rent %.6f EUR\n",
      eur(book.nodal.welfare), eur(book.nodal.gap), eur(market::optimal_welfare(orders.orders)),
      eur(book.nodal.rent));
  if (book.proposal.guarantee == market::Guarantee::exchanges)
    std::printf("proven by exchanges alone: none of 1 Wh makes it better\n");
  if (grid_file.empty()) {
    std::printf("no --grid: one bus, nothing limits\n");
  } else {
    print_state("before", book.before);
    print_state("after", book.after);
  }
  for (const market::RowMultiplier& m : book.proposal.multipliers)
    std::printf("full: %s\n", book.limits.names[m.row].c_str());
  std::printf("\n%12s  %10s  %-4s  %s\n", "kWh", "EUR/kWh", "side", "agent (order) at bus");
  for (std::size_t i = 0; i < orders.orders.size(); ++i) {
    if (book.proposal.fills[i].value == 0) continue;
    const std::uint32_t bus = book.of_order[i];
    std::printf("%12.3f  %10.6f  %-4s  %s (%s) at %s\n", kwh(book.proposal.fills[i]),
                eur_per_kwh(book.nodal.prices[bus]), side_of(orders.orders[i]),
                orders.agents[i].c_str(), orders.ids[i].c_str(), book.buses[bus].c_str());
  }
}

}  // namespace

void print_grid_book(const market::OrderBook& orders, const GridBook& book,
                     const std::string& grid_file, bool json) {
  json ? print_grid_json(orders, book, grid_file) : print_grid_text(orders, book, grid_file);
}

}  // namespace app
