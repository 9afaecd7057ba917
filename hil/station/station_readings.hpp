#pragma once
// What the home of a station that signs its registers shows at the end of each metering interval.
// Nothing is made up between two records:
//
//   a record came        its registers; power is what they rose by since the interval that showed
//                        the record before (at first: since the epoch), over that time
//   none, a slot ends    the registers as they were signed last, `held`, and no power: without them
//                        the slot could not be settled
//   none, and a batch    the same, if a record came in its time: what is sent then arrives at its
//   interval ends        end, and the oracle dates it back from there
//   none, otherwise      no reading (`nothing`): sequences have a gap, and the oracle judges no
//                        power over it
//   before the first     no reading, and no mark of a slot
//
// What flows meanwhile in the twin's grid is the mean power of the last record, and nothing behind
// one that ends its transaction.

#include <optional>

#include "hil/station/station_meter.hpp"
#include "twin/world/world.hpp"

namespace hil {

class StationReadings {
 public:
  StationReadings(ledger::Duration slot, ledger::Duration batch,
                  ledger::MilliWattHours first_import, ledger::MilliWattHours first_export)
      : slot_(slot), batch_(batch), import_(first_import), export_(first_export) {}

  struct Shown {
    twin::MeterSample::Given given = twin::MeterSample::Given::nothing;
    ledger::MilliWattHours import_register, export_register;
    std::int32_t power_w = 0;
    double flow_w = 0;  // in the grid, in the interval; import positive
  };
  // Ends rise. `newest`: the newest record up to this end that was not shown yet.
  Shown at(ledger::Instant end, const std::optional<SignedRegisters>& newest);

 private:
  bool is_held(ledger::Instant end) const;

  ledger::Duration slot_, batch_;
  ledger::MilliWattHours import_, export_;
  ledger::Instant shown_at_;
  bool signed_ = false;
  double flow_w_ = 0;
};

}  // namespace hil
