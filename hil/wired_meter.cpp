#include "hil/wired_meter.hpp"

#include "ledger/base/invariant.hpp"
#include "ledger/ocmf/ocmf_check.hpp"

namespace hil {

using namespace ledger;
using namespace twin;

namespace {

DeviceReport report_of(const std::string& name, const WiredStation& station) {
  const StationCounts c = station.poller->counts();
  DeviceReport out;
  out.name = name;
  out.polls = c.lines;
  out.errors = c.lost;
  for (const auto& [reason, count] : c.refused) out.errors += count;
  out.gaps = c.missing;
  out.jitter_p50_ms = c.jitter_p50_ms;
  out.jitter_p99_ms = c.jitter_p99_ms;
  out.source = station.source;
  out.records = {station.taken, station.held_readings, c.refused};
  return out;
}

std::uint32_t home_named(const Scenario& scenario, const std::string& name) {
  std::uint32_t h = 0;
  while (h < scenario.homes.size() && scenario.homes[h].name != name) ++h;
  return h;
}

Result<std::unique_ptr<MeterPoller>> polled(const Scenario& scenario, const MeterSpec& m) {
  PollerOptions o;
  auto map = load_device_map(m.device);
  if (!map) return failure(map.error());
  o.map = std::move(*map);
  const auto address = parse_address(m.address);
  if (!address) return failure(address.error());
  o.address = *address;
  o.unit = static_cast<std::uint8_t>(m.unit);
  o.interval = scenario.time.metering_interval;
  o.speed = scenario.time.real_time_factor;
  auto poller = MeterPoller::start(o, Instant{});
  if (!poller) return failure("meter of " + m.home + ": " + poller.error());
  return std::move(*poller);
}

market::Registration registration_of(const Deployment& deployment, std::uint32_t home) {
  for (const market::Registration& r : deployment.registered())
    if (r.kind == market::MeterKind::home && r.meter.value == home) return r;
  invariant(false, "each home's meter is registered");
  return {};
}

Result<std::unique_ptr<WiredStation>> listened_to(const Scenario& scenario, const MeterSpec& m,
                                                  std::uint32_t home, Deployment& deployment) {
  auto source = parse_source(m.address);
  if (!source) return failure(source.error());
  auto key = read_ocmf_key(m.public_key);
  if (!key) return failure(key.error());
  deployment.begin_at(home, m.first_import, m.first_export);
  const market::Registration r = registration_of(deployment, home);
  StationMeter meter(std::move(*key), {m.serial, scenario.time.start, r.max_power_w,
                                       r.import_register, r.export_register});
  auto poller =
      StationPoller::open(std::move(*source), std::move(meter), scenario.time.real_time_factor);
  if (!poller) return failure("station of " + m.home + ": " + poller.error());
  const StationReadings readings(scenario.time.market_slot, scenario.ledger.batch_interval,
                                 r.import_register, r.export_register);
  return std::unique_ptr<WiredStation>(new WiredStation{std::move(*poller), readings, r.account});
}

Result<void> check_station(const Scenario& scenario, const MeterSpec& m) {
  if (const auto source = parse_source(m.address); !source)
    return failure(m.where_address + ": " + source.error());
  if (const auto key = read_ocmf_key(m.public_key); !key)
    return failure(m.where_key + ": " + key.error());
  // What was sent reading by reading waits for those before it, and of a station there are none.
  if (scenario.ledger.signing == Signing::reading)
    return failure(m.where_address +
                   ": a station's readings have gaps; wants ledger.signing = \"minute\" or "
                   "\"gateway\"");
  return {};
}

}  // namespace

DeviceReport report_of(const WiredMeter& d) {
  if (d.station) return report_of(d.name, *d.station);
  const PollerCounts c = d.poller->counts();
  DeviceReport out;
  out.name = d.name;
  out.polls = c.polls;
  out.errors = c.errors;
  out.gaps = c.gaps;
  out.late = c.late;
  out.shadow_readings = d.shadow_readings;
  out.jitter_p50_ms = c.jitter_p50_ms;
  out.jitter_p99_ms = c.jitter_p99_ms;
  out.source = d.on_shadow ? "shadow" : "modbus";
  return out;
}

Result<void> check_meters(const Scenario& scenario) {
  for (const MeterSpec& m : scenario.meters) {
    const auto map = load_device_map(m.device);
    if (!map) return failure(m.where_device + ": " + map.error());
    if (m.transport == "modbus")
      if (const std::string lack = MeterPoller::lack_of(*map); !lack.empty())
        return failure(m.where_device + ": " + lack);
    if (m.transport == "ocmf") {
      if (auto ok = check_station(scenario, m); !ok) return ok;
      continue;
    }
    if (m.address.empty()) continue;
    if (const auto address = parse_address(m.address); !address)
      return failure(m.where_address + ": " + address.error());
  }
  return {};
}

Result<std::vector<WiredMeter>> connect_meters(const Scenario& scenario, Deployment& deployment) {
  std::vector<WiredMeter> out;
  for (const MeterSpec& m : scenario.meters) {
    if (m.transport == "sim") continue;
    WiredMeter& meter = out.emplace_back();
    meter.name = m.home;
    meter.home = home_named(scenario, m.home);
    if (m.transport == "ocmf") {
      auto station = listened_to(scenario, m, meter.home, deployment);
      if (!station) return failure(station.error());
      meter.station = std::move(*station);
      continue;
    }
    auto poller = polled(scenario, m);
    if (!poller) return failure(poller.error());
    meter.poller = std::move(*poller);
  }
  return out;
}

}  // namespace hil
