#include "ledger/chain/transaction.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace ledger {
namespace {

constexpr std::uint8_t entry_version = 1;
constexpr std::size_t max_opening_size = 65'535;

bool known(std::uint8_t kind) {
  const auto k = static_cast<TransactionKind>(kind);
  return (k >= TransactionKind::registration && k <= TransactionKind::erasure) ||
         k == TransactionKind::ruling || k == TransactionKind::attestation ||
         k == TransactionKind::statements || k == TransactionKind::key_change ||
         k == TransactionKind::tariff_change ||
         (k >= TransactionKind::meter_swap && k <= TransactionKind::trading_grid);
}

}  // namespace

AccountId owner_of(const Opening& opening) {
  AccountId id;
  if (opening.data.size() >= id.bytes.size())
    std::memcpy(id.bytes.data(), opening.data.data(), id.bytes.size());
  return id;
}

Hash openings_root(std::span<const Opening> openings) {
  std::vector<Hash> leaves;
  leaves.reserve(openings.size());
  for (const Opening& o : openings) leaves.push_back(leaf_hash(commitment(o.salt, o.data)));
  return root_of(leaves);
}

Bytes Transaction::entry() const {
  ByteWriter w(entry_prefix_size + body.size());
  w.u8(entry_version).u8(static_cast<std::uint8_t>(kind)).raw(root).raw(body);
  return w.take();
}

std::size_t Transaction::encoded_size() const {
  std::size_t size = 4 + entry_prefix_size + body.size() + 2;
  for (const Opening& o : openings) size += o.salt.size() + 4 + o.data.size();
  return size;
}

Bytes Transaction::encode() const {
  ByteWriter w(encoded_size());
  w.sized(entry()).u16(static_cast<std::uint16_t>(openings.size()));
  for (const Opening& o : openings) w.raw(o.salt).sized(o.data);
  return w.take();
}

BytesView entry_in(BytesView transaction) { return ByteReader(transaction).sized(); }

Result<EntryView> view_entry(BytesView entry) {
  if (entry.size() > max_entry_size) return failure("entry above 65,535 bytes");
  ByteReader r(entry);
  const std::uint8_t found_version = r.u8();
  const std::uint8_t kind = r.u8();
  EntryView view;
  view.root = r.hash();
  if (r.failed()) return failure("entry shorter than its prefix");
  if (found_version != entry_version) return failure("unknown entry version");
  if (!known(kind)) return failure("unknown transaction kind " + std::to_string(kind));
  view.kind = static_cast<TransactionKind>(kind);
  view.body = r.raw(r.left());
  return view;
}

Result<Transaction> decode_entry(BytesView entry) {
  const auto view = view_entry(entry);
  if (!view) return failure(view.error());
  return Transaction{view->kind, view->root, to_bytes(view->body), {}};
}

Result<Transaction> decode_transaction(BytesView bytes) {
  if (bytes.size() > max_transaction_size)
    return failure("transaction of " + std::to_string(bytes.size()) +
                   " bytes with its openings; at most 1,048,576 are allowed");
  ByteReader r(bytes);
  auto tx = decode_entry(r.sized());
  if (!tx) return tx;
  const std::size_t count = r.u16();
  if (count > max_openings) return failure("too many openings");
  for (std::size_t i = 0; i < count && !r.failed(); ++i) {
    Opening o;
    o.salt = r.array<32>();
    const BytesView data = r.sized();
    if (data.size() > max_opening_size || data.size() < sizeof(AccountId::bytes))
      return failure("opening of a wrong size");
    o.data = to_bytes(data);
    tx->openings.push_back(std::move(o));
  }
  if (!r.done()) return failure("transaction of a wrong length");
  if (tx->kind == TransactionKind::batch) {
    if (count != 0) return failure("a batch carries no openings");
  } else if (openings_root(tx->openings) != tx->root) {
    return failure("openings do not fit their root");
  }
  return tx;
}

}  // namespace ledger
