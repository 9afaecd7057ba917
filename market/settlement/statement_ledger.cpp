#include "market/settlement/statement_ledger.hpp"

#include <cstdlib>

namespace market {
namespace {

std::int64_t apart(WattHours a, WattHours b) { return std::abs((a - b).value); }

}  // namespace

void StatementLedger::move(const AccountId& from, const AccountId& to, MicroEuros amount) {
  balances_[from] -= amount;
  balances_[to] += amount;
}

void StatementLedger::add(const Registration& r) { move(bank, r.account, r.deposit); }

void StatementLedger::add(const Statement& s) {
  // The exchange keeps nothing: what it took and did not pay out is rounding, of deals congestion
  // rent.
  const AccountId& between = s.deals.empty() ? rounding_account : grid_operator;
  move(s.account, between, s.trade_paid);
  move(between, s.account, s.trade_earned);
  move(s.account, grid_operator, s.local_grid_fee + s.grid_fee);
  move(s.account, state_levies, s.trade_levies + s.levies);
  move(s.account, retailer, s.retail_energy);
  move(retailer, s.account, s.feed_in);
  if (s.capacity) move(s.account, grid_operator, s.capacity->charge);
  for (const Template of : with_the_grid_operator)
    if (const Contract* c = contract({s.account, of}, s.slot))
      move(s.account, grid_operator, payment_of(*c, s)->amount);
  minted_ += s.minted;
  retired_ += s.retired;
  held_[retailer] += s.minted - s.sold;
  if (s.bought != s.retired) held_[s.account] += s.bought - s.retired;
}

void StatementLedger::forget_contracts(const AccountId& erased) {
  std::erase_if(contracts_, [&](const auto& one) { return one.first.first == erased; });
}

const Contract* StatementLedger::contract(const ContractPlace& place, Slot slot) const {
  const auto at = contracts_.find(place);
  return at == contracts_.end() ? nullptr : at->second.standing_in(slot);
}

void StatementLedger::add(const Transfer& t) {
  held_[t.account] -= t.quantity;
  held_[t.to] += t.quantity;
}

void StatementLedger::add(const Retirement& v) {
  held_[v.account] -= v.quantity;
  retired_ += v.quantity;
}

void StatementLedger::add(const Correction& c) {
  move(c.account, grid_operator, c.grid_fee);
  move(c.account, state_levies, c.levies);
  move(c.account, retailer, c.retail_energy - c.feed_in);
  minted_ += c.minted;
  held_[retailer] += c.minted;
}

void StatementLedger::close(Slot slot) {
  for (const auto& [account, last] : last_slots_)
    if (last <= slot) move(account, bank, balances_[account]);
}

MicroEuros money_residual(const StatementLedger& statements, const Journal& journal) {
  return money_residual(statements.balances(), journal.balances());
}

WattHours token_residual(const StatementLedger& statements, const TokenBook& tokens) {
  const TokenBook::Totals t = tokens.totals();
  std::map<AccountId, WattHours> held = statements.held();
  for (const auto& [slot, vintage] : tokens.vintages())
    for (const auto& [holder, quantity] : vintage.held) held[holder] -= quantity;
  std::int64_t held_apart = 0;
  for (const auto& [holder, quantity] : held) held_apart += std::abs(quantity.value);
  return {apart(statements.minted(), t.minted) + apart(statements.retired(), t.retired) +
          held_apart + apart(t.minted, t.held + t.escrowed + t.retired)};
}

}  // namespace market
