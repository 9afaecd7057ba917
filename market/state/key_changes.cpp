// Keys that change from a slot on: the part of MarketState that takes such changes.
//
// A change may come late, its slot marked and closed: what its gateway was cut off with comes once
// it is back. It touches nothing that stands before it on the log, which the old key signed.

#include <algorithm>

#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {

MarketState::Applied MarketState::apply_key_change(const Transaction& tx, const Hash& leaf,
                                                   std::int64_t time_ms) {
  const auto body = decode_key_change_body(tx.body);
  if (!body) return never(body.error());
  if (body->of != KeyOf::gateway) return change_owners_key(tx, *body, leaf, time_ms);
  if (!tx.openings.empty()) return never("a gateway's key change has no openings");
  return change_gateways_key(*body, leaf, time_ms);
}

MarketState::Applied MarketState::change_owners_key(const Transaction& tx,
                                                    const KeyChangeBody& body, const Hash& leaf,
                                                    std::int64_t time_ms) {
  if (tx.openings.size() != 1) return never("a key change has one opening");
  const auto change = decode_key_change(tx.openings[0].data);
  if (!change) return never(change.error());
  if (auto ok = check_key_change(body, *change, time_ms); !ok) return ok;
  Meter& m = meters_.write().at(change->meter.value);
  if (change->of == KeyOf::meter) {
    m.meter_keys.change(change->next());
    m.registration.meter_key = change->next_key;
  } else {
    m.account_keys.change(change->next());
    m.registration.account_key = change->next_key;
  }
  put_account(m);
  remember_change(change->slot, leaf);
  return {};
}

MarketState::Applied MarketState::check_key_change(const KeyChangeBody& body, const KeyChange& v,
                                                   std::int64_t time_ms) const {
  const auto at = meters_->find(v.meter.value);
  if (at == meters_->end()) return not_yet("key change of an unknown meter");
  const Meter& m = at->second;
  const Registration& r = m.registration;
  if (r.gateway != body.gateway || r.account != v.account)
    return never("key change of a meter that is not this gateway's");
  if (v.of != body.of || v.slot != body.slot)
    return never("key change of another kind or slot than its body's");
  if (!r.valid_in(v.slot)) return never("key change in a slot that is not the account's");
  const bool of_meter = v.of == KeyOf::meter;
  if (of_meter && is_another_meters(v.next_key, v.slot, v.meter))
    return never("the next key is another meter's already");
  return check_next_key(body, v.meter.value, of_meter ? m.meter_keys : m.account_keys, v.next(),
                        v.old_signature, time_ms);
}

MarketState::Applied MarketState::check_next_key(const KeyChangeBody& body, std::uint32_t id,
                                                 const KeyLine& line, const NextKey& next,
                                                 const Signature& old_signature,
                                                 std::int64_t time_ms) const {
  if (next.from.value > next_slot_ + slots_ahead) return never("key change too far ahead");
  if (next.key == PublicKey{} || line.last() == PublicKey{})
    return never("key change from or to no key at all");
  if (next.key == line.last()) return never("the next key is the present one");
  if (line.changes_from(next.from))
    return never("another key holds from this slot or a later one already");
  if (body.lost) {
    if (old_signature != Signature{}) return never("a lost key signs nothing");
    return check_notice(body.of, next.from, time_ms);
  }
  if (!verifier_->verify(line.last(), key_signed_bytes(chain_id_, body.of, id, next),
                         old_signature))
    return never("key change is not signed by the old key");
  return {};
}

// Whoever has the key by right may see it and object. A gateway that has posted nothing for a whole
// slot behind the change's is cut off, and sees nothing; its batches are signed by the next key.
MarketState::Applied MarketState::check_notice(KeyOf of, Slot from, std::int64_t time_ms) const {
  const std::int64_t begin_ms = std::int64_t{from.value} * genesis_->slot_ms;
  if (time_ms + genesis_->slot_ms <= begin_ms) return {};
  if (of != KeyOf::gateway)
    return never("the change of a lost key acts a whole slot later at the earliest");
  if (time_ms < begin_ms + 2 * genesis_->slot_ms)
    return not_yet("the change of a lost key waits for what the old one signs in two slots");
  return {};
}

// Two gateways with one key could each post for the other.
MarketState::Applied MarketState::change_gateways_key(const KeyChangeBody& body, const Hash& leaf,
                                                      std::int64_t time_ms) {
  const std::uint32_t id = body.gateway.value;
  const NextKey next{body.next_key, body.slot};
  if (next.from < gateways_[id].first || next.from >= gateways_[id].end)
    return never("key change in a slot that is not the gateway's");
  if (next.from.value < gateways_[id].slots_marked ||
      next.from <= slot_of_epoch(*genesis_, gateways_[id].epoch))
    return never("key change in a slot that the gateway has posted of already");
  for (std::uint32_t g = 0; g < gateways_.size(); ++g)
    if (g != id && gateways_[g].keys.holds_from(next.from, next.key))
      return never("the next key is another gateway's already");
  if (auto ok = check_next_key(body, id, gateways_[id].keys, next, body.old_signature, time_ms);
      !ok)
    return ok;
  gateways_[id].keys.change(next);
  put_gateway(body.gateway);
  remember_change(body.slot, leaf);
  return {};
}

void MarketState::remember_change(Slot slot, const Hash& leaf) {
  const Slot acts = std::max(slot, Slot{next_slot_});
  open_slots_[acts.value].registry_leaves.insert(leaf);
  put_in_slot("registry", leaf, acts, leaf);
}

}  // namespace market
