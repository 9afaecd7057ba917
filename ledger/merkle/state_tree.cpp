#include "ledger/merkle/state_tree.hpp"

#include <algorithm>
#include <bit>

#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

constexpr std::array<std::uint8_t, 1> state_leaf_prefix{0x10};
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

Hash leaf_of(const Hash& key, const Hash& value) { return sha256({state_leaf_prefix, key, value}); }

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

std::map<Hash, Hash> StateTree::leaves() const {
  std::map<Hash, Hash> out;
  std::vector<const Node*> rest;
  if (root_) rest.push_back(root_.get());
  while (!rest.empty()) {
    const Node* node = rest.back();
    rest.pop_back();
    if (node->is_leaf()) {
      out.emplace(node->key, node->value);
    } else {
      rest.push_back(node->left.get());
      rest.push_back(node->right.get());
    }
  }
  return out;
}

StateTree::Ref StateTree::at_leaf(const Ref& node, const Change& change) {
  const bool set = change.second != Hash{};
  if (set && !node) ++size_;
  if (!set && node) --size_;
  return set ? Node::leaf(change.first, change.second) : nullptr;
}

StateTree::Ref StateTree::apply(const Ref& node, std::span<const Change> changes) {
  if (changes.empty()) return node;
  const Hash& key = changes.front().first;
  // Changes are sorted, so their ends differ first of all.
  unsigned depth = first_difference(key, changes.back().first);
  if (node) depth = std::min({depth, node->depth, first_difference(key, node->key)});
  if (depth == key_bits) return at_leaf(node, changes.front());
  const auto middle = std::partition_point(
      changes.begin(), changes.end(), [&](const Change& c) { return !bit_at(c.first, depth); });
  const auto count = static_cast<std::size_t>(middle - changes.begin());
  Ref left, right;  // what stands below this depth before the changes
  if (node && node->depth == depth) {
    left = node->left;
    right = node->right;
  } else if (node) {
    (bit_at(node->key, depth) ? right : left) = node;
  }
  Ref new_left = apply(left, changes.first(count));
  Ref new_right = apply(right, changes.subspan(count));
  if (!new_left) return new_right;
  if (!new_right) return new_left;
  if (node && new_left == left && new_right == right) return node;
  return Node::branch(depth, std::move(new_left), std::move(new_right));
}

void StateTree::update(const std::map<Hash, Hash>& changes) {
  const std::vector<Change> sorted(changes.begin(), changes.end());
  root_ = apply(root_, sorted);
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
