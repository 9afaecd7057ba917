#include "market/market_state.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/batch.hpp"

namespace market {
namespace {

constexpr MicroEuros max_deposit{1'000'000'000'000};
constexpr std::uint32_t slots_ahead = 1000;  // how far in the future an order may lie

tl::unexpected<Refusal> never(std::string why) {
  return tl::unexpected(Refusal{false, std::move(why)});
}
tl::unexpected<Refusal> not_yet(std::string why) {
  return tl::unexpected(Refusal{true, std::move(why)});
}

Hash state_key(std::string_view label, BytesView id) { return sha256({bytes_of(label), id}); }

Bytes number_bytes(std::uint32_t number) { return ByteWriter().u32(number).take(); }

// What a state entry of one meter's account commits to.
Bytes account_bytes(const MarketState::Meter& m, MicroEuros balance) {
  ByteWriter w;
  w.raw(m.account.bytes).u32(m.gateway.value).u8(static_cast<std::uint8_t>(m.kind));
  w.raw(m.meter_key).raw(m.account_key).u32(m.max_power_w);
  w.i64(m.import_mark.value).i64(m.export_mark.value);
  return w.i64(balance.value).take();
}

}  // namespace

Bytes encode(const SettlementBody& b) {
  ByteWriter w;
  w.u32(b.slot.value).u8(b.price ? 1 : 0).i64(b.price.value_or(Price{}).value);
  w.i64(b.volume.value).i64(b.imported.value).i64(b.exported.value).i64(b.minted.value);
  w.i64(b.retired.value).i64(b.quarantined.value).u32(b.accounts).u32(b.orders);
  return w.raw(b.book_root).raw(b.content_root).take();
}

Result<SettlementBody> decode_settlement_body(BytesView body) {
  ByteReader r(body);
  SettlementBody b;
  b.slot.value = r.u32();
  const std::uint8_t priced = r.u8();
  const Price price{r.i64()};
  if (priced == 1) b.price = price;
  b.volume.value = r.i64();
  b.imported.value = r.i64();
  b.exported.value = r.i64();
  b.minted.value = r.i64();
  b.retired.value = r.i64();
  b.quarantined.value = r.i64();
  b.accounts = r.u32();
  b.orders = r.u32();
  b.book_root = r.hash();
  b.content_root = r.hash();
  if (!r.done() || priced > 1 || (priced == 0 && price.value != 0))
    return failure("settlement is not in its canonical form");
  return b;
}

MarketState::MarketState(const Genesis& genesis, Verifier& verifier)
    : genesis_(std::make_shared<const Genesis>(genesis)),
      chain_id_(chain_id_of(genesis)),
      verifier_(&verifier),
      gateways_(genesis.gateways.size()) {}

std::unique_ptr<StateMachine> MarketState::clone() const {
  return std::make_unique<MarketState>(*this);
}

const SubjectKey* MarketState::restricted_key(const AccountId& account) const {
  const auto at = meter_of_account_.find(account);
  return at == meter_of_account_.end() ? nullptr : &meters_.at(at->second).restricted_key;
}

namespace {

// A gateway's own entries say which gateway, and end in its signature.
template <class Decode, class Signed>
tl::expected<void, Refusal> admit_signed(const Transaction& tx, Decode decode, Signed is_signed) {
  const auto body = decode(tx.body);
  if (!body) return never(body.error());
  if (!is_signed(body->gateway, body->signature)) return never("is not signed by its gateway");
  return {};
}

}  // namespace

MarketState::Applied MarketState::admit(const Transaction& tx) const {
  const auto by_gateway = [&](GatewayId gateway, const Signature& signature) {
    return gateway_signed(tx, gateway, signature);
  };
  const auto by_registrar = [&](GatewayId, const Signature& signature) {
    return verifier_->verify(genesis_->registrar, entry_signed_bytes(chain_id_, tx.entry()),
                             signature);
  };
  switch (tx.kind) {
    case TransactionKind::registration:
      return admit_signed(tx, decode_registration_body, by_registrar);
    case TransactionKind::batch:
      return admit_signed(tx, decode_batch, by_gateway);
    case TransactionKind::marks:
      return admit_signed(tx, decode_marks_body, by_gateway);
    case TransactionKind::forecast:
      return admit_signed(tx, decode_forecast_body, by_gateway);
    case TransactionKind::order:
      return admit_order(tx);
    case TransactionKind::settlement:
      break;
  }
  return never("is never sent");
}

MarketState::Applied MarketState::admit_order(const Transaction& tx) const {
  if (tx.openings.size() != 1) return never("an order has one opening");
  const auto order = decode_order(tx.openings[0].data);
  if (!order) return never(order.error());
  const auto meter = meters_.find(order->meter.value);
  if (meter == meters_.end()) return not_yet("order of an unknown meter");
  if (meter->second.account != order->order.account ||
      !verifier_->verify(meter->second.account_key,
                         order_signed_bytes(chain_id_, tx.openings[0].data), order->signature))
    return never("order is not signed by its account");
  return {};
}

tl::expected<void, Refusal> MarketState::apply(const Transaction& tx, std::int64_t time_ms) {
  switch (tx.kind) {
    case TransactionKind::registration:
      return apply_registration(tx);
    case TransactionKind::batch:
      return apply_batch(tx, time_ms);
    case TransactionKind::marks:
      return apply_marks(tx, time_ms);
    case TransactionKind::order:
      return apply_order(tx, time_ms);
    case TransactionKind::settlement:
      return apply_settlement(tx, time_ms);
    case TransactionKind::forecast:
      return apply_forecast(tx);
  }
  return never("unknown kind of transaction");
}

MarketState::Applied MarketState::apply_registration(const Transaction& tx) {
  const auto body = decode_registration_body(tx.body);
  if (!body) return never(body.error());
  if (body->gateway.value >= gateways_.size()) return never("registration at an unknown gateway");
  if (!verifier_->verify(genesis_->registrar, entry_signed_bytes(chain_id_, tx.entry()),
                         body->signature))
    return never("registration is not signed by the registrar");
  std::vector<Registration> all;
  std::set<std::uint32_t> ids;
  std::set<AccountId> accounts;
  for (const Opening& o : tx.openings) {
    auto r = decode_registration(o.data);
    if (!r) return never(r.error());
    if (r->gateway != body->gateway) return never("registration under another gateway");
    if (meters_.contains(r->meter.value) || !ids.insert(r->meter.value).second)
      return never("meter " + std::to_string(r->meter.value) + " is registered already");
    if (meter_of_account_.contains(r->account) || !accounts.insert(r->account).second)
      return never("account is registered already");
    if (is_system_account(r->account)) return never("account is the system's own");
    if (r->deposit > max_deposit) return never("deposit must be 0 to 1,000,000 EUR");
    all.push_back(std::move(*r));
  }
  for (const Registration& r : all) {
    Meter m{r.account,     r.gateway,         r.kind,
            r.meter_key,   r.account_key,     r.restricted_key,
            r.max_power_w, r.import_register, r.export_register};
    meter_of_account_[r.account] = r.meter.value;
    tokens_.move_mark(r.meter, r.export_register);
    if (r.deposit.value > 0) journal_.post({PostingKind::deposit, bank, r.account, r.deposit});
    put_account(m, r.meter.value);
    meters_.emplace(r.meter.value, std::move(m));
  }
  gateways_[body->gateway.value].registered = true;
  return {};
}

bool MarketState::gateway_signed(const Transaction& tx, GatewayId gateway,
                                 const Signature& signature) const {
  return gateway.value < genesis_->gateways.size() &&
         verifier_->verify(genesis_->gateways[gateway.value],
                           entry_signed_bytes(chain_id_, tx.entry()), signature);
}

MarketState::Applied MarketState::apply_batch(const Transaction& tx, std::int64_t time_ms) {
  const auto batch = decode_batch(tx.body);
  if (!batch) return never(batch.error());
  if (!gateway_signed(tx, batch->gateway, batch->signature))
    return never("batch is not signed by its gateway");
  Gateway& g = gateways_[batch->gateway.value];
  if (batch->epoch <= g.epoch) return never("batch of an epoch that is on the ledger already");
  if (batch->epoch != g.epoch + 1 || !g.registered)
    return not_yet("batch before the one it follows");
  if (time_ms < std::int64_t{batch->epoch} * genesis_->batch_ms)
    return not_yet("batch of an interval that has not ended");
  if (batch->previous != g.last_entry) return never("batch does not follow its gateway's last");
  g.epoch = batch->epoch;
  g.last_entry = sha256(tx.entry());
  const auto slot = static_cast<std::uint32_t>(
      (std::int64_t{batch->epoch} * genesis_->batch_ms - 1) / genesis_->slot_ms);
  open_slots_[std::max(slot, next_slot_)].batch_leaves[{batch->gateway.value, batch->epoch}] =
      leaf_hash(tx.entry());
  dirty_[state_key("gateway", number_bytes(batch->gateway.value))] = g.last_entry;
  return {};
}

std::pair<MilliWattHours, MilliWattHours> MarketState::marked_before(MeterId meter,
                                                                     Slot slot) const {
  const Meter& closed = meters_.at(meter.value);
  std::pair out{closed.import_mark, closed.export_mark};
  for (const auto& [number, open] : open_slots_) {
    const auto mark = open.marks.find(meter.value);
    if (number < slot.value && mark != open.marks.end())
      out = {mark->second.import_register, mark->second.export_register};
  }
  return out;
}

MarketState::Applied MarketState::apply_marks(const Transaction& tx, std::int64_t time_ms) {
  const auto body = decode_marks_body(tx.body);
  if (!body) return never(body.error());
  if (!gateway_signed(tx, body->gateway, body->signature))
    return never("marks are not signed by their gateway");
  Gateway& g = gateways_[body->gateway.value];
  const std::int64_t end_ms = (std::int64_t{body->slot.value} + 1) * genesis_->slot_ms;
  if (body->slot.value < g.slots_marked || body->slot.value < next_slot_)
    return never("marks of a slot that is marked or closed already");
  if (time_ms < end_ms) return not_yet("marks of a slot that has not ended");
  if (std::int64_t{g.epoch} * genesis_->batch_ms < end_ms)
    return not_yet("marks before the batches that hold them");
  std::map<std::uint32_t, Mark> marks;
  for (const Opening& o : tx.openings) {
    const auto mark = decode_mark(o.data);
    if (!mark) return never(mark.error());
    const auto meter = meters_.find(mark->meter.value);
    if (meter == meters_.end() || meter->second.gateway != body->gateway ||
        meter->second.account != mark->account)
      return never("mark of a meter that is not this gateway's");
    if (mark->slot != body->slot) return never("mark of another slot");
    const auto [least_import, least_export] = marked_before(mark->meter, mark->slot);
    if (mark->import_register < least_import || mark->export_register < least_export)
      return never("mark below the last one: registers never fall");
    if (!marks.emplace(mark->meter.value, *mark).second) return never("two marks of one meter");
  }
  if (body->count != marks.size()) return never("marks do not fit their count");
  OpenSlot& slot = open_slots_[body->slot.value];
  slot.marks.merge(marks);
  slot.marks_leaves[body->gateway.value] = leaf_hash(tx.entry());
  g.slots_marked = body->slot.value + 1;
  return {};
}

MarketState::Applied MarketState::apply_order(const Transaction& tx, std::int64_t time_ms) {
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
  const auto meter = meters_.find(order->meter.value);
  if (meter == meters_.end()) return not_yet("order of an unknown meter");
  if (meter->second.account != o.account || meter->second.kind != MeterKind::home)
    return never("order of an account that may not trade with this meter");
  if (o.energy.value <= 0 || o.energy > max_order_energy)
    return never("order energy must be 1 Wh to 10 MWh");
  if (o.limit.value < 0 || o.limit > max_order_price)
    return never("order limit must be 0 to 100 EUR/kWh");
  if (!verifier_->verify(meter->second.account_key,
                         order_signed_bytes(chain_id_, tx.openings[0].data), order->signature))
    return never("order is not signed by its account");
  OpenSlot& slot = open_slots_[o.slot.value];
  if (slot.orders.contains(o.id)) return never("order id is taken in this slot");
  if (slot.orders.size() >= max_orders_a_slot) return never("the slot's book is full");
  slot.orders.emplace(o.id, *order);
  slot.order_leaves.emplace(tx.root, leaf_hash(tx.entry()));
  return {};
}

MarketState::Applied MarketState::apply_forecast(const Transaction& tx) {
  const auto body = decode_forecast_body(tx.body);
  if (!body) return never(body.error());
  if (!gateway_signed(tx, body->gateway, body->signature))
    return never("forecast is not signed by its gateway");
  WattHours total;
  for (const Opening& o : tx.openings) {
    const auto f = decode_forecast(o.data);
    if (!f) return never(f.error());
    const auto meter = meters_.find(f->meter.value);
    if (meter == meters_.end()) return not_yet("forecast of an unknown meter");
    if (meter->second.account != f->account || meter->second.gateway != body->gateway)
      return never("forecast of a meter that is not this gateway's");
    if (f->first_slot != body->first_slot || f->net_wh.size() != body->slots)
      return never("forecast of another period");
    for (const std::int32_t wh : f->net_wh) total += WattHours{wh};
  }
  if (total != body->total) return never("forecasts do not fit their total");
  const Bytes id = ByteWriter().u32(body->gateway.value).u32(body->first_slot.value).take();
  dirty_[state_key("forecast", id)] = leaf_hash(tx.entry());
  return {};
}

bool MarketState::closable(std::int64_t time_ms) const {
  const std::int64_t end_ms = (std::int64_t{next_slot_} + 1) * genesis_->slot_ms;
  if (time_ms < end_ms) return false;
  if (time_ms >= end_ms + genesis_->close_grace_ms) return true;
  return std::all_of(gateways_.begin(), gateways_.end(),
                     [&](const Gateway& g) { return g.slots_marked > next_slot_; });
}

std::vector<Transaction> MarketState::due(std::int64_t time_ms) const {
  std::vector<Transaction> out;
  if (closable(time_ms)) out.push_back(settlement_transaction(close_next()));
  return out;
}

ClosedSlot MarketState::close_next() const {
  static const OpenSlot nothing;
  const auto at = open_slots_.find(next_slot_);
  const OpenSlot& slot = at == open_slots_.end() ? nothing : at->second;
  ClosedSlot closed;
  closed.slot = {next_slot_};
  for (const auto& [id, order] : slot.orders) closed.orders.push_back(order.order);
  closed.clearing = clear(genesis_->mechanism, closed.orders);
  closed.settlement =
      settle(closed.slot,
             {genesis_->retail_buy, genesis_->retail_sell, genesis_->grid_fee,
              genesis_->local_grid_fee, genesis_->levies},
             closed.clearing.price, positions_of(slot, closed.orders, closed.clearing));
  std::map<AccountId, MicroEuros> change;
  for (const Posting& p : closed.settlement.postings) {
    change[p.from] -= p.amount;
    change[p.to] += p.amount;
  }
  for (Statement& s : closed.settlement.statements)
    s.balance = journal_.balance(s.account) + change[s.account];
  return closed;
}

std::vector<SlotPosition> MarketState::positions_of(const OpenSlot& slot,
                                                    std::span<const Order> orders,
                                                    const Clearing& clearing) const {
  std::vector<SlotPosition> out;
  std::map<AccountId, std::size_t> index;
  for (const auto& [id, meter] : meters_) {
    if (meter.kind != MeterKind::home) continue;
    SlotPosition p{meter.account, {id}, {}, {}, {}, {}, false};
    if (const auto mark = slot.marks.find(id); mark != slot.marks.end()) {
      p.imported =
          whole_watt_hours(mark->second.import_register) - whole_watt_hours(meter.import_mark);
      p.exported =
          whole_watt_hours(mark->second.export_register) - whole_watt_hours(meter.export_mark);
      p.quarantined = mark->second.quarantined;
    }
    index[p.account] = out.size();
    out.push_back(p);
  }
  for (std::size_t i = 0; i < orders.size(); ++i) {
    SlotPosition& p = out[index.at(orders[i].account)];
    (orders[i].side == Side::buy ? p.contracted_buy : p.contracted_sell) += clearing.fills[i];
  }
  return out;
}

Transaction MarketState::settlement_transaction(const ClosedSlot& closed) const {
  SettlementBody body;
  body.slot = closed.slot;
  body.price = closed.clearing.price;
  body.volume = closed.clearing.volume;
  body.orders = static_cast<std::uint32_t>(closed.orders.size());
  body.book_root = book_root(closed.orders);
  Transaction tx;
  tx.kind = TransactionKind::settlement;
  for (const Statement& s : closed.settlement.statements) {
    body.imported += s.imported;
    body.exported += s.exported;
    body.minted += s.minted;
    body.retired += s.retired;
    if (s.quarantined) body.quarantined += s.exported;
    const SubjectKey& key = meters_.at(s.meter.value).restricted_key;
    tx.openings.push_back(
        {derive_salt(key, SaltLabel::statement, s.meter.value, s.slot.value), encode(s)});
  }
  body.accounts = static_cast<std::uint32_t>(tx.openings.size());
  tx.root = openings_root(tx.openings);
  tx.body = encode(body);
  body.content_root = next_content_root(tx);
  tx.body = encode(body);
  return tx;
}

Hash MarketState::next_content_root(const Transaction& settlement_without_root) const {
  std::vector<Hash> leaves;
  if (const auto at = open_slots_.find(next_slot_); at != open_slots_.end()) {
    for (const auto& [key, leaf] : at->second.batch_leaves) leaves.push_back(leaf);
    for (const auto& [gateway, leaf] : at->second.marks_leaves) leaves.push_back(leaf);
    for (const auto& [root, leaf] : at->second.order_leaves) leaves.push_back(leaf);
  }
  leaves.push_back(leaf_hash(settlement_without_root.entry()));
  return sha256(
      {bytes_of("aipchain content 1"), content_root_, number_bytes(next_slot_), root_of(leaves)});
}

MarketState::Applied MarketState::apply_settlement(const Transaction& tx, std::int64_t time_ms) {
  if (!closable(time_ms)) return never("settlement of a slot that may not close");
  auto closed = std::make_shared<ClosedSlot>(close_next());
  const Transaction expected = settlement_transaction(*closed);
  if (expected.encode() != tx.encode()) return never("settlement differs from the state's own");
  for (const Posting& p : closed->settlement.postings) journal_.post(p);
  if (const auto at = open_slots_.find(next_slot_); at != open_slots_.end())
    for (const auto& [id, mark] : at->second.marks) {
      meters_.at(id).import_mark = mark.import_register;
      meters_.at(id).export_mark = mark.export_register;
    }
  for (const Statement& s : closed->settlement.statements) {
    mint_tokens(s);
    put_account(meters_.at(s.meter.value), s.meter.value);
  }
  // Every seller's tokens are in escrow now; the buyers' are handed out and retired.
  for (const Statement& s : closed->settlement.statements) hand_over_tokens(s);
  content_root_ = decode_settlement_body(tx.body)->content_root;
  dirty_[state_key("content", {})] = content_root_;
  open_slots_.erase(next_slot_);
  ++next_slot_;
  last_closed_ = std::move(closed);
  return {};
}

void MarketState::mint_tokens(const Statement& s) {
  const MilliWattHours mark = meters_.at(s.meter.value).export_mark;
  if (s.quarantined) {
    tokens_.move_mark(s.meter, mark);
    return;
  }
  const WattHours minted = tokens_.mint(s.meter, mark, s.account, s.slot);
  invariant(minted == s.exported, "what a slot mints is what its meter exported");
  const auto sold = tokens_.escrow(s.account, s.slot, s.sold);
  invariant(sold.has_value(), "a seller holds what it delivered");
  const auto rest = tokens_.transfer(s.account, retailer, s.slot, s.exported - s.sold);
  invariant(rest.has_value(), "a home holds the rest of its export");
}

void MarketState::hand_over_tokens(const Statement& s) {
  const auto released = tokens_.release(s.account, s.slot, s.bought);
  invariant(released.has_value(), "what was bought is what was sold");
  const auto retired = tokens_.retire(s.account, s.slot, s.bought);
  invariant(retired.has_value(), "a buyer holds what it bought");
}

void MarketState::put_account(const Meter& meter, std::uint32_t id) {
  const Salt salt = derive_salt(meter.restricted_key, SaltLabel::state, id, 0);
  dirty_[state_key("account", meter.account.bytes)] =
      commitment(salt, account_bytes(meter, journal_.balance(meter.account)));
}

Hash MarketState::commit() {
  tree_.update(dirty_);
  dirty_.clear();
  return tree_.root();
}

std::string MarketState::broken_invariant() const {
  MicroEuros sum;
  for (const auto& [account, balance] : journal_.balances()) sum += balance;
  if (sum.value != 0) return "balances sum to " + std::to_string(sum.value) + " micro-EUR";
  if (journal_.balance(exchange).value != 0) return "the exchange is not empty";
  return tokens_.broken_invariant();
}

}  // namespace market
