#pragma once
// What a meter shows at the end of a metering interval, and the reference meter's block of it.
// Import from the grid is positive. The by-phase values are the means (where the interval is one
// physics step: that step's) from which a twin can take the home's place in its power flow.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>

#include "hil/modbus/device_map.hpp"
#include "hil/modbus/register_image.hpp"
#include "ledger/base/amounts.hpp"
#include "ledger/base/time.hpp"
#include "twin/grid/model/network.hpp"

namespace hil {

struct MeterReading {
  std::uint32_t sequence = 0;  // 1 at the end of the first interval; 0: no reading yet
  ledger::Instant time;        // nominal end of the interval, whole ms
  ledger::MilliWattHours import_register, export_register;  // not negative
  std::int32_t power_w = 0;                                 // mean over the interval
  std::uint16_t voltage_v = 0;                              // lowest phase in use
  twin::Phases draw_va{};
  std::array<double, 3> phase_voltage_v{};  // to neutral; 0 where the phase is not used
  bool operator==(const MeterReading&) const = default;
};

// Fills every quantity that the map has and keeps the reading in its history.
void show(const MeterReading& reading, double frequency_hz, RegisterImage& image);

// From the registers of a block as map.sample describes it. Anything that a meter cannot show is
// an error: a value that the map lacks, a NaN, a counter or a time beyond 63 bits.
tl::expected<MeterReading, std::string> reading_in(const DeviceMap& map,
                                                   std::span<const std::uint16_t> block);

// Empty, or why this map cannot give whole readings.
std::string lack_of(const DeviceMap& map);

}  // namespace hil
