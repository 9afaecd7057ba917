#pragma once
// A meter's two registers: energy comes in as physics' doubles and is rounded once, down to whole
// mWh of the total, so that a register never drifts from the physics.

#include <cmath>

#include "ledger/base/amounts.hpp"

namespace twin {

class EnergyRegisters {
 public:
  EnergyRegisters(std::int64_t import_mwh, std::int64_t export_mwh)
      : import_start_(import_mwh), export_start_(export_mwh) {}

  // Import positive.
  void add(double power_w, double hours) {
    const double mwh = power_w * hours * 1000;
    (mwh > 0 ? import_ : export_) += std::abs(mwh);
  }
  ledger::MilliWattHours import_register() const { return {import_start_ + whole(import_)}; }
  ledger::MilliWattHours export_register() const { return {export_start_ + whole(export_)}; }
  double net_mwh() const { return import_ - export_; }  // since the start, not rounded

 private:
  static std::int64_t whole(double mwh) { return static_cast<std::int64_t>(mwh); }
  std::int64_t import_start_, export_start_;
  double import_ = 0, export_ = 0;
};

}  // namespace twin
