// Points that leave at the end of a slot: the part of MarketState that takes deregistrations and
// pays out what is left on an account.
//
// One may come late, and past its gateway, which then goes on with the point until it hears of it:
// so many records of its batches more than it has points are no fault, and marks of such points
// are passed over.

#include <algorithm>

#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
MarketState::Applied MarketState::apply_deregistration(const Transaction& tx, const Hash& leaf) {
  const auto body = decode_deregistration_body(tx.body);
  if (!body) return never(body.error());
  if (tx.openings.size() != 1) return never("a deregistration has one opening");
  const auto leaving = decode_deregistration(tx.openings[0].data);
  if (!leaving) return never(leaving.error());
  if (auto ok = check_deregistration(*body, tx.openings[0], *leaving); !ok) return ok;
  Meter& m = meters_.write().at(leaving->meter.value);
  Registration& r = m.registration;
  auto& limited = gateways_[r.gateway.value].limited;
  const auto at = std::find(limited.begin(), limited.end(), std::pair(r.first_slot, r.end_slot));
  if (at != limited.end()) limited.erase(at);
  r.end_slot = {leaving->last.value + 1};
  m.leaves = true;
  limited.emplace_back(r.first_slot, r.end_slot);
  gateways_[r.gateway.value].left.push_back(r.end_slot);
  put_account(m);
  put_gateway(r.gateway);
  remember_change(leaving->last, leaf);
  return {};
}

// The account signs that it leaves and the registrar that it may: neither alone can do it.
MarketState::Applied MarketState::check_deregistration(const DeregistrationBody& body,
                                                       const Opening& opening,
                                                       const Deregistration& v) const {
  const auto at = meters_->find(v.meter.value);
  if (at == meters_->end()) return not_yet("deregistration of an unknown meter");
  const Meter& m = at->second;
  const Registration& r = m.registration;
  if (r.gateway != body.gateway || r.account != v.account)
    return never("deregistration of a meter that is not this gateway's");
  if (m.leaves) return never("the point is deregistered already");
  // The slot may be closed already: the account is paid out with the next one that closes.
  if (is_marked_behind(m, v.last))
    return never("deregistration at the end of a slot behind which the point is marked");
  if (v.last.value > next_slot_ + slots_ahead) return never("deregistration too far ahead");
  if (!r.valid_in(v.last))
    return never("deregistration at the end of a slot that is not the account's");
  if (!verifier_->verify(m.account_keys.in(v.last), leaving_signed_bytes(chain_id_, opening.data),
                         v.signature))
    return never("deregistration is not signed by the account");
  if (has_orders_behind(r.account, v.last))
    return never("the account has orders for slots behind its last one");
  return {};
}

bool MarketState::has_orders_behind(const AccountId& account, Slot slot) const {
  return std::any_of(open_slots_.upper_bound(slot.value), open_slots_.end(), [&](const auto& open) {
    const auto& orders = open.second.orders->orders;
    return std::any_of(orders.begin(), orders.end(),
                       [&](const auto& o) { return o.second.order.account == account; });
  });
}

bool MarketState::is_marked_behind(const Meter& m, Slot slot) const {
  const MeterId id = m.registration.meter;
  return m.anchor.since.value > slot.value + 1 ||
         std::any_of(open_slots_.upper_bound(slot.value), open_slots_.end(),
                     [&](const auto& open) { return open.second.marks->contains(id.value); });
}

// Of accounts whose last slot this is, and of those that a later correction still moved.
void MarketState::add_payouts(Slot slot, std::vector<Posting>& postings) const {
  std::map<AccountId, MicroEuros> left;
  for (const auto& [id, m] : *meters_)
    if (m.leaves && m.registration.end_slot.value <= slot.value + 1)
      left[m.registration.account] = journal_->balance(m.registration.account);
  if (left.empty()) return;
  for (const Posting& p : postings) {
    if (const auto from = left.find(p.from); from != left.end()) from->second -= p.amount;
    if (const auto to = left.find(p.to); to != left.end()) to->second += p.amount;
  }
  for (const auto& [account, balance] : left) {
    if (balance.value > 0) postings.push_back({PostingKind::payout, account, bank, balance});
    if (balance.value < 0) postings.push_back({PostingKind::payout, bank, account, -balance});
  }
}

}  // namespace market
