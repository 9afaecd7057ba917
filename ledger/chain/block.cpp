#include "ledger/chain/block.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace ledger {
namespace {

constexpr std::uint8_t header_version = 1;
constexpr std::uint32_t max_transactions = 100'000;

}  // namespace

HeaderBytes encode(const BlockHeader& h) {
  ByteWriter w;
  w.u8(header_version).u64(h.height).i64(h.time_ms).u32(h.proposer.value).raw(h.previous);
  w.u64(h.log_size).raw(h.log_root).raw(h.state_root).u32(h.entries).raw(h.entries_root);
  w.raw(h.rules).raw(h.validators).raw(h.evidence_root);
  HeaderBytes out;
  invariant(w.view().size() == out.size(), "a header has a fixed size");
  std::memcpy(out.data(), w.view().data(), out.size());
  return out;
}

Result<BlockHeader> decode_header(BytesView bytes) {
  ByteReader r(bytes);
  const std::uint8_t found_version = r.u8();
  BlockHeader h;
  h.height = r.u64();
  h.time_ms = r.i64();
  h.proposer.value = r.u32();
  h.previous = r.hash();
  h.log_size = r.u64();
  h.log_root = r.hash();
  h.state_root = r.hash();
  h.entries = r.u32();
  h.entries_root = r.hash();
  h.rules = r.hash();
  h.validators = r.hash();
  h.evidence_root = r.hash();
  if (!r.done()) return failure("block header of a wrong length");
  if (found_version != header_version) return failure("unknown block version");
  return h;
}

Hash leaf_of(const Transaction& tx) { return leaf_hash(tx.entry()); }

Hash entries_root(std::span<const Transaction> transactions) {
  std::vector<Hash> leaves;
  leaves.reserve(transactions.size());
  for (const Transaction& tx : transactions) leaves.push_back(leaf_of(tx));
  return root_of(leaves);
}

Bytes encode(const Block& block) {
  std::size_t size = header_size + 4;
  for (const Transaction& tx : block.transactions) size += 4 + tx.encoded_size();
  ByteWriter w(size);
  w.raw(encode(block.header)).u32(static_cast<std::uint32_t>(block.transactions.size()));
  for (const Transaction& tx : block.transactions) w.sized(tx.encode());
  return w.take();
}

Result<Block> decode_block(BytesView bytes) {
  ByteReader r(bytes);
  const auto header = decode_header(r.raw(header_size));
  if (!header) return failure(header.error());
  Block block{*header, {}, {}};
  const std::uint32_t count = r.u32();
  if (count > max_transactions || count != header->entries)
    return failure("a block's count of transactions does not fit its header");
  // A transaction has a length, an entry and a count of openings at least.
  const std::size_t room = r.left() / (4 + 4 + entry_prefix_size + 2);
  block.transactions.reserve(std::min<std::size_t>(count, room));
  block.leaves.reserve(std::min<std::size_t>(count, room));
  for (std::uint32_t i = 0; i < count && !r.failed(); ++i) {
    const BytesView bytes_of_one = r.sized();
    auto tx = decode_transaction(bytes_of_one);
    if (!tx) return failure("transaction " + std::to_string(i) + ": " + tx.error());
    block.transactions.push_back(std::move(*tx));
    block.leaves.push_back(leaf_hash(entry_in(bytes_of_one)));
  }
  if (!r.done()) return failure("block of a wrong length");
  if (root_of(block.leaves) != header->entries_root)
    return failure("a block's transactions do not fit its header");
  return block;
}

Hash block_id(BytesView header_or_block) {
  return sha256(header_or_block.first(std::min(header_size, header_or_block.size())));
}

}  // namespace ledger
