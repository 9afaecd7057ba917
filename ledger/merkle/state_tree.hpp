#pragma once
// A path-compressed sparse Merkle tree: 256-bit keys to values, both hashes. Its root commits to
// the set of pairs, whatever the order in which they came; a key that is not there has a proof too.
//
//   empty tree   32 zero bytes
//   leaf         SHA-256(0x10 || key || value)
//   branch       SHA-256(0x11 || depth u16, big-endian || left || right)
// depth: the first bit in which the keys below differ, 0 being the first byte's most significant;
// keys with a 0 there stand left.
// A subtree with one key is its leaf. After Dahlberg, Pulls and Peeters, "Efficient sparse Merkle
// trees" (2016), with the compression of a Patricia trie.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ledger/base/bytes.hpp"

namespace ledger {

class StateTree {
 public:
  // Sets each key to its value; a value of 32 zero bytes removes the key. Each node on the changed
  // keys' paths is hashed once, so a block's changes belong in one call.
  void update(const std::map<Hash, Hash>& changes);
  Hash root() const;
  std::size_t size() const { return size_; }
  std::optional<Hash> find(const Hash& key) const;
  // Every key with its value: what the root commits to.
  std::map<Hash, Hash> leaves() const;

  // From the root down: the branches on the key's path and the leaf that it ends at.
  struct Proof {
    struct Step {
      std::uint16_t depth = 0;
      Hash sibling{};
    };
    std::vector<Step> steps;
    std::optional<std::pair<Hash, Hash>> leaf;  // key and value; none in the empty tree
  };
  Proof prove(const Hash& key) const;

 private:
  struct Node;
  using Ref = std::shared_ptr<const Node>;  // shared with clones: nodes never change
  using Change = std::pair<Hash, Hash>;
  Ref apply(const Ref& node, std::span<const Change> changes);
  Ref at_leaf(const Ref& node, const Change& change);

  Ref root_;
  std::size_t size_ = 0;
};

// Whether the proof shows that `key` has `value` (none: that it is not there) under `root`.
bool verify_state(const Hash& root, const Hash& key, const std::optional<Hash>& value,
                  const StateTree::Proof& proof);

}  // namespace ledger
