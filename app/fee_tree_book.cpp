#include "app/fee_tree_book.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "app/book_output.hpp"
#include "market/clearing/clearing.hpp"

namespace app {
namespace {

using nlohmann::json;

void print_fee_json(const market::OrderBook& book, const market::NamedFeeTree& tree,
                    std::span<const std::uint32_t> nodes, const market::FeeTreeClearing& cleared) {
  json trades = json::array(), prices = json::array();
  for (const market::Trade& t : cleared.trades)
    trades.push_back({{"buyer", book.agents[t.buyer]},
                      {"seller", book.agents[t.seller]},
                      {"buyer_order", book.ids[t.buyer]},
                      {"seller_order", book.ids[t.seller]},
                      {"from", tree.names[nodes[t.seller]]},
                      {"to", tree.names[nodes[t.buyer]]},
                      {"kwh", kwh(t.energy)},
                      {"price_eur_per_kwh", eur_per_kwh(t.price)},
                      {"fee_eur_per_kwh", eur_per_kwh(t.fee)}});
  for (std::size_t n = 0; n < tree.names.size(); ++n)
    prices.push_back(
        {{"node", tree.names[n]}, {"price_eur_per_kwh", eur_per_kwh(cleared.prices[n])}});
  const json out{{"mechanism", "fee-tree"},
                 {"orders", book.orders.size()},
                 {"price_eur_per_kwh", one_price(cleared.trades)},
                 {"volume_kwh", kwh(cleared.volume)},
                 {"welfare_eur", eur(cleared.welfare)},
                 {"optimal_welfare_eur", eur(market::optimal_welfare(book.orders))},
                 {"fees_eur", eur(cleared.fees)},
                 {"prices", std::move(prices)},
                 {"trades", std::move(trades)},
                 {"refused", remarks_json(book.refused)},
                 {"rounded", remarks_json(book.rounded)}};
  std::cout << out.dump(2) << '\n';
}

void print_fee_text(const market::OrderBook& book, const market::NamedFeeTree& tree,
                    std::span<const std::uint32_t> nodes, const market::FeeTreeClearing& cleared) {
  std::printf("fee-tree: %.3f kWh in %zu deals, of %zu orders\n", kwh(cleared.volume),
              cleared.trades.size(), book.orders.size());
  std::printf(
      "welfare %.6f EUR, of it %.6f EUR grid fees; %.6f EUR would be possible without any\n",
      eur(cleared.welfare), eur(cleared.fees), eur(market::optimal_welfare(book.orders)));
  if (cleared.trades.empty()) return;
  std::printf("\n%12s  %10s  %10s  %s\n", "kWh", "EUR/kWh", "fee",
              "buyer (order) at node from seller (order) at node");
  for (const market::Trade& t : cleared.trades)
    std::printf("%12.3f  %10.6f  %10.6f  %s (%s) at %s from %s (%s) at %s\n", kwh(t.energy),
                eur_per_kwh(t.price), eur_per_kwh(t.fee), book.agents[t.buyer].c_str(),
                book.ids[t.buyer].c_str(), tree.names[nodes[t.buyer]].c_str(),
                book.agents[t.seller].c_str(), book.ids[t.seller].c_str(),
                tree.names[nodes[t.seller]].c_str());
}

}  // namespace

std::vector<std::uint32_t> nodes_of(market::OrderBook& book, const market::NamedFeeTree& tree,
                                    const std::string& file) {
  std::map<std::string, std::uint32_t> node;
  for (std::uint32_t n = 0; n < tree.names.size(); ++n) node.emplace(tree.names[n], n);
  std::vector<std::uint32_t> out;
  std::vector<std::string> why(book.orders.size());
  for (std::size_t i = 0; i < why.size(); ++i) {
    const std::string bus = bus_of(book, i);
    if (const auto found = node.find(bus); found != node.end())
      out.push_back(found->second);
    else
      why[i] = no_place(bus, "a node", file);
  }
  refuse_orders(book, why);
  return out;
}

void print_fee_tree_book(const market::OrderBook& book, const market::NamedFeeTree& tree,
                         std::span<const std::uint32_t> nodes,
                         const market::FeeTreeClearing& cleared, bool json) {
  json ? print_fee_json(book, tree, nodes, cleared) : print_fee_text(book, tree, nodes, cleared);
}

}  // namespace app
