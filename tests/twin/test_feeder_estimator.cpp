#include <cmath>
#include <cstdio>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "twin/grid/feeder_estimator.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/world/world.hpp"

using namespace twin;

namespace {

const std::string village = R"(
name = "test"
seed = 1
[time]
start = "2026-06-21T00:00:00+02:00"
duration = "1d"
physics_step = "60s"
metering_interval = "60s"
[grid.generator]
homes = 40
branches = 4
[[population]]
count = 40
load = { annual_kwh = [2500, 5500] }
pv = { share = 0.5, peak_kw = [4, 10] }
battery = { share = 0.6, capacity_kwh = [5, 12] }
ev = { share = 0.3, plug_kw = 11 }
heat_pump = { share = 0.25 }
)";

struct Day {
  Network network;
  std::vector<ledger::FeederSlot> slots;
  std::vector<double> losses_mwh;
};

Day day_of(const std::string& text, const std::vector<Override>& o) {
  const auto file = read_scenario(text, "test.toml", o);
  REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error()));
  Day out;
  out.network = *make_network(file->grid(), file->seed(), {});
  const Scenario s = *file->expand(out.network);
  const auto world = std::move(*World::create(s, {}));
  std::vector<MeterSample> before;
  for (std::uint32_t m = 0; m < world->meters(); ++m) before.push_back(world->registers(m));
  const std::int64_t steps = s.time.market_slot / s.time.physics_step;
  double losses = 0;
  for (std::uint32_t k = 0; k < static_cast<std::uint32_t>(s.time.duration / s.time.market_slot); ++k) {
    std::vector<double> volts(world->meters());
    for (std::int64_t i = 0; i < steps; ++i) {
      world->step();
      for (const MeterSample& m : world->samples()) volts[m.meter] += 1000.0 * m.voltage_v / steps;
    }
    ledger::FeederSlot slot{1, {k}, s.time.market_slot.whole_ms(), {}, {}};
    for (std::uint32_t m = 0; m < world->meters(); ++m) {
      const MeterSample now = world->registers(m);
      const ledger::PointEnergy p{{m}, now.import_register - before[m].import_register,
                            now.export_register - before[m].export_register,
                            std::llround(volts[m]), false};
      before[m] = now;
      if (m + 1 == world->meters())
        slot.feeder_meter = p;
      else
        slot.homes.push_back(p);
    }
    out.slots.push_back(slot);
    out.losses_mwh.push_back((world->energy().losses_kwh - losses) * 1e6);
    losses = world->energy().losses_kwh;
  }
  return out;
}

}  // namespace

TEST_CASE("trial") {
  for (const char* date : {"2026-06-21", "2026-01-14"}) {
  const Day day = day_of(village, {{"time.start", std::string("\"") + date + "T00:00:00+02:00\""}});
  std::vector<MeteringPoint> points;
  for (std::uint32_t c = 0; c < 40; ++c) points.push_back({{c}, c, MeterClass::b});
  auto est = FeederEstimator::create(day.network, {{40}, 1, MeterClass::c}, points);
  REQUIRE_MESSAGE(est, (est ? "" : est.error()));
  double ratio_sum = 0, worst = 0; int chi = 0, lnr = 0, bal = 0;
  for (std::size_t k = 0; k < day.slots.size(); ++k) {
    const auto f = est->find(day.slots[k]);
    REQUIRE_MESSAGE(f, (f ? "" : f.error()));
    const double ratio = day.losses_mwh[k] / f->losses.value;
    ratio_sum += ratio;
    worst = std::max(worst, ratio);
    chi += (f->verdict & 2) != 0; lnr += (f->verdict & 4) != 0; bal += f->verdict & 1;
    if (k % 6 == 0) std::printf("%zu true losses %.0f est %ld ratio %.3f z %ld sigma %ld (losses %ld) import %ld homes %ld chi %ld of %u (%ld) lnr %ld meter %u q %d alike %u removed %u undet %u it %d\n", k, day.losses_mwh[k], f->losses.value, ratio, f->z, f->sigma.value, f->losses_sigma.value,
       f->feeder_import.value - f->feeder_export.value, f->homes_import.value - f->homes_export.value, f->chi_square, f->degrees_of_freedom, f->threshold, f->largest_residual, f->suspect.value, int(f->quantity), f->alike, f->removed, f->undetectable, f->iterations);
  }
  std::printf("mean ratio %.3f worst %.3f chi %d lnr %d bal %d\n", ratio_sum / 96, worst, chi, lnr, bal);
  }
}
