#include <algorithm>

#include "hil/modbus/simulated_meter.hpp"
#include "ledger/base/invariant.hpp"

namespace hil {

tl::expected<std::unique_ptr<WorldMeter>, std::string> WorldMeter::create(
    MakeWorld make, std::uint32_t home, std::uint32_t connection, ledger::Duration duration) {
  std::unique_ptr<WorldMeter> out(
      new WorldMeter(std::move(make), home, connection, ledger::Instant{} + duration));
  if (const auto made = out->rewind(); !made) return tl::unexpected(made.error());
  return out;
}

tl::expected<void, std::string> WorldMeter::rewind() {
  auto world = make_();
  if (!world) return tl::unexpected(world.error());
  ledger::invariant(
      home_ < (*world)->homes().size() && connection_ < (*world)->network().connections.size(),
      "a served home exists in its world");
  world_ = std::move(*world);
  sequence_ = 0;
  return {};
}

std::optional<MeterReading> WorldMeter::next() {
  while (world_->now() < end_) {
    world_->step();
    if (!world_->samples().empty()) return reading(world_->samples()[home_]);
  }
  return std::nullopt;
}

MeterReading WorldMeter::reading(const twin::MeterSample& sample) {
  MeterReading out;
  out.sequence = ++sequence_;
  out.time = sample.time;
  out.import_register = sample.import_register;
  out.export_register = sample.export_register;
  out.power_w = sample.power_w;
  out.voltage_v = sample.voltage_v;
  out.draw_va = world_->homes()[home_].draw_va;
  const twin::Connection& connection = world_->network().connections[connection_];
  const twin::Phases& voltage = world_->grid().voltage_v[connection.bus];
  for (std::size_t i = 0; i < 3; ++i)
    if (connection.phases & (1u << i)) out.phase_voltage_v[i] = std::abs(voltage[i]);
  return out;
}

}  // namespace hil
