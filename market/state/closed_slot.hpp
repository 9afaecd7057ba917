#pragma once
// What a closed slot was.

#include <memory>

#include "ledger/oracle/feeder_evidence.hpp"
#include "market/clearing/book_row.hpp"
#include "market/clearing/clearing.hpp"
#include "market/entries/account_entries.hpp"
#include "market/entries/trading_grid.hpp"
#include "market/metering/witnesses.hpp"
#include "market/settlement/flexibility.hpp"
#include "market/settlement/ruling.hpp"
#include "market/settlement/settlement.hpp"

namespace market {

// For hosts and receipts; all of it also follows from the log's openings.
struct ClosedSlot {
  Slot slot;
  Tariff tariff;  // genesis' prices with what the grid operator added
  Clearing clearing;
  std::vector<Order> orders;          // as their rows stand, those that contracts made among them
  std::uint64_t contract_orders = 0;  // how many these are
  std::vector<BookRow> rows;          // the book, one for one
  std::shared_ptr<const TradingGrid> grid;  // that the book was cleared by; of grid-aware, fee tree
  bool unsolved = false;                    // its block's maker said that it found no clearing
  Settlement settlement;                    // with all that is posted beside the statements
  std::vector<Correction> corrections;      // of the rulings that act in it
  std::vector<HomeMeasure> compensated;     // that are paid in it; of those that are owed something
  std::vector<ContractPayment> payments;
  std::vector<Transfer> transfers;      // by row id
  std::vector<Retirement> retirements;  // by row id
  std::vector<FeederSlot> feeders;      // what their meters say; without voltages
  std::vector<WitnessApart> witnesses;  // feeder meters that lie apart from the others
};

}  // namespace market
