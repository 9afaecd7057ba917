// Set-points, from the world's side: what is asked, what is done, what the totals say.

#include <cmath>
#include <doctest/doctest.h>

#include "twin/scenario/scenario_reader.hpp"
#include "twin/store/summary.hpp"
#include "twin/world/world.hpp"

using namespace twin;

namespace {

const std::string village = R"(
name = "control"
seed = 11
[time]
start = "2026-03-09T15:00:00+01:00"
duration = "1d"
physics_step = "60s"
metering_interval = "60s"
[grid.generator]
homes = 6
branches = 1
[ledger]
batch_interval = "15m"
[weather]
mean_temperature_c = 4
cloudiness = 0.2
[[population]]
count = 6
pv = { peak_kw = 8 }
battery = { capacity_kwh = 8, power_kw = 4, initial_charge = 0.5 }
ev = { plug_kw = 11, daily_km = 60 }
heat_pump = {}
)";

Scenario scenario_of(const std::string& text) {
  const auto file = read_scenario(text, "test.toml", {});
  REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error()));
  const auto network = make_network(file->grid(), file->seed(), {});
  return *file->expand(*network);
}

std::unique_ptr<World> world_of(const std::string& text) {
  return std::move(*World::create(scenario_of(text), {}));
}

bool same(const HomeState& a, const HomeState& b) {
  return a.draw_va == b.draw_va && a.load_w == b.load_w && a.pv_w == b.pv_w &&
         a.battery_w == b.battery_w && a.ev_w == b.ev_w && a.heat_pump_w == b.heat_pump_w &&
         a.battery_charge == b.battery_charge && a.indoor_c == b.indoor_c;
}

}  // namespace

TEST_CASE("with nothing set, or limits that never bind, a world is the same bit by bit") {
  const auto plain = world_of(village), told = world_of(village);
  for (int i = 0; i < 600; ++i) {
    for (std::uint32_t h = 0; h < 6; ++h)
      if (i % 2)
        told->set(h, {});
      else
        told->set(
            h,
            {.pv_limit_w = 1e6, .ev_limit_w = 1e6, .heat_pump_limit_w = 1e6, .load_limit_w = 1e6});
    plain->step();
    told->step();
    for (std::size_t h = 0; h < 6; ++h) {
      REQUIRE(same(plain->homes()[h], told->homes()[h]));
      REQUIRE(plain->homes()[h].curtailed_w == 0);
      REQUIRE(plain->homes()[h].shed_w == 0);
      REQUIRE(plain->homes()[h].ev_deferred_wh == 0);
      REQUIRE(plain->homes()[h].heat_pump_blocked_s == 0);
    }
  }
  CHECK(plain->energy().curtailed_kwh == 0);
  CHECK(plain->energy().unserved_kwh == 0);
}

TEST_CASE("a set-point holds for one step and for one home") {
  const auto plain = world_of(village), told = world_of(village);
  told->set(2, {.load_limit_w = 0});
  plain->step();
  told->step();
  for (std::size_t h = 0; h < 6; ++h) CHECK(same(plain->homes()[h], told->homes()[h]) == (h != 2));
  CHECK(told->homes()[2].shed_w > 0);
  told->step();
  CHECK(told->homes()[2].shed_w == 0);
  CHECK(told->homes()[2].load_w > 0);
}

TEST_CASE("every device obeys, says so, and energy still balances") {
  const auto plain = world_of(village), told = world_of(village);
  double curtailed_wh = 0, shed_wh = 0, unmet_wh = 0, blocked_s = 0, cold_kh = 0, deferred = 0;
  for (int i = 0; i < 1440; ++i) {
    const double asked_battery_w = i % 2 ? 9000 : -9000;
    told->set(0, {.pv_limit_w = 500,
                  .battery_w = asked_battery_w,
                  .ev_limit_w = 0,
                  .heat_pump_limit_w = 0,
                  .load_limit_w = 100});
    plain->step();
    told->step();
    const HomeState &s = told->homes()[0], &free = plain->homes()[0];
    REQUIRE(s.pv_w <= 500);
    REQUIRE(s.pv_w + s.curtailed_w == doctest::Approx(free.pv_w).epsilon(1e-12));
    REQUIRE(s.battery_asked_w == asked_battery_w);
    REQUIRE(std::abs(s.battery_w) <= 4000);
    REQUIRE(s.battery_charge >= 0);
    REQUIRE(s.battery_charge <= 1);
    REQUIRE(s.ev_w == 0);
    REQUIRE(s.heat_pump_w == 0);
    REQUIRE(s.load_w + s.shed_w == doctest::Approx(free.load_w).epsilon(1e-12));
    curtailed_wh += s.curtailed_w / 60;
    shed_wh += s.shed_w / 60;
    unmet_wh += s.ev_unmet_wh;
    blocked_s += s.heat_pump_blocked_s;
    cold_kh += s.cold_kh;
    deferred = std::max(deferred, s.ev_deferred_wh);
  }
  CHECK(curtailed_wh > 1000);
  CHECK(shed_wh > 1000);
  CHECK(unmet_wh > 1000);
  CHECK(deferred > 1000);
  CHECK(blocked_s > 10 * 3600);
  CHECK(cold_kh > 5);
  CHECK(told->homes()[0].indoor_c < plain->homes()[0].indoor_c - 1);
  const EnergyTotals e = told->energy();
  CHECK(e.curtailed_kwh == doctest::Approx(curtailed_wh / 1000));
  CHECK(e.unserved_kwh == doctest::Approx((shed_wh + unmet_wh) / 1000));
  CHECK(std::abs(balance_residual_kwh(e)) < 1e-6 * e.consumed_kwh);
}

namespace {

// Sums over a day of a home's devices, kWh, and where its stores end.
struct Day {
  double load = 0, pv = 0, ev = 0, heat_pump = 0, battery_in = 0, net = 0;
};

Day day_of(const std::string& step) {
  std::string text = village;
  for (const char* key : {"physics_step", "metering_interval"}) {
    const auto at = text.find(std::string(key) + " = \"60s\"");
    text.replace(at, std::string(key).size() + 8, std::string(key) + " = \"" + step + "\"");
  }
  const Scenario s = scenario_of(text);
  const auto world = std::move(*World::create(s, {}));
  const double hours = s.time.physics_step.seconds() / 3600;
  Day day;
  while (world->now() < ledger::Instant{} + s.time.duration) {
    world->step();
    for (const HomeState& h : world->homes()) {
      day.load += h.load_w * hours / 1000;
      day.pv += h.pv_w * hours / 1000;
      day.ev += h.ev_w * hours / 1000;
      day.heat_pump += h.heat_pump_w * hours / 1000;
      day.battery_in += std::max(0.0, h.battery_w) * hours / 1000;
    }
  }
  day.net = world->energy().imported_kwh - world->energy().exported_kwh;
  return day;
}

}  // namespace

TEST_CASE("a day of six homes under a moving sky comes to the same at 1 s, 5 s, 60 s and 900 s") {
  const Day fine = day_of("1s");
  for (const char* step : {"5s", "60s", "900s"}) {
    const Day d = day_of(step);
    const auto off = [](double a, double b) { return std::abs(a / b - 1); };
    MESSAGE(std::string(step) << ": load " << off(d.load, fine.load) << ", PV "
                              << off(d.pv, fine.pv) << ", car " << off(d.ev, fine.ev)
                              << ", heat pump " << off(d.heat_pump, fine.heat_pump) << ", battery "
                              << off(d.battery_in, fine.battery_in) << ", net "
                              << off(d.net, fine.net));
    CHECK(off(d.load, fine.load) < 1e-5);
    CHECK(off(d.pv, fine.pv) < 5e-4);
    CHECK(off(d.ev, fine.ev) < 1e-9);
    CHECK(off(d.heat_pump, fine.heat_pump) < 1e-4);
    CHECK(off(d.battery_in, fine.battery_in) < 0.03);
    CHECK(off(d.net, fine.net) < 6e-3);
  }
}

TEST_CASE("a home, a device or an earlier day more changes no other series, in any device") {
  const auto of_count = [](int count, const std::string& start, const char* devices) {
    return "name = \"more\"\nseed = 3\n[time]\nstart = \"" + start +
           "\"\nphysics_step = \"60s\"\nmetering_interval = \"60s\"\n[grid.generator]\nhomes = 8\n"
           "[[population]]\ncount = " +
           std::to_string(count) + "\n" + devices;
  };
  const char* all = "pv = {}\nbattery = {}\nev = {}\nheat_pump = {}\n";
  const char* fewer = "pv = {}\nev = {}\n";
  const std::string day = "2026-03-10T00:00:00+01:00", before = "2026-03-09T00:00:00+01:00";
  const auto some = world_of(of_count(5, day, all)), more = world_of(of_count(8, day, all)),
             bare = world_of(of_count(5, day, fewer)), early = world_of(of_count(5, before, all));
  for (int i = 0; i < 1440; ++i) early->step();
  for (int i = 0; i < 1440; ++i) {
    for (World* w : {some.get(), more.get(), bare.get(), early.get()}) w->step();
    for (std::size_t h = 0; h < 5; ++h) {
      const HomeState& s = some->homes()[h];
      REQUIRE(same(s, more->homes()[h]));
      // Batteries and houses remember the day before; all that is drawn does not.
      for (const World* w : {bare.get(), early.get()}) {
        REQUIRE(w->homes()[h].pv_w == s.pv_w);
        REQUIRE(w->homes()[h].ev_w == doctest::Approx(s.ev_w).epsilon(1e-9));
      }
      REQUIRE(bare->homes()[h].load_w == doctest::Approx(s.load_w - 10).epsilon(1e-12));
      REQUIRE(early->homes()[h].load_w == s.load_w);
    }
  }
}
