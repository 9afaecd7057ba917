#include "market/entries/fee_change.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/oracle/batch.hpp"

namespace market {

Bytes encode(const FeeChange& v) {
  ByteWriter w;
  w.u32(v.first.value).u16(static_cast<std::uint16_t>(v.added.size()));
  for (const std::int32_t added : v.added) w.u32(static_cast<std::uint32_t>(added));
  return w.raw(v.signature).take();
}

Result<FeeChange> decode_fee_change(BytesView body) {
  ByteReader r(body);
  FeeChange v;
  v.first.value = r.u32();
  const std::uint16_t slots = r.u16();
  for (int i = 0; i < slots && !r.failed(); ++i)
    v.added.push_back(static_cast<std::int32_t>(r.u32()));
  v.signature = r.array<64>();
  if (!r.done() || slots == 0 || slots > max_fee_slots || v.first.value > UINT32_MAX - slots)
    return failure("body of a tariff change is not in its canonical form");
  return v;
}

bool fits(const Genesis& genesis, std::int32_t added) {
  return genesis.grid_fee.value + added >= 0 &&
         genesis.retail_buy.value + added <= max_order_price.value;
}

Transaction fee_change_of(const Hash& chain_id, Slot first, std::vector<std::int32_t> added,
                          Signer& grid_operator) {
  Transaction tx;
  tx.kind = TransactionKind::tariff_change;
  tx.root = openings_root({});
  tx.body = encode(FeeChange{first, std::move(added), {}});
  sign_entry(tx, chain_id, grid_operator);
  return tx;
}

void AddedFees::add(const FeeChange& change) {
  for (std::uint32_t i = 0; i < change.added.size(); ++i)
    added_[change.first.value + i] = change.added[i];
}

std::int32_t AddedFees::in(Slot slot) const {
  const auto at = added_.find(slot.value);
  return at == added_.end() ? 0 : at->second;
}

AddedFees fees_in(std::span<const Bytes> entries) {
  AddedFees out;
  for (const Bytes& entry : entries) {
    const auto view = view_entry(entry);
    if (!view || view->kind != TransactionKind::tariff_change) continue;
    if (const auto change = decode_fee_change(view->body)) out.add(*change);
  }
  return out;
}

Tariff with_added_fee(Tariff tariff, std::int32_t added) {
  tariff.grid_fee.value += added;
  tariff.retail_buy.value += added;
  return tariff;
}

Tariff tariff_in(const Genesis& genesis, const AddedFees& fees, Slot slot) {
  return with_added_fee(tariff_of(genesis), fees.in(slot));
}

}  // namespace market
