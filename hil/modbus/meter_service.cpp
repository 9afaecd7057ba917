#include "hil/modbus/meter_service.hpp"

#include <algorithm>
#include <chrono>

namespace hil {
namespace {

ledger::Instant steady_now() {
  return {std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count()};
}

}  // namespace

MeterService::MeterService(const DeviceMap& map, std::unique_ptr<SimulatedMeter> meter,
                           double speed)
    : meter_(map, std::move(meter), speed, steady_now) {}

tl::expected<std::unique_ptr<MeterService>, std::string> MeterService::create(
    const DeviceMap& map, std::unique_ptr<SimulatedMeter> meter, double speed,
    const Address& listen, std::uint8_t unit) {
  std::unique_ptr<MeterService> out(new MeterService(map, std::move(meter), speed));
  auto server = ModbusMeterServer::listen(listen, unit, out->meter_);
  if (!server) return tl::unexpected(server.error());
  out->server_ = std::move(*server);
  return out;
}

void MeterService::run(const std::atomic<bool>& stop) {
  constexpr ledger::Duration longest = ledger::milliseconds(100);
  while (!stop) {
    meter_.advance();
    server_->serve(std::min(longest, meter_.until_next().value_or(longest)));
  }
}

}  // namespace hil
