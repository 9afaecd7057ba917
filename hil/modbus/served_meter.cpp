#include "hil/modbus/served_meter.hpp"

#include <algorithm>
#include <cmath>

#include "hil/modbus/register_value.hpp"
#include "ledger/base/invariant.hpp"

namespace hil {

ServedMeter::ServedMeter(const DeviceMap& map, std::unique_ptr<SimulatedMeter> meter, double speed,
                         std::function<ledger::Instant()> real_now)
    : image_(map),
      meter_(std::move(meter)),
      speed_(speed),
      real_now_(std::move(real_now)),
      set_at_real_(real_now_()) {
  ledger::invariant(speed_ > 0, "a clock goes forward");
  begin();
}

void ServedMeter::begin() {
  image_.clear();
  newest_ = {};
  coming_ = meter_->next();
  if (!coming_) return;
  MeterReading in_progress = *coming_;
  in_progress.sequence = 0;
  in_progress.time = {};
  show(in_progress, meter_->frequency_hz(), image_);
}

ledger::Instant ServedMeter::clock() const {
  const double passed = static_cast<double>((real_now_() - set_at_real_).ns) * speed_;
  constexpr double longest = 4e18;  // ns: far below an Instant's end, at any speed
  return set_to_ + ledger::nanoseconds(std::llround(std::min(passed, longest)));
}

void ServedMeter::advance() {
  if (!coming_ || coming_->time > clock()) return;
  newest_ = *coming_;
  show(newest_, meter_->frequency_hz(), image_);
  coming_ = meter_->next();
}

std::optional<ledger::Duration> ServedMeter::until_next() const {
  if (!coming_) return std::nullopt;
  const double wait = static_cast<double>((coming_->time - clock()).ns) / speed_;
  return ledger::nanoseconds(std::llround(std::min(wait, 9e18)));
}

tl::expected<void, std::string> ServedMeter::set_clock(ledger::Instant meter_time) {
  if (newest_.time > meter_time) {
    if (const auto again = meter_->rewind(); !again) return again;
    begin();
  }
  set_to_ = meter_time;
  set_at_real_ = real_now_();
  return {};
}

bool ServedMeter::read(int function, std::uint16_t address, std::span<std::uint16_t> out) {
  image_.show("clock", static_cast<double>(clock().whole_ms()));
  return image_.read(function, address, out);
}

ModbusException ServedMeter::write(std::uint16_t address, std::span<const std::uint16_t> values) {
  const MappedValue* clock = image_.map().find("clock");
  if (!clock || !clock->writable || clock->address != address ||
      values.size() != static_cast<std::size_t>(registers_of(*clock)))
    return ModbusException::illegal_address;
  const auto written = number_of(*clock, bits_of(*clock, values));
  if (!written) return ModbusException::illegal_value;
  const double ms = *written * clock->base_per_unit;
  constexpr double most_ms = 1e12;  // 31 years: far from the end of an Instant at any speed
  if (ms < 0 || ms > most_ms) return ModbusException::illegal_value;
  const auto set = set_clock(ledger::Instant{} + ledger::milliseconds(std::llround(ms)));
  return set ? ModbusException::none : ModbusException::device_failure;
}

}  // namespace hil
