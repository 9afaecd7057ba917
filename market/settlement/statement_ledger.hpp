#pragma once
// Balances and tokens rebuilt from registrations, statements, rulings, deregistrations, contracts,
// grid measures and what holders do with their tokens alone: the second path to the figures that
// the state machine keeps in its journal and token book.

#include <map>

#include "market/entries/account_entries.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/journal.hpp"
#include "market/entries/registry_entries.hpp"
#include "market/settlement/flexibility.hpp"
#include "market/settlement/ruling.hpp"
#include "market/settlement/settlement.hpp"
#include "market/settlement/token_book.hpp"

namespace market {

class StatementLedger {
 public:
  void add(const Registration& registration);
  void add(const Statement& statement);
  // When the slot closes that its ruling acts in.
  void add(const Correction& correction);
  // When the slot closes that it is paid in.
  void add(const HomeMeasure& measure) { move(grid_operator, measure.account, measure.owed); }
  // What accounts sign beside orders, as it comes: payments of statements follow from it.
  void add(const Contract& contract) { contracts_[{contract.account, contract.of}].add(contract); }
  void forget_contracts(const AccountId& erased);
  const Contract* contract(const ContractPlace& place, Slot slot) const;
  // When the slot closes that they act in.
  void add(const Transfer& transfer);
  void add(const Retirement& retirement);
  void add(const Deregistration& leaving) { last_slots_[leaving.account] = leaving.last; }
  // Behind all statements of a slot: accounts that have left are paid out.
  void close(Slot slot);

  const std::map<AccountId, MicroEuros>& balances() const { return balances_; }
  WattHours minted() const { return minted_; }
  WattHours retired() const { return retired_; }
  // Of all vintages; accounts that hold nothing may be there with 0.
  const std::map<AccountId, WattHours>& held() const { return held_; }

 private:
  void move(const AccountId& from, const AccountId& to, MicroEuros amount);

  std::map<AccountId, MicroEuros> balances_;
  std::map<AccountId, Slot> last_slots_;  // of those that leave
  std::map<AccountId, WattHours> held_;
  Contracts contracts_;  // of accounts that are not erased
  WattHours minted_, retired_;
};

// How far the two paths lie apart: 0 where money is neither made nor lost.
MicroEuros money_residual(const StatementLedger& statements, const Journal& journal);
// The same for tokens: minted, retired and held against the book, and the book against itself.
WattHours token_residual(const StatementLedger& statements, const TokenBook& tokens);

}  // namespace market
