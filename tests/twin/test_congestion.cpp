// The rungs of the congestion ladder, each on situations made by hand; and on a generated feeder
// where a power flow is asked.

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "twin/congestion/congestion_figures.hpp"
#include "twin/congestion/dimming_14a.hpp"
#include "twin/congestion/rung.hpp"
#include "twin/grid/model/feeder_generator.hpp"

using namespace twin;
using Kind = RungSpec::Kind;

namespace {

constexpr double per_w = 1e-5;  // 100 kW are the rating

LadderPlan empty_plan(std::size_t homes) {
  LadderPlan plan;
  plan.limits.resize(homes);
  plan.change_w.resize(homes);
  plan.fees.resize(96);
  return plan;
}

RungSpec spec_of(Kind kind) {
  RungSpec spec;
  spec.kind = kind;
  spec.max_loading = 1;
  return spec;
}

// Two homes with cars, one with heat alone, one without anything to steer; a transformer that all
// of them load alike.
Situation evening(double loading) {
  Situation s;
  s.homes.resize(4);
  for (HomeView& h : s.homes) h.load_w = h.net_w = 1000;
  for (const std::size_t h : {0u, 1u}) {
    s.homes[h].controllable_w = 11000;
    s.homes[h].net_w = 12000;
    s.homes[h].least_controllable_w = 4200;
    s.homes[h].down_w = 11000;
    s.homes[h].ask_eur_per_kwh = h == 0 ? 0.1 : 0.2;
  }
  s.homes[2].controllable_w = 3000;
  s.homes[2].net_w = 4000;
  s.constraints.push_back(
      {Congested::loading, 7, "transformer", loading, 1, std::vector<double>(4, per_w)});
  s.loading = {loading};
  return s;
}

// What is expected of the constraint with the plan.
double value_of(const Constraint& c, const LadderPlan& plan) {
  double value = c.value;
  for (std::size_t h = 0; h < c.per_w.size(); ++h) value += c.per_w[h] * plan.change_w[h];
  return value;
}

LadderPlan after(Kind kind, const Situation& s) {
  LadderPlan plan = empty_plan(s.homes.size());
  make_rung(spec_of(kind), 0.08)->act(s, plan);
  return plan;
}

}  // namespace

TEST_CASE(
    "What a dimmed home keeps: 4.2 kW, the simultaneity of several, 40 % of large heat pumps") {
  CHECK(least_controllable_w(0, 0) == 0);
  CHECK(least_controllable_w(1, 0) == 4200);
  CHECK(least_controllable_w(2, 0) == doctest::Approx(7560));
  CHECK(least_controllable_w(3, 0) == doctest::Approx(4200 + 2 * 0.75 * 4200));
  CHECK(least_controllable_w(9, 0) == doctest::Approx(4200 + 8 * 0.45 * 4200));
  CHECK(least_controllable_w(20, 0) == doctest::Approx(4200 + 19 * 0.45 * 4200));
  CHECK(least_controllable_w(1, 11'000) == 4200);
  CHECK(least_controllable_w(1, 20'000) == doctest::Approx(8000));
  ai::HomeDevices d;
  d.ev_w = 4200;  // just not
  d.battery_w = 5000;
  d.heat_pump_w = 4300;
  CHECK(controllable_devices(d) == 2);
}

TEST_CASE("Nothing is over: no rung limits anybody") {
  for (const Kind kind :
       {Kind::dimming_14a, Kind::envelopes, Kind::flexibility, Kind::curtailment}) {
    const LadderPlan plan = after(kind, evening(0.99));
    CHECK(plan.measures.empty());
    CHECK(std::none_of(plan.limits.begin(), plan.limits.end(),
                       [](const ai::HomeLimits& l) { return l.any(); }));
  }
}

TEST_CASE("Dimming takes as little as suffices, alike of all, and never below what is guaranteed") {
  const Situation little = evening(1.05);
  const LadderPlan plan = after(Kind::dimming_14a, little);
  CHECK(value_of(little.constraints[0], plan) == doctest::Approx(1).epsilon(1e-6));
  CHECK(plan.limits[0].controllable_w == doctest::Approx(8500).epsilon(1e-4));  // half of 5 kW each
  CHECK(plan.limits[1].controllable_w == doctest::Approx(8500).epsilon(1e-4));
  CHECK(!plan.limits[2].any());
  CHECK(!plan.limits[3].any());
  REQUIRE(plan.measures.size() == 1);
  CHECK(plan.measures[0].homes.size() == 2);
  CHECK(plan.measures[0].element_name == "transformer");
  CHECK(plan.measures[0].before == doctest::Approx(1.05));

  const Situation much = evening(2);
  const LadderPlan all = after(Kind::dimming_14a, much);
  CHECK(all.limits[0].controllable_w == doctest::Approx(4200));
  CHECK(value_of(much.constraints[0], all) == doctest::Approx(2 - 13600 * per_w));
}

TEST_CASE("A home that hardly moves the element is left alone") {
  Situation s = evening(1.05);
  s.constraints[0].per_w[1] = per_w / 100;
  const LadderPlan plan = after(Kind::dimming_14a, s);
  CHECK(!plan.limits[1].any());
  CHECK(plan.limits[0].controllable_w == doctest::Approx(6000).epsilon(1e-4));
}

TEST_CASE("Feed-in is limited where feed-in is what overloads") {
  Situation s = evening(1.1);
  for (std::size_t h = 0; h < 4; ++h) {
    s.constraints[0].per_w[h] = -per_w;
    s.homes[h] = {};
    s.homes[h].pv_w = h == 3 ? 0 : 8000;
    s.homes[h].net_w = -s.homes[h].pv_w;
  }
  const LadderPlan cut = after(Kind::curtailment, s);
  CHECK(cut.limits[0].pv_w == doctest::Approx(8000 - 10000.0 / 3).epsilon(1e-4));
  CHECK(!cut.limits[3].any());
  REQUIRE(cut.measures.size() == 1);
  CHECK(cut.measures[0].eur_per_hour == doctest::Approx(10 * 0.08).epsilon(1e-4));
  double owed = 0;
  for (const LimitedHome& h : cut.measures[0].homes) owed += h.owed_eur_per_hour;
  CHECK(owed == doctest::Approx(10 * 0.08).epsilon(1e-4));
  CHECK(after(Kind::dimming_14a, s).measures.empty());
}

TEST_CASE(
    "Curtailment stops devices in turn before it sheds load, and sheds one share everywhere") {
  const Situation s = evening(1.1);
  const LadderPlan devices = after(Kind::curtailment, s);
  CHECK(devices.limits[0].controllable_w == doctest::Approx(1000).epsilon(1e-3));
  CHECK(!devices.limits[1].any());
  CHECK(devices.limits[3].load_w == ai::no_limit);
  Situation next = s;  // another begins
  next.slot = {1};
  const LadderPlan turned = after(Kind::curtailment, next);
  CHECK(!turned.limits[0].any());
  CHECK(turned.limits[1].controllable_w == doctest::Approx(1000).epsilon(1e-3));
  const Situation worse = evening(1.27);
  const LadderPlan shed = after(Kind::curtailment, worse);
  CHECK(shed.limits[0].controllable_w == doctest::Approx(0));
  CHECK(shed.limits[0].load_w == doctest::Approx(500).epsilon(1e-3));
  CHECK(shed.limits[3].load_w == doctest::Approx(500).epsilon(1e-3));
}

TEST_CASE("A voltage that is too low wants less, one that is too high wants more") {
  Situation s = evening(0.5);
  s.constraints = {{Congested::low_voltage, 3, "end", 0.89, 0.9, std::vector<double>(4, -1e-6)}};
  RungSpec spec = spec_of(Kind::dimming_14a);
  spec.voltage_margin_pu = 0;
  LadderPlan plan = empty_plan(4);
  make_rung(spec, 0)->act(s, plan);
  CHECK(plan.change_w[0] + plan.change_w[1] == doctest::Approx(-10000).epsilon(1e-4));
  s.constraints = {{Congested::high_voltage, 3, "end", 1.11, 1.1, std::vector<double>(4, -1e-6)}};
  s.homes[0].pv_w = 20000;
  LadderPlan cut = empty_plan(4);
  spec.kind = Kind::curtailment;
  make_rung(spec, 0)->act(s, cut);
  CHECK(cut.limits[0].pv_w == doctest::Approx(10000).epsilon(1e-4));
}

TEST_CASE("Each rung acts on what the ones before left over") {
  const Situation s = evening(1.2);
  LadderPlan plan = empty_plan(4);
  make_rung(spec_of(Kind::dimming_14a), 0.08)->act(s, plan);
  CHECK(value_of(s.constraints[0], plan) == doctest::Approx(1.2 - 13600 * per_w));
  make_rung(spec_of(Kind::curtailment), 0.08)->act(s, plan);
  CHECK(value_of(s.constraints[0], plan) == doctest::Approx(1).epsilon(1e-6));
  REQUIRE(plan.measures.size() == 2);
  CHECK(plan.measures[0].rung == Kind::dimming_14a);
  CHECK(plan.measures[1].before == doctest::Approx(1.2 - 13600 * per_w));
}

TEST_CASE("Tariffs: hours of the day, forecast loading") {
  Situation s = evening(0.5);
  s.hour_of_day = 16.5;
  LadderPlan plan = after(Kind::time_of_use, s);
  CHECK(plan.fees[0] == 0);
  CHECK(plan.fees[2] == 100'000);   // 17:00
  CHECK(plan.fees[17] == 100'000);  // 20:45
  CHECK(plan.fees[18] == 0);
  CHECK(plan.fees[30] == -50'000);  // midnight
  s.forecast_loading = {0.2, 0.5, 0.75, 1, 1.4};
  plan = after(Kind::dynamic_grid_fee, s);
  CHECK(std::vector<std::int64_t>(plan.fees.begin(), plan.fees.begin() + 6) ==
        std::vector<std::int64_t>{0, 0, 75'000, 150'000, 150'000, 0});
  CHECK(after(Kind::capacity_tariff, s).eur_per_kw == 4);
}

namespace {

// Eight homes on two branches behind a transformer, and what a power flow says of them.
struct Street {
  Network network;
  std::vector<std::uint32_t> connections;
  explicit Street(double transformer_kva = 400) {
    GeneratorSpec spec;
    spec.homes = 8;
    spec.branches = 2;
    spec.transformer_kva = transformer_kva;
    network = generate_feeder(spec, ledger::Rng(3).fork("feeder"));
    for (std::uint32_t c = 0; c < network.connections.size(); ++c) {
      connections.push_back(c);
      network.connections[c].phases = all_phases;
    }
  }
};

}  // namespace

TEST_CASE("Effects foresee what a power flow then says") {
  Street street;
  street.network.connections[1].phases = 0b010;  // so that one phase is the fullest
  const FeederModel model(street.network, street.connections);
  std::vector<double> home_w(8, 8000);
  const FeederModel::State before = model.solve(home_w);
  const auto effects = model.effects(home_w);
  REQUIRE(effects);
  for (std::size_t h = 0; h < 8; ++h) {
    std::vector<double> more_w = home_w;
    more_w[h] += 100;
    const FeederModel::State with = model.solve(more_w);
    for (std::size_t b = 0; b < model.branches(); ++b)
      CHECK(with.loading[b] - before.loading[b] ==
            doctest::Approx(100 * effects->loading[b][h]).epsilon(0.01).scale(1e-5));
    for (std::size_t v = 0; v < 8; ++v)
      CHECK(with.v_min_pu[v] - before.v_min_pu[v] ==
            doctest::Approx(100 * effects->v_pu[v][h]).epsilon(0.01).scale(1e-6));
  }
}

TEST_CASE("A feeder without a power flow has no effects, which is said") {
  const Street street;
  const FeederModel model(street.network, street.connections);
  const auto effects = model.effects(std::vector<double>(8, 1e7));
  REQUIRE_FALSE(effects);
  CHECK(effects.error().find("does not converge") != std::string::npos);
}

namespace {

// The street as the operator sees it: what homes would do, and what that makes of the transformer
// and the lines, `measured` times what the model says.
Situation situation_of(const FeederModel& model, std::span<const double> net_w, double max_loading,
                       double measured = 1) {
  Situation s;
  s.model = &model;
  s.max_loading = max_loading;
  const FeederModel::State state = model.solve(net_w);
  const auto effects = model.effects(net_w);
  REQUIRE(effects);
  for (const double w : net_w) {
    HomeView home;
    home.net_w = w;
    home.load_w = home.idle_w = home.least_w = std::max(0.0, w);
    home.down_w = std::max(0.0, w);
    home.pv_w = std::max(0.0, -w);
    s.homes.push_back(home);
  }
  for (std::size_t b = 0; b < state.loading.size(); ++b) {
    s.loading.push_back(measured * state.loading[b]);
    if (s.loading.back() > max_loading)
      s.constraints.push_back({Congested::loading, static_cast<std::uint32_t>(b),
                               model.branch_name(static_cast<std::uint32_t>(b)), s.loading.back(),
                               max_loading, effects->loading[b]});
  }
  s.v_min_pu = state.v_min_pu;
  s.v_max_pu = state.v_max_pu;
  return s;
}

// By full power flow, with every home at its limit.
double loading_after(const FeederModel& model, const Situation& s, const LadderPlan& plan) {
  std::vector<double> net_w;
  for (std::size_t h = 0; h < s.homes.size(); ++h)
    net_w.push_back(
        std::clamp(s.homes[h].net_w, -plan.limits[h].export_w, plan.limits[h].import_w));
  return model.solve(net_w).loading.back();
}

// A home whose car wants `ev_w` beside `idle_w` and can wait so long.
void plug_in(HomeView& home, double idle_w, double slack_h, int waited_minutes = 0) {
  home.idle_w = idle_w;
  home.least_w = idle_w + 4140;
  home.down_w = home.net_w - idle_w;
  home.slack_h = slack_h;
  home.waited_minutes = waited_minutes;
}

}  // namespace

TEST_CASE("Envelopes are alike for those who load what is full, by full power flow") {
  const Street street(40);
  const FeederModel model(street.network, street.connections);
  const std::vector<double> net_w{12000, 12000, 6000, 6000, 12000, 6000, 3000, -2000};
  const double full = model.solve(net_w).loading.back();
  const Situation s = situation_of(model, net_w, 0.9 * full);
  const LadderPlan plan = after(Kind::envelopes, s);
  CHECK(plan.failures.empty());
  CHECK(plan.limits[0].import_w == doctest::Approx(2 * plan.limits[2].import_w).epsilon(1e-3));
  CHECK(plan.limits[4].import_w == doctest::Approx(4 * plan.limits[6].import_w).epsilon(1e-3));
  CHECK(!plan.limits[7].any());  // feeds in, which relieves
  CHECK(loading_after(model, s, plan) <= 0.9 * full * (1 + 1e-6));
  CHECK(loading_after(model, s, plan) > 0.89 * full);
  REQUIRE(plan.measures.size() == 1);
  CHECK(plan.measures[0].homes.size() == 7);
  CHECK(plan.measures[0].element_name == model.branch_name(s.constraints[0].element));
  CHECK(plan.measures[0].after == doctest::Approx(0.9 * full).epsilon(0.01));

  // What was measured beyond the model takes room away.
  const Situation more = situation_of(model, net_w, 0.9 * full, 1.05);
  CHECK(loading_after(model, more, after(Kind::envelopes, more)) ==
        doctest::Approx(0.85 * full).epsilon(0.01));
}

TEST_CASE("Envelopes stand on what the rungs before have done") {
  const Street street(40);
  const FeederModel model(street.network, street.connections);
  const std::vector<double> net_w{12000, 12000, 6000, 6000, 12000, 6000, 3000, -2000};
  const double full = model.solve(net_w).loading.back();
  const Situation s = situation_of(model, net_w, 0.8 * full);
  const auto together_w = [&](double home_0_w, double home_7_w) {
    LadderPlan plan = empty_plan(8);
    plan.change_w[0] = home_0_w;
    plan.change_w[7] = home_7_w;
    make_rung(spec_of(Kind::envelopes), 0)->act(s, plan);
    double sum = 0;
    for (std::size_t h = 0; h < 7; ++h) sum += net_w[h] + plan.change_w[h];
    return sum;
  };
  const double free_w = together_w(0, 0);
  CHECK(together_w(-4000, 0) == doctest::Approx(free_w).epsilon(0.01));
  CHECK(together_w(0, -3000) == doctest::Approx(free_w + 3000).epsilon(0.01));
}

TEST_CASE("What a home cannot help stands; what cannot be relieved takes all of the rest") {
  const Street street(40);
  const FeederModel model(street.network, street.connections);
  const std::vector<double> net_w(8, 6000);
  Situation s = situation_of(model, net_w, 0.2 * model.solve(net_w).loading.back());
  for (HomeView& home : s.homes) home.down_w = 2000;
  const LadderPlan plan = after(Kind::envelopes, s);
  for (const ai::HomeLimits& l : plan.limits) CHECK(l.import_w == 4000);
}

TEST_CASE("Feed-in has envelopes where feed-in is what overloads") {
  const Street street(40);
  const FeederModel model(street.network, street.connections);
  std::vector<double> net_w(8, -8000);
  net_w[3] = 2000;
  const double full = model.solve(net_w).loading.back();
  const Situation s = situation_of(model, net_w, 0.8 * full);
  const LadderPlan plan = after(Kind::envelopes, s);
  CHECK(!plan.limits[3].any());
  CHECK(plan.limits[0].export_w < 7000);
  CHECK(plan.limits[0].export_w == doctest::Approx(plan.limits[6].export_w).epsilon(1e-3));
  CHECK(loading_after(model, s, plan) <= 0.8 * full * (1 + 1e-6));
  CHECK(loading_after(model, s, plan) > 0.78 * full);
}

TEST_CASE(
    "Where equal shares let no car charge, homes take turns: least slack, then longest wait") {
  const Street street(40);
  const FeederModel model(street.network, street.connections);
  const std::vector<double> net_w(8, 12000);
  const double idle = model.solve(std::vector<double>(8, 1000)).loading.back();
  const double full = model.solve(net_w).loading.back();
  // Room for 26 kW beside what is idle: six cars at 4.14 kW, and not eight.
  Situation s = situation_of(model, net_w, idle + (full - idle) * 26.0 / 88);
  for (std::size_t h = 0; h < 8; ++h)
    plug_in(s.homes[h], 1000, h == 5 ? 1.0 : 3.01, h == 6 ? 30 : static_cast<int>(h));
  const auto charges = [](const Situation& now, const LadderPlan& plan) {
    std::vector<std::size_t> out;
    for (std::size_t h = 0; h < 8; ++h)
      if (plan.limits[h].import_w >= now.homes[h].least_w) out.push_back(h);
    return out;
  };
  const LadderPlan plan = after(Kind::envelopes, s);
  CHECK(charges(s, plan) == std::vector<std::size_t>{2, 3, 4, 5, 6, 7});
  CHECK(plan.limits[0].import_w == 1000);
  CHECK(plan.limits[1].import_w == 1000);
  CHECK(loading_after(model, s, plan) <= s.max_loading * (1 + 1e-6));
  // Those who waited come first then.
  s.homes[0].waited_minutes = s.homes[1].waited_minutes = 60;
  CHECK(charges(s, after(Kind::envelopes, s)) == std::vector<std::size_t>{0, 1, 4, 5, 6, 7});
  // Nobody who is let in has to wait longer by it: the earlier turn stands, whatever others ask.
  for (HomeView& home : s.homes) home.slack_h = 3.2;
  CHECK(charges(s, after(Kind::envelopes, s)) == std::vector<std::size_t>{0, 1, 4, 5, 6, 7});
}

TEST_CASE("Flexibility is bought inside, cheapest by effect, and sold outside of the bottleneck") {
  const Street street;
  const FeederModel model(street.network, street.connections);
  Situation s;
  s.model = &model;
  s.homes.resize(8);
  std::vector<double> home_w(8);
  for (std::size_t h = 0; h < 8; ++h) {
    s.homes[h].net_w = home_w[h] = 6000;
    s.homes[h].down_w = s.homes[h].up_w = 2000;
    s.homes[h].ask_eur_per_kwh = 0.1 + 0.01 * static_cast<double>(h);
  }
  const FeederModel::State now = model.solve(home_w);
  const auto found = model.effects(home_w);
  REQUIRE(found);
  const FeederModel::Effects& effect = *found;
  // The line that some homes load and others do not.
  std::size_t line = 0;
  const auto on_it = [&](std::size_t b) {
    return std::count_if(effect.loading[b].begin(), effect.loading[b].end(),
                         [](double w) { return w > 1e-7; });
  };
  for (std::size_t b = 0; b < street.network.lines.size(); ++b)
    if (on_it(b) == 4) line = b;
  REQUIRE(on_it(line) == 4);
  const double limit = now.loading[line] - 3000 * effect.loading[line][0] / 1;
  s.max_loading = 1;
  s.loading = now.loading;
  for (double& l : s.loading) l = std::min(l, 0.2);
  s.loading[line] = now.loading[line];
  s.constraints.push_back({Congested::loading, static_cast<std::uint32_t>(line), "line",
                           now.loading[line], std::abs(limit), effect.loading[line]});
  const LadderPlan plan = after(Kind::flexibility, s);
  REQUIRE(plan.measures.size() == 1);
  double inside_w = 0, outside_w = 0;
  for (std::size_t h = 0; h < 8; ++h)
    (effect.loading[line][h] > 1e-7 ? inside_w : outside_w) += plan.change_w[h];
  CHECK(inside_w < 0);
  CHECK(outside_w == doctest::Approx(-inside_w).epsilon(1e-6));
  CHECK(value_of(s.constraints[0], plan) == doctest::Approx(std::abs(limit)).epsilon(1e-6));
  // By full power flow, after.
  for (std::size_t h = 0; h < 8; ++h) home_w[h] += plan.change_w[h];
  CHECK(model.solve(home_w).loading[line] == doctest::Approx(std::abs(limit)).epsilon(0.01));

  // Outside there is no room any more: nothing is sold, the purchase stands.
  Situation tight = s;
  tight.max_loading = 1;
  for (std::size_t b = 0; b < tight.loading.size(); ++b)
    if (b != line) tight.loading[b] = 1 - 1e-6;
  const LadderPlan alone = after(Kind::flexibility, tight);
  for (std::size_t h = 0; h < 8; ++h)
    if (effect.loading[line][h] <= 1e-7) CHECK(alone.change_w[h] == 0);
  CHECK(!alone.measures.empty());
}

TEST_CASE("What a home signs where a rung dims comes to the rung's relief a device and year") {
  RungSpec rung = spec_of(Kind::dimming_14a);
  rung.relief_eur_per_year = 150;
  const auto a_year = [&](const ai::HomeDevices& devices, ledger::Duration slot) {
    const ContractSpec c = relief_contract(rung, devices, slot).value();
    CHECK(c.of == market::Template::controllable_load);
    const double slots = 8760 / (slot.seconds() / 3600);
    return slots * static_cast<double>(market::cost_of(c.energy, c.price).value) / 1e6;
  };
  ai::HomeDevices car, three, none, small;
  car.ev_w = 11'000;
  three.ev_w = 11'000;
  three.heat_pump_w = 14'000;
  three.battery_w = 5'000;
  small.heat_pump_w = 4'000;  // not above 4.2 kW
  for (const ledger::Duration slot : {ledger::minutes(5), ledger::minutes(15), ledger::hours(1)}) {
    CHECK(a_year(car, slot) == doctest::Approx(150).epsilon(2e-3));
    CHECK(a_year(three, slot) == doctest::Approx(450).epsilon(2e-3));
    CHECK(!relief_contract(rung, none, slot));
    CHECK(!relief_contract(rung, small, slot));
  }
  CHECK(relief_contract(rung, car, ledger::minutes(15))->energy == ledger::WattHours{1050});
  // 0.4 of 14 kW, and two more at 0.75 of 4.2 kW.
  CHECK(relief_contract(rung, three, ledger::hours(1))->energy == ledger::WattHours{11'900});
  rung.relief_eur_per_year = 0;
  CHECK(relief_contract(rung, car, ledger::minutes(15))->price.value == 0);
}

TEST_CASE("Figures: limited minutes, their Gini, rebound and forecast hits") {
  CongestionCounter counter({spec_of(Kind::dimming_14a)}, 1, ledger::minutes(15), 2);
  Measure m;
  m.rung = Kind::dimming_14a;
  m.element = 0;
  m.homes = {{1, 4200, -6000, 5}};
  m.eur_per_hour = 6;  // one of it as lost load
  counter.expects(ledger::Instant{}, {{{0}, 0, 1.2}, {{1}, 0, 1.1}});
  for (int minute = 1; minute <= 60; ++minute) {
    if (minute <= 20) counter.measures(ledger::Instant{} + ledger::minutes(minute - 1), {m});
    GridMeasurement grid;
    grid.loading = {minute == 5 || minute == 40 ? 1.2 : 0.5};
    const double import_w = minute <= 20 ? 10'000 : minute == 30 ? 18'000 : 9'000;
    counter.minute(ledger::Instant{} + ledger::minutes(minute), {HomeMinute{}, HomeMinute{}}, grid,
                   import_w);
  }
  counter.relief(0.25);
  CongestionCounter other({spec_of(Kind::envelopes)}, 1, ledger::minutes(15), 2);
  other.relief(0.25);  // by contract alone: no rung dims
  CHECK(other.figures().by_rung.empty());
  CHECK(other.figures().eur == 0);
  const CongestionFigures f = counter.figures();
  CHECK(f.limited_minutes == std::vector<std::int64_t>{0, 20});
  CHECK(f.limited_gini == doctest::Approx(0.5));
  CHECK(f.by_rung.at("dimming-14a").minutes == 20);
  CHECK(f.by_rung.at("dimming-14a").moved_kwh == doctest::Approx(2));
  CHECK(f.eur == doctest::Approx(2 + 0.25));
  CHECK(f.by_rung.at("dimming-14a").eur == doctest::Approx(2 + 0.25));
  CHECK(f.owed_eur == doctest::Approx(5.0 / 3 + 0.25));
  CHECK(f.slots_acted == 2);
  CHECK(f.rebound_kw == doctest::Approx(8));
  CHECK(f.forecast.expected == 2);
  CHECK(f.forecast.happened == 2);  // slots 0 and 2
  CHECK(f.forecast.hits == 1);
}
