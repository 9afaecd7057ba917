#pragma once
// What the tests of this room share: a world that obeys a formula, and a service in its own thread.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "hil/modbus/meter_service.hpp"
#include "hil/modbus/simulated_meter.hpp"
#include "twin/world/world.hpp"

namespace test {

// Two homes and a feeder meter; step and interval of 5 s. Home h draws (100 h + step) W on L1.
class FormulaWorld : public twin::World {
 public:
  FormulaWorld() {
    network_.buses.resize(2);
    network_.connections.resize(2);
    for (std::uint32_t h = 0; h < 2; ++h) {
      network_.connections[h].name = "home-" + std::to_string(h);
      network_.connections[h].bus = 1;
    }
    network_.connections[1].phases = 0b001;
    grid_.voltage_v.resize(2);
    homes_.resize(2);
  }
  static tl::expected<std::unique_ptr<twin::World>, std::string> make() {
    return std::make_unique<FormulaWorld>();
  }
  const twin::Network& network() const override { return network_; }
  std::uint32_t meters() const override { return 3; }
  void set(std::uint32_t, const twin::SetPoints&) override {}
  void measured(std::uint32_t, const twin::Phases&) override {}
  void step() override {
    ++steps_;
    samples_.clear();
    for (std::uint32_t h = 0; h < 3; ++h) {
      const std::int64_t energy = 1000 * h + steps_ * (steps_ + 1) / 2;
      samples_.push_back({h,
                          now(),
                          {energy},
                          {7 * energy},
                          static_cast<std::int32_t>(100 * h - steps_),
                          static_cast<std::uint8_t>(225 + steps_ % 10)});
    }
    for (std::size_t h = 0; h < 2; ++h)
      homes_[h].draw_va = {
          twin::Complex(100.0 * static_cast<double>(h) + steps_ / 3.0, -steps_ / 7.0)};
    grid_.voltage_v[1] = {twin::Complex(230, steps_ * 0.1), twin::Complex(-115, -199), 231.0};
  }
  ledger::Instant now() const override { return ledger::Instant{} + ledger::seconds(5 * steps_); }
  twin::MeterSample registers(std::uint32_t meter) const override {
    return samples_.empty() ? twin::MeterSample{} : samples_[meter];
  }
  std::span<const twin::MeterSample> samples() const override { return samples_; }
  const twin::PowerFlowResult& grid() const override { return grid_; }
  std::span<const twin::HomeState> homes() const override { return homes_; }
  twin::EnergyTotals energy() const override { return {}; }
  twin::GridTotals grid_totals() const override { return {}; }
  std::vector<std::int64_t> history_wh(std::uint32_t) const override { return {}; }

 private:
  std::int64_t steps_ = 0;
  twin::Network network_;
  twin::PowerFlowResult grid_;
  std::vector<twin::HomeState> homes_;
  std::vector<twin::MeterSample> samples_;
};

inline std::unique_ptr<hil::WorldMeter> formula_meter(std::uint32_t home, ledger::Duration length) {
  return std::move(*hil::WorldMeter::create(FormulaWorld::make, home, home, length));
}

// A meter on a free port of this machine, until it goes.
class RunningMeter {
 public:
  RunningMeter(const hil::DeviceMap& map, std::unique_ptr<hil::SimulatedMeter> meter, double speed,
               std::uint16_t port = 0, std::uint8_t unit = 1)
      : service_(std::move(
            *hil::MeterService::create(map, std::move(meter), speed, {"127.0.0.1", port}, unit))),
        thread_([this] { service_->run(stop_); }) {}
  ~RunningMeter() {
    stop_ = true;
    thread_.join();
  }
  const hil::Address& address() const { return service_->address(); }

 private:
  std::atomic<bool> stop_ = false;
  std::unique_ptr<hil::MeterService> service_;
  std::thread thread_;
};

inline hil::DeviceMap device(const char* name) { return *hil::load_device_map(name); }

inline auto after(int ms) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
}

}  // namespace test
