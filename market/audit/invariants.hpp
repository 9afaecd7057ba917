#pragma once
// The invariants of money, energy and tokens, after every block (R5): from the block's own
// openings, and compared with what the state says.
//
//   money     debits = credits: all balances sum to 0, the exchange is empty; every balance is the
//             deposit less the statements' totals and contracts' payments, with what the grid
//             operator owed for measures, and each statement says the balance after it; of an
//             account that has left it is 0, paid to or from the bank. Households are billed after
//             their meters were read, so a balance may be below zero: nothing is free to spend
//             twice, since no accepted order draws on it.
//   capacity  of each account and month: what was charged is what its highest import costs
//             (market/audit/capacity_watch.hpp)
//   energy    of each slot: bought = sold, each at most contracted and metered; a statement without
//             energy of its own trades nothing; a deal is paid as delivered, at its price; whole Wh
//             of a meter never exceed its highest mark, counted on over rollovers and the papers of
//             swaps
//   tokens    of each vintage: minted = exported - what does not mint, home by home, and what a
//             ruling released since; held + escrowed + retired = minted; retired at the close =
//             bought of that slot, less what accounts hold by contract; transfers and retirements
//             take what their accounts hold, own consumption at most what was imported; of each
//             meter: minted <= exported - quarantined
//   rulings   each on energy that a statement settled and no ruling decided before, with that
//             statement's energies; only a release mints, and no more than was quarantined
//   public    the settlement's sums, counts and roots are those of its statements

#include <span>

#include "market/audit/capacity_watch.hpp"
#include "market/settlement/statement_ledger.hpp"
#include "market/state/market_state.hpp"

namespace market {

class InvariantWatch {
 public:
  // Takes a block's whole transactions and the state after it; the first broken invariant in words.
  std::string broken_by(std::span<const Transaction> block, const MarketState& state);

 private:
  struct MeterTotals {
    MilliWattHours at_registration, modulus;
    // The present meter's highest mark, and what was counted before it began, or began anew.
    MilliWattHours highest_mark, counted_before;
    WattHours exported, minted, quarantined;
    std::map<std::uint32_t, std::pair<WattHours, WattHours>> undecided;  // by slot: import, export
    void reach(MilliWattHours export_register);
  };
  struct SlotTotals {
    std::vector<std::int64_t> imports, exports;
    WattHours bought, sold, minted, retired;
    std::uint32_t accounts = 0;
  };
  std::string take_registrations(const Transaction& tx);
  std::string take_swaps(const Transaction& tx);
  std::string take_marks(const Transaction& tx);
  std::string take_statements(const Transaction& tx);
  std::string take_statement(const Statement& s, SlotTotals& slot);
  std::string take_rulings(const Transaction& tx);
  std::string take_measures(const Transaction& tx);
  std::string take_deregistrations(const Transaction& tx);
  std::string take_transfer(const Transaction& tx);
  std::string take_retirement(const Transaction& tx);
  std::string take_contract(const Transaction& tx);
  std::string take_erasure(const Transaction& tx);
  std::string carry_out(Slot slot);
  std::string take_tokens(const AccountId& from, Slot vintage, WattHours quantity);
  void compensate(Slot slot);
  std::string correct(Slot slot, const MarketState& state);
  std::string correct(const Ruling& ruling, const MarketState& state);
  std::string check_vintage(std::uint32_t slot, const MarketState& state);
  std::string check_slot(const SettlementBody& settled, const MarketState& state) const;

  StatementLedger ledger_;
  std::optional<CapacityWatch> capacity_;  // of the state's genesis
  std::map<std::uint32_t, MeterTotals> meters_;
  std::map<std::uint32_t, SlotTotals> slots_;
  AddedFees fees_;
  // By the slot that they act in.
  std::map<std::uint32_t, std::vector<Ruling>> rulings_;
  std::map<std::uint32_t, std::vector<HomeMeasure>> measures_;
  std::map<std::uint32_t, std::vector<Transfer>> transfers_;
  std::map<std::uint32_t, std::vector<Retirement>> retirements_;
  // By vintage and account, of homes: tokens held, and import that none is retired against.
  std::map<std::pair<std::uint32_t, AccountId>, WattHours> held_, uncovered_;
};

}  // namespace market
