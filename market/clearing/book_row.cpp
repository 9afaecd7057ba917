#include "market/clearing/book_row.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace market {

using namespace ledger;

Bytes book_row(const Order& o) {
  ByteWriter w;
  w.u8(static_cast<std::uint8_t>(o.side)).i64(o.energy.value).i64(o.limit.value);
  return w.raw(o.id.bytes).take();
}

Result<Order> decode_book_row(BytesView row) {
  ByteReader r(row);
  Order o;
  const std::uint8_t side = r.u8();
  o.side = side == 1 ? Side::sell : Side::buy;
  o.energy.value = r.i64();
  o.limit.value = r.i64();
  o.id.bytes = r.array<16>();
  if (!r.done() || side > 1) return failure("book row is not in its canonical form");
  if (!within_bounds(o)) return failure("book row holds no energy or price that an order may have");
  return o;
}

Hash book_root(std::span<const Order> orders) {
  std::vector<const Order*> sorted;
  for (const Order& o : orders) sorted.push_back(&o);
  std::sort(sorted.begin(), sorted.end(),
            [](const Order* a, const Order* b) { return a->id < b->id; });
  std::vector<Hash> leaves;
  for (const Order* o : sorted) leaves.push_back(leaf_hash(book_row(*o)));
  return root_of(leaves);
}

}  // namespace market
