#include "market/settlement/clearing_proposal.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"

namespace market {
namespace {

void write_wide(ByteWriter& w, Wide value) {
  w.i64(static_cast<std::int64_t>(value >> 64)).u64(static_cast<std::uint64_t>(value));
}

Wide read_wide(ByteReader& r) {
  const Wide above = r.i64();
  return above * (Wide{1} << 64) + r.u64();
}

Bytes numbers_of(const GridProposal& p) {
  ByteWriter w;
  write_wide(w, p.balance);
  for (const WattHours fill : p.fills) w.u32(static_cast<std::uint32_t>(fill.value));
  for (const RowMultiplier& m : p.multipliers) write_wide(w.u32(m.row), m.value);
  return w.take();
}

Result<GridProposal> read_numbers(const ClearingProposalBody& body, BytesView bytes,
                                  const TradeLimits& limits) {
  ByteReader r(bytes);
  GridProposal p;
  p.guarantee = body.outcome == ClearingOutcome::solved ? Guarantee::gap : Guarantee::exchanges;
  p.balance = read_wide(r);
  for (std::uint32_t i = 0; i < body.orders && !r.failed(); ++i) p.fills.push_back({r.u32()});
  for (std::uint32_t i = 0; i < body.multipliers && !r.failed(); ++i) {
    const std::uint32_t row = r.u32();
    p.multipliers.push_back({row, read_wide(r)});
  }
  if (!r.done() || (p.guarantee == Guarantee::exchanges && p.balance != 0))
    return failure("a clearing proposal is not in its canonical form");
  for (const RowMultiplier& m : p.multipliers)
    if (m.row >= limits.rows.size() || m.value <= 0 || m.value > max_multiplier)
      return failure("a clearing proposal's multiplier is of no row, or out of bounds");
  p.values = nodal_values(limits, p.balance, p.multipliers);
  if (p.values.empty()) return failure("a clearing proposal's balance or values are out of bounds");
  return p;
}

}  // namespace

Bytes encode(const ClearingProposalBody& v) {
  ByteWriter w;
  w.u32(v.slot.value).u8(static_cast<std::uint8_t>(v.outcome)).u32(v.grid.value);
  return w.u32(v.orders).u32(v.multipliers).u32(v.pieces).take();
}

Result<ClearingProposalBody> decode_clearing_proposal_body(BytesView body) {
  ByteReader r(body);
  ClearingProposalBody v;
  v.slot.value = r.u32();
  const std::uint8_t outcome = r.u8();
  v.outcome = static_cast<ClearingOutcome>(outcome);
  v.grid.value = r.u32();
  v.orders = r.u32();
  v.multipliers = r.u32();
  v.pieces = r.u32();
  const bool solved = v.outcome == ClearingOutcome::solved;
  const bool whole = v.trades() == (v.pieces > 0) && (solved || v.multipliers == 0);
  if (!r.done() || v.outcome > ClearingOutcome::exchanged || !whole || v.pieces > max_openings ||
      v.orders > max_orders_a_slot || v.multipliers > max_limit_rows)
    return failure("body of a clearing proposal is not in its canonical form");
  return v;
}

Transaction clearing_proposal_of(Slot slot, Slot grid, std::size_t orders,
                                 const std::optional<GridProposal>& solved, const SubjectKey& key) {
  invariant(!solved || solved->fills.size() == orders, "a fill of each order");
  ClearingProposalBody body;
  body.slot = slot;
  body.grid = grid;
  body.orders = static_cast<std::uint32_t>(orders);
  Transaction tx;
  tx.kind = TransactionKind::clearing_proposal;
  if (solved) {
    body.outcome =
        solved->guarantee == Guarantee::gap ? ClearingOutcome::solved : ClearingOutcome::exchanged;
    tx.openings = pieces_of(SaltLabel::clearing_proposal, slot, numbers_of(*solved), key);
    body.multipliers = static_cast<std::uint32_t>(solved->multipliers.size());
    body.pieces = static_cast<std::uint32_t>(tx.openings.size());
  }
  tx.root = openings_root(tx.openings);
  tx.body = encode(body);
  if (tx.openings.size() > max_openings || tx.encoded_size() > max_transaction_size)
    return clearing_proposal_of(slot, grid, orders, std::nullopt, key);
  return tx;
}

Transaction solved_proposal(Slot slot, const TradingGrid& grid, const PlacedOrders& placed,
                            const SubjectKey& key) {
  return clearing_proposal_of(slot, grid.from, placed.orders.size(), solved(grid, placed), key);
}

Result<std::optional<GridProposal>> decode_clearing_proposal(const Transaction& tx, Slot slot,
                                                             Slot grid, std::size_t orders,
                                                             const TradeLimits& limits,
                                                             const SubjectKey& key) {
  const auto body = decode_clearing_proposal_body(tx.body);
  if (!body) return failure(body.error());
  if (body->slot != slot || body->grid != grid || body->orders != orders)
    return failure("a clearing proposal of another slot, grid or number of orders");
  if (body->pieces != tx.openings.size())
    return failure("pieces of a clearing proposal do not fit their count");
  if (!body->trades()) return std::optional<GridProposal>();
  const auto bytes = joined(slot, tx.openings);
  if (!bytes) return failure(bytes.error());
  auto proposal = read_numbers(*body, *bytes, limits);
  if (!proposal) return failure(proposal.error());
  if (clearing_proposal_of(slot, grid, orders, *proposal, key).encode() != tx.encode())
    return failure("a clearing proposal's openings are not salted as they have to be");
  return std::optional(std::move(*proposal));
}

}  // namespace market
