#include <doctest/doctest.h>

#include "twin/store/world_rows.hpp"

using namespace twin;

namespace {

// A world whose state the test sets by hand: two buses, a line, a transformer, two homes.
class SetWorld : public World {
 public:
  SetWorld() {
    network_.buses = {{"mv", 100, 0, 0}, {"lv", 200, 0, 0}};
    Connection on_two_phases;  // whose voltage is not the bus's
    on_two_phases.bus = 1;
    on_two_phases.phases = 0b011;
    on_two_phases.nominal_v = 210;
    network_.connections = {on_two_phases};
    network_.lines.resize(1);
    network_.transformers.resize(1);
    result.voltage_v = {{Complex{100, 0}, {}, {}}, {Complex{0, 210}, Complex{-180, 0}, {}}};
    result.loading = {0.9, 0.4};
    result.losses_w = {3, 4};
    result.source_va = {500, 70};
    states.resize(2);
  }
  const Network& network() const override { return network_; }
  std::uint32_t meters() const override { return 3; }
  void set(std::uint32_t, const SetPoints&) override {}
  void measured(std::uint32_t, const Phases&) override {}
  void step() override { time = time + ledger::seconds(5); }
  ledger::Instant now() const override { return time; }
  MeterSample registers(std::uint32_t) const override { return {}; }
  std::span<const MeterSample> samples() const override { return {}; }
  const PowerFlowResult& grid() const override { return result; }
  std::span<const HomeState> homes() const override { return states; }
  EnergyTotals energy() const override { return {}; }
  GridTotals grid_totals() const override { return {}; }
  std::vector<std::int64_t> history_wh(std::uint32_t) const override { return {}; }

  ledger::Instant time;
  PowerFlowResult result;
  std::vector<HomeState> states;

 private:
  Network network_;
};

}  // namespace

TEST_CASE("a snapshot of a world is by phase, per unit, with -1 where there is no battery") {
  SetWorld world;
  RunDescription run;
  run.buses = {{"mv", 0, 0, 100}, {"lv", 0, 0, 210}};
  run.homes = {{"a", 1, 7, 0, 5000, false, false}, {"b", 1, 7, 0, 0, false, false}};
  world.states[0].draw_va = {Complex{1000, 1}, Complex{-200, 2}, Complex{0, 3}};
  world.states[0].battery_charge = 0.25;
  world.states[1].pv_w = 30;
  world.step();
  const Snapshot s = snapshot_of(world, run);
  CHECK(s.time == ledger::Instant{} + ledger::seconds(5));
  CHECK(s.bus_v_pu == std::vector<float>{1.0f, 0, 0, 1.0f, 180.0f / 210, 0});
  CHECK(s.branch_loading == std::vector<float>{0.9f, 0.4f});
  CHECK(s.home_w == std::vector<float>{800, 0});
  CHECK(s.home_pv_w == std::vector<float>{0, 30});
  CHECK(s.home_battery == std::vector<float>{0.25f, -1});
}

TEST_CASE("a minute holds means of powers and extremes of the rest, and starts afresh") {
  SetWorld world;
  MinuteSum minute;
  CHECK(minute.empty());
  world.states[0].load_w = 100;
  world.step();
  minute.add(world);
  world.states[0].load_w = 300;
  world.states[1].battery_w = -40;
  world.result.source_va = {-100, 0};
  world.result.loading = {0.2, 0.5};
  world.result.voltage_v[1][0] = {0, 220};
  world.step();
  minute.add(world);
  const FeederMinute row = minute.take();
  CHECK(row.time == world.now());
  CHECK(row.load_w == 200);
  CHECK(row.battery_w == -20);
  CHECK(row.import_w == 200);
  CHECK(row.losses_w == 7);
  CHECK(row.max_loading == 0.9);
  CHECK(row.transformer_loading == 0.5);
  CHECK(row.v_min_pu == 180.0 / 210);
  CHECK(row.v_max_pu == doctest::Approx(220.0 / 210));
  CHECK(minute.empty());
  minute.add(world);
  CHECK(minute.take().max_loading == 0.5);
}

TEST_CASE("one per-unit base a place: what its customers are promised, or the bus's own") {
  Network network;
  network.buses = {{"mv", 6000, 0, 0},
                   {"busbar", 240, 0, 0},
                   {"a", 240, 0, 0},
                   {"b", 240, 0, 0},
                   {"alone", 240, 0, 0}};
  for (const auto& [from, to] : {std::pair{1u, 2u}, {2u, 3u}}) {
    Line line;
    line.from = from;
    line.to = to;
    network.lines.push_back(line);
  }
  network.transformers.resize(1);
  network.transformers[0].from = 0;
  network.transformers[0].to = 1;
  CHECK(customers_nominal_v(network) == std::vector<double>{6000, 240, 240, 240, 240});
  Connection c;
  c.bus = 3;
  network.connections = {c};  // which says nothing of its own
  CHECK(customers_nominal_v(network) == std::vector<double>{6000, 240, 240, 240, 240});
  network.connections[0].nominal_v = 230;
  CHECK(customers_nominal_v(network) == std::vector<double>{6000, 230, 230, 230, 240});
  CHECK(describe({}, network).buses[1].nominal_v == 230);
}
