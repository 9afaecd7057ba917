#pragma once
// Inclusion: every entry that a receipt shows stands on the log, but for the batches, which are
// read with their readings (market/receipt/receipt_readings.hpp).

#include "market/receipt/proven_entry.hpp"

namespace market {

// Opened, all but the settlement, tariff changes and the gateway's.
struct ReceiptEntries {
  ProvenEntry registration, settlement, statement;
  std::optional<ProvenEntry> mark, before, statement_before;
  std::vector<ProvenEntry> swaps, rulings;
  std::vector<ProvenEntry> orders;  // by index
  std::vector<ProvenEntry> key_changes, certificates, contracts, measures;
  std::vector<ProvenEntry> fees;     // tariff changes, by index
  std::vector<ProvenEntry> gateway;  // its registration and key changes, by index
};

ReceiptEntries read_entries(const ReceiptPart& receipt, EntryReader& reader);

}  // namespace market
