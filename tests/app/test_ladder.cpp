// A congestion ladder in a run, and `aipchain ladder`, as users call them: a street whose small
// transformer carries neither its evening nor its noon.

#include <array>
#include <cmath>
#include <cstdio>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/evening_street.hpp"
#include "tests/app/reader_cases.hpp"
#include "tests/app/short_run.hpp"
#include "twin/ladder/ladder_comparison.hpp"
#include "twin/store/run_reader.hpp"

using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;

namespace {

const std::string street = test::evening_street + R"(
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

json summary_of(const Folder& folder, const std::string& variant, int seed) {
  return json::parse(
      test::slurp(folder.at("out/" + variant + "/seed-" + std::to_string(seed) + "/summary.json")));
}

json rungs_in(const Folder& folder, const std::string& variant, int seed) {
  return summary_of(folder, variant, seed)["congestion"]["rungs"];
}

std::vector<std::string> variants_in(const json& table) {
  std::vector<std::string> names;
  for (const json& v : table["variants"]) names.push_back(v["name"]);
  return names;
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
  // Who was limited finds it in what it can export.
  std::size_t measures = 0;
  for (const json& account : one["accounts"]) {
    const Outcome exported = aipchain({"export", folder.at("one"), "--account", account});
    REQUIRE(exported.code == 0);
    const json all = json::parse(exported.output);
    for (const json& m : all["grid_measures"]) {
      ++measures;
      CHECK((m["rung"] == "dimming-14a" || m["rung"] == "curtailment"));
      CHECK(m["reason"].is_string());
      CHECK(m["minutes"] > 0);
    }
  }
  CHECK(measures >= one["congestion"]["limited"]["homes"].get<std::size_t>());
  const std::string page = test::slurp(folder.path() / "one/report.html");
  CHECK(page.find("id=\"congestion\"") != std::string::npos);
  CHECK(page.find("dimming-14a") != std::string::npos);
  CHECK(page.find("id=\"market\"") != std::string::npos);
  CHECK(page.find("aipchain ladder runs none, each and all") != std::string::npos);
}

TEST_CASE("`ladder` runs none, each rung and all on the same seeds and prints one table") {
  const Folder folder;
  folder.write("scenario.toml", street);
  const Outcome outcome =
      aipchain({"ladder", folder.at("scenario.toml"), "--seeds", "2", "--out", folder.at("out"),
                "--set", "time.duration=90m", "--json", "--quiet"});
  CAPTURE(outcome.errors);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.errors.empty());
  const json table = json::parse(outcome.output);
  CHECK(table["seeds"] == json{2, 3});
  CHECK(variants_in(table) ==
        std::vector<std::string>{"none", "dimming-14a", "curtailment", "all"});
  CHECK(rungs_in(folder, "none", 2) == json{"none"});
  CHECK(rungs_in(folder, "dimming-14a", 3) == json{"dimming-14a"});
  CHECK(rungs_in(folder, "all", 2) == json{"dimming-14a", "curtailment"});

  const auto minutes = [&](std::size_t v) {
    return table["variants"][v]["figures"]["overload_minutes"]["mean"].get<double>();
  };
  const json& dimming = table["variants"][1];
  CHECK(minutes(1) < minutes(0));
  CHECK(dimming["against_none"]["overload_minutes"]["mean"].get<double>() ==
        doctest::Approx(minutes(1) - minutes(0)));
  // Seeds in pairs, as the runs themselves tell them.
  std::vector<double> differences;
  for (const int seed : {2, 3})
    differences.push_back(
        summary_of(folder, "dimming-14a", seed)["grid"]["overload_minutes"].get<double>() -
        summary_of(folder, "none", seed)["grid"]["overload_minutes"].get<double>());
  const twin::Estimate by_hand = twin::estimate_of(differences);
  CHECK(dimming["against_none"]["overload_minutes"]["low"] == doctest::Approx(*by_hand.low));
  CHECK(dimming["figures"].contains("shifted_kwh"));

  // What is left in the directory says the same.
  CHECK(test::slurp(folder.path() / "out/ladder.json") == outcome.output);
  const std::string page = test::slurp(folder.path() / "out/report.html");
  CHECK(page.find("6 homes; market: uniform; seeds 2 to 3; set time.duration=90m") !=
        std::string::npos);
  std::array<char, 40> none_minutes{};
  bool are_whole = true;  // else all of the column have a decimal
  for (std::size_t v = 0; v < 4; ++v) are_whole &= std::round(minutes(v)) == minutes(v);
  std::snprintf(none_minutes.data(), none_minutes.size(), ">none</td><td>%.*f</td>",
                are_whole ? 0 : 1, minutes(0));
  CHECK(page.find(none_minutes.data()) != std::string::npos);
  CHECK(summary_of(folder, "none", 2)["congestion"]["ev_unmet_kwh"] == 0);
  // Cars are charging when the run ends: what dimming holds back until then is not saved.
  CHECK(dimming["figures"]["beyond_end_kwh"]["mean"].get<double>() >
        dimming["figures"]["shifted_kwh"]["mean"].get<double>());
  CHECK(dimming["figures"]["beyond_end_kwh"]["mean"] ==
        doctest::Approx(dimming["figures"]["drawn_less_kwh"]["mean"].get<double>()));
}

TEST_CASE("`ladder` compares the rungs that ladder.rungs chooses, in the order it states") {
  const Folder folder;
  folder.write("scenario.toml", street);
  const Outcome outcome = aipchain({"ladder", folder.at("scenario.toml"), "--out", folder.at("out"),
                                    "--set", "ladder.rungs=[\"curtailment\", \"dimming-14a\"]",
                                    "--until", "5m", "--json", "--quiet"});
  CAPTURE(outcome.errors);
  REQUIRE(outcome.code == 0);
  CHECK(variants_in(json::parse(outcome.output)) ==
        std::vector<std::string>{"none", "curtailment", "dimming-14a", "all"});
  CHECK(rungs_in(folder, "all", 2) == json{"curtailment", "dimming-14a"});
  // A scenario's own choice, too.
  folder.write("one.toml", street + std::string("[ladder]\nrungs = [\"curtailment\"]\n"));
  const Outcome one = aipchain(
      {"ladder", folder.at("one.toml"), "--out", folder.at("one"), "--until", "5m", "--quiet"});
  REQUIRE(one.code == 0);
  CHECK(one.output.ends_with("report: " + folder.at("one/report.html") + "\n"));
  CHECK(variants_in(json::parse(test::slurp(folder.path() / "one/ladder.json"))) ==
        std::vector<std::string>{"none", "curtailment"});
  CHECK(test::slurp(folder.path() / "one/report.html").find("One rung is compared") !=
        std::string::npos);
}

TEST_CASE("`ladder` says what is wrong with its options before the first run, in one line") {
  const Folder folder;
  folder.write("scenario.toml", street);
  const auto refused = [&](std::vector<std::string> more, const std::string& says) {
    std::vector<std::string> words{"ladder", folder.at("scenario.toml"), "--until", "1m"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = aipchain(words);
    CAPTURE(outcome.errors);
    CHECK(outcome.code == 2);
    CHECK(test::lines_of(outcome.errors).size() == 1);
    CHECK(outcome.errors.find(says) != std::string::npos);
  };
  refused({"--seed", "9223372036854775807", "--seeds", "2", "--out", folder.at("out")},
          "--seeds 2: the last one would be above 9223372036854775807");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out"));
  refused({"--out", "/proc/nowhere"}, "--out /proc/nowhere: cannot be made");
  refused({"--set", "ladder.rungs=none", "--out", folder.at("out")}, "that ladder.rungs chooses");
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

namespace {

// Two days with a static tariff: what it adds is due on import, by the hours of `told_eur`.
const char* const four_homes = R"(name = "four_homes"
seed = 1

[time]
start = "2026-04-14T00:00:00+02:00"
duration = "2d"
physics_step = "60s"
metering_interval = "60s"

[grid.generator]
homes = 4
branches = 1
transformer_kva = 100

[weather]
latitude_deg = 48.8
longitude_deg = 9.2
mean_temperature_c = 10
temperature_swing_k = 6
cloudiness = 0.3

[market]
mechanism = "retailer"

[ledger]
block_interval = "5m"
batch_interval = "5m"
gateways = 1

[oracle]
feeder_evidence = false

[consensus]
validators = 1

[[population]]
count = 4
schedule = "rule"
pv = { peak_kw = [6, 9] }
battery = { capacity_kwh = [6, 10] }
ev = { plug_kw = 11, daily_km = [40, 60] }

[[congestion]]
rung = "time-of-use"
high_from_h = 17
high_until_h = 21
high_eur_per_kwh = 0.1
low_from_h = 0
low_until_h = 6
low_eur_per_kwh = -0.05
)";

double told_eur(std::uint32_t slot, double import_kwh, double export_kwh) {
  const double hour = std::fmod(slot * 0.25, 24);
  const double added = 17 <= hour && hour < 21 ? 0.1 : hour < 6 ? -0.05 : 0;
  return import_kwh * (0.32 + added) - export_kwh * 0.08;
}

struct HomeOutcome {
  double eur = 0;         // at the prices that were told
  double stored_kwh = 0;  // at the end
};

std::vector<HomeOutcome> outcomes_of(const std::string& directory) {
  auto run = twin::RunReader::open(directory + "/run.db");
  REQUIRE(run);
  const std::vector<twin::HomeRow>& homes = run->description().homes;
  const auto last = run->snapshot_at(ledger::Instant{} + ledger::hours(48));
  REQUIRE(last);
  REQUIRE(last->has_value());
  std::vector<HomeOutcome> out(homes.size());
  for (std::uint32_t h = 0; h < out.size(); ++h) {
    out[h].stored_kwh = (*last)->home_battery[h] * homes[h].battery_wh / 1000;
    const auto statements = run->statements(h);
    REQUIRE(statements);
    for (const twin::StatementRow& s : *statements)
      out[h].eur += told_eur(s.slot, static_cast<double>(s.import_wh) / 1000,
                             static_cast<double>(s.export_wh) / 1000);
  }
  return out;
}

}  // namespace

TEST_CASE("With exact plans no home pays more for two days of a tariff than by the rule") {
  const Folder folder;
  folder.write("scenario.toml", four_homes);
  for (const std::string seed : {"1", "2"}) {
    std::map<std::string, std::vector<HomeOutcome>> by;
    for (const std::string schedule : {"rule", "optimal"}) {
      const json summary = run_of(folder, schedule + seed,
                                  {"--seed", seed, "--set", "population.0.schedule=" + schedule});
      CHECK(summary["congestion"]["ev_unmet_kwh"] < 0.1);
      by[schedule] = outcomes_of(folder.at(schedule + seed));
    }
    REQUIRE(by["rule"].size() == 4);
    double gained_eur = 0;
    for (std::size_t h = 0; h < 4; ++h) {
      // What the rule has left in the battery can be had again at the cheapest price.
      const double left_kwh = std::max(0.0, by["rule"][h].stored_kwh - by["optimal"][h].stored_kwh);
      CAPTURE(h);
      const double exact_eur = by["optimal"][h].eur + left_kwh * 0.27 / 0.95;
      CHECK(exact_eur <= by["rule"][h].eur);
      gained_eur += by["rule"][h].eur - exact_eur;
    }
    CHECK(gained_eur > 2);
  }
}

TEST_CASE("What a price rung adds to the grid fee stands on the ledger, in bills and in receipts") {
  const Folder folder;
  std::string without_pv = test::short_scenario;
  without_pv.replace(without_pv.find("share = 0.5, peak_kw"), 11, "share = 0");
  folder.write("dear.toml", without_pv +
                                "[[congestion]]\nrung = \"time-of-use\"\nhigh_from_h = 0\n"
                                "high_until_h = 24\nhigh_eur_per_kwh = 0.07\n");
  const Outcome run =
      aipchain({"run", folder.at("dear.toml"), "--out", folder.at("out"), "--json", "--quiet"});
  CAPTURE(run.errors);
  REQUIRE(run.code == 0);
  const json summary = json::parse(run.output);
  CHECK(summary.at("/market/money_residual_eur"_json_pointer) == 0);
  CHECK(aipchain({"audit", folder.at("out"), "--openings", folder.at("out") + "/openings"}).code ==
        0);
  std::size_t billed = 0;
  for (const auto& account : summary.at("accounts"))
    for (const char* slot : {"0", "3"}) {
      const Outcome receipt = aipchain(
          {"receipt", folder.at("out"), "--account", account.get<std::string>(), "--slot", slot});
      REQUIRE(receipt.code == 0);
      CHECK(test::verdict_of(receipt.output) == "");
      const json r = json::parse(receipt.output);
      CHECK(r.contains("fees") == (slot[0] == '3'));
      json bare = r;  // without the entry genesis' fee would hold
      bare.erase("fees");
      billed += r.contains("fees") && test::verdict_of(bare.dump() + "\n") == "tariff";
    }
  CHECK(billed > 0);
}
