#pragma once
// A block: a header of fixed size, which is all that validators sign and the public log keeps, and
// the transactions with their openings, which only validators and observers see.
//
//   0    version       u8   1
//   1    height        u64  from 1
//   9    time_ms       i64  since the chain's epoch, rising
//   17   proposer      u32
//   21   previous      32   id of the block before, zeros at height 1
//   53   log_size      u64  entries after the block before
//   61   log_root      32   over those entries
//   93   state_root    32   after the block before
//   125  entries       u32  in this block
//   129  entries_root  32   RFC 6962 root over this block's entries
//   161  rules         32   SHA-256 of the oracle's rule set that this block is executed under
//   193  validators    32   hash of the validator set that decides the next height: a change
//                           executed at height h stands in header h + 1 and acts at h + 2
//   225  evidence_root 32   RFC 6962 root over evidence that the block carries; none is carried yet
//   257  transactions: u32 count, then each sized; a proposal that the state wants of the
//        block's maker first, then those that are due by the state, then the others in strictly
//        rising canonical order (ledger/chain/mempool.hpp)
//
// A block's id is SHA-256 of its header.

#include "ledger/chain/transaction.hpp"

namespace ledger {

struct BlockHeader {
  std::uint64_t height = 0;
  std::int64_t time_ms = 0;
  ValidatorId proposer;
  Hash previous{};
  std::uint64_t log_size = 0;
  Hash log_root{};
  Hash state_root{};
  std::uint32_t entries = 0;
  Hash entries_root{};
  Hash rules{};
  Hash validators{};
  Hash evidence_root{};
};

inline constexpr std::size_t header_size = 257;
using HeaderBytes = std::array<std::uint8_t, header_size>;

HeaderBytes encode(const BlockHeader& header);
Result<BlockHeader> decode_header(BytesView bytes);

struct Block {
  BlockHeader header;
  std::vector<Transaction> transactions;
  std::vector<Hash> leaves;  // of the transactions' entries; no part of the encoding
};

Hash leaf_of(const Transaction& tx);
// RFC 6962 root over the transactions' entries.
Hash entries_root(std::span<const Transaction> transactions);

Bytes encode(const Block& block);
// Checks form only: canonical, and the entries fit their count and root. Leaves are filled in.
Result<Block> decode_block(BytesView bytes);

// SHA-256 of the header at the front of a header or of a whole block. Shorter input: of it all.
Hash block_id(BytesView header_or_block);

}  // namespace ledger
