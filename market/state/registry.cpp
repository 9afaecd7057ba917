// Who and what is metered: the part of MarketState that the registrar's transactions change.

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

constexpr MicroEuros max_deposit{1'000'000'000'000};

bool at_one_time(const Registration& a, const Registration& b) {
  return a.first_slot < b.end_slot && b.first_slot < a.end_slot;
}

// Registrations by meter key: a device that counts at two points at a time would mint twice.
class MeterKeys {
 public:
  bool shares(const Registration& r) const {
    if (r.meter_key == PublicKey{}) return false;  // no key at all
    const auto [first, end] = by_key_.equal_range(r.meter_key);
    return std::any_of(first, end,
                       [&](const auto& other) { return at_one_time(*other.second, r); });
  }
  // The same with keys that another one has had, or will have.
  bool shares_one_of(const KeyLine& line, const Registration& other) const {
    return line.changed() && std::any_of(by_key_.begin(), by_key_.end(), [&](const auto& entry) {
             const Registration& r = *entry.second;
             return r.meter_key != PublicKey{} && at_one_time(other, r) &&
                    line.holds_from(r.first_slot, r.meter_key);
           });
  }
  void add(const Registration& r) { by_key_.emplace(r.meter_key, &r); }

 private:
  std::multimap<PublicKey, const Registration*> by_key_;
};

}  // namespace

MarketState::Applied MarketState::apply_registration(const Transaction& tx) {
  const auto body = decode_registration_body(tx.body);
  if (!body) return never(body.error());
  const auto all = decode_registrations(tx.openings);
  if (!all) return never(all.error());
  if (auto ok = check_registration(*body, *all); !ok) return ok;
  for (const auto& [r, key] : *all) {
    if (!secret_) secret_ = sha256({bytes_of("aipchain state secret 1"), key});
    const Slot since = std::max(r.first_slot, Slot{next_slot_});
    const Meter meter{r,
                      key,
                      {r.import_register, r.export_register, since, false, false, {}, {}},
                      KeyLine(r.meter_key),
                      KeyLine(r.account_key),
                      {},
                      false};
    meter_of_account_.write()[r.account] = r.meter.value;
    tokens_.write().move_mark(r.meter, r.export_register);
    if (r.deposit.value > 0)
      journal_.write().post({PostingKind::deposit, bank, r.account, r.deposit});
    meters_.write().emplace(r.meter.value, meter);
    if (r.first_slot.value > 0 || r.end_slot.value < UINT32_MAX)
      gateways_[body->gateway.value].limited.emplace_back(r.first_slot, r.end_slot);
    put_account(meter);
  }
  gateways_[body->gateway.value].meters += body->meters;
  put_gateway(body->gateway);
  put_system_balances();
  return {};
}

std::uint32_t MarketState::Gateway::meters_in(Slot slot) const {
  return meters - static_cast<std::uint32_t>(
                      std::count_if(limited.begin(), limited.end(), [&](const auto& valid) {
                        return slot < valid.first || slot >= valid.second;
                      }));
}

// A gateway that has not heard of it goes on with them.
std::uint32_t MarketState::Gateway::left_by(Slot slot) const {
  return static_cast<std::uint32_t>(
      std::count_if(left.begin(), left.end(), [&](Slot last) { return last <= slot; }));
}

MarketState::Applied MarketState::check_registration(const RegistrationBody& body,
                                                     const std::vector<Registered>& all) const {
  if (body.meters != all.size()) return never("registrations do not fit their count");
  if (genesis_->attesters > 0 && gateways_[body.gateway.value].epoch > 0)
    return never("a chain whose batches are attested takes no more meters once they are there");
  // A gateway's marks, forecasts and statements each open one part a meter.
  if (gateways_[body.gateway.value].meters + all.size() > max_openings)
    return never("a gateway has at most " + std::to_string(max_openings) + " meters");
  std::set<std::uint32_t> ids;
  std::set<AccountId> accounts;
  MeterKeys keys;
  for (const auto& [r, key] : all) {
    if (r.gateway != body.gateway) return never("registration under another gateway");
    if (meters_->contains(r.meter.value) || !ids.insert(r.meter.value).second)
      return never("meter " + std::to_string(r.meter.value) + " is registered already");
    if (meter_of_account_->contains(r.account) || !accounts.insert(r.account).second)
      return never("account is registered already");
    if (is_system_account(r.account)) return never("account is the system's own");
    if (r.deposit > max_deposit) return never("deposit must be 0 to 1,000,000 EUR");
    if (r.end_slot.value <= next_slot_) return never("account is of slots that are over");
    if (gateways_[body.gateway.value].end <= std::max(r.first_slot, Slot{next_slot_}))
      return never("registration under a gateway that is withdrawn");
    if (keys.shares(r)) return never("two meters with one key");
    keys.add(r);
  }
  for (const auto& [id, meter] : *meters_)
    if (keys.shares(meter.registration) || keys.shares_one_of(meter.meter_keys, meter.registration))
      return never("meter key is another meter's already");
  return {};
}

bool MarketState::is_another_meters(const PublicKey& key, Slot slot, MeterId own) const {
  return std::any_of(meters_->begin(), meters_->end(), [&](const auto& other) {
    const Meter& m = other.second;
    return m.registration.meter != own && slot < m.registration.end_slot &&
           m.meter_keys.holds_from(slot, key);
  });
}

MarketState::Applied MarketState::apply_meter_swap(const Transaction& tx, const Hash& leaf,
                                                   std::int64_t time_ms) {
  const auto body = decode_meter_swap_body(tx.body);
  if (!body) return never(body.error());
  if (body->count != tx.openings.size() || body->count == 0)
    return never("meter swaps do not fit their count");
  SwapsOfMeters swaps;
  std::set<PublicKey> next_keys;
  for (const Opening& o : tx.openings) {
    const auto swap = decode_meter_swap(o.data);
    if (!swap) return never(swap.error());
    if (auto ok = check_swap(*body, o, *swap, time_ms); !ok) return ok;
    if (!swaps.emplace(swap->meter.value, *swap).second) return never("two swaps of one meter");
    if (swap->slot != swaps.begin()->second.slot) return never("swaps of different slots");
    if (!next_keys.insert(swap->meter_key).second) return never("two meters with one key");
  }
  OpenSlot& slot = open_slots_[swaps.begin()->second.slot.value];
  for (const auto& [id, swap] : swaps) {
    Meter& m = meters_.write().at(id);
    m.registration.meter_key = swap.meter_key;
    m.meter_keys.change({swap.meter_key, swap.slot}, true);
    put_account(m);
  }
  put_in_slot("swap", tx.root, swaps.begin()->second.slot, leaf);
  slot.swaps.write().merge(swaps);
  slot.swap_leaves.insert({tx.root, leaf});
  return {};
}

MarketState::Applied MarketState::check_swap(const MeterSwapBody& body, const Opening& opening,
                                             const MeterSwap& swap, std::int64_t time_ms) const {
  const auto at = meters_->find(swap.meter.value);
  if (at == meters_->end()) return not_yet("swap of an unknown meter");
  const Registration& r = at->second.registration;
  if (r.gateway != body.gateway || r.account != swap.account)
    return never("swap of a meter that is not this gateway's");
  if (!verifier_->verify(at->second.account_keys.in(swap.slot),
                         swap_signed_bytes(chain_id_, opening.data), swap.signature))
    return never("swap is not signed by the account");
  const Slot slot = swap.slot;
  if (slot.value < next_slot_ || slot.value < gateways_[body.gateway.value].slots_marked)
    return never("swap in a slot that is marked or closed already");
  if (time_ms < std::int64_t{slot.value} * genesis_->slot_ms)
    return not_yet("swap in a slot that has not begun");
  if (!r.valid_in(slot)) return never("swap in a slot that is not the account's");
  for (const auto& [number, open] : open_slots_)
    if (number >= slot.value && open.swaps->contains(swap.meter.value))
      return never("the meter was swapped in this slot or a later one already");
  if (at->second.meter_keys.changes_from(slot))
    return never("swap in a slot from which, or later, another key holds already");
  if (r.modulus.value > 0 && (swap.closing_import > r.modulus || swap.closing_export > r.modulus ||
                              swap.opening_import >= r.modulus || swap.opening_export >= r.modulus))
    return never("swap with registers above their modulus");
  if (is_another_meters(swap.meter_key, slot, swap.meter))
    return never("the next meter's key is another meter's already");
  if (!closes_above(anchor_before(swap.meter, slot), swap))
    return never("swap closes the old meter below what is settled");
  return {};
}

}  // namespace market
