#pragma once
// What a record says of energy, in the ledger's words: registers in mWh, time in ms, and what the
// oracle's rules on time make of the meter's own word for its clock.

#include <span>

#include "ledger/ocmf/ocmf_format.hpp"
#include "ledger/oracle/reading.hpp"
#include "ledger/oracle/rules.hpp"

namespace ledger {

// Which register an OBIS code (IEC 62056-6-1: A-B:C.D.E, then * or . and F) names. Codes are
// written with and without leading zeros, with b and e for what a maker leaves open, F as 255, FF
// or not at all: those that signed records hold. A tariff's register (E above 0) is none of them.
enum class OcmfRegister : std::uint8_t {
  other,
  import_total,  // 1.8.0: active energy from the grid
  export_total,  // 2.8.0: active energy to the grid
  transaction,   // 98.8.0, and F = 198: from 0 since the transaction began; no meter's register
};
OcmfRegister register_of(std::string_view obis);

// Exact, and at most INT64_MAX: "9.038" kWh is 9,038,000 mWh. Fails for a sign, an exponent, parts
// of a mWh, and units but Wh and kWh.
Result<MilliWattHours> energy_of(std::string_view value, std::string_view unit);

// The readings of one moment. Import positive and export positive, each where the record has it.
struct OcmfSample {
  CivilTime time;
  OcmfTimeState time_state = OcmfTimeState::unsynchronised;
  std::string transaction;  // TX
  std::optional<MilliWattHours> import_total, export_total, of_transaction;
  bool energy_usable = true;  // EF without E, ST is G, no X in this transaction so far
  bool time_usable = true;    // EF without t, no X so far
};

// In the record's order; readings of other quantities are left out. Fails where an energy does not
// convert, or one moment has two values of one register.
Result<std::vector<OcmfSample>> samples_of(const OcmfRecord& record);

// S passes; I and R are informative: energy yes, price slots no; U and a time of no use stand as
// apart, which quarantines. The oracle still compares the time with the gateway's.
Verdict time_verdict(const OcmfSample& sample);

// As a reading of the chain: time since `epoch`, an export that the record leaves out is 0. A
// record holds no power and no voltage: both are 0. Fails for energy that the meter itself calls of
// no use, without a total import, before the epoch, and beyond the reading's 40 bits.
Result<Reading> reading_of(const OcmfSample& sample, CivilTime epoch, std::uint32_t sequence);

}  // namespace ledger
