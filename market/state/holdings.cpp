// What holders do with their tokens: the part of MarketState that takes transfers and retirements,
// and carries them out when their slot closes.

#include "ledger/base/invariant.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

// Whether an id is taken in its slot, in words; empty where it is free.
template <class Act>
std::string taken(const std::map<OrderId, Act>& acts, const OrderId& row, BytesView opening,
                  const std::string& name) {
  const auto at = acts.find(row);
  if (at == acts.end()) return {};
  const Bytes there = encode(at->second);
  return std::equal(there.begin(), there.end(), opening.begin(), opening.end())
             ? name + " is on the ledger already"
             : name + " id is taken by another one of the account in this slot";
}

}  // namespace

WattHours MarketState::free_tokens(const AccountId& account, Slot vintage) const {
  const auto promised = promised_->find({vintage.value, account});
  const WattHours held = tokens_->held(account, vintage);
  return promised == promised_->end() ? held : held - promised->second;
}

// Who signs it may do so: `claim_of_account` found meter and account.
MarketState::Applied MarketState::check_holder(const AccountSigned& by) const {
  const Registration& r = meters_->at(by.meter.value).registration;
  if (r.kind != MeterKind::home || !r.valid_in(by.slot))
    return never("is of an account that has no meter in the slot");
  if (erased(by.account)) return never("is of an account whose data are erased");
  return {};
}

MarketState::Applied MarketState::check_acting_slot(Slot slot) const {
  if (slot.value < next_slot_) return never("acts in a slot that is closed");
  if (slot.value > next_slot_ + slots_ahead) return never("acts in a slot too far ahead");
  return {};
}

MarketState::Applied MarketState::check_tokens(const AccountId& account, Slot vintage,
                                               WattHours quantity) const {
  if (vintage.value >= next_slot_) return not_yet("moves tokens of a slot that is not closed yet");
  const WattHours free = free_tokens(account, vintage);
  if (free < quantity)
    return never("moves " + std::to_string(quantity.value) + " Wh of tokens of slot " +
                 std::to_string(vintage.value) + ", of which the account has " +
                 std::to_string(free.value) + " free");
  return {};
}

void MarketState::promise(const AccountId& account, Slot vintage, WattHours quantity) {
  auto& all = promised_.write();
  const auto at = all.try_emplace({vintage.value, account}).first;
  at->second += quantity;
  if (at->second.value == 0) all.erase(at);
}

void MarketState::take_act(const Transaction& tx, Slot slot, std::string_view label,
                           const Hash& leaf) {
  open_slots_[slot.value].account_leaves.emplace(tx.root, leaf);
  put_in_slot(label, tx.root, slot, leaf);
}

MarketState::Applied MarketState::apply_transfer(const Transaction& tx, const Hash& leaf) {
  const auto body = decode_order_body(tx.body);
  if (!body) return never(body.error());
  if (tx.openings.size() != 2)
    return never("a transfer has its sender's opening and its receiver's");
  const auto transfer = decode_transfer(tx.openings[0].data);
  if (!transfer) return never(transfer.error());
  const Transfer& t = *transfer;
  if (t.slot != body->slot) return never("transfer of another slot");
  if (encode(notice_of(t)) != tx.openings[1].data)
    return never("the receiver's opening says another transfer");
  if (auto ok = check_acting_slot(t.slot); !ok) return ok;
  if (auto ok = check_holder({t.account, t.meter, t.slot, {}}); !ok) return ok;
  if (t.to == t.account) return never("transfer of an account to itself");
  const auto to = meter_of_account_->find(t.to);
  if (to == meter_of_account_->end()) return not_yet("transfer to an unknown account");
  const Registration& receiver = meters_->at(to->second).registration;
  if (receiver.kind != MeterKind::home) return never("transfer to an account that is no home's");
  if (!receiver.valid_in(t.slot) || erased(t.to))
    return never("transfer to an account that has left or is erased");
  const OrderId row = row_id(t.account, t.id);
  const auto open = open_slots_.find(t.slot.value);
  if (open != open_slots_.end())
    if (std::string why =
            taken(open->second.token_acts->transfers, row, tx.openings[0].data, "transfer");
        !why.empty())
      return never(std::move(why));
  if (auto ok = check_tokens(t.account, t.vintage, t.quantity); !ok) return ok;
  take_act(tx, t.slot, "act", leaf);
  open_slots_[t.slot.value].token_acts.write().transfers.emplace(row, t);
  promise(t.account, t.vintage, t.quantity);
  return {};
}

MarketState::Applied MarketState::apply_retirement(const Transaction& tx, const Hash& leaf) {
  const auto body = decode_order_body(tx.body);
  if (!body) return never(body.error());
  if (tx.openings.size() != 1) return never("a retirement has one opening");
  const auto retirement = decode_retirement(tx.openings[0].data);
  if (!retirement) return never(retirement.error());
  const Retirement& v = *retirement;
  if (v.slot != body->slot) return never("retirement of another slot");
  if (auto ok = check_acting_slot(v.slot); !ok) return ok;
  if (auto ok = check_holder({v.account, v.meter, v.slot, {}}); !ok) return ok;
  const OrderId row = row_id(v.account, v.id);
  const auto open = open_slots_.find(v.slot.value);
  if (open != open_slots_.end())
    if (std::string why =
            taken(open->second.token_acts->retirements, row, tx.openings[0].data, "retirement");
        !why.empty())
      return never(std::move(why));
  if (auto ok = check_tokens(v.account, v.vintage, v.quantity); !ok) return ok;
  if (v.claim == TokenClaim::own_consumption)
    if (auto covered = tokens_.write().cover(v.account, v.vintage, v.quantity); !covered)
      return never("retires " + covered.error());
  take_act(tx, v.slot, "act", leaf);
  open_slots_[v.slot.value].token_acts.write().retirements.emplace(row, v);
  promise(v.account, v.vintage, v.quantity);
  if (v.claim == TokenClaim::own_consumption) put_vintage(v.vintage);
  return {};
}

void MarketState::carry_out(const TokenActs& acts, std::set<std::uint32_t>& vintages) {
  if (acts.transfers.empty() && acts.retirements.empty()) return;
  TokenBook& tokens = tokens_.write();
  for (const auto& [row, t] : acts.transfers) {
    promise(t.account, t.vintage, -t.quantity);
    const auto moved = tokens.transfer(t.account, t.to, t.vintage, t.quantity);
    invariant(moved.has_value(), "what was promised is held");
    vintages.insert(t.vintage.value);
  }
  for (const auto& [row, v] : acts.retirements) {
    promise(v.account, v.vintage, -v.quantity);
    const auto retired = tokens.retire(v.account, v.vintage, v.quantity);
    invariant(retired.has_value(), "what was promised is held");
    vintages.insert(v.vintage.value);
  }
}

}  // namespace market
