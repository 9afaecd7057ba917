// What the state tree holds of MarketState: everything that later execution depends on.

#include <array>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"
#include "market/state/market_state.hpp"

namespace market {
namespace {

constexpr std::uint32_t no_meter = UINT32_MAX;  // the owner of a salt that belongs to no meter
constexpr Hash gone{};                          // removes a key

Hash state_key(std::string_view label, BytesView id) { return sha256({bytes_of(label), id}); }
Bytes number_bytes(std::uint32_t number) { return ByteWriter().u32(number).take(); }

}  // namespace

void MarketState::put(std::string_view label, BytesView id, const Hash& value) {
  dirty_[state_key(label, id)] = value;
}

Salt MarketState::system_salt(std::string_view what) const {
  const auto registered = static_cast<std::uint32_t>(meters_->size());
  const Bytes more = ByteWriter().u32(registered).raw(bytes_of(what)).take();
  return derive_salt(*secret_, SaltLabel::state, no_meter, next_slot_, more);
}

void MarketState::put_account(const Meter& m) {
  const MeterId id = m.registration.meter;
  ByteWriter w;
  w.sized(encode(m.registration));
  w.raw(sha256({bytes_of("aipchain restricted key 1"), m.restricted_key}));
  w.i64(m.anchor.import_register.value).i64(m.anchor.export_register.value);
  w.u32(m.anchor.since.value).u8(m.anchor.tainted ? 1 : 0).u8(m.anchor.swapped ? 1 : 0);
  w.i64(m.anchor.import_offset.value).i64(m.anchor.export_offset.value);
  w.i64(tokens_->mark(id).value).i64(journal_->balance(m.registration.account).value);
  if (genesis_->capacity_price.value > 0)
    w.u32(static_cast<std::uint32_t>(m.month_peak.month)).i64(m.month_peak.peak.value);
  if (m.leaves || m.meter_keys.changed() || m.account_keys.changed())
    w.u8(m.leaves ? 1 : 0).raw(m.meter_keys.encode()).raw(m.account_keys.encode());
  const Salt salt = derive_salt(m.restricted_key, SaltLabel::state, id.value, next_slot_);
  put("account", m.registration.account.bytes, commitment(salt, w.view()));
}

void MarketState::put_gateway(GatewayId gateway) {
  const Gateway& g = gateways_[gateway.value];
  ByteWriter w;
  w.u32(g.epoch).raw(g.last_entry).u32(g.slots_marked).u32(g.meters);
  if (g.altered()) w.u32(g.first.value).u32(g.end.value).raw(g.keys.encode());
  put("gateway", number_bytes(gateway.value), sha256(w.view()));
}

void MarketState::put_system_balances() {
  if (!secret_) return;
  for (const AccountId& id : system_accounts()) {
    const std::string_view name(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
    const Bytes balance = ByteWriter().i64(journal_->balance(id).value).take();
    put("balance", id.bytes, commitment(system_salt(name), balance));
  }
  put("secret", {}, sha256({bytes_of("aipchain state secret 2"), *secret_}));
}

void MarketState::put_vintage(Slot vintage) {
  const auto at = tokens_->vintages().find(vintage.value);
  if (at == tokens_->vintages().end()) return;
  const TokenBook::Vintage& v = at->second;
  ByteWriter w;
  w.i64(v.minted.value).i64(v.escrowed.value).i64(v.retired.value);
  for (const auto& [holder, quantity] : v.held) w.raw(holder.bytes).i64(quantity.value);
  if (!v.uncovered.empty()) w.raw(AccountId{}.bytes).i64(0);  // no holder has these
  for (const auto& [account, imported] : v.uncovered) w.raw(account.bytes).i64(imported.value);
  const Salt salt = system_salt("vintage " + std::to_string(vintage.value));
  put("vintage", number_bytes(vintage.value), commitment(salt, w.view()));
}

// Of a case that waits for a ruling; null: it is closed.
void MarketState::put_case(const CaseId& id, const QuarantineCase* waits) {
  const auto [meter, settled] = id;
  const Bytes key = ByteWriter().u32(meter).u32(settled).take();
  if (!waits) return put("case", key, gone);
  ByteWriter w;
  w.u32(waits->since.value).i64(waits->imported.value).i64(waits->exported.value);
  const Salt salt = derive_salt(meters_->at(meter).restricted_key, SaltLabel::state, meter,
                                next_slot_, bytes_of("case"));
  put("case", key, commitment(salt, w.view()));
}

// An account's contracts of one template, as far as they act yet.
void MarketState::put_contracts(const ContractPlace& place) {
  const auto& [account, of] = place;
  const Bytes name{static_cast<std::uint8_t>(of)};
  ByteWriter key, w;
  key.raw(account.bytes).raw(name);
  for (const Contract& c : contracts_->at(place).all()) w.sized(encode(c));
  const std::uint32_t meter = meter_of_account_->at(account);
  const Bytes more = ByteWriter().raw(bytes_of("contract")).raw(name).take();
  const Salt salt =
      derive_salt(meters_->at(meter).restricted_key, SaltLabel::state, meter, next_slot_, more);
  put("contract", key.view(), commitment(salt, w.view()));
}

void MarketState::put_certificate(const Meter& m, const MeterCertificate& c, bool holds) {
  const Opening o = opening_of(m.restricted_key, c);
  const Bytes key = ByteWriter().u32(c.meter.value).raw(c.hash).take();
  put("certificate", key, holds ? commitment(o.salt, o.data) : gone);
}

// Of a feeder whose findings are awaited; null: no longer.
void MarketState::put_feeder(std::uint32_t feeder, std::uint32_t slot, const Awaited* awaited) {
  const Bytes key = ByteWriter().u32(feeder).u32(slot).take();
  if (!awaited) return put("feeder", key, gone);
  const FeederSums& sums = awaited->sums;
  ByteWriter w;
  for (const MilliWattHours& e :
       {sums.feeder_import, sums.feeder_export, sums.homes_import, sums.homes_export})
    w.i64(e.value);
  for (const auto& [oracle, findings] : awaited->findings) w.u32(oracle).raw(encode(findings));
  put("feeder", key, commitment(system_salt("feeder " + std::to_string(feeder)), w.view()));
}

void MarketState::put_place() {
  put("slot", {}, sha256(number_bytes(next_slot_)));
  if (content_root_ != Hash{}) put("content", {}, content_root_);
}

// Once a block, however many batches of a gateway it holds.
void MarketState::put_batches() {
  for (const auto& [slot, gateway] : std::exchange(batched_, {})) {
    put_gateway({gateway});
    if (const auto open = open_slots_.find(slot); open != open_slots_.end())
      put("batches", ByteWriter().u32(gateway).u32(slot).view(),
          *open->second.delivered.at(gateway).batches);
  }
}

// Of a gateway in a slot, what is to be attested yet; nothing where all is.
void MarketState::put_unattested(GatewayId gateway, Slot slot, const Delivered& delivered) {
  const Bytes key = ByteWriter().u32(gateway.value).u32(slot.value).take();
  if (delivered.unattested.empty()) return put("unattested", key, gone);
  ByteWriter w;
  for (const auto& [what, entry] : delivered.unattested)
    w.u8(static_cast<std::uint8_t>(what.first)).u32(what.second).raw(entry);
  put("unattested", key, sha256(w.view()));
}

void MarketState::put_in_slot(std::string_view label, BytesView id, Slot slot, const Hash& leaf) {
  put(label, id, sha256({number_bytes(slot.value), leaf}));
}

void MarketState::drop_slot(const OpenSlot& slot) {
  for (const auto& [gateway, delivered] : slot.delivered) {
    const Bytes id = ByteWriter().u32(gateway).u32(next_slot_).take();
    if (delivered.batches) put("batches", id, gone);
    if (delivered.marks_leaf) put("marks", id, gone);
    if (!delivered.unattested.empty()) put("unattested", id, gone);
  }
  for (const auto& [root, leaf] : slot.orders->leaves) put("order", root, gone);
  for (const auto& [root, leaf] : slot.swap_leaves) put("swap", root, gone);
  for (const auto& [root, leaf] : slot.ruling_leaves) put("ruling", root, gone);
  for (const auto& [root, leaf] : slot.measure_leaves) put("measure", root, gone);
  for (const auto& [root, leaf] : slot.account_leaves) put("act", root, gone);
  for (const Hash& leaf : slot.registry_leaves) put("registry", leaf, gone);
}

// Forecasts of slots that have closed are refused by their slot from here on.
void MarketState::drop_forecasts() {
  while (!forecasts_.empty() && forecasts_.begin()->first < next_slot_) {
    const auto [first, gateway] = *forecasts_.begin();
    put("forecast", ByteWriter().u32(gateway).u32(first).view(), gone);
    forecasts_.erase(forecasts_.begin());
  }
}

Hash MarketState::commit() {
  invariant(owed_.empty(), "a block that closes a slot holds all its statements");
  put_batches();
  verdicts_ = std::exchange(new_verdicts_, {});
  tree_.update(dirty_);
  dirty_.clear();
  ++height_;
  return tree_.root();
}

std::string MarketState::broken_invariant() const {
  MicroEuros sum;
  for (const auto& [account, balance] : journal_->balances()) sum += balance;
  if (sum.value != 0) return "balances sum to " + std::to_string(sum.value) + " micro-EUR";
  if (journal_->balance(exchange).value != 0) return "the exchange is not empty";
  return tokens_->broken_invariant();
}

}  // namespace market
