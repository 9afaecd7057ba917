// The capacity tariff of a scenario's ladder, on the bills of a run over a month's end.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/reader_cases.hpp"
#include "tests/app/short_run.hpp"
#include "twin/store/run_reader.hpp"

using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;

namespace {

constexpr std::int64_t micro_eur_a_kw = 4'500'000, slots_of_april = 3;

// Six slots of a minute from 23:57 of 30 April on, by the zone's summer time.
struct PricedRun {
  explicit PricedRun(const std::string& rungs) {
    folder.write("scenario.toml", std::string(test::short_scenario) +
                                      "[[congestion]]\nrung = \"capacity-tariff\"\n"
                                      "eur_per_kw = 4.5\nzone = \"Europe/Berlin\"\n");
    const Outcome run = aipchain(
        {"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--json", "--quiet", "--set",
         "time.start=\"2026-04-30T21:57:00+00:00\"", "--set", "ladder.rungs=" + rungs});
    REQUIRE_MESSAGE(run.code == 0, run.errors);
    summary = json::parse(run.output);
    genesis = json::parse(test::slurp(folder.path() / "out/log/genesis"));
  }

  Folder folder;
  json summary, genesis;
};

std::int64_t cost(std::int64_t peak_wh) { return (peak_wh * 60 * micro_eur_a_kw + 500) / 1000; }

}  // namespace

TEST_CASE(
    "Capacity tariff: a run's bills charge each month's highest import, and its audit holds") {
  const PricedRun run("all");
  CHECK(run.genesis.at("capacity_price") == micro_eur_a_kw);
  CHECK(run.genesis.at("zone") == json{{"offset_minutes", 60}, {"summer_time", true}});
  CHECK(run.summary.at("/market/money_residual_eur"_json_pointer) == 0);
  const Outcome audit =
      aipchain({"audit", run.folder.at("out"), "--openings", run.folder.at("out/openings")});
  CHECK_MESSAGE(audit.code == 0, audit.output);
  auto stored = twin::RunReader::open(run.folder.at("out/run.db"));
  REQUIRE(stored);
  const auto bills = stored->bills();
  REQUIRE(bills);
  std::int64_t charged_in_all = 0, charged_in_run_db = 0;
  for (const twin::HomeBill& bill : *bills) {
    CHECK(bill.peak_wh.has_value());
    charged_in_run_db += bill.capacity_micro_eur;
  }
  for (const std::string account : run.summary.at("accounts")) {
    const Outcome exported = aipchain({"export", run.folder.at("out"), "--account", account});
    REQUIRE(exported.code == 0);
    std::array<std::int64_t, 2> peak{}, charged{};
    const json all = json::parse(exported.output);
    for (const json& bill : all.at("bills")) {
      const std::size_t month = bill.at("slot") < slots_of_april ? 0 : 1;
      CHECK(bill.at("highest_import_before_wh") == peak[month]);
      peak[month] = std::max(peak[month], bill.at("imported_wh").get<std::int64_t>());
      CHECK(bill.at("highest_import_wh") == peak[month]);
      charged[month] += bill.at("capacity_micro_eur").get<std::int64_t>();
    }
    for (const std::size_t month : {0u, 1u}) CHECK(charged[month] == cost(peak[month]));
    charged_in_all += charged[0] + charged[1];
    const Outcome stated = aipchain(
        {"statement", run.folder.at("out"), "--account", account, "--json", "--zone", "+02:00"});
    REQUIRE_MESSAGE(stated.code == 0, stated.errors);
    const json year = json::parse(stated.output);
    CHECK(year.at("/year_in_all/capacity_micro_eur"_json_pointer) == charged[0] + charged[1]);
    for (const json& month : year.at("by_month")) {
      const std::size_t at = month.at("month") == 4 ? 0 : 1;
      CHECK(month.at("capacity_micro_eur") == charged[at]);
      CHECK(month.at("highest_import_wh") == peak[at]);
    }
    const Outcome words = aipchain({"statement", run.folder.at("out"), "--account", account});
    CHECK(words.output.find("highest imports") != std::string::npos);
  }
  CHECK(charged_in_all > 0);
  CHECK(charged_in_run_db == charged_in_all);
  const std::string page = test::slurp(run.folder.path() / "out/report.html");
  CHECK(page.find("Highest<br/>import, kW") != std::string::npos);
}

TEST_CASE("Capacity tariff: a run's receipts show the line, and both readers follow it") {
  const PricedRun run("capacity-tariff");
  test::ReaderCases cases;
  const std::string account = run.summary.at("accounts")[0];
  for (const char* slot : {"0", "1", "2", "3", "4"}) {
    const Outcome receipt =
        aipchain({"receipt", run.folder.at("out"), "--account", account, "--slot", slot});
    REQUIRE(receipt.code == 0);
    CHECK(test::verdict_of(receipt.output) == "");
    CHECK(receipt.output.find("\"line\":\"highest import of the month ") != std::string::npos);
    CHECK(json::parse(receipt.output).contains("statement_before") == (slot[0] != '0'));
    cases.receipt(slot, receipt.output);
  }
  cases.compare();
}

TEST_CASE(
    "Capacity tariff: a peak goes where billing data go, and the others' charges still hold") {
  const PricedRun run("capacity-tariff");
  const std::string gone = run.summary.at("accounts")[0], other = run.summary.at("accounts")[1];
  const Outcome erased =
      aipchain({"erase", run.folder.at("out"), "--subject", gone, "--billing", "--json"});
  REQUIRE_MESSAGE(erased.code == 0, erased.errors);
  const Outcome audit =
      aipchain({"audit", run.folder.at("out"), "--openings", run.folder.at("out/openings")});
  CHECK_MESSAGE(audit.code == 0, audit.output);
  CHECK(aipchain({"export", run.folder.at("out"), "--account", gone}).output.find("highest") ==
        std::string::npos);
  const Outcome receipt =
      aipchain({"receipt", run.folder.at("out"), "--account", other, "--slot", "2"});
  REQUIRE(receipt.code == 0);
  CHECK(test::verdict_of(receipt.output) == "");
}

TEST_CASE("Capacity tariff: where its rung does not act nobody is charged") {
  const PricedRun run("none");
  CHECK_FALSE(run.genesis.contains("capacity_price"));
  CHECK_FALSE(run.genesis.contains("zone"));
  const std::string account = run.summary.at("accounts")[0];
  const Outcome exported = aipchain({"export", run.folder.at("out"), "--account", account});
  REQUIRE(exported.code == 0);
  CHECK_FALSE(json::parse(exported.output).at("bills")[0].contains("capacity_micro_eur"));
  const std::string page = test::slurp(run.folder.path() / "out/report.html");
  CHECK(page.find("Highest<br/>import, kW") == std::string::npos);
}
