#include "ledger/merkle/state_tree.hpp"

#include <bit>

#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

constexpr std::array<std::uint8_t, 1> leaf_prefix{0x10};
constexpr std::array<std::uint8_t, 1> branch_prefix{0x11};
constexpr unsigned key_bits = 256;

bool bit_at(const Hash& key, unsigned depth) { return (key[depth / 8] >> (7 - depth % 8)) & 1; }

// The first bit in which two keys differ; key_bits for equal keys.
unsigned first_difference(const Hash& a, const Hash& b) {
  for (unsigned i = 0; i < a.size(); ++i)
    if (const auto x = static_cast<std::uint8_t>(a[i] ^ b[i]); x != 0)
      return 8 * i + static_cast<unsigned>(std::countl_zero(x));
  return key_bits;
}

Hash leaf_of(const Hash& key, const Hash& value) { return sha256({leaf_prefix, key, value}); }

Hash branch_of(unsigned depth, const Hash& left, const Hash& right) {
  const std::array<std::uint8_t, 2> at{static_cast<std::uint8_t>(depth >> 8),
                                       static_cast<std::uint8_t>(depth)};
  return sha256({branch_prefix, at, left, right});
}

}  // namespace

struct StateTree::Node {
  Hash hash{};
  Hash key{};                 // of a leaf; of any leaf below a branch
  Hash value{};               // leaf only
  unsigned depth = key_bits;  // key_bits: leaf
  Ref left, right;

  static Ref leaf(const Hash& key, const Hash& value) {
    return std::make_shared<const Node>(Node{leaf_of(key, value), key, value, key_bits, {}, {}});
  }
  static Ref branch(unsigned depth, Ref left, Ref right) {
    const Hash hash = branch_of(depth, left->hash, right->hash);
    const Hash key = left->key;
    return std::make_shared<const Node>(
        Node{hash, key, {}, depth, std::move(left), std::move(right)});
  }
  bool is_leaf() const { return depth == key_bits; }
};

StateTree::Ref StateTree::insert(const Ref& node, const Hash& key, const Hash& value) {
  if (!node) return Node::leaf(key, value);
  const unsigned split = first_difference(node->key, key);
  if (split < node->depth) {  // the key leaves this subtree's common path
    Ref fresh = Node::leaf(key, value);
    return bit_at(key, split) ? Node::branch(split, node, std::move(fresh))
                              : Node::branch(split, std::move(fresh), node);
  }
  if (node->is_leaf()) return Node::leaf(key, value);
  return bit_at(key, node->depth)
             ? Node::branch(node->depth, node->left, insert(node->right, key, value))
             : Node::branch(node->depth, insert(node->left, key, value), node->right);
}

StateTree::Ref StateTree::erase(const Ref& node, const Hash& key) {
  if (!node) return node;
  if (node->is_leaf()) return node->key == key ? nullptr : node;
  const bool right = bit_at(key, node->depth);
  const Ref& below = right ? node->right : node->left;
  Ref rest = erase(below, key);
  if (rest == below) return node;
  const Ref& other = right ? node->left : node->right;
  if (!rest) return other;
  return right ? Node::branch(node->depth, other, std::move(rest))
               : Node::branch(node->depth, std::move(rest), other);
}

void StateTree::update(const std::map<Hash, Hash>& changes) {
  for (const auto& [key, value] : changes) {
    const bool present = find(key).has_value();
    if (value == Hash{}) {
      root_ = erase(root_, key);
      size_ -= present ? 1 : 0;
    } else {
      root_ = insert(root_, key, value);
      size_ += present ? 0 : 1;
    }
  }
}

Hash StateTree::root() const { return root_ ? root_->hash : Hash{}; }

std::optional<Hash> StateTree::find(const Hash& key) const {
  const Node* node = root_.get();
  while (node && !node->is_leaf())
    node = (bit_at(key, node->depth) ? node->right : node->left).get();
  if (!node || node->key != key) return std::nullopt;
  return node->value;
}

StateTree::Proof StateTree::prove(const Hash& key) const {
  Proof proof;
  const Node* node = root_.get();
  while (node && !node->is_leaf()) {
    const bool right = bit_at(key, node->depth);
    proof.steps.push_back(
        {static_cast<std::uint16_t>(node->depth), (right ? node->left : node->right)->hash});
    node = (right ? node->right : node->left).get();
  }
  if (node) proof.leaf = {node->key, node->value};
  return proof;
}

bool verify_state(const Hash& root, const Hash& key, const std::optional<Hash>& value,
                  const StateTree::Proof& proof) {
  if (!proof.leaf) return proof.steps.empty() && root == Hash{} && !value;
  const auto& [leaf_key, leaf_value] = *proof.leaf;
  if (value ? leaf_key != key || leaf_value != *value : leaf_key == key) return false;
  Hash hash = leaf_of(leaf_key, leaf_value);
  unsigned below = key_bits;
  for (auto step = proof.steps.rbegin(); step != proof.steps.rend(); ++step) {
    if (step->depth >= below) return false;
    below = step->depth;
    // The leaf must lie on the key's own path: both take the same turn at every branch.
    if (bit_at(key, below) != bit_at(leaf_key, below)) return false;
    hash = bit_at(key, below) ? branch_of(below, step->sibling, hash)
                              : branch_of(below, hash, step->sibling);
  }
  return hash == root;
}

}  // namespace ledger
