#include "hil/station/station_readings.hpp"

#include <cmath>

namespace hil {

using namespace ledger;
using Given = twin::MeterSample::Given;

bool StationReadings::is_held(Instant end) const {
  const auto ends = [&](Duration interval) { return end.since_epoch() % interval == Duration{}; };
  return signed_ && (ends(slot_) || (ends(batch_) && shown_at_ > end - batch_));
}

StationReadings::Shown StationReadings::at(Instant end,
                                           const std::optional<SignedRegisters>& newest) {
  if (!newest) return {is_held(end) ? Given::held : Given::nothing, import_, export_, 0, flow_w_};
  const MilliWattHours net =
      (newest->import_register - import_) - (newest->export_register - export_);
  const double mean_w = 3.6 * static_cast<double>(net.value) / (end - shown_at_).seconds();
  import_ = newest->import_register;
  export_ = newest->export_register;
  shown_at_ = end;
  signed_ = true;
  flow_w_ = newest->ends ? 0 : mean_w;
  return {Given::measured, import_, export_, static_cast<std::int32_t>(std::lround(mean_w)),
          mean_w};
}

}  // namespace hil
