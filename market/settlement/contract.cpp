#include "market/settlement/contract.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/entries/account_entries.hpp"

namespace market {
namespace {

constexpr std::uint8_t contract_version = 1;

bool says_nothing(const Contract& c) {
  return c.share == 0 && c.energy.value == 0 && c.price.value == 0 && c.id == OrderId{} &&
         c.side == Side::buy && c.tenants.empty();
}

bool tenants_fit(const Contract& c) {
  if (c.of != Template::sub_meters) return c.tenants.empty();
  return !c.tenants.empty() && c.tenants.size() <= max_tenants &&
         std::all_of(c.tenants.begin(), c.tenants.end(),
                     [](const Tenant& t) { return t.weight > 0; }) &&
         std::adjacent_find(c.tenants.begin(), c.tenants.end(),
                            [](const Tenant& a, const Tenant& b) { return !(a.name < b.name); }) ==
             c.tenants.end();
}

bool fits_its_template(const Contract& c) {
  if (c.number == 0 || c.end_slot < c.first_slot) return false;
  if (c.withdraws()) return says_nothing(c);
  const bool key = c.of == Template::community_key;
  if (key ? c.share < 1 || c.share > 1000 : c.share != 0 || c.side != Side::buy) return false;
  if (!has_energy(c.of)) return c.energy.value == 0 && c.price.value == 0 && tenants_fit(c);
  return c.energy.value > 0 && c.energy <= max_order_energy && c.price.value >= 0 &&
         c.price <= max_order_price && tenants_fit(c);
}

}  // namespace

const std::vector<std::string>& names_of_templates() {
  static const std::vector<std::string> names{
      "community-key", "sell-surplus",      "buy-below",        "hold-tokens",
      "sub-meters",    "flexibility-offer", "curtailment-duty", "controllable-load"};
  return names;
}

std::string_view name_of(Template of) {
  return names_of_templates()[static_cast<std::size_t>(of) - 1];
}

std::optional<Template> template_named(std::string_view name) {
  const std::vector<std::string>& names = names_of_templates();
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<Template>(at - names.begin() + 1);
}

Bytes encode(const ContractBody& b) {
  ByteWriter w;
  w.u32(b.slot.value);
  return b.grid_operator ? w.raw(*b.grid_operator).take() : w.take();
}

Result<ContractBody> decode_contract_body(BytesView body) {
  ByteReader r(body);
  ContractBody b;
  b.slot.value = r.u32();
  if (r.left() > 0) b.grid_operator = r.array<64>();
  if (!r.done()) return failure("body of a contract is not in its canonical form");
  return b;
}

Bytes encode(const Contract& c) {
  ByteWriter w;
  w.raw(c.account.bytes).u8(contract_version).u32(c.meter.value);
  w.u32(c.first_slot.value).u32(c.end_slot.value).u32(c.number);
  w.u8(static_cast<std::uint8_t>(c.of)).u8(static_cast<std::uint8_t>(c.side)).u16(c.share);
  w.i64(c.energy.value).i64(c.price.value).raw(c.id.bytes);
  w.u16(static_cast<std::uint16_t>(c.tenants.size()));
  for (const Tenant& t : c.tenants) w.raw(t.name).u32(t.weight);
  return w.raw(c.signature).take();
}

Result<Contract> decode_contract(BytesView opening) {
  ByteReader r(opening);
  Contract c;
  c.account.bytes = r.array<16>();
  const bool known = r.u8() == contract_version;
  c.meter.value = r.u32();
  c.first_slot.value = r.u32();
  c.end_slot.value = r.u32();
  c.number = r.u32();
  const std::uint8_t of = r.u8(), side = r.u8();
  c.of = static_cast<Template>(of);
  c.side = side == 1 ? Side::sell : Side::buy;
  c.share = r.u16();
  c.energy.value = r.i64();
  c.price.value = r.i64();
  c.id.bytes = r.array<16>();
  const std::uint16_t tenants = r.u16();
  if (tenants > max_tenants) r.fail();
  for (std::uint16_t i = 0; i < tenants && !r.failed(); ++i) {
    Tenant& t = c.tenants.emplace_back();
    t.name = r.array<16>();
    t.weight = r.u32();
  }
  c.signature = r.array<64>();
  if (!r.done() || !known || of < 1 || of > templates || side > 1 || !fits_its_template(c))
    return failure("contract is not in its canonical form");
  return c;
}

Transaction contract_of(const Hash& chain_id, Contract c, const SubjectKey& restricted_key,
                        Signer& account, Signer* metering_operator) {
  c.signature = account.sign(account_signed_bytes(TransactionKind::contract, chain_id, encode(c)));
  Transaction tx;
  tx.kind = TransactionKind::contract;
  const Bytes of{static_cast<std::uint8_t>(c.of)};
  tx.openings.push_back(
      {derive_salt(restricted_key, SaltLabel::contract, c.meter.value, c.number, of), encode(c)});
  tx.root = openings_root(tx.openings);
  tx.body = encode(ContractBody{c.first_slot, std::nullopt});
  if (!metering_operator) return tx;
  tx.body = encode(ContractBody{c.first_slot, Signature{}});
  sign_entry(tx, chain_id, *metering_operator);
  return tx;
}

OrderId contract_row(const Contract& c, Slot slot) {
  ByteWriter place;
  place.u8(static_cast<std::uint8_t>(c.of)).u32(slot.value);
  const Hash hash =
      sha256({bytes_of("aipchain contract row 1"), c.account.bytes, c.id.bytes, place.view()});
  OrderId out;
  std::copy_n(hash.begin(), out.bytes.size(), out.bytes.begin());
  return out;
}

const Contract* ContractLine::standing_in(Slot slot) const {
  for (auto c = all_.rbegin(); c != all_.rend(); ++c)
    if (c->first_slot <= slot) return slot < c->end_slot ? &*c : nullptr;
  return nullptr;
}

void ContractLine::forget_before(Slot slot) {
  // The last one that has begun leaves none before it in force, nor ever will.
  const auto begun = std::find_if(all_.rbegin(), all_.rend(),
                                  [&](const Contract& c) { return c.first_slot <= slot; });
  if (begun != all_.rend()) all_.erase(all_.begin(), std::prev(begun.base()));
}

std::vector<ContractTrade> contract_trades(std::span<const Contract* const> standing,
                                           const SlotPosition& metered,
                                           std::span<const Order> own) {
  std::vector<ContractTrade> out;
  if (!trades(metered.standing)) return out;
  WattHours left_in = metered.imported, left_out = metered.exported;
  const auto left = [&](Side side) -> WattHours& { return side == Side::buy ? left_in : left_out; };
  for (const Order& o : own) left(o.side) -= std::min(left(o.side), o.energy);
  for (const Contract* c : standing) {
    if (!trades_energy(c->of)) continue;
    const bool key = c->of == Template::community_key;
    const Side side = key ? c->side : c->of == Template::buy_below ? Side::buy : Side::sell;
    const WattHours all = side == Side::buy ? metered.imported : metered.exported;
    const WattHours wanted = key ? WattHours{all.value * c->share / 1000} : all;
    const WattHours energy = std::min({wanted, left(side), c->energy});
    if (energy.value <= 0) continue;
    left(side) -= energy;
    out.push_back({c, side, energy});
  }
  return out;
}

std::vector<Order> contract_orders(std::span<const Contract* const> standing,
                                   const SlotPosition& metered, std::span<const Order> own,
                                   Slot slot) {
  std::vector<Order> out;
  for (const ContractTrade& t : contract_trades(standing, metered, own))
    out.push_back({contract_row(*t.of, slot), t.of->account, slot, t.side, t.energy, t.of->price});
  return out;
}

}  // namespace market
