// Contracts, and orders that are taken back: the part of MarketState that knows what accounts have
// ordered beyond their orders.

#include <algorithm>

#include "ledger/oracle/batch.hpp"
#include "market/entries/roles.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {

const Contract* MarketState::contract(const ContractPlace& place, Slot slot) const {
  const auto at = contracts_->find(place);
  if (at == contracts_->end() || erased(place.first)) return nullptr;
  return at->second.standing_in(slot);
}

// By template.
std::vector<const Contract*> MarketState::standing(const AccountId& account, Slot slot) const {
  std::vector<const Contract*> out;
  if (erased(account)) return out;
  for (auto at = contracts_->lower_bound({account, Template{}});
       at != contracts_->end() && at->first.first == account; ++at)
    if (const Contract* c = at->second.standing_in(slot)) out.push_back(c);
  return out;
}

MarketState::Applied MarketState::apply_contract(const Transaction& tx, const Hash& leaf,
                                                 std::int64_t time_ms) {
  const auto body = decode_contract_body(tx.body);
  if (!body) return never(body.error());
  if (tx.openings.size() != 1) return never("a contract has one opening");
  const auto contract = decode_contract(tx.openings[0].data);
  if (!contract) return never(contract.error());
  const Contract& c = *contract;
  if (c.first_slot != body->slot) return never("contract of another slot");
  if (auto ok = check_grid_operator(tx, c, *body); !ok) return ok;
  if (c.first_slot.value < next_slot_ ||
      time_ms > std::int64_t{c.first_slot.value} * genesis_->slot_ms)
    return never("contract whose first slot has begun");
  if (c.first_slot.value > next_slot_ + slots_ahead)
    return never("contract whose first slot is too far ahead");
  if (auto ok = check_holder({c.account, c.meter, c.first_slot, {}}); !ok) return ok;
  const ContractPlace place{c.account, c.of};
  const auto at = contracts_->find(place);
  const ContractLine nothing;
  const ContractLine& line = at == contracts_->end() ? nothing : at->second;
  if (c.number <= line.newest()) {
    const bool there = std::any_of(line.all().begin(), line.all().end(), [&](const Contract& any) {
      return encode(any) == tx.openings[0].data;
    });
    return never(there ? "contract is on the ledger already"
                       : "contract of number " + std::to_string(c.number) +
                             ", which is not above the newest one's, " +
                             std::to_string(line.newest()));
  }
  if (c.withdraws() && line.all().empty())
    return never("withdrawal of a contract that was never made");
  // So that no number is the last one: an account could replace or end nothing behind it.
  if (c.number - line.newest() > most_numbers_ahead)
    return never("contract of number " + std::to_string(c.number) + ", which is more than " +
                 std::to_string(most_numbers_ahead) + " above the newest one's, " +
                 std::to_string(line.newest()));
  if (line.all().empty() && contracts_->size() >= max_contract_places)
    return never("contract beyond the " + std::to_string(max_contract_places) +
                 " accounts and templates that the chain has room for");
  // One place more, since what waits must not keep an account from ending it.
  if (line.all().size() >= max_waiting_contracts + (c.withdraws() ? 1 : 0))
    return never("contract of an account that has " + std::to_string(max_waiting_contracts) +
                 " of the template to come");
  contracts_.write()[place].add(c);
  take_act(tx, c.first_slot, "act", leaf);
  put_contracts(place);
  return {};
}

// Both sides of a contract with the grid operator sign, and of no other one.
MarketState::Applied MarketState::check_grid_operator(const Transaction& tx, const Contract& c,
                                                      const ContractBody& body) const {
  if (!with_grid_operator(c.of)) {
    if (body.grid_operator) return never("contract that the grid operator has no part in");
    return {};
  }
  const PublicKey& key = key_of(Role::metering_operator, *genesis_);
  if (!body.grid_operator ||
      !verifier_->verify(key, entry_signed_bytes(chain_id_, tx.entry()), *body.grid_operator))
    return never("contract with the grid operator " + not_signed_by(Role::metering_operator));
  return {};
}

// Of the statements' accounts, by their contracts with the grid operator.
void MarketState::add_payments(ClosedSlot& closed) const {
  if (contracts_->empty()) return;
  for (Statement& s : closed.settlement.statements)
    for (const Contract* c : standing(s.account, closed.slot))
      if (const auto payment = payment_of(*c, s)) {
        closed.payments.push_back(*payment);
        add_posting(*payment, closed.settlement.postings);
        s.balance -= payment->amount;
      }
}

MarketState::Applied MarketState::apply_cancellation(const Transaction& tx, const Hash& leaf,
                                                     std::int64_t time_ms) {
  const auto body = decode_order_body(tx.body);
  if (!body) return never(body.error());
  if (tx.openings.size() != 1) return never("a cancellation has one opening");
  const auto cancellation = decode_cancellation(tx.openings[0].data);
  if (!cancellation) return never(cancellation.error());
  const Cancellation& v = *cancellation;
  if (v.slot != body->slot) return never("cancellation for another slot");
  if (v.slot.value < next_slot_ || time_ms > std::int64_t{v.slot.value} * genesis_->slot_ms)
    return never("cancellation for a slot that has begun");
  if (auto ok = check_acting_slot(v.slot); !ok) return ok;
  const OrderId row = row_id(v.account, v.id);
  const auto open = open_slots_.find(v.slot.value);
  if (open != open_slots_.end() && open->second.orders->cancelled.contains(row))
    return never("the order is cancelled already");
  if (open == open_slots_.end() || !open->second.orders->orders.contains(row))
    return not_yet("cancellation of an order that there is not");
  open->second.orders.write().orders.erase(row);
  open->second.orders.write().arrived.erase(row);
  open->second.orders.write().cancelled.insert(row);
  take_act(tx, v.slot, "act", leaf);
  return {};
}

// Adds them behind the closing slot's orders. `positions`: by account.
void MarketState::add_contract_orders(const std::vector<SlotPosition>& positions,
                                      ClosedSlot& closed) const {
  if (contracts_->empty()) return;
  std::map<AccountId, std::vector<Order>> own;  // of those who have contracts
  for (const auto& [place, line] : *contracts_) own[place.first];
  for (const Order& o : closed.orders)
    if (const auto at = own.find(o.account); at != own.end()) at->second.push_back(o);
  for (const SlotPosition& p : positions)
    if (const auto at = own.find(p.account); at != own.end())
      for (const Order& o :
           contract_orders(standing(p.account, closed.slot), p, at->second, closed.slot)) {
        closed.orders.push_back(o);
        ++closed.contract_orders;
      }
  invariant(closed.orders.size() <= max_orders_a_slot, "the book keeps room for contracts' orders");
}

// What acts no more when the next slot begins.
void MarketState::forget_contracts() {
  std::vector<ContractPlace> replaced;
  for (const auto& [place, line] : *contracts_)
    if (std::any_of(line.all().begin() + 1, line.all().end(),
                    [&](const Contract& c) { return c.first_slot.value <= next_slot_; }))
      replaced.push_back(place);
  for (const ContractPlace& place : replaced) {
    contracts_.write().at(place).forget_before({next_slot_});
    put_contracts(place);
  }
}

}  // namespace market
