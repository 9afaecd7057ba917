#pragma once
// What the observer tells the oracles when a slot has closed: what its feeders' meters say, and
// which quarantined energy waits for a ruling.
//
//   next slot u32 (that has not closed), feeders u32, then each:
//     feeder u32, slot u32, slot_ms i64, homes u32, then the feeder meter's point and each home's:
//       meter u32, import i64, export i64 (mWh), mean voltage i64 (mV, 0: not known), quarantined
//       u8
//   cases u32, then each: account 16, meter u32, settled slot u32, imported i64, exported i64 (Wh)

#include "market/state/market_state.hpp"

namespace twin {

struct SlotReport {
  ledger::Slot next;
  std::vector<ledger::FeederSlot> feeders;
  struct Case {
    ledger::AccountId account;
    ledger::MeterId meter;
    ledger::Slot settled;
    ledger::WattHours imported, exported;
  };
  std::vector<Case> cases;
};

// Of a state whose last settlement was just applied.
SlotReport report_of(const market::MarketState& state);

ledger::Bytes encode(const SlotReport& report);  // with the message's kind byte before it
ledger::Result<SlotReport> decode_slot_report(ledger::BytesView body);

}  // namespace twin
