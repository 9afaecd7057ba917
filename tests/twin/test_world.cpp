#include <cmath>
#include <doctest/doctest.h>

#include "twin/scenario/scenario_reader.hpp"
#include "twin/scenario/scenario_writer.hpp"
#include "twin/store/summary.hpp"
#include "twin/world/world.hpp"

using namespace twin;

namespace {

const std::string village = R"(
name = "test"
seed = 4
[time]
start = "2026-06-21T10:00:00+02:00"
duration = "1h"
[grid.generator]
homes = 12
branches = 2
[[population]]
count = 12
pv = { share = 0.6 }
battery = { share = 0.7 }
ev = { share = 0.4, phases = 1, plug_kw = 3.7 }
heat_pump = { share = 0.4 }
)";

Scenario scenario_of(const std::string& text, const std::vector<Override>& overrides = {}) {
  const auto file = read_scenario(text, "test.toml", overrides);
  REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error()));
  const auto network = make_network(file->grid(), file->seed(), {});
  REQUIRE(network.has_value());
  auto scenario = file->expand(*network);
  REQUIRE_MESSAGE(scenario.has_value(), (scenario ? "" : scenario.error()));
  return *scenario;
}

std::unique_ptr<World> world_of(const Scenario& s) { return std::move(*World::create(s, {})); }

void run(World& world, int steps) {
  for (int i = 0; i < steps; ++i) world.step();
}

}  // namespace

TEST_CASE("energy balances to a millionth of what is used, at every physics step length") {
  for (const char* step : {"1s", "5s", "60s"}) {
    CAPTURE(step);
    const Scenario s = scenario_of(village, {{"time.physics_step", std::string("\"") + step + "\""},
                                             {"time.metering_interval", "\"60s\""}});
    const auto world = world_of(s);
    run(*world, static_cast<int>(s.time.duration / s.time.physics_step));
    const EnergyTotals e = world->energy();
    CHECK(std::abs(balance_residual_kwh(e)) < 1e-6 * e.consumed_kwh);
    CHECK(e.consumed_kwh > 1);
    CHECK(e.generated_kwh > 5);
    CHECK(e.losses_kwh > 0);
    CHECK(e.storage_losses_kwh > 0);
    CHECK(world->grid_totals().not_converged == 0);
  }
}

TEST_CASE("registers tell the physics' energy, to the mWh") {
  const Scenario s = scenario_of(village);
  const auto world = world_of(s);
  std::vector<MeterSample> before;
  for (std::uint32_t m = 0; m < world->meters(); ++m) before.push_back(world->registers(m));
  std::vector<double> net_mwh(world->meters(), 0.0);
  double source_mwh = 0;
  for (int i = 0; i < 720; ++i) {
    world->step();
    for (std::size_t h = 0; h < s.homes.size(); ++h)
      for (const Complex& d : world->grid().drawn_va[s.homes[h].connection])
        net_mwh[h] += d.real() * 5 / 3.6;
    source_mwh += world->grid().source_va.real() * 5 / 3.6;
  }
  net_mwh.back() = source_mwh;
  for (std::uint32_t m = 0; m < world->meters(); ++m) {
    const MeterSample now = world->registers(m);
    const auto counted = (now.import_register - before[m].import_register) -
                         (now.export_register - before[m].export_register);
    CHECK(std::abs(static_cast<double>(counted.value) - net_mwh[m]) < 2);
    CHECK(now.import_register >= before[m].import_register);
    CHECK(now.export_register >= before[m].export_register);
  }
}

TEST_CASE("samples come at the end of each metering interval, one a meter") {
  const Scenario s = scenario_of(village, {{"time.metering_interval", "\"15s\""}});
  const auto world = world_of(s);
  world->step();
  CHECK(world->samples().empty());
  run(*world, 2);
  REQUIRE(world->samples().size() == 13);
  CHECK(world->samples()[3].meter == 3);
  CHECK(world->samples()[3].time == ledger::Instant{} + ledger::seconds(15));
  CHECK(world->samples()[3].voltage_v >= 225);
  world->step();
  CHECK(world->samples().empty());
}

TEST_CASE("the same seed gives the same world, another seed another one") {
  const auto last = [](const Scenario& s) {
    const auto world = world_of(s);
    run(*world, 300);
    const MeterSample feeder = world->registers(12);
    return std::pair(feeder.import_register, feeder.export_register);
  };
  CHECK(last(scenario_of(village)) == last(scenario_of(village)));
  CHECK(last(scenario_of(village)) != last(scenario_of(village, {{"seed", "5"}})));
}

TEST_CASE("a home more changes no other home's devices or days before") {
  const Scenario few = scenario_of(village, {{"grid.generator.homes", "14"}});
  std::string more_text = village;
  more_text.replace(more_text.find("count = 12"), 10, "count = 14");
  const Scenario more = scenario_of(more_text, {{"grid.generator.homes", "14"}});
  const auto a = world_of(few), b = world_of(more);
  for (int i = 0; i < 200; ++i) {
    a->step();
    b->step();
    for (std::size_t h = 0; h < few.homes.size(); ++h)
      REQUIRE(a->homes()[h].draw_va == b->homes()[h].draw_va);
  }
  for (std::uint32_t h = 0; h < few.homes.size(); ++h) CHECK(a->history_wh(h) == b->history_wh(h));
  CHECK(a->history_wh(0).size() == 7 * 96);
}

TEST_CASE("a measured home takes its place in the power flow for one step, and energy balances") {
  const Scenario s = scenario_of(village);
  const auto world = world_of(s), plain = world_of(s);
  world->measured(2, {Complex{9000, 0}, Complex{0, 0}, Complex{0, 0}});
  world->step();
  plain->step();
  const std::uint32_t bus = world->network().connections[s.homes[2].connection].bus;
  CHECK(std::abs(world->grid().voltage_v[bus][0]) < std::abs(plain->grid().voltage_v[bus][0]));
  CHECK(world->grid().drawn_va[s.homes[2].connection][0].real() ==
        doctest::Approx(9000).epsilon(1e-6));
  world->step();
  plain->step();
  CHECK(world->grid().drawn_va[s.homes[2].connection][0].real() ==
        doctest::Approx(plain->grid().drawn_va[s.homes[2].connection][0].real()).epsilon(1e-6));
  CHECK(std::abs(balance_residual_kwh(world->energy())) < 1e-6 * world->energy().consumed_kwh);
}

TEST_CASE("an overloaded transformer and a low voltage are counted, with the element's name") {
  const Scenario s =
      scenario_of(village, {{"grid.generator.transformer_kva", "10"}, {"grid.v_min_pu", "0.999"}});
  const auto world = world_of(s);
  run(*world, 360);
  const GridTotals g = world->grid_totals();
  CHECK(g.overload_minutes > 1);
  CHECK(g.overload_kwh > 0);
  CHECK(g.max_loading > 1);
  CHECK(g.worst_element == "transformer");
  const auto calm = world_of(scenario_of(village));
  run(*calm, 360);
  CHECK(calm->grid_totals().overload_minutes == 0);
  CHECK(calm->grid_totals().voltage_violation_minutes == 0);
}

TEST_CASE("events of the registry read back as they stood") {
  const std::string events =
      "[[event]]\nkind = \"key_change\"\nat = \"10m\"\ntarget = [\"home-01\"]\nof = \"account\"\n"
      "lost = true\n"
      "[[event]]\nkind = \"key_change\"\nat = \"20m\"\ntarget = \"gateway-1\"\nof = \"gateway\"\n"
      "[[event]]\nkind = \"deregistration\"\nat = \"30m\"\ntarget = \"home-02\"\n"
      "[[event]]\nkind = \"certificate\"\nat = \"10m\"\nfor = \"2h\"\ntarget = \"home-03\"\n";
  const std::string text = village + events;
  const Scenario s = scenario_of(text, {{"oracle.certificates", "true"}});
  REQUIRE(s.events.size() == 4);
  CHECK(s.oracle.certificates);
  CHECK(s.events[0].lost);
  CHECK(s.events[0].of == RegistryEvent::Of::account);
  CHECK(s.events[1].gateways == std::vector<std::uint32_t>{1});
  CHECK(s.events[1].homes.empty());
  const auto network = make_network(s.grid, s.seed, {});
  const std::string resolved = write_scenario(s, *network);
  CHECK(write_scenario(scenario_of(resolved), *network) == resolved);
}

TEST_CASE("the resolved scenario reads back to the same one and the same world") {
  const Scenario s = scenario_of(village);
  const auto network = make_network(s.grid, s.seed, {});
  const std::string resolved = write_scenario(s, *network);
  const Scenario again = scenario_of(resolved);
  CHECK(write_scenario(again, *network) == resolved);
  const auto a = world_of(s), b = world_of(again);
  run(*a, 100);
  run(*b, 100);
  for (std::uint32_t m = 0; m < a->meters(); ++m) {
    CHECK(a->registers(m).import_register == b->registers(m).import_register);
    CHECK(a->registers(m).export_register == b->registers(m).export_register);
  }
}
