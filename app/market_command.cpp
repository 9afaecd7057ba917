#include "app/market_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/book_output.hpp"
#include "app/console.hpp"
#include "app/fee_tree_book.hpp"
#include "app/grid_book_output.hpp"
#include "app/input_file.hpp"
#include "app/number_option.hpp"
#include "market/clearing/clearing.hpp"
#include "market/clearing/order_book_reader.hpp"

namespace app {
namespace {

using nlohmann::json;

constexpr std::size_t largest_book = std::size_t{256} << 20;

struct ClearOptions {
  std::string file, mechanism, key = "dynamic";
  std::string retail_buy = "0.30", retail_sell = "0.08";  // EUR/kWh
  std::string grid;                                       // file, of grid-aware
  double slot_minutes = 15;
  std::string fee_tree;  // file
  std::uint32_t relief_percent = 25;
  bool json = false, quiet = false;
};

// What was cleared: trades by agents' names, and what of the book was not taken as it stands.
struct ClearedBook {
  const market::OrderBook& book;
  market::Mechanism mechanism;
  const market::Clearing& clearing;
  std::vector<market::Trade> trades;
};

// Weighted by energy; none where nothing is traded.
std::optional<double> mean_price(const ClearedBook& c) {
  if (c.clearing.volume.value == 0) return std::nullopt;
  ledger::Wide turnover = 0;
  for (const market::Trade& t : c.trades)
    turnover += static_cast<ledger::Wide>(t.energy.value) * t.price.value;
  return static_cast<double>(turnover) / static_cast<double>(c.clearing.volume.value) / 1e6;
}

void print_json(const ClearedBook& c) {
  json trades = json::array();
  for (const market::Trade& t : c.trades)
    trades.push_back({{"buyer", c.book.agents[t.buyer]},
                      {"seller", c.book.agents[t.seller]},
                      {"buyer_order", c.book.ids[t.buyer]},
                      {"seller_order", c.book.ids[t.seller]},
                      {"kwh", kwh(t.energy)},
                      {"price_eur_per_kwh", eur_per_kwh(t.price)}});
  std::optional<double> price;
  if (c.clearing.price) price = eur_per_kwh(*c.clearing.price);
  const json out{{"mechanism", name_of(c.mechanism)},
                 {"orders", c.book.orders.size()},
                 {"price_eur_per_kwh", number_or_null(price)},
                 {"mean_price_eur_per_kwh", number_or_null(mean_price(c))},
                 {"volume_kwh", kwh(c.clearing.volume)},
                 {"trades", std::move(trades)},
                 {"welfare_eur", eur(c.clearing.welfare)},
                 {"optimal_welfare_eur", eur(c.clearing.optimal_welfare)},
                 {"refused", remarks_json(c.book.refused)},
                 {"rounded", remarks_json(c.book.rounded)}};
  std::cout << out.dump(2) << '\n';
}

void print_text(const ClearedBook& c) {
  std::printf("%s: %.3f kWh", std::string(name_of(c.mechanism)).c_str(), kwh(c.clearing.volume));
  if (c.clearing.price)
    std::printf(" at %.6f EUR/kWh", eur_per_kwh(*c.clearing.price));
  else if (const auto mean = mean_price(c))
    std::printf(" at %.6f EUR/kWh in the mean", *mean);
  std::printf(" in %zu %s, of %zu %s\n", c.trades.size(), c.trades.size() == 1 ? "deal" : "deals",
              c.book.orders.size(), c.book.orders.size() == 1 ? "order" : "orders");
  std::printf("welfare %.6f EUR; %.6f EUR would be possible\n", eur(c.clearing.welfare),
              eur(c.clearing.optimal_welfare));
  if (c.trades.empty()) return;
  std::printf("\n%12s  %10s  %s\n", "kWh", "EUR/kWh", "buyer (order) from seller (order)");
  for (const market::Trade& t : c.trades)
    std::printf("%12.3f  %10.6f  %s (%s) from %s (%s)\n", kwh(t.energy), eur_per_kwh(t.price),
                c.book.agents[t.buyer].c_str(), c.book.ids[t.buyer].c_str(),
                c.book.agents[t.seller].c_str(), c.book.ids[t.seller].c_str());
}

void warn_of(const ClearOptions& o, const market::OrderBook& book) {
  if (o.quiet) return;
  const auto where = [&](const market::BookRemark& r) {
    return o.file + ":" + std::to_string(r.line) + ": " + r.why;
  };
  for (const market::BookRemark& r : book.refused) warn(where(r) + " (refused)");
  for (const market::BookRemark& r : book.rounded) warn(where(r));
}

// What an option is for. Where it is given for another mechanism, whoever gave it is mistaken.
struct OptionOf {
  const char* option;
  std::vector<std::string> mechanisms;
};
const std::vector<OptionOf>& options_of_mechanisms() {
  static const std::vector<std::string> sharing{"mid-market", "supply-demand", "bill-sharing"};
  static const std::vector<OptionOf> all{
      {"--retail-buy", sharing},          {"--retail-sell", sharing},
      {"--key", {"bill-sharing"}},        {"--grid", {"grid-aware"}},
      {"--slot-minutes", {"grid-aware"}}, {"--fee-tree", {"fee-tree"}},
      {"--relief-percent", {"fee-tree"}}};
  return all;
}

// What of the options contradicts another one; empty where nothing does.
std::string contradiction(const ClearOptions& o, const CLI::App& command) {
  for (const OptionOf& of : options_of_mechanisms()) {
    if (command.get_option(of.option)->count() == 0 ||
        std::find(of.mechanisms.begin(), of.mechanisms.end(), o.mechanism) != of.mechanisms.end())
      continue;
    std::string wants;
    for (const std::string& m : of.mechanisms) wants += (wants.empty() ? "" : ", ") + m;
    return std::string(of.option) + ": is of " + wants + ", not of " + o.mechanism;
  }
  if (price_of(o.retail_buy).value() < price_of(o.retail_sell).value())
    return "--retail-sell " + o.retail_sell + ": is above --retail-buy, " + o.retail_buy;
  if (command.get_option("--slot-minutes")->count() > 0 && o.grid.empty())
    return "--slot-minutes: is of a feeder, and --grid is missing";
  return {};
}

int clear_by_grid(const ClearOptions& o, market::OrderBook& book) {
  const auto cleared = o.grid.empty() ? clear_without_grid(book.orders)
                                      : clear_on_grid(o.grid, book, o.slot_minutes);
  warn_of(o, book);
  if (!cleared) return complain(wrong_input, cleared.error());
  print_grid_book(book, *cleared, o.grid, o.json);
  return done;
}

int clear_by_fees(const ClearOptions& o, market::OrderBook& book) {
  if (o.fee_tree.empty())
    return complain(wrong_input, "--fee-tree: is missing; fee-tree wants a file of nodes and fees");
  const auto text = read_file(o.fee_tree);
  if (!text) return complain(wrong_input, text.error());
  const auto tree = market::read_fee_tree(*text, o.fee_tree, o.relief_percent);
  if (!tree) return complain(wrong_input, tree.error());
  const auto nodes = nodes_of(book, *tree, o.fee_tree);
  warn_of(o, book);
  print_fee_tree_book(book, *tree, nodes, market::clear_fee_tree(book.orders, nodes, tree->tree),
                      o.json);
  return done;
}

int clear(const ClearOptions& o) {
  const auto mechanism = market::mechanism_named(o.mechanism);
  const auto text = read_file(o.file, largest_book);
  if (!text) return complain(wrong_input, text.error());
  auto book = market::read_order_book(*text, o.file);
  if (!book) return complain(wrong_input, book.error());
  if (mechanism == market::Mechanism::grid_aware) return clear_by_grid(o, *book);
  if (mechanism == market::Mechanism::fee_tree) return clear_by_fees(o, *book);
  warn_of(o, *book);
  const market::ClearingTerms terms{
      price_of(o.retail_buy).value(), price_of(o.retail_sell).value(),
      o.key == "static" ? market::SharingKey::static_key : market::SharingKey::dynamic_key};
  const market::Clearing clearing = market::clear(*mechanism, book->orders, terms);
  ClearedBook cleared{*book, *mechanism, clearing, clearing.trades};
  if (clearing.price)
    cleared.trades = market::pair_fills(book->orders, clearing.fills, *clearing.price);
  if (o.json)
    print_json(cleared);
  else
    print_text(cleared);
  return done;
}

}  // namespace

void add_market_command(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* of_market = program.add_subcommand("market", "clears order books");
  of_market->require_subcommand(1);
  const auto o = std::make_shared<ClearOptions>();
  CLI::App* command = of_market->add_subcommand("clear", "clears one slot's order book");
  command
      ->add_option("BOOK", o->file,
                   "CSV: id,side,agent,bus,kwh,price_eur_per_kwh[,partner][,kind], in the order of "
                   "arrival")
      ->required();
  const std::vector<std::string> names(market::mechanism_names.begin(),
                                       market::mechanism_names.end());
  command->add_option("--mechanism", o->mechanism, "how")->required()->check(CLI::IsMember(names));
  command
      ->add_option("--retail-buy", o->retail_buy,
                   "community sharing: what a kWh costs at the retailer, less what it costs "
                   "beside its price at a neighbour")
      ->check(price_in_eur_per_kwh())
      ->capture_default_str();
  command
      ->add_option("--retail-sell", o->retail_sell,
                   "community sharing: what the retailer pays for a kWh")
      ->check(price_in_eur_per_kwh())
      ->capture_default_str();
  command
      ->add_option("--key", o->key,
                   "bill-sharing: dynamic by the energy ordered, static in equal shares of the "
                   "buying agents")
      ->check(CLI::IsMember({"dynamic", "static"}))
      ->capture_default_str();
  command->add_option("--grid", o->grid,
                      "grid-aware: the feeder, a grid file; its buses are those of the book");
  command
      ->add_option("--slot-minutes", o->slot_minutes,
                   "grid-aware: over which an order's energy is spread")
      ->check(number_from(1.0, 1440.0))
      ->capture_default_str();
  command->add_option("--fee-tree", o->fee_tree,
                      "fee-tree: CSV node,parent,fee_eur_per_kwh,net_import_kwh; its nodes are the "
                      "buses of the book");
  command
      ->add_option("--relief-percent", o->relief_percent,
                   "fee-tree: of the fee, against the flow that is there anyway")
      ->check(whole_number_from(0, 100))
      ->capture_default_str();
  command->add_flag("--json", o->json, "one JSON object on stdout");
  command->add_flag("--quiet", o->quiet, "nothing but errors on stderr");
  command->callback([o, command, &chosen] {
    chosen = [o, wrong = contradiction(*o, *command)] {
      return wrong.empty() ? clear(*o) : complain(wrong_input, wrong);
    };
  });
}

}  // namespace app
