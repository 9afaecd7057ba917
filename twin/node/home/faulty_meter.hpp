#pragma once
// A meter that shows something else than what flows: the faults of meters that a scenario names, on
// the samples of one home. What it counts wrongly stays in its registers.
//
//   meter_scale     rises and power times `factor`            meter_silent    no sample
//   meter_offset    `offset_w` more, in energy and power      meter_clock     time + `clock`
//   meter_rollback  both registers less `energy`, at least 0  meter_swap      registers from 0
//   meter_drift     time + drift_ppm x time since the full hour, when its clock is set
//   meter_rollover  registers begin at modulus - energy, and anew at the modulus
//
// A fault acts on the samples whose interval ends in (at, at + length]; a rollback and a swap on
// the first one behind `at`.

#include <optional>
#include <vector>

#include "twin/scenario/scenario.hpp"
#include "twin/world/world.hpp"

namespace twin {

class FaultyMeter {
 public:
  // Registers at the epoch. The faults are those of this home.
  FaultyMeter(ledger::MilliWattHours first_import, ledger::MilliWattHours first_export,
              std::vector<MeterFault> faults);

  struct Swapped {
    bool papers = false;
    ledger::MilliWattHours closing_import, closing_export;  // of the old meter
  };
  struct Shown {
    std::optional<MeterSample> sample;  // none: nothing arrives
    std::optional<Swapped> swapped;     // the sample is the first of a new meter
  };
  Shown show(const MeterSample& truth);

  // What the registers of such a meter show at the epoch, where they begin anew (0: nowhere), and
  // whether the registry knows that.
  struct Registers {
    ledger::MilliWattHours first_import, first_export, modulus;
    bool declared = false;
  };
  static Registers registers_of(ledger::MilliWattHours first_import,
                                ledger::MilliWattHours first_export,
                                const std::vector<MeterFault>& faults);

 private:
  std::vector<MeterFault> faults_;
  std::vector<bool> done_;                              // of faults that act once
  ledger::MilliWattHours true_import_, true_export_;    // of the sample before
  ledger::MilliWattHours shown_import_, shown_export_;  // likewise
  ledger::MilliWattHours modulus_;                      // of the registers, 0: none
  ledger::Instant before_;
};

}  // namespace twin
