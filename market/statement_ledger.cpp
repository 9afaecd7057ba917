#include "market/statement_ledger.hpp"

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
  // The exchange keeps nothing: what it took and did not pay out is rounding.
  move(s.account, rounding_account, s.trade_paid);
  move(rounding_account, s.account, s.trade_earned);
  move(s.account, grid_operator, s.local_grid_fee + s.grid_fee);
  move(s.account, state_levies, s.trade_levies + s.levies);
  move(s.account, retailer, s.retail_energy);
  move(retailer, s.account, s.feed_in);
  minted_ += s.minted;
  retired_ += s.retired;
  to_retailer_ += s.minted - s.sold;
}

void StatementLedger::add(const Correction& c) {
  move(c.account, grid_operator, c.grid_fee);
  move(c.account, state_levies, c.levies);
  move(c.account, retailer, c.retail_energy - c.feed_in);
  minted_ += c.minted;
  to_retailer_ += c.minted;
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
  return {apart(statements.minted(), t.minted) + apart(statements.retired(), t.retired) +
          apart(statements.held_by_retailer(), t.held) +
          apart(t.minted, t.held + t.escrowed + t.retired)};
}

}  // namespace market
