// What the grid operator owes homes for measures is paid by the ledger, in a run as users call it:
// the entry, the bills, the receipt and the year say the same.

#include <cmath>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/evening_street.hpp"
#include "tests/app/short_run.hpp"

using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;

namespace {

// Flexibility is bought, and cars are dimmed.
const std::string evening = test::evening_street + R"(
[[congestion]]
rung = "flexibility"

[[congestion]]
rung = "dimming-14a"
relief_eur_per_year = 365
)";

json output_of(const std::vector<std::string>& words) {
  const Outcome outcome = aipchain(words);
  CAPTURE(outcome.errors);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.output);
}

}  // namespace

TEST_CASE("What the grid operator owes for measures and as relief is paid by the ledger") {
  const Folder folder;
  folder.write("evening.toml", evening);
  const std::string run = folder.at("run");
  const json summary = output_of({"run", folder.at("evening.toml"), "--out", run, "--set",
                                  "time.duration=90m", "--json", "--quiet"});
  const json& congestion = summary.at("congestion");
  REQUIRE(congestion.at("by_rung").contains("flexibility"));
  REQUIRE(congestion.at("by_rung").at("flexibility").at("eur") > 0);

  // Slots 1 to 5 of six, a quarter of an hour of a year at 1 EUR a day for a car each.
  const json& contracts = summary.at("contracts");
  const int cars = contracts.at("signed").at("controllable-load");
  CHECK(cars == 6);
  CHECK(contracts.at("relief_eur").get<double>() == doctest::Approx(5 * cars / 96.0).epsilon(1e-4));

  const json& bills = summary.at("market").at("bills_eur");
  const double owed = congestion.at("owed_eur"), paid = bills.at("compensation");
  CHECK(paid > contracts.at("relief_eur").get<double>());
  CHECK(paid == doctest::Approx(owed).epsilon(1e-5));
  CHECK(bills.at("grid_operator_paid") >= paid);

  // What homes can export says it by slot, and their year in sum.
  std::int64_t owed_micro_eur = 0, of_years = 0;
  for (const json& account : summary.at("accounts")) {
    const json exported = output_of({"export", run, "--account", account});
    for (const json& m : exported.at("grid_measures")) {
      owed_micro_eur += m.at("owed_micro_eur").get<std::int64_t>();
      CHECK(m.at("paid_in_slot") >= m.at("slot"));
      CHECK((m.at("rung") == "flexibility" || m.at("owed_micro_eur") == 0));
    }
    const json year = output_of({"statement", run, "--account", account, "--json"});
    of_years += year.at("grid_operator").at("compensation_paid_to_account_micro_eur").get<int>();
    of_years += year.at("grid_operator").at("relief_paid_to_account_micro_eur").get<int>();
  }
  CHECK(of_years == std::llround(paid * 1e6));
  CHECK(of_years - owed_micro_eur == std::llround(contracts.at("relief_eur").get<double>() * 1e6));

  const Outcome audit = aipchain({"audit", run, "--openings", run + "/openings"});
  CAPTURE(audit.output);
  CHECK(audit.code == 0);
  CHECK(test::slurp(run + "/report.html").find("EUR of it to homes for measures and relief") !=
        std::string::npos);
}
