#include <cmath>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "twin/store/summary.hpp"
#include "twin/world/island.hpp"
#include "twin/world/world.hpp"

using namespace twin;
using ledger::Duration;

namespace {

double sum_of_batteries(const IslandPlan& plan) {
  double sum = 0;
  for (const SetPoints& s : plan.asked) sum += s.battery_w.value_or(0);
  return sum;
}

// Homes on a generated feeder; the first `batteries` have one beside their PV.
Scenario village(std::uint32_t homes, std::uint32_t batteries, const char* start, Duration at,
                 Duration length) {
  Scenario s;
  s.name = "island";
  s.time.start = *ledger::from_rfc3339(start);
  s.time.duration = ledger::hours(4);
  s.time.physics_step = s.time.metering_interval = ledger::seconds(30);
  s.grid.generator.homes = homes;
  for (std::uint32_t h = 0; h < homes; ++h) {
    HomeSpec home;
    home.name = "home-" + std::to_string(h + 1);
    home.connection = h;
    home.pv = PvSpec{.peak_kw = 8, .inverter_kw = 7};
    if (h < batteries)
      home.battery = BatterySpec{.capacity_kwh = 10, .power_kw = 8, .initial_charge = 0.6};
    s.homes.push_back(home);
  }
  s.faults.push_back({"source_lost", at, length});
  return s;
}

std::unique_ptr<World> world_of(const Scenario& s) {
  auto world =
      World::create(s, [](const std::string& path) -> tl::expected<std::string, std::string> {
        return tl::unexpected(path + ": cannot be read");
      });
  REQUIRE_MESSAGE(world.has_value(), (world ? "" : world.error()));
  return std::move(*world);
}

void run(World& world, Duration length) {
  while (world.now().since_epoch() < length) world.step();
}

}  // namespace

TEST_CASE("an island gives its deficit from batteries by what they can give") {
  const std::vector<IslandHome> homes{{3000, 0, 4000, 6000, true}, {1000, 500, 2000, 2000, false}};
  const IslandPlan plan = plan_island(homes, 100, 0);
  REQUIRE(plan.former);
  CHECK(*plan.former == 0);
  CHECK(sum_of_batteries(plan) == doctest::Approx(-(3000 + 1000 + 100 - 500)));
  CHECK(*plan.asked[0].battery_w / *plan.asked[1].battery_w == doctest::Approx(3));
  CHECK_FALSE(plan.shed[0]);
  CHECK_FALSE(plan.asked[0].load_limit_w);
}

TEST_CASE("an island stores its surplus and curtails what no battery can take") {
  const std::vector<IslandHome> homes{{500, 6000, 1000, 4000, true}, {500, 2000, 0, 0, false}};
  const IslandPlan plan = plan_island(homes, 0, 0);
  const double stored = sum_of_batteries(plan);
  CHECK(stored > 0);
  CHECK(stored < 1000);  // some room stays free for what is not foreseen
  const double fed = *plan.asked[0].pv_limit_w + *plan.asked[1].pv_limit_w;
  CHECK(fed == doctest::Approx(1000 + stored));
  CHECK(*plan.asked[0].pv_limit_w / *plan.asked[1].pv_limit_w == doctest::Approx(3));
}

TEST_CASE("homes are shed in turn, only as many as must be, and keep their plants") {
  const std::vector<IslandHome> homes(5, IslandHome{2000, 300, 1000, 1000, true});
  for (std::uint32_t turn = 0; turn < 5; ++turn) {
    const IslandPlan plan = plan_island(homes, 0, turn);
    std::uint32_t served = 0;
    for (std::uint32_t h = 0; h < 5; ++h) served += plan.shed[h] ? 0 : 1;
    CHECK(served == 3);  // 5 x 1,300 W for 3 x 2,000 W
    CHECK(plan.shed[turn]);
    CHECK(plan.shed[(turn + 1) % 5]);
    CHECK(*plan.asked[turn].load_limit_w == 0);
    CHECK_FALSE(plan.asked[turn].pv_limit_w);
  }
}

TEST_CASE("without a battery that can form a grid all is dark") {
  for (const IslandHome& home :
       {IslandHome{1000, 5000, 0, 0, false}, IslandHome{1000, 5000, 3000, 3000, false},
        IslandHome{1000, 5000, 3000, 20, true}}) {
    const IslandPlan plan = plan_island(std::vector<IslandHome>(3, home), 0, 0);
    CHECK_FALSE(plan.former);
    CHECK(plan.shed[2]);
    CHECK(*plan.asked[2].pv_limit_w == 0);
  }
}

TEST_CASE("a village without its source lives from its batteries, and its books balance") {
  Scenario s = village(6, 4, "2026-06-21T10:00:00+02:00", ledger::hours(1), ledger::hours(2));
  const auto world = world_of(s);
  run(*world, ledger::hours(1));
  const EnergyTotals before = world->energy();
  run(*world, ledger::hours(3));
  const EnergyTotals during = world->energy();
  CHECK(during.imported_kwh == before.imported_kwh);
  CHECK(during.exported_kwh == before.exported_kwh);
  CHECK(during.consumed_kwh > before.consumed_kwh + 0.5);
  CHECK(during.losses_kwh > before.losses_kwh);
  CHECK(during.unserved_kwh == 0);
  CHECK(std::abs(world->grid().voltage_v[1][0]) > 225);  // the busbar, fed from a home
  CHECK(std::abs(world->grid().voltage_v[0][0]) == 0);   // the grid above
  run(*world, ledger::hours(4));
  CHECK(std::abs(world->grid().voltage_v[0][0]) > 5000);
  const EnergyTotals after = world->energy();
  CHECK(after.imported_kwh + after.exported_kwh > during.imported_kwh + during.exported_kwh);
  CHECK(std::abs(balance_residual_kwh(after)) < 1e-6 * after.consumed_kwh);
}

TEST_CASE("a night too long for the batteries sheds homes and counts what was not served") {
  Scenario s = village(6, 2, "2026-01-15T00:00:00+01:00", Duration{}, ledger::hours(4));
  for (HomeSpec& h : s.homes) h.load.annual_kwh = 9000;
  s.homes[0].battery->initial_charge = s.homes[1].battery->initial_charge = 0.25;
  const auto world = world_of(s);
  run(*world, ledger::hours(4));
  const EnergyTotals e = world->energy();
  CHECK(e.unserved_kwh > 1);
  CHECK(e.imported_kwh == 0);
  CHECK(std::abs(balance_residual_kwh(e)) < 1e-6 * e.consumed_kwh);
  for (const HomeState& h : world->homes())
    if (h.battery_charge >= 0) CHECK(h.battery_charge < 0.1);
}

TEST_CASE("a blackout serves nothing and curtails everything") {
  const auto world =
      world_of(village(4, 0, "2026-06-21T11:00:00+02:00", Duration{}, ledger::hours(4)));
  run(*world, ledger::hours(1));
  const EnergyTotals e = world->energy();
  CHECK(e.consumed_kwh == doctest::Approx(0));
  CHECK(e.generated_kwh == 0);
  CHECK(e.curtailed_kwh > 5);
  CHECK(e.unserved_kwh > 0.5);
  CHECK(std::abs(balance_residual_kwh(e)) < 1e-9);
  CHECK(world->grid_totals().v_min_pu == 0);
}

namespace {

// Two low-voltage feeders side by side on one source, a load of the file and a plant on the first.
constexpr const char* two_feeders = R"(
New Circuit.two basekv=10 bus1=mv MVAsc3=200
New Transformer.one phases=3 buses=[mv lv1] conns=[delta wye] kvs=[10 .4] kvas=[250 250] xhl=4
New Transformer.two phases=3 buses=[mv lv2] conns=[delta wye] kvs=[10 .4] kvas=[250 250] xhl=4
New Line.one bus1=lv1 bus2=a r1=.05 x1=.02 r0=.2 x0=.1 c1=0 c0=0
New Line.two bus1=lv2 bus2=b r1=.05 x1=.02 r0=.2 x0=.1 c1=0 c0=0
New Load.h1 bus1=a kv=.4 kw=1 pf=.95
New Load.h2 bus1=b kv=.4 kw=1 pf=.95
New Load.works bus1=a kv=.4 kw=3 pf=.9
New Load.shop bus1=b kv=.4 kw=2 pf=1
New Generator.plant bus1=a kv=.4 kw=2 pf=1
New Reactor.damper bus1=lv1 phases=3 kv=.4 r=400 x=0
Set voltagebases=[10 .4]
)";

std::unique_ptr<World> two_feeder_world(Scenario s) {
  s.grid.file = "two.dss";
  auto world = World::create(
      s, [](const std::string&) -> tl::expected<std::string, std::string> { return two_feeders; });
  REQUIRE_MESSAGE(world.has_value(), (world ? "" : world.error()));
  return std::move(*world);
}

}  // namespace

TEST_CASE("a part of the grid that no battery of its own feeds is dark, and goes unserved") {
  Scenario s = village(2, 1, "2026-01-15T18:00:00+01:00", ledger::hours(1), ledger::hours(2));
  s.homes[0].battery->initial_charge = 1;
  s.homes[0].battery->capacity_kwh = 40;
  const auto world = two_feeder_world(s);
  run(*world, ledger::hours(1));
  const EnergyTotals before = world->energy();
  CHECK(std::abs(balance_residual_kwh(before)) < 1e-6 * before.consumed_kwh);
  run(*world, ledger::hours(3));
  const EnergyTotals during = world->energy();
  const Network& net = world->network();
  for (std::size_t b = 0; b < net.buses.size(); ++b) {
    const double v = std::abs(world->grid().voltage_v[b][0]);
    const bool first = net.buses[b].name == "a" || net.buses[b].name == "lv1";
    CHECK((first ? v > 220 : v == 0));
  }
  CHECK(world->grid().drawn_va[1] == Phases{});
  CHECK(during.unserved_kwh > before.unserved_kwh + 4.2);  // the shop's 4 kWh and a home
  CHECK(during.consumed_kwh > before.consumed_kwh + 6);    // the works went on
  CHECK(during.imported_kwh == before.imported_kwh);
  CHECK(std::abs(balance_residual_kwh(during)) < 1e-6 * during.consumed_kwh);
}

TEST_CASE("two parts with a battery each stand side by side") {
  Scenario s = village(2, 2, "2026-01-15T18:00:00+01:00", Duration{}, ledger::hours(4));
  for (HomeSpec& h : s.homes) h.battery->initial_charge = 1, h.battery->capacity_kwh = 40;
  const auto world = two_feeder_world(s);
  run(*world, ledger::hours(1));
  const EnergyTotals e = world->energy();
  CHECK(e.unserved_kwh == 0);
  CHECK(e.imported_kwh == 0);
  CHECK(world->homes()[0].battery_w < 0);
  CHECK(world->homes()[1].battery_w < 0);
  CHECK(std::abs(balance_residual_kwh(e)) < 1e-6 * e.consumed_kwh);
}

TEST_CASE("loads, plants and shunts of the grid file run without a home, and are in the balance") {
  const Scenario s = village(2, 0, "2026-01-15T00:00:00+01:00", ledger::hours(3), ledger::hours(1));
  const auto world = two_feeder_world(s);
  run(*world, ledger::hours(1));
  const EnergyTotals e = world->energy();
  CHECK(e.consumed_kwh > 5);
  CHECK(e.generated_kwh == doctest::Approx(2).epsilon(1e-3));
  CHECK(e.losses_kwh > 0.39);  // 400 W in the reactor
  CHECK(world->others().drawn_w == doctest::Approx(5000).epsilon(1e-3));
  CHECK(world->others().fed_in_w == doctest::Approx(2000).epsilon(1e-3));
  CHECK(std::abs(balance_residual_kwh(e)) < 1e-6 * e.consumed_kwh);
}
