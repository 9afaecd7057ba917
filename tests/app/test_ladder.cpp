// A congestion ladder in a run, and `aipchain ladder`, as users call them: a street whose small
// transformer carries neither its evening nor its noon.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "app/ladder_table.hpp"
#include "app/paired_difference.hpp"
#include "tests/app/short_run.hpp"

using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;

namespace {

// Evening, cars come home.
const char* const street = R"(name = "street"
seed = 2

[time]
start = "2026-04-14T17:00:00+02:00"
duration = "2h"
physics_step = "60s"
metering_interval = "60s"

[grid.generator]
homes = 6
branches = 2
transformer_kva = 25

[ledger]
block_interval = "60s"
gateways = 2

[oracle]
feeder_evidence = false

[consensus]
validators = 1

[[population]]
count = 6
ev = { plug_kw = 11, daily_km = [50, 70] }

[[congestion]]
rung = "dimming-14a"

[[congestion]]
rung = "curtailment"
)";

json run_of(const Folder& folder, const std::string& out, std::vector<std::string> more) {
  std::vector<std::string> words{
      "run", folder.at("scenario.toml"), "--out", folder.at(out), "--json", "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = aipchain(words);
  CAPTURE(outcome.errors);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.output);
}

}  // namespace

TEST_CASE(
    "A ladder relieves the transformer, says whom it limited, and does not depend on threads") {
  const Folder folder;
  folder.write("scenario.toml", street);
  const json none = run_of(folder, "none", {"--set", "ladder.rungs=none"});
  const json one = run_of(folder, "one", {"--threads", "1"});
  const json two = run_of(folder, "two", {"--threads", "2"});
  CHECK(one["result_hash"] == two["result_hash"]);

  CHECK(none["grid"]["overload_minutes"] > 20);
  CHECK(none["congestion"]["by_rung"].empty());
  CHECK(none["congestion"]["limited"]["homes"] == 0);
  CHECK(one["grid"]["overload_minutes"].get<double>() <
        none["grid"]["overload_minutes"].get<double>() / 2);
  CHECK(one["congestion"]["by_rung"].contains("dimming-14a"));
  CHECK(one["congestion"]["held_back_kwh"] > 1);
  CHECK(one["congestion"]["limited"]["homes"] > 0);
  CHECK(one["energy"]["consumed_kwh"] < none["energy"]["consumed_kwh"]);
  REQUIRE(!none["grid"]["elements"].empty());
  CHECK(none["grid"]["elements"].back()["name"] == "transformer");

  // What was done to homes stands on the ledger, which holds.
  CHECK(one["congestion"]["slots_acted"] > 0);
  CHECK(one["congestion"]["slots_recorded"] == one["congestion"]["slots_acted"]);
  CHECK(one["ledger"]["refused"] == 0);
  const Outcome audit =
      aipchain({"audit", folder.at("one"), "--openings", folder.at("one/openings")});
  CAPTURE(audit.output);
  CHECK(audit.code == 0);
  const std::string page = test::slurp(folder.path() / "one/report.html");
  CHECK(page.find("id=\"congestion\"") != std::string::npos);
  CHECK(page.find("dimming-14a") != std::string::npos);
  CHECK(page.find("id=\"market\"") != std::string::npos);
}

TEST_CASE("`ladder` runs none, each rung and all on the same seeds and prints one table") {
  const Folder folder;
  folder.write("scenario.toml", street);
  const Outcome outcome =
      aipchain({"ladder", folder.at("scenario.toml"), "--seeds", "2", "--out", folder.at("out"),
                "--set", "time.duration=1h", "--json", "--quiet"});
  CAPTURE(outcome.errors);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.errors.empty());
  const json table = json::parse(outcome.output);
  CHECK(table["seeds"] == json{2, 3});
  std::vector<std::string> names;
  for (const json& v : table["variants"]) names.push_back(v["name"]);
  CHECK(names == std::vector<std::string>{"none", "dimming-14a", "curtailment", "all"});
  const json& dimming = table["variants"][1];
  const json& minutes = dimming["against_none"]["overload_minutes"];
  CHECK(minutes["low"] <= minutes["mean"]);
  CHECK(minutes["mean"] <= minutes["high"]);
  CHECK(dimming["figures"].contains("shifted_kwh"));
  CHECK(dimming.contains("worse"));
}

TEST_CASE("`ladder` refuses a scenario without rungs, and a folder in use") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const Outcome without = aipchain({"ladder", folder.at("scenario.toml")});
  CHECK(without.code == 2);
  CHECK(without.errors.find("[[congestion]]") != std::string::npos);
  folder.write("street.toml", street);
  const Outcome used = aipchain({"ladder", folder.at("street.toml"), "--out", folder.at("")});
  CHECK(used.code == 2);
}

TEST_CASE("The interval of a mean, worked by hand") {
  const app::Estimate e = app::estimate_of({1, 2, 3, 4});
  CHECK(e.mean == doctest::Approx(2.5));
  // s = 1.29099, t(0.975, 3) = 3.1824: +- 2.0543
  CHECK(*e.low == doctest::Approx(2.5 - 2.0543).epsilon(1e-4));
  CHECK(*e.high == doctest::Approx(2.5 + 2.0543).epsilon(1e-4));
  CHECK(!app::estimate_of({7}).low);
  CHECK(app::student_t_975(40) == doctest::Approx(2.0211).epsilon(1e-4));
  CHECK(app::student_t_975(120) == doctest::Approx(1.9799).epsilon(1e-4));
}

TEST_CASE("Shifted energy is what went from some slots to others") {
  app::LadderRun none, run;
  none.slot_wh = {1000, 5000, 1000};
  run.slot_wh = {1500, 3000, 2000};
  CHECK(app::shifted_kwh(run, none) == doctest::Approx(1.5));
  CHECK(app::shifted_kwh(none, none) == 0);
}
