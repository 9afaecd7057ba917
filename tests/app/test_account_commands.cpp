// `aipchain statement`, and what an account signs by `aipchain tx`, on a run's directory.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"

using nlohmann::json;

namespace {

// A run of its own, which grows by what accounts sign.
struct AccountRun {
  AccountRun() {
    folder.write("short.toml", test::short_scenario + std::string("[prices]\nvat_percent = 19\n"));
    REQUIRE(test::aipchain({"run", folder.at("short.toml"), "--out", path(), "--quiet"}).code == 0);
    accounts = json::parse(test::slurp(path() + "/summary.json")).at("accounts");
  }
  std::string path() const { return folder.at("run"); }
  test::Outcome tx(const std::string& name, std::vector<std::string> more,
                   std::size_t account = 0) const {
    std::vector<std::string> words{"tx", name, path(), "--account", accounts[account], "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return test::aipchain(words);
  }
  test::Outcome statement(std::vector<std::string> more) const {
    std::vector<std::string> words{"statement", path(), "--account", accounts[0]};
    words.insert(words.end(), more.begin(), more.end());
    return test::aipchain(words);
  }
  test::Folder folder;
  std::vector<std::string> accounts;
};

}  // namespace

TEST_CASE("statement: an account's year is the sum of its bills") {
  const AccountRun run;
  const test::Outcome outcome = run.statement({"--json", "--zone", "UTC"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.errors);
  const json year = json::parse(outcome.output);
  const test::Outcome exported =
      test::aipchain({"export", run.path(), "--account", run.accounts[0]});
  REQUIRE(exported.code == 0);
  std::int64_t imported = 0, bought = 0, levies = 0, total = 0;
  const json bills = json::parse(exported.output).at("bills");
  for (const json& bill : bills) {
    imported += bill.at("imported_wh").get<std::int64_t>();
    bought += bill.at("bought_wh").get<std::int64_t>();
    levies += bill.at("levies_micro_eur").get<std::int64_t>() +
              bill.at("trade_levies_micro_eur").get<std::int64_t>();
    total += bill.at("total_micro_eur").get<std::int64_t>();
  }
  const json& all = year.at("year_in_all");
  CHECK(all.at("slots") == bills.size());
  CHECK(all.at("imported_wh") == imported);
  CHECK(all.at("bought_from_neighbours_wh") == bought);
  CHECK(all.at("total_micro_eur") == total);
  CHECK(year.at("taxes_and_levies").at("levies_paid_micro_eur") == levies);
  std::int64_t gross = 0;
  for (const char* line : {"retail_energy_micro_eur", "grid_fee_micro_eur", "levies_micro_eur",
                           "local_grid_fee_micro_eur", "levies_on_neighbours_energy_micro_eur"})
    gross += all.at(line).get<std::int64_t>();
  CHECK(year.at("taxes_and_levies").at("vat_permille") == 190);
  CHECK(std::abs(year.at("taxes_and_levies").at("vat_contained_micro_eur").get<std::int64_t>() -
                 gross * 19 / 119) <= 1);
  CHECK(run.statement({}).output.find("of these VAT") != std::string::npos);
  CHECK(all.at("co2_grid_mg") == 380 * (imported - bought));
  std::int64_t by_hour = 0;
  for (const json& hour : year.at("by_hour")) by_hour += hour.at("imported_wh").get<std::int64_t>();
  CHECK(by_hour == imported);
  CHECK(json::parse(run.statement({"--json", "--grid-co2-g-per-kwh", "100"}).output)
            .at("year_in_all")
            .at("co2_grid_mg") == 100 * (imported - bought));
  REQUIRE(run.statement({"--out", run.folder.at("year.json"), "--zone", "UTC"}).code == 0);
  CHECK(json::parse(test::slurp(run.folder.at("year.json"))) == year);
  CHECK(run.statement({}).output.find("from retailer") != std::string::npos);
  CHECK(run.statement({"--zone", "Mars/Utopia"}).code == 2);
  CHECK(run.statement({"--year", "1999"}).errors.find("no settled slot in 1999") !=
        std::string::npos);
  CHECK(run.statement({"--grid-co2-g-per-kwh", "-1"}).code == 2);
  CHECK(test::aipchain({"statement", run.path(), "--account", std::string(32, '0')}).code == 2);
}

TEST_CASE("tx: contracts, orders and tokens of an account are decided and leave the ledger sound") {
  const AccountRun run;
  const test::Outcome first = run.tx("contract", {"--template", "sell-surplus", "--energy-wh",
                                                  "400", "--price-eur-per-kwh", "0.1"});
  REQUIRE_MESSAGE(first.code == 0, first.errors);
  CHECK(json::parse(first.output).at("number") == 1);
  CHECK(
      json::parse(first.output).at("proof").get<std::string>().starts_with("c2sp.org/tlog-proof"));
  const test::Outcome second = run.tx("contract", {"--template", "sell-surplus", "--withdraw"});
  REQUIRE_MESSAGE(second.code == 0, second.errors);
  CHECK(json::parse(second.output).at("number") == 2);
  const std::string id(32, '7');
  for (const auto& command : {std::pair<std::string, std::vector<std::string>>{
                                  "contract",
                                  {"--template", "flexibility-offer", "--energy-wh", "400",
                                   "--price-eur-per-kwh", "0.15"}},
                              {"contract",
                               {"--template", "sub-meters", "--tenant", std::string(32, 'a') + "=2",
                                "--tenant", std::string(32, 'b') + "=1"}},
                              {"order",
                               {"--side", "buy", "--energy-wh", "100", "--price-eur-per-kwh",
                                "0.123456", "--slot", "300", "--id", id}},
                              {"cancel", {"--slot", "300", "--id", id}}}) {
    CAPTURE(command.first);
    const test::Outcome done = run.tx(command.first, command.second);
    CHECK_MESSAGE(done.code == 0, done.errors);
  }
  CHECK(run.tx("order", {"--side", "buy", "--energy-wh", "100", "--price-eur-per-kwh", "0.1",
                         "--slot", "300", "--id", id})
            .errors.find("order of an id that was cancelled") != std::string::npos);
  const auto wrong = [&](const std::string& name, std::vector<std::string> more,
                         const char* words) {
    const test::Outcome o = run.tx(name, std::move(more));
    CAPTURE(o.errors);
    CHECK(o.code != 0);
    CHECK(o.errors.find(words) != std::string::npos);
  };
  wrong("transfer", {"--vintage", "0", "--energy-wh", "5", "--to", run.accounts[1]}, "has 0 free");
  wrong("transfer", {"--vintage", "0", "--energy-wh", "5", "--to", "abc"}, "--to abc");
  wrong("retire", {"--vintage", "0", "--energy-wh", "5", "--green"}, "has 0 free");
  wrong("contract", {"--template", "sell-everything"}, "there are community-key, sell-surplus");
  wrong("contract", {"--template", "sell-surplus"}, "do not fit it");
  for (const char* price : {"1.2345678", "-1", "x", ".5", "5.", "100.000001", "1e3"})
    wrong("order", {"--side", "buy", "--energy-wh", "1", "--price-eur-per-kwh", price},
          "wants EUR/kWh");
  const test::Outcome audit =
      test::aipchain({"audit", run.path(), "--openings", run.path() + "/openings"});
  CHECK_MESSAGE(audit.code == 0, audit.output);
  // The contract of sub-meters stands from a slot on that is not settled yet.
  CHECK_FALSE(json::parse(run.statement({"--json"}).output).contains("tenants"));
}
