#include "market/state/market_state.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

Bytes two_numbers(std::uint32_t a, std::uint32_t b) { return ByteWriter().u32(a).u32(b).take(); }

}  // namespace

MarketState::MarketState(const Genesis& genesis, Verifier& verifier)
    : genesis_(std::make_shared<const Genesis>(genesis)),
      chain_id_(chain_id_of(genesis)),
      verifier_(&verifier),
      gateways_(genesis.gateways.size()) {
  for (std::size_t g = 0; g < gateways_.size(); ++g)
    gateways_[g].keys = KeyLine(genesis.gateways[g]);
  put_place();
}

std::unique_ptr<StateMachine> MarketState::clone() const {
  return std::make_unique<MarketState>(*this);
}

const SubjectKey* MarketState::restricted_key(const AccountId& account) const {
  if (account == grid_operator) return grid_operator_key_ ? &*grid_operator_key_ : nullptr;
  const auto at = meter_of_account_->find(account);
  return at == meter_of_account_->end() ? nullptr : &meters_->at(at->second).restricted_key;
}

namespace {

std::optional<KeyOf> key_of_change(const Transaction& tx) {
  if (tx.kind != TransactionKind::key_change) return std::nullopt;
  const auto body = decode_key_change_body(tx.body);
  return body ? std::optional(body->of) : std::nullopt;
}

tl::unexpected<Refusal> not_signed(const Transaction& tx) {
  if (const auto role = role_of(tx.kind, key_of_change(tx))) return never(not_signed_by(*role));
  switch (tx.kind) {
    case TransactionKind::feeder_findings:
      return never("is not signed by its oracle");
    case TransactionKind::concentrated:
      return never("is not signed by its concentrator");
    case TransactionKind::order:
      return never("order is not signed by its account");
    case TransactionKind::consent:
      return never("consent is not signed by its account");
    case TransactionKind::transfer:
    case TransactionKind::retirement:
    case TransactionKind::contract:
    case TransactionKind::cancellation:
      return never("is not signed by its account");
    default:
      return never("is not signed by its gateway");
  }
}

}  // namespace

std::vector<tl::expected<void, Refusal>> MarketState::admit(
    std::span<const Transaction> transactions) const {
  std::vector<Applied> out(transactions.size());
  std::vector<SignatureClaim> claims;
  std::vector<std::size_t> places;
  claims.reserve(transactions.size());
  places.reserve(transactions.size());
  for (std::size_t i = 0; i < transactions.size(); ++i) {
    if (transactions[i].kind == TransactionKind::concentrated) {
      out[i] = add_claims(transactions[i], claims);
    } else {
      auto claim = claim_of(transactions[i]);
      if (claim)
        claims.push_back(std::move(*claim));
      else
        out[i] = tl::unexpected(claim.error());
    }
    places.resize(claims.size(), i);
  }
  const std::vector<std::uint8_t> holds = verifier_->verify_all(claims);
  for (std::size_t k = 0; k < places.size(); ++k) {
    if (holds[k]) continue;
    const bool batch_within = k > 0 && places[k - 1] == places[k];  // behind the concentrator's own
    if (batch_within)
      out[places[k]] = never("holds a batch that is not signed by its gateway");
    else
      out[places[k]] = not_signed(transactions[places[k]]);
  }
  return out;
}

tl::expected<SignatureClaim, Refusal> MarketState::claim_of(const Transaction& tx) const {
  switch (tx.kind) {
    case TransactionKind::batch: {
      const auto batch = decode_batch(tx.body);
      if (!batch) return never(batch.error());
      return claim_of_gateway(tx, batch->gateway, slot_of_epoch(*genesis_, batch->epoch),
                              batch->signature);
    }
    case TransactionKind::marks: {
      const auto marks = decode_marks_body(tx.body);
      if (!marks) return never(marks.error());
      return claim_of_gateway(tx, marks->gateway, marks->slot, marks->signature);
    }
    case TransactionKind::forecast: {
      const auto forecast = decode_forecast_body(tx.body);
      if (!forecast) return never(forecast.error());
      return claim_of_gateway(tx, forecast->gateway, forecast->first_slot, forecast->signature);
    }
    case TransactionKind::order:
      return claim_of_order(tx);
    case TransactionKind::feeder_findings:
      return claim_of_findings(tx);
    case TransactionKind::attestation:
      return claim_of_attestation(tx);
    case TransactionKind::consent:
      return claim_of_consent(tx);
    case TransactionKind::transfer:
    case TransactionKind::retirement:
    case TransactionKind::contract:
    case TransactionKind::cancellation:
      return claim_of_account(tx);
    case TransactionKind::concentrated:  // has more than one: add_claims
    case TransactionKind::settlement:
    case TransactionKind::statements:
    case TransactionKind::clearing_proposal:
      return never("is never sent");
    default:
      return claim_of_role(tx);
  }
}

tl::expected<SignatureClaim, Refusal> MarketState::claim_of_findings(const Transaction& tx) const {
  const auto body = decode_findings_body(tx.body);
  if (!body) return never(body.error());
  if (body->oracle >= genesis_->oracles.size()) return never("is of an unknown oracle");
  return SignatureClaim{genesis_->oracles[body->oracle], entry_signed_bytes(chain_id_, tx.entry()),
                        body->signature};
}

tl::expected<SignatureClaim, Refusal> MarketState::claim_of_order(const Transaction& tx) const {
  if (tx.openings.size() != 1) return never("an order has one opening");
  const auto order = decode_order(tx.openings[0].data);
  if (!order) return never(order.error());
  const auto meter = meters_->find(order->meter.value);
  if (meter == meters_->end()) return not_yet("order of an unknown meter");
  const Registration& r = meter->second.registration;
  if (r.account != order->order.account)
    return never("order of an account that may not trade with this meter");
  return SignatureClaim{meter->second.account_keys.in(order->order.slot),
                        order_signed_bytes(chain_id_, tx.openings[0].data), order->signature};
}

MarketState::Applied MarketState::apply(const Transaction& tx, const Hash& leaf,
                                        SignatureIs signature, std::int64_t time_ms) {
  if (!made_by_state(tx.kind) && !made_by_maker(tx.kind) &&
      (signature == SignatureIs::unchecked || signer_altered(tx)))
    if (auto signed_ = std::move(admit(std::span(&tx, 1))[0]); !signed_) return signed_;
  switch (tx.kind) {
    case TransactionKind::registration:
      return apply_registration(tx);
    case TransactionKind::meter_swap:
      return apply_meter_swap(tx, leaf, time_ms);
    case TransactionKind::batch:
    case TransactionKind::concentrated:
      return apply_batches(tx, leaf, time_ms);
    case TransactionKind::marks:
      return apply_marks(tx, leaf, time_ms);
    case TransactionKind::order:
      return apply_order(tx, leaf, time_ms);
    case TransactionKind::settlement:
      return apply_settlement(tx, time_ms);
    case TransactionKind::statements:
      return apply_statements(tx);
    case TransactionKind::clearing_proposal:
      return apply_clearing_proposal(tx, time_ms);
    case TransactionKind::forecast:
      return apply_forecast(tx, leaf, time_ms);
    case TransactionKind::ruling:
      return apply_rulings(tx, leaf);
    case TransactionKind::feeder_findings:
      return apply_findings(tx);
    case TransactionKind::attestation:
      return apply_attestation(tx);
    case TransactionKind::consent:
      return apply_consent(tx, time_ms);
    case TransactionKind::erasure:
      return apply_erasure(tx);
    case TransactionKind::transfer:
      return apply_transfer(tx, leaf);
    case TransactionKind::retirement:
      return apply_retirement(tx, leaf);
    case TransactionKind::contract:
      return apply_contract(tx, leaf, time_ms);
    case TransactionKind::cancellation:
      return apply_cancellation(tx, leaf, time_ms);
    case TransactionKind::key_change:
      return apply_key_change(tx, leaf, time_ms);
    case TransactionKind::deregistration:
      return apply_deregistration(tx, leaf);
    case TransactionKind::gateway:
      return apply_gateway(tx, time_ms);
    case TransactionKind::certificate:
      return apply_certificates(tx);
    case TransactionKind::grid_measure:
      return apply_grid_measure(tx, leaf, time_ms);
    case TransactionKind::trading_grid:
      return apply_trading_grid(tx, leaf, time_ms);
    case TransactionKind::tariff_change:
      return apply_fee_change(tx, time_ms);
  }
  return never("unknown kind of transaction");
}

LedgerProgress MarketState::progress(GatewayId gateway) const {
  const Gateway& g = gateways_[gateway.value];
  return {g.epoch, std::max(g.slots_marked, next_slot_)};
}

bool MarketState::has_all(const Transaction& tx) const {
  const auto all = decode_registrations(tx.openings);
  return all && !all->empty() && std::all_of(all->begin(), all->end(), [&](const Registered& r) {
           const auto known = meters_->find(r.registration.meter.value);
           return known != meters_->end() &&
                  known->second.registration.account == r.registration.account;
         });
}

bool MarketState::has_papers(const Transaction& tx) const {
  if (tx.openings.empty()) return false;
  const auto swap = decode_meter_swap(tx.openings[0].data);
  if (!swap) return false;
  const auto slot = open_slots_.find(swap->slot.value);
  return swap->slot.value < next_slot_ ||
         (slot != open_slots_.end() && slot->second.swap_leaves.contains(tx.root));
}

bool MarketState::beyond(const Transaction& tx) const {
  if (tx.kind == TransactionKind::batch || tx.kind == TransactionKind::concentrated)
    return has_batches(tx);
  if (tx.kind == TransactionKind::attestation) return attested_or_late(tx);
  if (tx.kind == TransactionKind::registration) return has_all(tx);
  if (tx.kind == TransactionKind::meter_swap) return has_papers(tx);
  if (role_of(tx.kind, key_of_change(tx))) return has_change(tx);
  if (tx.kind != TransactionKind::marks) return false;
  const auto marks = decode_marks_body(tx.body);
  return marks && marks->gateway.value < gateways_.size() &&
         marks->slot.value < progress(marks->gateway).slots;
}

Anchor MarketState::anchor_before(MeterId meter, Slot slot) const {
  const Meter& m = meters_->at(meter.value);
  Anchor anchor = m.anchor;
  for (const auto& [number, open] : open_slots_) {
    if (number >= slot.value) break;
    anchor = judged_in(open, m, anchor).next;
  }
  return anchor;
}

Anchor MarketState::anchor_of_mark(MeterId meter, Slot slot) const {
  const Anchor before = anchor_before(meter, slot);
  const auto open = open_slots_.find(slot.value);
  return open == open_slots_.end() ? before : swapped_in(open->second, meter, before);
}

Anchor MarketState::swapped_in(const OpenSlot& slot, MeterId meter, const Anchor& before) {
  const auto swap = slot.swaps->find(meter.value);
  return swap == slot.swaps->end() ? before : after(before, swap->second);
}

MarketState::InSlot MarketState::judged_in(const OpenSlot& slot, const Meter& meter,
                                           const Anchor& before) const {
  const MeterId id = meter.registration.meter;
  InSlot out{std::nullopt, swapped_in(slot, id, before)};
  if (const auto mark = slot.marks->find(id.value); mark != slot.marks->end()) {
    out.mark = judge(out.next, mark->second, terms_of(meter.registration));
    out.next = out.mark->next;
  }
  return out;
}

MarketState::Applied MarketState::apply_marks(const Transaction& tx, const Hash& leaf,
                                              std::int64_t time_ms) {
  const auto body = decode_marks_body(tx.body);
  if (!body) return never(body.error());
  Gateway& g = gateways_[body->gateway.value];
  const std::int64_t end_ms = (std::int64_t{body->slot.value} + 1) * genesis_->slot_ms;
  if (body->slot.value < g.slots_marked || body->slot.value < next_slot_)
    return never("marks of a slot that is marked or closed already");
  if (time_ms < end_ms) return not_yet("marks of a slot that has not ended");
  if (std::int64_t{g.epoch} * genesis_->batch_ms < end_ms)
    return not_yet("marks before the batches that hold them");
  if (body->slot.value > std::max(g.slots_marked, next_slot_))
    return not_yet("marks before those of the slot before");
  MarksOfMeters marks;
  if (auto ok = take_marks(tx, *body, time_ms, marks); !ok) return ok;
  if (auto ok = check_sums(*body, marks); !ok) return ok;
  OpenSlot& slot = open_slots_[body->slot.value];
  slot.marks.write().merge(marks);
  slot.delivered[body->gateway.value].marks_leaf = leaf;
  g.slots_marked = body->slot.value + 1;
  put_gateway(body->gateway);
  put_in_slot("marks", two_numbers(body->gateway.value, body->slot.value), body->slot, leaf);
  await_attestation(tx, body->slot);
  return {};
}

MarketState::Applied MarketState::take_marks(const Transaction& tx, const MarksBody& body,
                                             std::int64_t time_ms, MarksOfMeters& marks) const {
  std::size_t passed_over = 0;  // of points that left without their gateway's knowing
  for (const Opening& o : tx.openings) {
    const auto mark = decode_mark(o.data);
    if (!mark) return never(mark.error());
    const auto meter = meters_->find(mark->meter.value);
    if (meter == meters_->end() || meter->second.registration.gateway != body.gateway ||
        meter->second.registration.account != mark->account)
      return never("mark of a meter that is not this gateway's");
    if (mark->slot != body.slot) return never("mark of another slot");
    if (meter->second.leaves && mark->slot >= meter->second.registration.end_slot) {
      ++passed_over;
      continue;
    }
    if (mark->slot < meter->second.anchor.since || !meter->second.registration.valid_in(mark->slot))
      return never("mark of a slot that is not the account's");
    if (auto ok = await_papers(*mark, time_ms); !ok) return ok;
    if (!marks.emplace(mark->meter.value, *mark).second) return never("two marks of one meter");
  }
  if (body.count != marks.size() + passed_over) return never("marks do not fit their count");
  return {};
}

// Papers may come by another way than the mark that rests on them, and not for ever.
MarketState::Applied MarketState::await_papers(const Mark& mark, std::int64_t time_ms) const {
  const std::int64_t end_ms = (std::int64_t{mark.slot.value} + 1) * genesis_->slot_ms;
  if (!mark.swapped || time_ms >= end_ms + genesis_->close_grace_ms / 2) return {};
  if (anchor_of_mark(mark.meter, mark.slot).swapped) return {};
  return not_yet("mark of a swapped meter before the swap's papers");
}

MarketState::Applied MarketState::check_sums(const MarksBody& body,
                                             const MarksOfMeters& marks) const {
  const auto slot = open_slots_.find(body.slot.value);
  if (slot == open_slots_.end()) return {};
  const auto delivered = slot->second.delivered.find(body.gateway.value);
  if (delivered == slot->second.delivered.end()) return {};
  const BatchSums& sums = delivered->second.sums;
  MilliWattHours imported, exported;
  for (const auto& [id, mark] : marks) {
    const Registration& r = meters_->at(id).registration;
    if (r.kind != MeterKind::home) continue;
    const JudgedMark judged = judge(anchor_of_mark(mark.meter, mark.slot), mark, terms_of(r));
    if (judged.standing != Standing::metered) continue;
    imported += judged.import_rise;
    exported += judged.export_rise;
  }
  if ((sums.imported && imported > *sums.imported) || (sums.exported && exported > *sums.exported))
    return never("marks of more energy than the gateway's batches of the slot hold");
  return {};
}

MarketState::Applied MarketState::apply_order(const Transaction& tx, const Hash& leaf,
                                              std::int64_t time_ms) {
  const auto body = decode_order_body(tx.body);
  if (!body) return never(body.error());
  if (tx.openings.size() != 1) return never("an order has one opening");
  const auto order = decode_order(tx.openings[0].data);
  if (!order) return never(order.error());
  const Order& o = order->order;
  if (o.slot != body->slot) return never("order for another slot");
  if (o.slot.value < next_slot_ || time_ms > std::int64_t{o.slot.value} * genesis_->slot_ms)
    return never("order for a slot that has begun");
  if (o.slot.value > next_slot_ + slots_ahead) return never("order for a slot too far ahead");
  const auto meter = meters_->find(order->meter.value);
  if (meter == meters_->end()) return not_yet("order of an unknown meter");
  const Registration& r = meter->second.registration;
  if (meter->second.leaves && r.account == o.account && !r.valid_in(o.slot))
    return never("order of an account that is deregistered");
  if (r.account != o.account || r.kind != MeterKind::home || !r.valid_in(o.slot))
    return never("order of an account that may not trade with this meter");
  if (erased(o.account)) return never("order of an account whose data are erased");
  if (o.energy.value <= 0 || o.energy > max_order_energy)
    return never("order energy must be 1 Wh to 10 MWh");
  if (o.limit.value < 0 || o.limit > max_order_price)
    return never("order limit must be 0 to 100 EUR/kWh");
  if (auto ok = check_preferences(o, r); !ok) return ok;
  OpenSlot& slot = open_slots_[o.slot.value];
  const OrderId row = row_id(o.account, o.id);
  if (const auto taken = slot.orders->orders.find(row); taken != slot.orders->orders.end())
    return never(encode(taken->second) == tx.openings[0].data
                     ? "order is on the ledger already"
                     : "order id is taken by another order of the account in this slot");
  if (slot.orders->cancelled.contains(row)) return never("order of an id that was cancelled");
  if (const auto own = slot.orders->taken.find(o.account);
      own != slot.orders->taken.end() && own->second >= max_orders_an_account)
    return never("order of an account that has sent " + std::to_string(max_orders_an_account) +
                 " of the slot");
  if (slot.orders->orders.size() + slot.orders->cancelled.size() >= max_sent_orders_a_slot)
    return never("the slot's book is full");
  SlotOrders& taken = slot.orders.write();
  ++taken.taken[o.account];
  taken.orders.emplace(row, *order);
  taken.leaves.emplace(tx.root, leaf);
  if (book_form_of(*genesis_) != BookForm::arrivals) {
    put_in_slot("order", tx.root, o.slot, leaf);
  } else {
    taken.arrived.emplace(row, height_);
    put("order", tx.root, sha256(ByteWriter().u32(o.slot.value).raw(leaf).u64(height_).view()));
  }
  return {};
}

// What an order would rather have is for a mechanism that heeds it.
MarketState::Applied MarketState::check_preferences(const Order& o, const Registration& r) const {
  if (!o.partner && !o.green) return {};
  if (acting_of(*genesis_).mechanism != Mechanism::bilateral)
    return never("order with a preference that this chain's mechanism does not heed");
  if (o.partner == o.account) return never("order whose partner is its own account");
  if (o.green && o.side == Side::sell && r.generation_w == 0)
    return never("green offer of a meter without generation");
  return {};
}

MarketState::Applied MarketState::apply_forecast(const Transaction& tx, const Hash& leaf,
                                                 std::int64_t time_ms) {
  const auto body = decode_forecast_body(tx.body);
  if (!body) return never(body.error());
  const std::uint32_t first = body->first_slot.value;
  if (first < next_slot_ || time_ms > std::int64_t{first} * genesis_->slot_ms)
    return never("forecast for a slot that has begun");
  if (first > next_slot_ + slots_ahead) return never("forecast for a slot too far ahead");
  if (forecasts_.contains({first, body->gateway.value}))
    return never("the gateway's forecast from this slot on is on the ledger already");
  std::vector<Forecast> homes;
  std::set<std::uint32_t> meters;
  for (const Opening& o : tx.openings) {
    auto f = decode_forecast(o.data);
    if (!f) return never(f.error());
    const auto meter = meters_->find(f->meter.value);
    if (meter == meters_->end()) return not_yet("forecast of an unknown meter");
    const Registration& r = meter->second.registration;
    if (r.account != f->account || r.gateway != body->gateway)
      return never("forecast of a meter that is not this gateway's");
    if (f->first_slot != body->first_slot || f->net_wh.size() != body->slots)
      return never("forecast of another period");
    if (!meters.insert(f->meter.value).second) return never("two forecasts of one meter");
    homes.push_back(std::move(*f));
  }
  if (public_total(homes, genesis_->gateways.size()) != body->total)
    return never("forecasts do not fit their total");
  forecasts_.insert({first, body->gateway.value});
  put("forecast", two_numbers(body->gateway.value, first), leaf);
  return {};
}

}  // namespace market
