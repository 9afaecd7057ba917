// What `ladder` prints of made-up runs: tables and JSON.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "app/ladder_json.hpp"
#include "app/ladder_text.hpp"
#include "tests/app/short_run.hpp"
#include "tests/support/made_up_ladder.hpp"
#include "twin/ladder/ladder_comparison.hpp"

using nlohmann::json;

TEST_CASE("An element that a rung makes worse is named, and seeds in which one is are counted") {
  twin::LadderRun none = test::idle_run(), worse = test::idle_run();
  none.outside = {{"cable 3", {4, 0.1}}, {"cable 4", {9, 2}}, {"transformer", {60, 8}}};
  worse.outside = {
      {"cable 3", {6.5, 0.1}}, {"cable 4", {3, 2.5}}, {"home 2", {1, 0}}, {"transformer", {10, 1}}};
  twin::LadderRuns runs;
  runs.seeds = {7, 8, 9};
  runs.variants = {"none", "envelopes"};
  runs.runs = {{none, none, none}, {worse, none, worse}};
  const std::string text = app::ladder_text(runs);
  CAPTURE(text);
  CHECK(text.find("envelopes makes cable 3 worse (seed 7): 4.0 to 6.5 minutes outside, "
                  "0.10 to 0.10 kWh above its limit\n"
                  "envelopes makes cable 4 worse (seed 7): 9.0 to 3.0 minutes outside, "
                  "2.00 to 2.50 kWh above its limit\n"
                  "envelopes makes home 2 worse (seed 7): 0.0 to 1.0 minutes outside\n"
                  "envelopes makes cable 3 worse (seed 9)") != std::string::npos);
  CHECK(text.find("makes transformer worse") == std::string::npos);
  const auto lines = test::lines_of(text);
  CHECK(lines.at(1).ends_with("EUR an avoided hour  worse in"));
  CHECK(lines.at(3).ends_with(" 2"));
  const json worse_ones = json::parse(app::ladder_json(runs))["variants"][1]["worse"];
  CHECK(worse_ones.size() == 6);
  CHECK(worse_ones[1]["overload_kwh"] == 2.5);
  CHECK(worse_ones[1]["overload_kwh_without"] == 2);
}

TEST_CASE("Who pays more than without measures is counted by home") {
  const auto run = [](std::vector<double> bills) {
    twin::LadderRun r = test::idle_run();
    for (const double b : bills) r.figures["bill_eur"] += b / static_cast<double>(bills.size());
    r.bill_eur = std::move(bills);
    return r;
  };
  twin::LadderRuns all;
  all.seeds = {1, 2};
  all.variants = {"none", "flexibility"};
  all.runs = {{run({5, -1, 2}), run({5, 5, 5})}, {run({5.6, -0.7, 2.005}), run({5, 5, 4})}};
  twin::compare_with_none(all);
  CHECK(all.runs[1][0].figures.at("homes_paying_more") == 2);  // by half a cent is by none
  CHECK(all.runs[1][0].figures.at("largest_loss_eur") == doctest::Approx(0.6));
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
  // Where summaries list no single homes, nobody is counted.
  all.runs[1][0].bill_eur.clear();
  CHECK(!twin::losers(all.runs[1][0], all.runs[0][0]));
}

TEST_CASE("Each rung is weighed against the others, and who is better all round is named") {
  twin::LadderRuns all;
  all.scenario = "street";
  all.seeds = {1, 2};
  all.variants = {"none", "envelopes", "curtailment", "flexibility"};
  const auto run = [](double overload_kwh, double unmet_kwh, double eur) {
    twin::LadderRun r = test::idle_run();
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
