#pragma once
// Where a served meter's readings come from: one after the other, deterministically, at nominal
// times. `WorldMeter` shows a home of a scenario, `LivingMeter` a plausible household.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "hil/modbus/meter_reading.hpp"
#include "ledger/base/rng.hpp"
#include "ledger/base/time.hpp"
#include "twin/world/world.hpp"

namespace hil {

class SimulatedMeter {
 public:
  virtual ~SimulatedMeter() = default;
  // The next interval's reading: sequence and time go up by one and by the interval. Nothing after
  // the end.
  virtual std::optional<MeterReading> next() = 0;
  // Back to the epoch: `next` gives the first reading again, and all others as before. After an
  // error nothing has changed.
  virtual tl::expected<void, std::string> rewind() = 0;
  virtual double frequency_hz() const = 0;
};

// The meter of one home of a world, which runs with all its other homes. Its by-phase values are
// those of the interval's last physics step.
class WorldMeter : public SimulatedMeter {
 public:
  using MakeWorld = std::function<tl::expected<std::unique_ptr<twin::World>, std::string>()>;

  // `connection` of the home stands in the scenario's HomeSpec; the world ends at `duration`.
  static tl::expected<std::unique_ptr<WorldMeter>, std::string> create(MakeWorld make,
                                                                       std::uint32_t home,
                                                                       std::uint32_t connection,
                                                                       ledger::Duration duration);

  std::optional<MeterReading> next() override;
  tl::expected<void, std::string> rewind() override;
  double frequency_hz() const override { return world_->network().frequency_hz; }

 private:
  WorldMeter(MakeWorld make, std::uint32_t home, std::uint32_t connection, ledger::Instant end)
      : make_(std::move(make)), home_(home), connection_(connection), end_(end) {}
  MeterReading reading(const twin::MeterSample& sample);

  MakeWorld make_;
  std::uint32_t home_, connection_;
  ledger::Instant end_;
  std::unique_ptr<twin::World> world_;
  std::uint32_t sequence_ = 0;
};

// A three-phase household that never ends, a reading each second: a base load, a refrigerator,
// now and then a kettle or an oven, a sunny roof, and a voltage near 230 V that gives way to the
// load. For trying out readers; it obeys no scenario.
class LivingMeter : public SimulatedMeter {
 public:
  explicit LivingMeter(std::uint64_t seed);
  std::optional<MeterReading> next() override;
  tl::expected<void, std::string> rewind() override;
  double frequency_hz() const override { return 50; }

 private:
  struct State {
    std::uint32_t sequence = 0;
    double import_wh = 0, export_wh = 0;
    double drift_v = 0;
    int appliance_seconds_left = 0;
    double appliance_w = 0;
    std::size_t appliance_phase = 0;
  };
  twin::Phases draw(State& state);

  std::uint64_t seed_;
  ledger::Rng rng_;
  State state_;
};

}  // namespace hil
