// `aipchain market clear` as its users call it, and runs that other mechanisms settle or shadow.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "market/clearing/mechanism.hpp"
#include "tests/app/reader_cases.hpp"

using nlohmann::json;

namespace {

const std::string worked_book =
    std::string(AIPCHAIN_SOURCE_DIR) + "/tests/data/clearing/worked_example/book.csv";
const std::string bad_book =
    std::string(AIPCHAIN_SOURCE_DIR) + "/tests/data/clearing/bad_orders/book.csv";

json cleared(const std::string& book, const std::string& mechanism,
             std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"market", "clear", book, "--mechanism", mechanism, "--json"});
  const test::Outcome outcome = test::aipchain(more);
  CAPTURE(outcome.errors);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.output);
}

// The program ends with 2, one line on stderr, and nothing on stdout.
bool refused(std::vector<std::string> arguments, const std::string& why) {
  const test::Outcome outcome = test::aipchain(std::move(arguments));
  CAPTURE(outcome.errors);
  CHECK(test::lines_of(outcome.errors).size() == 1);
  CHECK(outcome.output.empty());
  return outcome.code == 2 && outcome.errors.find(why) != std::string::npos;
}

double volume_of(const json& trades) {
  double sum = 0;
  for (const json& t : trades) sum += t.at("kwh").get<double>();
  return sum;
}

}  // namespace

TEST_CASE("market clear prints what it is to print, of every mechanism") {
  for (const std::string_view name : market::mechanism_names) {
    if (market::needs_feeder(*market::mechanism_named(name))) continue;
    CAPTURE(name);
    const bool shares = name == "mid-market" || name == "supply-demand" || name == "bill-sharing";
    const json out = cleared(
        worked_book, std::string(name),
        shares ? std::vector<std::string>{"--retail-buy", "0.22"} : std::vector<std::string>{});
    for (const char* key : {"price_eur_per_kwh", "mean_price_eur_per_kwh"})
      CHECK((out.at(key).is_number() || out.at(key).is_null()));
    for (const char* key : {"volume_kwh", "welfare_eur", "optimal_welfare_eur"})
      CHECK(out.at(key).is_number());
    CHECK(volume_of(out.at("trades")) == doctest::Approx(out.at("volume_kwh").get<double>()));
    CHECK(out.at("optimal_welfare_eur") == 0.122);
    CHECK(out.at("refused").empty());
  }
  const json uniform = cleared(worked_book, "uniform");
  CHECK(uniform.at("price_eur_per_kwh") == 0.18);
  CHECK(uniform.at("volume_kwh") == 1.1);
  CHECK(uniform.at("trades")[0] == json{{"buyer", "Anna"},
                                        {"seller", "Dora"},
                                        {"buyer_order", "2"},
                                        {"seller_order", "3"},
                                        {"kwh", 0.6},
                                        {"price_eur_per_kwh", 0.18}});
  const json bids = cleared(worked_book, "pay-as-bid");
  CHECK(bids.at("price_eur_per_kwh").is_null());
  CHECK(bids.at("mean_price_eur_per_kwh").get<double>() ==
        doctest::Approx((0.8 * 0.22 + 0.3 * 0.18) / 1.1));
  CHECK(cleared(worked_book, "bill-sharing", {"--retail-buy", "0.22", "--key", "static"})
            .at("volume_kwh") == 1.05);
}

TEST_CASE("market clear refuses bad orders by name and clears the rest") {
  const json out = cleared(bad_book, "uniform");
  CHECK(out.at("volume_kwh") == 1);
  CHECK(out.at("orders") == 2);
  REQUIRE(out.at("refused").size() == 20);
  CHECK(out.at("refused")[0] ==
        json{{"line", 4}, {"id", "3"}, {"why", "kwh: found \"nan\"; wants a number"}});
  const auto said = test::aipchain({"market", "clear", bad_book, "--mechanism", "uniform"});
  CHECK(said.code == 0);
  CHECK(said.output.starts_with("uniform: 1.000 kWh at 0.150000 EUR/kWh in 1 deal, of 2 orders\n"));
  CHECK(test::lines_of(said.errors).size() == 20);
  CHECK(said.errors.find("book.csv:4: kwh: found \"nan\"; wants a number") != std::string::npos);
  const auto quiet =
      test::aipchain({"market", "clear", bad_book, "--mechanism", "uniform", "--quiet"});
  CHECK(quiet.errors.empty());
  CHECK(quiet.output == said.output);
  const std::string fine =
      std::string(AIPCHAIN_SOURCE_DIR) + "/tests/data/clearing/finer_than_the_grid/book.csv";
  CHECK(cleared(fine, "uniform").at("rounded").size() == 4);
}

TEST_CASE("market clear: a wrong book or command line is one line and 2") {
  const test::Folder folder;
  folder.write("empty.csv", "");
  folder.write("wrong.csv", "id,side,agent,bus,kwh,price\n");
  CHECK(refused({"market", "clear", folder.at("none.csv"), "--mechanism", "uniform"}, "none.csv"));
  CHECK(refused({"market", "clear", folder.at("empty.csv"), "--mechanism", "uniform"},
                "empty.csv:1: empty"));
  CHECK(refused({"market", "clear", folder.at("wrong.csv"), "--mechanism", "uniform"},
                "wrong.csv:1: found column \"price\""));
  CHECK(refused({"market", "clear", worked_book, "--mechanism", "lottery"}, "lottery"));
  CHECK(refused({"market", "clear", worked_book}, "--mechanism"));
  CHECK(
      refused({"market", "clear", worked_book, "--mechanism", "mid-market", "--retail-buy", "nan"},
              "--retail-buy"));
  CHECK(refused({"market", "clear", worked_book, "--mechanism", "mid-market", "--key", "mine"},
                "--key"));
  CHECK(refused({"market", "clar"}, "did you mean clear?"));
}

TEST_CASE("market clear refuses options that contradict each other or are of another mechanism") {
  const auto wrong = [](const std::string& mechanism, std::vector<std::string> more,
                        const std::string& says) {
    std::vector<std::string> words{"market", "clear", worked_book, "--mechanism", mechanism};
    words.insert(words.end(), more.begin(), more.end());
    return refused(words, says);
  };
  CHECK(wrong("mid-market", {"--retail-buy", "0.05", "--retail-sell", "0.08"},
              "--retail-sell 0.08: is above --retail-buy, 0.05"));
  CHECK(wrong("bill-sharing", {"--retail-buy", "1e-400"},
              "--retail-buy: found 1e-400; wants EUR/kWh from 0 to 100"));
  CHECK(wrong("uniform", {"--grid", "nonexist"}, "--grid: is of grid-aware, not of uniform"));
  CHECK(wrong("uniform", {"--fee-tree", "nope"}, "--fee-tree: is of fee-tree, not of uniform"));
  CHECK(wrong("uniform", {"--key", "static"}, "--key: is of bill-sharing, not of uniform"));
  CHECK(wrong("grid-aware", {"--relief-percent", "5"}, "--relief-percent: is of fee-tree"));
  CHECK(wrong("grid-aware", {"--slot-minutes", "5"}, "--slot-minutes: is of a feeder"));
  CHECK(wrong("retailer", {"--retail-buy", "0.3"},
              "--retail-buy: is of mid-market, supply-demand, bill-sharing, not of retailer"));
  CHECK(wrong("fee-tree", {"--fee-tree", "x", "--relief-percent", "025"}, "found 025; wants"));
}

namespace {

// What the market settled is told in the same figures as its shadow, and drawn where it was traded.
// The tree's fees are grid fees of buyers' bills and years, beside what their neighbours got.
void check_fees(const std::string& out, const json& accounts) {
  std::int64_t fees = 0, of_deals = 0, paid = 0, earned = 0;
  for (const json& account : accounts) {
    const std::string id = account.get<std::string>();
    const json year = json::parse(
        test::aipchain({"statement", out, "--account", id, "--json", "--zone", "UTC"}).output);
    const json& all = year.at("year_in_all");
    fees += all.at("local_grid_fee_micro_eur").get<std::int64_t>();
    paid += all.at("bought_from_neighbours_micro_eur").get<std::int64_t>();
    earned += all.at("sold_to_neighbours_micro_eur").get<std::int64_t>();
    CHECK(year.at("taxes_and_levies").at("grid_fees_paid_micro_eur").get<std::int64_t>() ==
          all.at("local_grid_fee_micro_eur").get<std::int64_t>() +
              all.at("grid_fee_micro_eur").get<std::int64_t>());
    const json export_of = json::parse(test::aipchain({"export", out, "--account", id}).output);
    for (const json& bill : export_of.at("bills"))
      for (const json& deal : bill.at("deals"))
        of_deals += deal.at("fee_amount_micro_eur").get<std::int64_t>();
  }
  CHECK(fees > 0);
  CHECK(fees == of_deals);
  CHECK(paid == earned);
}

// Some shadows know more than their market: places, or another order of arrival.
void check_figures(const json& m, const std::string& report) {
  const auto eur = [&](const char* key) { return m.at(key).get<double>(); };
  CHECK(eur("budget_balance_eur") ==
        doctest::Approx(eur("congestion_rent_eur") + eur("rounding_eur")));
  CHECK(std::abs(eur("rounding_eur")) < 1e-3);
  const bool traded = m.at("traded_kwh") > 0;
  CHECK(m.at("mean_price_eur_per_kwh").is_null() == !traded);
  CHECK((report.find("Nothing was traded between neighbours") == std::string::npos) == traded);
  for (const json& shadow : m.at("shadows")) {
    const std::string name = shadow.at("mechanism");
    if (name != "continuous" && name != "bilateral" && name != "grid-aware" && name != "fee-tree")
      CHECK(shadow.at("welfare_eur") == m.at("welfare_eur"));
    if (traded)
      CHECK(shadow.at("mean_price_eur_per_kwh").get<double>() ==
            doctest::Approx(eur("mean_price_eur_per_kwh")).epsilon(0.05));
  }
}

}  // namespace

TEST_CASE("every mechanism that can act settles a run, and both readers verify its receipts") {
  const test::Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  test::ReaderCases cases;
  for (const std::string& name : market::acting_names()) {
    CAPTURE(name);
    const std::string out = folder.at(name);
    std::vector<std::string> words{
        "run",   folder.at("scenario.toml"), "--out",  out,      "--until", "3m",
        "--set", "market.mechanism=" + name, "--json", "--quiet"};
    if (name == "fee-tree")
      words.insert(words.end(), {"--set", "prices.local_grid_fee_eur_per_kwh=0"});
    if (name != "bill-sharing-static")
      words.insert(words.end(), {"--set", "market.shadows=" + name});
    const auto run = test::aipchain(words);
    REQUIRE(run.code == 0);
    const json summary = json::parse(run.output);
    CHECK(summary.at("/market/mechanism"_json_pointer) == name);
    CHECK(summary.at("/market/money_residual_eur"_json_pointer) == 0);
    CHECK(summary.at("/tokens/residual_wh"_json_pointer) == 0);
    if (name != "retailer" && name != "supply-demand")
      CHECK(summary.at("/market/traded_kwh"_json_pointer) > 0);
    CHECK(summary.at("/market/savings_eur/losers"_json_pointer) == 0);
    check_figures(summary.at("market"), test::slurp(out + "/report.html"));
    if (name == "fee-tree") check_fees(out, summary.at("accounts"));
    CHECK(test::aipchain({"audit", out, "--openings", out + "/openings"}).code == 0);
    for (const std::size_t home : {0, 2, 4}) {
      const json& account = summary.at("accounts")[home];
      const std::string receipt =
          test::aipchain({"receipt", out, "--account", account.get<std::string>(), "--slot", "1"})
              .output;
      CHECK(test::verdict_of(receipt) == "");
      cases.receipt(name, receipt);
      json moved = json::parse(receipt);
      if (moved.at("book").size() > 1) {
        moved.at("book").erase(0);
        cases.receipt(name + " with a row less", moved.dump() + "\n");
      }
    }
  }
  cases.compare();
}

TEST_CASE("shadows with a feeder trade what its lines let through, and pay by the way") {
  const test::Folder folder;
  const auto shadows_of = [&](const std::string& name, const std::string& more) {
    folder.write(name + ".toml", std::string(test::short_scenario) +
                                     "[market]\nshadows = [\"uniform\", \"grid-aware\", "
                                     "\"fee-tree\"]\n" +
                                     more);
    const auto run = test::aipchain({"run", folder.at(name + ".toml"), "--out", folder.at(name),
                                     "--until", "4m", "--json", "--quiet"});
    CAPTURE(run.errors);
    REQUIRE(run.code == 0);
    const json shadows = json::parse(run.output).at("/market/shadows"_json_pointer);
    for (const json& s : shadows) CHECK(s.at("slots_uncleared") == 0);
    return shadows;
  };
  const auto traded = [](const json& shadow) { return shadow.at("traded_kwh").get<double>(); };
  // Without a limit that binds, and where no way costs more than the local grid fee, as without.
  const json wide = shadows_of("wide",
                               "[prices.fee_tree]\nline_eur_per_kwh_km = 0\n"
                               "transformer_eur_per_kwh = 0\n");
  CHECK(traded(wide[0]) > 0);
  CHECK(traded(wide[1]) == traded(wide[0]));
  CHECK(wide[1].at("welfare_eur") == wide[0].at("welfare_eur"));
  CHECK(traded(wide[2]) >= traded(wide[0]));
  // Nothing is better than a market without fees and full lines.
  CHECK(wide[2].at("efficiency") == 1);
  CHECK(wide[2].at("welfare_eur") >= wide[0].at("welfare_eur"));
  // Dear lines leave less to trade.
  const json dear = shadows_of("dear", "[prices.fee_tree]\nline_eur_per_kwh_km = 20\n");
  CHECK(traded(dear[2]) < traded(wide[2]));
  // What was read is written, and can be read again.
  const std::string resolved = test::slurp(folder.at("dear/scenario.resolved.toml"));
  CHECK(resolved.find("[prices.fee_tree]\nline_eur_per_kwh_km = 20") != std::string::npos);
  CHECK(resolved.find("relief_percent = 100\n") != std::string::npos);
  CHECK(test::slurp(folder.at("dear/report.html")).find("grid-aware") != std::string::npos);
  // Where voltages may hardly move, next to nothing may flow.
  const json narrow = shadows_of("narrow", "[grid]\nv_max_pu = 1\nv_min_pu = 1\n");
  CHECK(traded(narrow[1]) < traded(narrow[0]));
}

TEST_CASE("bill sharing shadows a run by either key") {
  const test::Folder folder;
  folder.write("both.toml",
               std::string(test::short_scenario) +
                   "[market]\nshadows = [\"bill-sharing\", \"bill-sharing-static\"]\n");
  const auto run = test::aipchain({"run", folder.at("both.toml"), "--out", folder.at("both"),
                                   "--until", "6m", "--json", "--quiet",
                                   // so many homes that several want what few offer
                                   "--set", "grid.generator.homes=16", "--set",
                                   "population.0.count=16", "--set", "population.0.pv.share=0.2"});
  CAPTURE(run.errors);
  REQUIRE(run.code == 0);
  const json shadows = json::parse(run.output).at("/market/shadows"_json_pointer);
  REQUIRE(shadows.size() == 2);
  CHECK(shadows[1].at("mechanism") == "bill-sharing-static");
  CHECK(shadows[1].at("slots_uncleared") == 0);
  // What one leaves of its equal share goes to no other.
  CHECK(shadows[1].at("traded_kwh") > 0);
  CHECK(shadows[1].at("traded_kwh") < shadows[0].at("traded_kwh"));
  CHECK(test::slurp(folder.at("both/scenario.resolved.toml")).find("\"bill-sharing-static\"") !=
        std::string::npos);
}

TEST_CASE("shadows clear the same orders and change nothing on the ledger") {
  const test::Folder folder;
  folder.write("plain.toml", test::short_scenario);
  folder.write(
      "shadowed.toml",
      std::string(test::short_scenario) +
          "[market]\nshadows = [\"uniform\", \"pay-as-bid\", \"continuous\", \"bilateral\", "
          "\"mid-market\", \"supply-demand\", \"bill-sharing\", \"retailer\"]\n");
  const auto summary_of = [&](const std::string& name) {
    const auto run = test::aipchain({"run", folder.at(name + ".toml"), "--out", folder.at(name),
                                     "--until", "4m", "--json", "--quiet"});
    REQUIRE(run.code == 0);
    return json::parse(run.output);
  };
  const json plain = summary_of("plain"), shadowed = summary_of("shadowed");
  CHECK(plain.at("/market/shadows"_json_pointer).empty());
  CHECK(plain.at("ledger") == shadowed.at("ledger"));
  CHECK(test::slurp(folder.at("shadowed/scenario.resolved.toml"))
            .find("shadows = [\"uniform\", \"pay-as-bid\", \"continuous\"") != std::string::npos);
  const json& shadows = shadowed.at("/market/shadows"_json_pointer);
  REQUIRE(shadows.size() == 8);
  const auto figure = [&](std::size_t i, const char* key) {
    return shadows[i].at(key).get<double>();
  };
  CHECK(shadows[0].at("mechanism") == "uniform");
  CHECK(figure(0, "traded_kwh") > 0);
  CHECK(figure(0, "efficiency") > 0);
  CHECK(figure(0, "efficiency") <= 1);
  CHECK(figure(1, "traded_kwh") == figure(0, "traded_kwh"));
  CHECK(figure(1, "welfare_eur") == figure(0, "welfare_eur"));
  CHECK(figure(1, "turnover_eur") >= figure(0, "turnover_eur"));
  for (const std::size_t i : {2, 3, 4, 5, 6})
    CHECK(figure(i, "efficiency") <= figure(0, "efficiency"));
  CHECK(figure(3, "traded_kwh") > 0);
  CHECK(figure(7, "traded_kwh") == 0);
  CHECK(test::slurp(folder.at("shadowed/report.html")).find("Other market mechanisms") !=
        std::string::npos);
  CHECK(test::slurp(folder.at("plain/report.html")).find("Other market mechanisms") ==
        std::string::npos);
}
