// Books and what each mechanism makes of them, found under tests/data/clearing: book.csv, case.toml
// (source, tolerance, the retailer's prices, the sharing key) and expected.toml (what is refused
// and rounded; a table a mechanism). Trades are by order ids.

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <filesystem>
#include <toml++/toml.h>

#include "market/clearing/clearing.hpp"
#include "market/clearing/order_book_reader.hpp"
#include "tests/support/shared_data.hpp"

using namespace ledger;
using namespace market;

namespace {

const std::string source_dir = AIPCHAIN_SOURCE_DIR;

struct NamedTrade {
  std::string buyer, seller;
  std::int64_t wh = 0, price = 0;
  auto operator<=>(const NamedTrade&) const = default;
};

std::int64_t micro(double value) { return std::llround(value * 1e6); }

struct Case {
  std::string name;
  OrderBook book;
  ClearingTerms terms;
  toml::table expected;
};

Case read_case(const std::filesystem::path& folder) {
  const toml::table about = toml::parse_file((folder / "case.toml").string());
  REQUIRE(!about["source"].value_or(std::string()).empty());
  REQUIRE(about["tolerance"].value<double>() == 0.0);  // integers agree or do not
  const auto text = test::read_text((folder / "book.csv").string());
  REQUIRE(text);
  auto book = read_order_book(*text, "book.csv");
  REQUIRE(book);
  const bool fixed = about["key"].value_or(std::string()) == "static";
  return {folder.filename().string(),
          std::move(*book),
          {{micro(about["retail_buy"].value<double>().value())},
           {micro(about["retail_sell"].value<double>().value())},
           fixed ? SharingKey::static_key : SharingKey::dynamic_key},
          toml::parse_file((folder / "expected.toml").string())};
}

std::vector<NamedTrade> trades_of(const OrderBook& book, const Clearing& c) {
  std::vector<NamedTrade> out;
  for (const Trade& t : c.price ? pair_fills(book.orders, c.fills, *c.price) : c.trades)
    out.push_back({book.ids[t.buyer], book.ids[t.seller], t.energy.value, t.price.value});
  return out;
}

std::vector<NamedTrade> expected_trades(const toml::table& table) {
  std::vector<NamedTrade> out;
  for (const toml::node& node : *table["trades"].as_array()) {
    const toml::array& row = *node.as_array();
    out.push_back({*row[0].value<std::string>(), *row[1].value<std::string>(),
                   std::llround(*row[2].value<double>() * 1e3), micro(*row[3].value<double>())});
  }
  return out;
}

void check_mechanism(const Case& c, std::string_view name, const toml::table& expected) {
  CAPTURE(name);
  const auto mechanism = mechanism_named(name);
  REQUIRE(mechanism);
  const Clearing got = clear(*mechanism, c.book.orders, c.terms);
  const auto price = expected["price_eur_per_kwh"].value<double>();
  CHECK(got.price == (price ? std::optional(Price{micro(*price)}) : std::nullopt));
  CHECK(got.welfare.value == micro(expected["welfare_eur"].value<double>().value()));
  CHECK(got.optimal_welfare.value ==
        micro(expected["optimal_welfare_eur"].value<double>().value()));
  const auto trades = trades_of(c.book, got), wanted = expected_trades(expected);
  std::int64_t volume = 0;
  for (const NamedTrade& t : wanted) volume += t.wh;
  CHECK(got.volume.value == volume);
  CHECK(trades == wanted);
}

void check_remarks(const std::vector<BookRemark>& remarks, const toml::array& expected) {
  REQUIRE(remarks.size() == expected.size());
  for (std::size_t i = 0; i < remarks.size(); ++i) {
    const std::string said = std::to_string(remarks[i].line) + ": " + remarks[i].why;
    CHECK(said == expected[i].value<std::string>());
  }
}

}  // namespace

TEST_CASE("clearing cases: what every book says, each mechanism makes") {
  std::size_t cases = 0, clearings = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(source_dir + "/tests/data/clearing")) {
    const Case c = read_case(entry.path());
    CAPTURE(c.name);
    check_remarks(c.book.refused, *c.expected["refused"].as_array());
    check_remarks(c.book.rounded, *c.expected["rounded"].as_array());
    for (const auto& [name, table] : c.expected)
      if (table.is_table()) {
        check_mechanism(c, name.str(), *table.as_table());
        ++clearings;
      }
    ++cases;
  }
  CHECK(cases >= 16);
  CHECK(clearings >= 60);
}

TEST_CASE("the worked example of docs/market.md is what the mechanisms make of its book") {
  const Case c = read_case(source_dir + "/tests/data/clearing/worked_example");
  std::string table =
      "| mechanism | price | deals: buyer, seller, Wh, micro-EUR/kWh |\n|---|---|---|\n";
  for (const std::string_view name : mechanism_names) {
    const auto mechanism = mechanism_named(name).value();
    if (needs_feeder(mechanism)) continue;
    const Clearing got = clear(mechanism, c.book.orders, c.terms);
    const auto trades = got.price ? pair_fills(c.book.orders, got.fills, *got.price) : got.trades;
    table += "| " + std::string(name) + " | " +
             (got.price ? std::to_string(got.price->value) : "–") + " | ";
    for (const Trade& t : trades)
      table += (&t == trades.data() ? "" : "; ") + c.book.agents[t.buyer] + ", " +
               c.book.agents[t.seller] + ", " + std::to_string(t.energy.value) + ", " +
               std::to_string(t.price.value);
    table += trades.empty() ? "– |\n" : " |\n";
  }
  CAPTURE(table);
  CHECK(test::read_text(source_dir + "/docs/market.md").value().find(table) != std::string::npos);
}
