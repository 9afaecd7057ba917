#pragma once
// The append-only Merkle log of RFC 6962 section 2.1 (RFC 9162 section 2.1): SHA-256, leaves hashed
// with prefix 0x00, nodes with 0x01; the empty tree's root is SHA-256 of nothing.
//
//   MTH(D[n]) = node(MTH(D[0:k]), MTH(D[k:n])),  k the largest power of two below n

#include <span>
#include <vector>

#include "ledger/base/bytes.hpp"

namespace ledger {

Hash leaf_hash(BytesView data);
Hash node_hash(const Hash& left, const Hash& right);

// The root over leaf hashes in their order.
Hash root_of(std::span<const Hash> leaves);

class LogTree {
 public:
  void append(const Hash& leaf);
  std::uint64_t size() const { return levels_.empty() ? 0 : levels_[0].size(); }
  Hash root() const { return root_at(size()); }

  // size <= size(), index < size: anything else is a broken invariant.
  Hash root_at(std::uint64_t size) const;
  // The root over leaves begin to end - 1 as a log of their own; begin <= end <= size().
  Hash root_between(std::uint64_t begin, std::uint64_t end) const;
  // The root over leaves [index << height, (index + 1) << height), all of them there.
  const Hash& subtree(unsigned height, std::uint64_t index) const;
  const Hash& leaf(std::uint64_t index) const { return subtree(0, index); }
  // PATH(index, D[size]), RFC 9162 section 2.1.3.1, nearest sibling first.
  std::vector<Hash> inclusion_proof(std::uint64_t index, std::uint64_t size) const;
  // PROOF(old_size, D[new_size]), RFC 9162 section 2.1.4.1. Empty where old_size is 0 or new_size.
  std::vector<Hash> consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const;

 private:
  Hash range_root(std::uint64_t begin, std::uint64_t end) const;
  void subproof(std::uint64_t old_size, std::uint64_t begin, std::uint64_t end, bool whole,
                std::vector<Hash>& out) const;

  // levels_[k][i]: the root over leaves [i << k, (i + 1) << k), complete ones only.
  std::vector<std::vector<Hash>> levels_;
};

}  // namespace ledger
