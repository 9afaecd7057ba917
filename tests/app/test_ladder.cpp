// A congestion ladder in a run, and `aipchain ladder`, as users call them: a street whose small
// transformer carries neither its evening nor its noon.

#include <cmath>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "app/ladder_table.hpp"
#include "app/paired_difference.hpp"
#include "tests/app/reader_cases.hpp"
#include "tests/app/short_run.hpp"
#include "twin/store/run_reader.hpp"

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
  const app::Estimate by_hand = app::estimate_of(differences);
  CHECK(dimming["against_none"]["overload_minutes"]["low"] == doctest::Approx(*by_hand.low));
  CHECK(dimming["figures"].contains("shifted_kwh"));
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
  const Outcome one = aipchain({"ladder", folder.at("one.toml"), "--out", folder.at("one"),
                                "--until", "5m", "--json", "--quiet"});
  REQUIRE(one.code == 0);
  CHECK(variants_in(json::parse(one.output)) == std::vector<std::string>{"none", "curtailment"});
}

TEST_CASE("An element that a rung makes worse is named, and seeds in which one is are counted") {
  app::LadderRun none, worse;
  for (const char* figure : {"overload_minutes", "overload_kwh", "voltage_minutes", "shifted_kwh",
                             "curtailed_kwh", "shed_kwh", "ev_unmet_kwh", "cold_kelvin_hours",
                             "cost_eur", "limited_homes", "limited_gini", "rebound_kw", "bill_eur",
                             "operator_got_eur", "operator_paid_eur", "owed_eur", "capacity_eur"})
    none.figures[figure] = worse.figures[figure] = 0;
  none.minutes_outside = {{"cable 3", 4}, {"transformer", 60}};
  worse.minutes_outside = {{"cable 3", 6.5}, {"home 2", 1}, {"transformer", 10}};
  const app::LadderRuns runs{
      "street", {7, 8, 9}, {"none", "envelopes"}, {{none, none, none}, {worse, none, worse}}};
  const std::string text = app::ladder_text(runs);
  CAPTURE(text);
  CHECK(text.find("envelopes makes cable 3 worse (seed 7): 4.0 to 6.5 minutes outside\n"
                  "envelopes makes home 2 worse (seed 7): 0.0 to 1.0 minutes outside\n"
                  "envelopes makes cable 3 worse (seed 9): 4.0 to 6.5 minutes outside\n") !=
        std::string::npos);
  CHECK(text.find("makes transformer worse") == std::string::npos);
  const auto lines = test::lines_of(text);
  CHECK(lines.at(1).ends_with("EUR an avoided hour  worse in"));
  CHECK(lines.at(3).ends_with(" 2"));
  const json worse_ones = json::parse(app::ladder_json(runs))["variants"][1]["worse"];
  CHECK(worse_ones.size() == 4);
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

TEST_CASE(
    "Who pays more than without measures is counted by home, with and without what it is owed") {
  const auto run = [](std::vector<double> bills, std::vector<double> owed) {
    app::LadderRun r;
    for (const char* figure :
         {"overload_minutes", "overload_kwh", "voltage_minutes", "curtailed_kwh", "shed_kwh",
          "ev_unmet_kwh", "cold_kelvin_hours", "cost_eur", "limited_homes", "limited_gini",
          "rebound_kw", "operator_got_eur", "operator_paid_eur", "capacity_eur"})
      r.figures[figure] = 0;
    for (const double b : bills) r.figures["bill_eur"] += b / static_cast<double>(bills.size());
    for (const double o : owed) r.figures["owed_eur"] += o;
    r.bill_eur = std::move(bills);
    r.owed_eur = std::move(owed);
    return r;
  };
  app::LadderRuns all{"street", {1, 2}, {"none", "flexibility"}, {}};
  all.runs = {{run({5, -1, 2}, {0, 0, 0}), run({5, 5, 5}, {0, 0, 0})},
              {run({5.6, -0.7, 2.005}, {0.1, 0.5, 0}), run({5, 5, 4}, {0, 0, 3})}};
  app::compare_with_none(all);
  CHECK(all.runs[1][0].figures.at("homes_paying_more") == 2);  // by half a cent is by none
  CHECK(all.runs[1][0].figures.at("largest_loss_eur") == doctest::Approx(0.6));
  CHECK(all.runs[1][0].figures.at("homes_paying_more_with_owed") == 1);
  CHECK(all.runs[1][1].figures.at("homes_paying_more") == 0);
  CHECK(all.runs[1][1].figures.at("largest_loss_eur") == 0);
  const json flexibility = json::parse(app::ladder_json(all))["variants"][1];
  CHECK(flexibility["figures"]["homes_paying_more"]["mean"] == 1);
  CHECK(flexibility["against_none"]["bill_eur"]["mean"].get<double>() ==
        doctest::Approx((0.905 / 3 - 1.0 / 3) / 2));
  CHECK(flexibility["against_none"]["bill_eur"].contains("low"));
  const std::string text = app::ladder_text(all);
  CAPTURE(text);
  CHECK(text.find("who pays") != std::string::npos);
  CHECK(text.find("on no account of the ledger") != std::string::npos);
  // Where summaries list no single homes, nobody is counted.
  all.runs[1][0].bill_eur.clear();
  CHECK(!app::losers(all.runs[1][0], all.runs[0][0]));
}

TEST_CASE("Each rung is weighed against the others, and who is better all round is named") {
  app::LadderRuns all;
  all.scenario = "street";
  all.seeds = {1, 2};
  all.variants = {"none", "envelopes", "curtailment", "flexibility"};
  const auto run = [](double overload_kwh, double unmet_kwh, double eur) {
    app::LadderRun r;
    for (const char* figure :
         {"overload_minutes", "voltage_minutes", "shifted_kwh", "curtailed_kwh", "shed_kwh",
          "cold_kelvin_hours", "limited_homes", "limited_gini", "rebound_kw", "bill_eur",
          "operator_got_eur", "operator_paid_eur", "owed_eur", "capacity_eur"})
      r.figures[figure] = 0;
    r.figures["overload_kwh"] = overload_kwh;
    r.figures["ev_unmet_kwh"] = unmet_kwh;
    r.figures["cost_eur"] = eur;
    return r;
  };
  all.runs = {{run(9, 0, 0), run(11, 0, 0)},
              {run(1, 4, 0), run(3, 4, 0)},
              {run(2, 4, 5), run(2, 6, 5)},
              {run(5, 0, 7), run(5, 0, 7)}};
  const json table = json::parse(app::ladder_json(all));
  CHECK(table["variants"][1]["beaten_by"].empty());
  CHECK(table["variants"][2]["beaten_by"] == json{"envelopes"});
  CHECK(table["variants"][3]["beaten_by"].empty());  // least unmet
  CHECK(table["variants"][1]["ranks"]["overload_kwh"] == 1);
  CHECK(table["variants"][2]["ranks"]["overload_kwh"] == 1);
  CHECK(table["variants"][3]["ranks"]["overload_kwh"] == 3);
  CHECK(table["variants"][2]["ranks"]["ev_unmet_kwh"] == 3);
  CHECK(!table["variants"][0].contains("ranks"));
  const std::string text = app::ladder_text(all);
  CHECK(text.find("curtailment: overload kWh 2.00 (1), voltage min 0 (1), EV unmet kWh 5.00 (3)") !=
        std::string::npos);
  CHECK(text.find("Gini 0.00 (1); better all round: envelopes\n") != std::string::npos);
  CHECK(text.find("Gini 0.00 (1); none is better all round\n") != std::string::npos);
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
