#pragma once
// The meter of a charging station, as its signed records (OCMF, ledger/ocmf/) tell of it: what is
// taken of a record and what is refused, and why. No socket and no clock here.
//
// A record counts by its newest reading that has a total register (1.8.0 or 2.8.0). It is taken
// where the station's key signed it as it came, the meter is the same as before and calls its own
// energy and time good, and the reading is later than the last one taken, no more than 9 s from the
// gateway's time (ledger/oracle/rules.hpp), with registers that did not fall and rose by no more
// than the home's connection lets through. A register that the record leaves out stays. Of anything
// else nothing moves, and since registers count on, the next good record brings what it held.
//
// The time states S, I and R are all taken, since the gateway's clock vouches for the time; U,
// which the meter gives where it knows no time, is not.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "ledger/base/amounts.hpp"
#include "ledger/base/time.hpp"
#include "ledger/crypto/ecdsa.hpp"
#include "ledger/ocmf/ocmf_samples.hpp"

namespace hil {

enum class RecordRefusal : std::uint8_t {
  too_long,           // a line beyond 64 KiB
  too_many,           // more records than the gateway keeps until its next interval
  malformed,          // no record of the format, or its signature has no form
  invalid_signature,  // not signed by this key, or not as it came
  unsupported,        // an algorithm or curve that is not taken
  other_meter,        // another serial (MS)
  energy_unreadable,  // a unit but kWh and Wh, or a value that is no whole number of mWh
  no_register,        // neither total import nor total export
  energy_unusable,    // the meter says so: ST is not G, EF holds E, or TX of X
  time_unusable,      // the meter says so: time state U, EF holds t, or TX of X
  time_not_rising,    // not later than the record before: also a record that came already
  time_apart,         // more than 9 s from the gateway's time
  register_fell,      // below the record before, or within the record
  beyond_connection,  // a rise that the home's connection does not let through in the time
};
std::string_view name_of(RecordRefusal refusal);

// Of a record that was taken. Time since the epoch, by the station's clock.
struct SignedRegisters {
  ledger::Instant time;
  ledger::MilliWattHours import_register, export_register;
  bool ends = false;  // the transaction: what follows is not charged
};

struct StationTerms {
  std::string serial;        // MS; empty: that of the first record that is taken
  ledger::CivilTime epoch;   // the scenario's start
  std::int64_t max_power_w;  // of the home's connection
  // As registered at the epoch.
  ledger::MilliWattHours first_import, first_export;
};

class StationMeter {
 public:
  StationMeter(ledger::EcdsaPublicKey key, StationTerms terms);

  // `now`: the gateway's time.
  tl::expected<SignedRegisters, RecordRefusal> take(std::string_view record, ledger::Instant now);

  // Records that the station has numbered (PG) and that were not taken, between those that were.
  std::uint64_t missing() const { return missing_; }

 private:
  std::optional<RecordRefusal> refusal_of(const ledger::OcmfSample& newest,
                                          const SignedRegisters& next, std::int64_t time_ms,
                                          ledger::Instant now) const;
  void count_page(const std::string& pagination);

  ledger::EcdsaPublicKey key_;
  StationTerms terms_;
  bool taken_ = false;
  SignedRegisters last_;  // as registered, until a record was taken
  std::string last_page_;
  std::uint64_t missing_ = 0;
};

}  // namespace hil
