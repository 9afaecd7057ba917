#include "market/metering/witnesses.hpp"

#include <cstdlib>

#include "ledger/oracle/feeder_median.hpp"

namespace market {
namespace {

constexpr std::int64_t least_power_w = 10;

MilliWattHours net_of(const PointEnergy& e) { return e.import_energy - e.export_energy; }

// W ms / 3600 = mWh.
std::int64_t most_apart(const PointEnergy& median, std::int64_t slot_ms) {
  return (median.import_energy + median.export_energy).value / 100 + least_power_w * slot_ms / 3600;
}

}  // namespace

Witnessed witnessed(const std::vector<PointEnergy>& marked, MeterId first, std::size_t meters,
                    std::int64_t slot_ms) {
  if (meters == 1) return {marked.front(), {}};
  Witnessed out{{first, {}, {}, 0, true}, {}};
  std::vector<std::int64_t> imports, exports;
  for (const PointEnergy& e : marked) {
    if (e.quarantined) continue;
    imports.push_back(e.import_energy.value);
    exports.push_back(e.export_energy.value);
  }
  if (!enough(imports.size(), meters, true)) return out;
  out.energy = {first, {median(imports)}, {median(exports)}, 0, false};
  const std::int64_t most = most_apart(out.energy, slot_ms);
  for (const PointEnergy& e : marked)
    if (!e.quarantined && std::abs((net_of(e) - net_of(out.energy)).value) > most)
      out.apart.push_back(e.meter);
  return out;
}

}  // namespace market
