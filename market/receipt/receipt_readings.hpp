#pragma once
// A meter's readings of the slot, up from the single one: reading, record, batch, log. The meter
// has signed them, or the record's verdict says that it did not; where the slot has a mark none is
// missing but those that a verdict speaks of.

#include "ledger/oracle/batch.hpp"
#include "market/receipt/receipt_signatures.hpp"

namespace market {

struct ReceiptReadings {
  std::vector<Reading> readings;      // as they stand; those of forged minutes left out
  std::vector<std::uint32_t> epochs;  // of the batches, rising
  Verdict verdict = 0;                // of all their records
};

ReceiptReadings read_readings(const ReceiptPart& receipt, EntryReader& reader,
                              const ReceiptOpenings& openings, const ReceiptGateway& gateway,
                              Slot slot, const TrustRoot& trust);

}  // namespace market
