// A feeder's evidence: quiet on honest slots, of the twin's world and of meters with errors; loud
// from a size on that is measured here and stands in docs/oracle.md.

#include <cmath>
#include <doctest/doctest.h>

#include "tests/support/metered_feeder.hpp"
#include "twin/grid/feeder_estimator.hpp"
#include "twin/grid/feeder_generator.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/world/world.hpp"

using namespace twin;
using ledger::FeederFindings;
using ledger::FeederRule;
using ledger::FeederSlot;
using ledger::MeteredQuantity;
using ledger::PointEnergy;
using ledger::Rng;

namespace {

constexpr std::uint32_t homes = 40, feeder_meter = 1000;
constexpr double quarter_hour = 0.25;

std::vector<MeteringPoint> points_of(std::uint32_t count) {
  std::vector<MeteringPoint> out;
  for (std::uint32_t c = 0; c < count; ++c) out.push_back({{c}, c, MeterClass::b});
  return out;
}

FeederEstimator estimator_of(const Network& net) {
  auto out = FeederEstimator::create(net, {{feeder_meter}, 1, MeterClass::c},
                                     points_of(static_cast<std::uint32_t>(net.connections.size())));
  REQUIRE_MESSAGE(out, (out ? "" : out.error()));
  return std::move(*out);
}

FeederFindings found(FeederEstimator& estimator, const FeederSlot& slot) {
  const auto out = estimator.find(slot);
  REQUIRE_MESSAGE(out, (out ? "" : out.error()));
  return *out;
}

ledger::FeederSums sums_of(const FeederSlot& slot) {
  ledger::FeederSums out{slot.feeder_meter.import_energy, slot.feeder_meter.export_energy, {}, {}};
  for (const PointEnergy& h : slot.homes) {
    if (h.quarantined) continue;
    out.homes_import += h.import_energy;
    out.homes_export += h.export_energy;
  }
  return out;
}

Network village() { return generate_feeder({homes, 4, 25, 160}, Rng(3)); }

PointEnergy point(std::uint32_t meter, double watts, double volts) {
  const auto mwh = static_cast<std::int64_t>(std::abs(watts) * quarter_hour * 1000);
  return {{meter},
          {watts > 0 ? mwh : 0},
          {watts > 0 ? 0 : mwh},
          static_cast<std::int64_t>(1000 * std::floor(volts)),
          false};
}

double lowest_v(const Phases& v) {
  return std::min({std::abs(v[0]), std::abs(v[1]), std::abs(v[2])});
}

// A quarter hour of constant powers: home 0 as given, the others -3 to 4 kW with unequal phases.
// Meters err within their classes, voltages within half a percent.
FeederSlot slot_of(double first_home_w, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Phases> draws(homes);
  for (std::uint32_t h = 0; h < homes; ++h) {
    const double watts = h == 0 ? first_home_w : rng.uniform(-3000, 4000);
    const double apart = rng.uniform(-0.3, 0.3) * watts / 3;
    draws[h] = {Complex(watts / 3 + apart, 60), Complex(watts / 3 - apart, 60),
                Complex(watts / 3, 60)};
  }
  const test::Truth t = test::truth_of(village(), draws);
  const auto err = [&](double limit) { return 1 + rng.uniform(-limit, limit); };
  FeederSlot out{7, {5}, 900'000, {}, {}};
  for (std::uint32_t h = 0; h < homes; ++h) {
    double watts = 0;
    for (const Complex& s : t.flow.drawn_va[h]) watts += s.real();
    const double volts = lowest_v(t.flow.voltage_v[t.network.connections[h].bus]);
    out.homes.push_back(point(h, watts * err(0.01), volts * err(0.005)));
  }
  out.feeder_meter = point(feeder_meter, t.flow.source_va.real() * err(0.005),
                           lowest_v(t.flow.voltage_v[1]) * err(0.005));
  return out;
}

void scale(PointEnergy& p, double by) {
  p.import_energy.value = std::llround(static_cast<double>(p.import_energy.value) * by);
  p.export_energy.value = std::llround(static_cast<double>(p.export_energy.value) * by);
}

bool has(const FeederFindings& f, FeederRule rule) { return (f.verdict & bit(rule)) != 0; }

const std::string day_text = R"(
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
  std::vector<FeederSlot> slots;
  std::vector<double> losses_mwh;
};

// The world's day as its meters tell it: registers, and the mean of the readings' whole volts.
Day day_of(const std::string& date) {
  const auto file =
      read_scenario(day_text, "test.toml", {{"time.start", "\"" + date + "T00:00:00+02:00\""}});
  REQUIRE_MESSAGE(file, (file ? "" : file.error()));
  Day out;
  out.network = *make_network(file->grid(), file->seed(), {});
  const Scenario s = *file->expand(out.network);
  const auto world = std::move(*World::create(s, {}));
  std::vector<MeterSample> before;
  for (std::uint32_t m = 0; m < world->meters(); ++m) before.push_back(world->registers(m));
  double losses_kwh = 0;
  for (std::uint32_t k = 0; k < 96; ++k) {
    std::vector<std::int64_t> millivolts(world->meters());
    for (int minute = 0; minute < 15; ++minute) {
      world->step();
      for (const MeterSample& m : world->samples()) millivolts[m.meter] += 1000 * m.voltage_v;
    }
    FeederSlot slot{1, {k}, 900'000, {}, {}};
    for (std::uint32_t m = 0; m < world->meters(); ++m) {
      const MeterSample now = world->registers(m);
      const PointEnergy p{{m + 1 == world->meters() ? feeder_meter : m},
                          now.import_register - before[m].import_register,
                          now.export_register - before[m].export_register,
                          millivolts[m] / 15,
                          false};
      before[m] = now;
      if (m + 1 == world->meters())
        slot.feeder_meter = p;
      else
        slot.homes.push_back(p);
    }
    out.slots.push_back(slot);
    out.losses_mwh.push_back((world->energy().losses_kwh - losses_kwh) * 1e6);
    losses_kwh = world->energy().losses_kwh;
  }
  return out;
}

}  // namespace

TEST_CASE("a village's summer and winter day: no alarm, losses within their bound, R8 holds") {
  double largest_ratio = 0;
  for (const char* date : {"2026-06-21", "2026-01-14"}) {
    const Day day = day_of(date);
    FeederEstimator estimator = estimator_of(day.network);
    for (std::size_t k = 0; k < day.slots.size(); ++k) {
      CAPTURE(date);
      CAPTURE(k);
      const FeederFindings f = found(estimator, day.slots[k]);
      CHECK(f.verdict == 0);
      CHECK(ledger::consistent(f, sums_of(day.slots[k])));
      CHECK(f.metered == homes);
      CHECK(f.degrees_of_freedom == homes + 2);
      CHECK(day.losses_mwh[k] < static_cast<double>(f.loss_bound.value));
      CHECK(f.homes_export <= mint_bound(f));
      largest_ratio =
          std::max(largest_ratio, day.losses_mwh[k] / static_cast<double>(f.losses.value));
    }
  }
  // Losses of varying powers exceed those of their means: what losses_share is for.
  CAPTURE(largest_ratio);
  CHECK(largest_ratio > 1.1);
  CHECK(largest_ratio < 1.5);
}

TEST_CASE("honest meters with errors of their classes: few false alarms") {
  // Bounds: a rule that fires once in 100 fires at most 8 times in 300 but once in 260 (binomial).
  constexpr std::uint64_t seeds = 300;
  FeederEstimator estimator = estimator_of(village());
  int balance = 0, chi_square = 0, residual = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const FeederFindings f = found(estimator, slot_of(1500, seed));
    balance += has(f, FeederRule::balance) ? 1 : 0;
    chi_square += has(f, FeederRule::chi_square) ? 1 : 0;
    residual += has(f, FeederRule::residual) ? 1 : 0;
    CHECK(f.homes_export <= mint_bound(f));
  }
  MESSAGE("of 300 honest slots: balance ", balance, ", chi-square ", chi_square, ", residual ",
          residual);
  CHECK(balance <= 8);
  CHECK(chi_square <= 8);
}

TEST_CASE("from which size on a scaled meter is found") {
  FeederEstimator estimator = estimator_of(village());
  constexpr std::uint64_t seeds = 20;
  std::string table;
  for (const double by : {0.5, 1.2})
    for (const double watts :
         {500.0, 1000.0, 2000.0, 5000.0, 10000.0, -2000.0, -5000.0, -10000.0}) {
      int balance = 0, chi_square = 0, residual = 0, named = 0;
      for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        FeederSlot slot = slot_of(watts, seed);
        scale(slot.homes[0], by);
        const FeederFindings f = found(estimator, slot);
        balance += has(f, FeederRule::balance) ? 1 : 0;
        chi_square += has(f, FeederRule::chi_square) ? 1 : 0;
        residual += has(f, FeederRule::residual) ? 1 : 0;
        named += has(f, FeederRule::residual) && f.suspect.value == 0 ? 1 : 0;
      }
      const double off_w = std::abs(watts * (by - 1));
      table += "\n" + std::to_string(watts) + " W x " + std::to_string(by) + ": balance " +
               std::to_string(balance) + ", chi-square " + std::to_string(chi_square) +
               ", residual " + std::to_string(residual) + ", named " + std::to_string(named);
      CAPTURE(watts);
      CAPTURE(by);
      if (off_w >= 2000) CHECK(balance == seeds);
      if (off_w <= 200) CHECK(balance <= 2);
    }
  MESSAGE(table);
}

TEST_CASE("a contradiction of any size is found, whatever the estimation makes of it") {
  FeederEstimator estimator = estimator_of(village());
  for (const double watts : {5e3, 10e3, 20e3, 30e3, 50e3, 80e3}) {
    CAPTURE(watts);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      // A home reports export that it never made, or hides import.
      for (const bool hides : {false, true}) {
        FeederSlot slot = slot_of(hides ? watts / 4 : 1500, seed);
        PointEnergy& home = slot.homes[0];
        if (hides)
          home.import_energy.value = 0;
        else
          home.export_energy.value += std::llround(watts * quarter_hour * 1000);
        const auto f = estimator.find(slot);
        REQUIRE_MESSAGE(f, (f ? "" : f.error()));
        CHECK((has(*f, FeederRule::balance) || hides));
        if (!hides) CHECK(f->homes_export > mint_bound(*f));
        CHECK(ledger::consistent(*f, sums_of(slot)));
      }
    }
  }
}
