#pragma once
// A meter's own record of a transaction: two readings, signed.

#include "ledger/crypto/ecdsa.hpp"
#include "ledger/ocmf/ocmf_format.hpp"
#include "ledger/oracle/reading.hpp"

namespace ledger {

struct OcmfTransaction {
  std::string gateway_id, gateway_serial;               // GI, GS
  std::string meter_vendor, meter_model, meter_serial;  // MV, MM, MS
  std::uint64_t page = 0;                               // PG: rises by one a record of this gateway
  CivilTime epoch;                                      // the readings' times count from it
  OcmfTimeState time_state = OcmfTimeState::synchronised;
  Reading begin, end;
  bool goes_on = false;  // the end is a reading while charging (TX of C), not the transaction's
};

// OCMF 1.0 with both totals (1-0:1.8.0 and 1-0:2.8.0) at begin and end in kWh with six decimals, so
// that each mWh is there; sequences, power and voltage have no field and do not travel. No user
// is named. SD in hexadecimal digits, by the algorithm of the key's curve. Fails where a name holds
// a bar, a control character or no UTF-8, where the end is before the begin or has less energy, and
// for registers and times that no reading has.
Result<std::string> write_ocmf(const OcmfTransaction& transaction, const EcdsaKey& key);

}  // namespace ledger
