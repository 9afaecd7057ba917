// Runs of a congestion ladder against none, worked by hand.

#include <doctest/doctest.h>

#include "tests/support/made_up_ladder.hpp"
#include "twin/ladder/ladder_comparison.hpp"

TEST_CASE("The interval of a mean, worked by hand") {
  const twin::Estimate e = twin::estimate_of({1, 2, 3, 4});
  CHECK(e.mean == doctest::Approx(2.5));
  // s = 1.29099, t(0.975, 3) = 3.1824: +- 2.0543
  CHECK(*e.low == doctest::Approx(2.5 - 2.0543).epsilon(1e-4));
  CHECK(*e.high == doctest::Approx(2.5 + 2.0543).epsilon(1e-4));
  CHECK(!twin::estimate_of({7}).low);
  CHECK(twin::student_t_975(40) == doctest::Approx(2.0211).epsilon(1e-4));
  CHECK(twin::student_t_975(120) == doctest::Approx(1.9799).epsilon(1e-4));
}

TEST_CASE("Shifted energy is what went from some slots to others") {
  twin::LadderRun none, run;
  none.slot_wh = {1000, 5000, 1000};
  run.slot_wh = {1500, 3000, 2000};
  CHECK(twin::shifted_kwh(run, none) == doctest::Approx(1.5));
  CHECK(twin::shifted_kwh(none, none) == 0);
}

TEST_CASE("What was drawn less by the end is told apart, and its parts sum up to it") {
  twin::LadderRun none = test::idle_run(), run = test::idle_run();
  none.figures["consumed_kwh"] = 100;
  none.figures["generated_kwh"] = 40;
  none.figures["stored_delta_kwh"] = 5;
  none.figures["storage_losses_kwh"] = 2;
  run.figures["consumed_kwh"] = 88;  // 3 kWh were shed or never reached a car
  run.figures["unserved_kwh"] = 3;
  run.figures["generated_kwh"] = 34;  // 6 kWh were held back
  run.figures["stored_delta_kwh"] = 4;
  run.figures["storage_losses_kwh"] = 2.5;
  const twin::EnergyGap gap = twin::energy_gap(run, none);
  CHECK(gap.left_undone_kwh == doctest::Approx(9));
  CHECK(gap.never_served_kwh == doctest::Approx(3));
  CHECK(gap.emptier_batteries_kwh == doctest::Approx(1));
  CHECK(gap.held_back_pv_kwh == doctest::Approx(-6));
  CHECK(gap.storage_losses_kwh == doctest::Approx(-0.5));
  CHECK(gap.beyond_end_kwh() == doctest::Approx(10));
  // Net of both: 100 + 5 + 2 - 40 against 88 + 4 + 2.5 - 34.
  CHECK(gap.sum_kwh() == doctest::Approx(67 - 60.5));
}

TEST_CASE("A run that ends before its cars are charged has saved nothing: it leaves that undone") {
  twin::LadderRuns all;
  all.seeds = {1};
  all.variants = {"none", "dimming-14a"};
  twin::LadderRun none = test::idle_run(), dimmed = test::idle_run();
  none.figures["consumed_kwh"] = 30;
  none.slot_wh = {10'000, 20'000};
  dimmed.figures["consumed_kwh"] = 18;
  dimmed.figures["generated_kwh"] = -2;  // held back
  dimmed.slot_wh = {8'000, 10'000};
  all.runs = {{none}, {dimmed}};
  twin::compare_with_none(all);
  const auto& figures = all.runs[1][0].figures;
  CHECK(figures.at("shifted_kwh") == 0);  // no slot drew more
  CHECK(figures.at("beyond_end_kwh") == doctest::Approx(12));
  CHECK(figures.at("drawn_less_kwh") == doctest::Approx(10));
  CHECK(all.runs[0][0].figures.at("beyond_end_kwh") == 0);
}

TEST_CASE(
    "An element is worse by minutes or by energy above its limit, and not by a step's noise") {
  twin::LadderRuns all = test::made_up_ladder(1);
  auto& none = all.runs[0][0].outside;
  auto& rung = all.runs[1][0].outside;
  none = {{"a", {4, 1}}, {"b", {4, 1}}, {"c", {4, 1}}, {"d", {4, 1}}};
  rung = {{"a", {4.01, 1}}, {"b", {3, 1.01}}, {"c", {4.001, 1.0005}}, {"e", {0.5, 0}}};
  std::vector<std::string> names;
  for (const twin::Worse& w : twin::worse_elements(all, 1)) names.push_back(w.element);
  CHECK(names == std::vector<std::string>{"a", "b", "e"});
  CHECK(twin::seeds_with_worse(all, 1) == 1);
}

TEST_CASE("A trade-off names what one has less of and what the other has") {
  const twin::LadderRuns all = test::made_up_ladder();
  // Dimming leaves more kWh than flexibility and costs more; its limits are less unequal.
  const twin::TradeOff t = twin::trade_off(all, 1, 2);
  CHECK(t.better == std::vector<std::size_t>{6});
  CHECK(t.worse == std::vector<std::size_t>{0, 5});
  CHECK(twin::trade_off(all, 2, 1).better == t.worse);
  CHECK(twin::trade_off(all, 1, 1) == twin::TradeOff{});
  CHECK(*twin::eur_per_avoided_hour(all, 1) ==
        doctest::Approx(6 / ((60 + 61 + 62 - 33 - 33.55 - 34.1) / 3 / 60)));
}

TEST_CASE("Means that look the same are the same to who weighs them") {
  twin::LadderRuns all = test::made_up_ladder(1);
  all.runs[2][0].figures = all.runs[1][0].figures;
  all.runs[2][0].figures["cold_kelvin_hours"] = 0.04;
  all.runs[2][0].figures["curtailed_kwh"] = 0.04;
  CHECK(twin::trade_off(all, 1, 2) == twin::TradeOff{});
  CHECK(twin::beaten_by(all, 2).empty());
  CHECK(twin::rank_of(all, 2, twin::criteria[4]) == 1);
  all.runs[2][0].figures["cold_kelvin_hours"] = 0.06;
  CHECK(twin::beaten_by(all, 2) == std::vector<std::string>{"dimming-14a"});
  CHECK(twin::rank_of(all, 2, twin::criteria[4]) == 3);
}
