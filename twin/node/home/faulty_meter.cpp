#include "twin/node/home/faulty_meter.hpp"

#include <algorithm>
#include <cmath>

namespace twin {

using namespace ledger;

namespace {

std::int32_t clamped(double watts) {
  return static_cast<std::int32_t>(
      std::llround(std::clamp(watts, double{INT32_MIN}, double{INT32_MAX})));
}

MilliWattHours scaled(MilliWattHours rise, double factor) {
  return {std::llround(static_cast<double>(rise.value) * factor)};
}

}  // namespace

FaultyMeter::Registers FaultyMeter::registers_of(MilliWattHours first_import,
                                                 MilliWattHours first_export,
                                                 const std::vector<MeterFault>& faults) {
  for (const MeterFault& f : faults)
    if (f.kind == MeterFault::Kind::meter_rollover) {
      const MilliWattHours first = std::max(MilliWattHours{}, f.modulus - f.energy);
      return {first, first, f.modulus, f.declared};
    }
  return {first_import, first_export, {}, false};
}

FaultyMeter::FaultyMeter(MilliWattHours first_import, MilliWattHours first_export,
                         std::vector<MeterFault> faults)
    : faults_(std::move(faults)),
      done_(faults_.size()),
      true_import_(first_import),
      true_export_(first_export) {
  const Registers shown = registers_of(first_import, first_export, faults_);
  shown_import_ = shown.first_import;
  shown_export_ = shown.first_export;
  modulus_ = shown.modulus;
}

FaultyMeter::Shown FaultyMeter::show(const MeterSample& truth) {
  Shown out;
  MeterSample s = truth;
  MilliWattHours imported = truth.import_register - true_import_;
  MilliWattHours exported = truth.export_register - true_export_;
  const std::int64_t span_ms = (truth.time - before_).whole_ms();
  bool silent = false;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const MeterFault& f = faults_[i];
    const Duration now = truth.time.since_epoch();
    const bool once = !done_[i] && now > f.at;
    if (f.kind == MeterFault::Kind::meter_swap && once) {
      done_[i] = true;
      out.swapped = Swapped{f.papers, shown_import_, shown_export_};
      shown_import_ = shown_export_ = {};
    } else if (f.kind == MeterFault::Kind::meter_rollback && once) {
      done_[i] = true;
      shown_import_ = std::max(MilliWattHours{}, shown_import_ - f.energy);
      shown_export_ = std::max(MilliWattHours{}, shown_export_ - f.energy);
    }
    if (!f.acts(now)) continue;
    if (f.kind == MeterFault::Kind::meter_scale) {
      imported = scaled(imported, f.factor);
      exported = scaled(exported, f.factor);
      s.power_w = clamped(s.power_w * f.factor);
    } else if (f.kind == MeterFault::Kind::meter_offset) {
      (f.offset_w > 0 ? imported : exported) +=
          MilliWattHours{std::abs(std::int64_t{f.offset_w}) * span_ms / 3600};  // W ms / 3600 = mWh
      s.power_w = clamped(1.0 * s.power_w + f.offset_w);
    } else if (f.kind == MeterFault::Kind::meter_clock) {
      s.time = s.time + f.clock;
    } else if (f.kind == MeterFault::Kind::meter_drift) {
      const std::int64_t since_set_ms = truth.time.whole_ms() % hours(1).whole_ms();
      s.time = s.time +
               milliseconds(std::llround(static_cast<double>(since_set_ms) * f.drift_ppm * 1e-6));
    } else if (f.kind == MeterFault::Kind::meter_silent) {
      silent = true;
    }
  }
  true_import_ = truth.import_register;
  true_export_ = truth.export_register;
  before_ = truth.time;
  shown_import_ += imported;
  shown_export_ += exported;
  if (modulus_.value > 0) {
    shown_import_.value %= modulus_.value;
    shown_export_.value %= modulus_.value;
  }
  s.import_register = shown_import_;
  s.export_register = shown_export_;
  if (!silent) out.sample = s;
  return out;
}

}  // namespace twin
