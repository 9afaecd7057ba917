#pragma once
// What the entries of a receipt say of its account: each in its canonical form, of the account's
// meter and of the receipt's slot, or before it where that is what it is there for.

#include "market/entries/fee_change.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/key_line.hpp"
#include "market/entries/registry_entries.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/receipt/receipt_entries.hpp"
#include "market/settlement/contract.hpp"
#include "market/settlement/ruling.hpp"
#include "market/settlement/settlement.hpp"

namespace market {

// Those that a meter may have signed a batch's minute with.
struct BatchKeys {
  PublicKey newest{};
  std::optional<PublicKey> before;  // where the newest begins in the slot
  bool hears_late = false;          // the gateway may not have known of the newest
};

// Lists are beside those of ReceiptEntries, one for one.
struct ReceiptOpenings {
  Registration registration;
  Statement statement;
  std::optional<Statement> statement_before;  // of the slot before
  SettlementBody settlement;
  std::optional<Mark> mark;      // the slot's
  std::optional<Mark> before;    // where the statement's energy begins; none: at the registration
  std::vector<MeterSwap> swaps;  // by slot, up to the receipt's
  std::vector<Ruling> rulings;   // by what they are of; they act in the receipt's slot
  std::vector<SignedOrder> orders;        // for the slot
  std::vector<KeyChange> key_changes;     // of meter and account, by slot, up to the receipt's
  std::vector<std::uint64_t> changed_at;  // where each stands on the log
  KeyLine meter_keys;                     // from registration, swaps and key changes
  std::vector<MeterCertificate> certificates;
  std::vector<Contract> contracts;    // that stand in the slot, by template
  AddedFees fees;                     // of the slot, and of those that rulings are of
  std::vector<ToldMeasure> measures;  // of the slot, or paid in it, by slot and number

  bool holds_tokens() const;
  bool swapped_in(Slot slot) const { return !swaps.empty() && swaps.back().slot == slot; }
  // Whose signature holds in the receipt's slot for a batch that stands at this place on the log:
  // a change that came later touches nothing before it. Papers of swaps act before they are there.
  BatchKeys keys_for(Slot slot, std::uint64_t index) const;
};

ReceiptOpenings read_openings(const ReceiptPart& receipt, const ReceiptEntries& entries, Slot slot,
                              const Genesis& genesis);

}  // namespace market
