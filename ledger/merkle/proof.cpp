#include "ledger/merkle/proof.hpp"

#include <bit>

#include "ledger/merkle/log_tree.hpp"

namespace ledger {

bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                      std::span<const Hash> proof, const Hash& root) {
  if (index >= size) return false;
  std::uint64_t node = index, last = size - 1;  // places on the current level
  Hash hash = leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      hash = node_hash(sibling, hash);
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool verify_consistency(std::uint64_t size1, std::uint64_t size2, const Hash& root1,
                        const Hash& root2, std::span<const Hash> proof) {
  if (size1 == 0 || size1 > size2) return false;
  if (size1 == size2) return proof.empty() && root1 == root2;
  if (proof.empty()) return false;
  // A size that is a power of two is itself the first node of the proof.
  std::size_t next = 0;
  Hash old_root = std::has_single_bit(size1) ? root1 : proof[next++];
  Hash new_root = old_root;
  std::uint64_t node = size1 - 1, last = size2 - 1;
  while (node % 2 == 1) {
    node >>= 1;
    last >>= 1;
  }
  for (; next < proof.size(); ++next) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      old_root = node_hash(proof[next], old_root);
      new_root = node_hash(proof[next], new_root);
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_root = node_hash(new_root, proof[next]);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_root == root1 && new_root == root2;
}

}  // namespace ledger
