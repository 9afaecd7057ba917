#include "market/entries/slot_entries.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/oracle/public_sum.hpp"

namespace market {
namespace {

std::int64_t shown(const std::optional<WattHours>& sum) { return sum ? sum->value : hidden_sum; }

std::optional<WattHours> take_sum(ByteReader& r) {
  const std::int64_t sum = r.i64();
  if (sum < hidden_sum) r.fail();
  return sum == hidden_sum ? std::nullopt : std::optional(WattHours{sum});
}

}  // namespace

Bytes encode(const SettlementBody& b) {
  ByteWriter w;
  w.u32(b.slot.value).u8(b.price ? 1 : 0).i64(b.price.value_or(Price{}).value);
  w.i64(b.volume.value).i64(shown(b.imported)).i64(shown(b.exported));
  w.u32(b.accounts).u32(b.orders).u32(b.gateways);
  return w.raw(b.book_root).raw(b.statements_root).raw(b.content_root).take();
}

Result<SettlementBody> decode_settlement_body(BytesView body) {
  ByteReader r(body);
  SettlementBody b;
  b.slot.value = r.u32();
  const std::uint8_t priced = r.u8();
  const Price price{r.i64()};
  if (priced == 1) b.price = price;
  b.volume.value = r.i64();
  b.imported = take_sum(r);
  b.exported = take_sum(r);
  b.accounts = r.u32();
  b.orders = r.u32();
  b.gateways = r.u32();
  b.book_root = r.hash();
  b.statements_root = r.hash();
  b.content_root = r.hash();
  if (!r.done() || priced > 1 || (priced == 0 && price.value != 0))
    return failure("settlement is not in its canonical form");
  return b;
}

const Transaction* settlement_in(const Block& block) {
  for (const Transaction& tx : block.transactions) {
    if (tx.kind == TransactionKind::settlement) return &tx;
    if (!made_by_maker(tx.kind)) break;
  }
  return nullptr;
}

Bytes encode(const StatementsBody& b) {
  return ByteWriter().u32(b.slot.value).u32(b.gateway.value).u32(b.count).take();
}

Result<StatementsBody> decode_statements_body(BytesView body) {
  ByteReader r(body);
  StatementsBody b;
  b.slot.value = r.u32();
  b.gateway.value = r.u32();
  b.count = r.u32();
  if (!r.done()) return failure("statements are not in their canonical form");
  return b;
}

}  // namespace market
