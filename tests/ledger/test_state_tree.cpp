#include <algorithm>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/state_tree.hpp"

using namespace ledger;

namespace {

using Pairs = std::map<Hash, Hash>;

// Half of the keys share long beginnings, so that branches stand at every depth.
Hash key_of(Rng& rng) {
  if (rng.chance(0.5)) return rng.bytes32();
  Hash key{};
  const std::uint64_t bit = rng.below(256);
  key[bit / 8] = static_cast<std::uint8_t>(0x80 >> bit % 8);
  return key;
}

Pairs pairs_of(std::uint64_t seed, std::size_t n) {
  Rng rng(seed);
  Pairs out;
  while (out.size() < n) out[key_of(rng)] = rng.bytes32();
  return out;
}

StateTree tree_of(const Pairs& pairs) {
  StateTree tree;
  tree.update(pairs);
  return tree;
}

bool bit(const Hash& key, unsigned at) { return key[at / 8] >> (7 - at % 8) & 1; }

// The header's rules, followed one bit at a time: another path to the same root.
Hash root_below(const std::vector<std::pair<Hash, Hash>>& pairs, unsigned depth) {
  if (pairs.empty()) return Hash{};
  if (pairs.size() == 1) {
    const std::array<std::uint8_t, 1> leaf{0x10};
    return sha256({leaf, pairs[0].first, pairs[0].second});
  }
  std::vector<std::pair<Hash, Hash>> side[2];
  for (const auto& pair : pairs) side[bit(pair.first, depth) ? 1 : 0].push_back(pair);
  if (side[0].empty() || side[1].empty()) return root_below(pairs, depth + 1);
  const std::array<std::uint8_t, 3> branch{0x11, 0, static_cast<std::uint8_t>(depth)};
  return sha256({branch, root_below(side[0], depth + 1), root_below(side[1], depth + 1)});
}

Hash root_by_definition(const Pairs& pairs) { return root_below({pairs.begin(), pairs.end()}, 0); }

}  // namespace

TEST_CASE("the empty tree has the zero root and proves that a key is not there") {
  StateTree tree;
  CHECK(tree.root() == Hash{});
  CHECK(tree.size() == 0);
  CHECK_FALSE(tree.find(Hash{}));
  const Hash key = sha256(bytes_of("k"));
  const auto proof = tree.prove(key);
  CHECK(verify_state(tree.root(), key, std::nullopt, proof));
  CHECK_FALSE(verify_state(tree.root(), key, Hash{}, proof));
  CHECK_FALSE(verify_state(key, key, std::nullopt, proof));
}

TEST_CASE("roots are the defined ones") {
  for (const std::size_t n : {1u, 2u, 3u, 10u, 200u}) {
    const Pairs pairs = pairs_of(n, n);
    CHECK(tree_of(pairs).root() == root_by_definition(pairs));
  }
}

TEST_CASE("the root does not depend on order or on how changes are grouped") {
  const Pairs pairs = pairs_of(3, 120);
  const Hash root = tree_of(pairs).root();
  Rng rng(9);
  for (int round = 0; round < 10; ++round) {
    std::vector<std::pair<Hash, Hash>> order(pairs.begin(), pairs.end());
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    StateTree tree;
    for (std::size_t i = 0; i < order.size();) {
      Pairs group;
      for (std::size_t k = 1 + rng.below(20); k > 0 && i < order.size(); --k, ++i)
        group.insert(order[i]);
      tree.update(group);
    }
    CHECK(tree.root() == root);
    CHECK(tree.size() == pairs.size());
  }
}

TEST_CASE("sets, changes and removals in any mixture agree with a plain map") {
  Rng rng(17);
  Pairs model;
  StateTree tree;
  for (int block = 0; block < 150; ++block) {
    Pairs changes;
    for (std::uint64_t k = rng.below(12); k > 0; --k) {
      Hash key = key_of(rng);
      if (!model.empty() && rng.chance(0.6))
        key = std::next(model.begin(), static_cast<std::ptrdiff_t>(rng.below(model.size())))->first;
      changes[key] = rng.chance(0.4) ? Hash{} : rng.bytes32();
    }
    tree.update(changes);
    for (const auto& [key, value] : changes) {
      model[key] = value;
      if (value == Hash{}) model.erase(key);
    }
    REQUIRE(tree.size() == model.size());
    REQUIRE(tree.root() == root_by_definition(model));
    for (const auto& [key, value] : changes)
      REQUIRE(tree.find(key) == (model.contains(key) ? std::optional(value) : std::nullopt));
  }
}

TEST_CASE("what is set and removed again leaves no trace, and copies live on") {
  const Pairs pairs = pairs_of(4, 50);
  StateTree tree = tree_of(pairs);
  const Hash root = tree.root();
  const StateTree copy = tree;
  const Hash key = sha256(bytes_of("guest"));
  tree.update({{key, key}});
  CHECK(tree.root() != root);
  CHECK(copy.root() == root);
  tree.update({{key, Hash{}}});
  CHECK(tree.root() == root);
  tree.update({{key, Hash{}}});  // it was not there
  CHECK(tree.root() == root);
  CHECK(tree.size() == 50);
  Pairs none;
  for (const auto& [k, v] : pairs) none[k] = Hash{};
  tree.update(none);
  CHECK(tree.root() == Hash{});
  CHECK(tree.size() == 0);
}

TEST_CASE("proofs hold for what they say and for nothing else") {
  const Pairs pairs = pairs_of(6, 60);
  const StateTree tree = tree_of(pairs);
  const Hash root = tree.root();
  Rng rng(8);
  for (const auto& [key, value] : pairs) {
    const auto proof = tree.prove(key);
    REQUIRE(verify_state(root, key, value, proof));
    REQUIRE_FALSE(verify_state(root, key, std::nullopt, proof));
    REQUIRE_FALSE(verify_state(root, key, rng.bytes32(), proof));
    REQUIRE_FALSE(verify_state(rng.bytes32(), key, value, proof));
    Hash other = key;
    other[31] ^= 1;
    REQUIRE_FALSE(verify_state(root, other, value, proof));
    // Every key that is there and ends elsewhere: its absence must not be provable by this path.
    for (const auto& [k, v] : pairs)
      if (k != key) REQUIRE_FALSE(verify_state(root, k, std::nullopt, proof));
  }
  for (int i = 0; i < 200; ++i) {
    const Hash key = key_of(rng);
    if (pairs.contains(key)) continue;
    const auto proof = tree.prove(key);
    REQUIRE(verify_state(root, key, std::nullopt, proof));
    REQUIRE_FALSE(verify_state(root, key, proof.leaf->second, proof));
  }
}

TEST_CASE("a proof with anything changed is refused") {
  const Pairs pairs = pairs_of(7, 40);
  const StateTree tree = tree_of(pairs);
  for (const auto& [key, value] : pairs) {
    const auto good = tree.prove(key);
    const auto refused = [&](const StateTree::Proof& p) {
      REQUIRE_FALSE(verify_state(tree.root(), key, value, p));
      REQUIRE_FALSE(verify_state(tree.root(), key, std::nullopt, p));
    };
    for (std::size_t i = 0; i < good.steps.size(); ++i) {
      for (const int change : {1, -1, 256, 512}) {
        auto wrong = good;
        wrong.steps[i].depth = static_cast<std::uint16_t>(wrong.steps[i].depth + change);
        refused(wrong);
      }
      auto wrong = good;
      wrong.steps[i].sibling[i % 32] ^= 4;
      refused(wrong);
      wrong = good;
      wrong.steps.erase(wrong.steps.begin() + static_cast<std::ptrdiff_t>(i));
      refused(wrong);
      wrong = good;
      wrong.steps.push_back(good.steps[i]);
      refused(wrong);
    }
    auto wrong = good;
    wrong.leaf->second[0] ^= 1;
    refused(wrong);
    wrong = good;
    wrong.leaf.reset();
    refused(wrong);
  }
}

// Roots that no update gives, with paths that do hash to them.
TEST_CASE("a root of a tree that is not well formed proves nothing") {
  const auto branch = [](std::uint16_t depth, const Hash& left, const Hash& right) {
    const std::array<std::uint8_t, 3> head{0x11, static_cast<std::uint8_t>(depth >> 8),
                                           static_cast<std::uint8_t>(depth)};
    return sha256({head, left, right});
  };
  const Hash low{}, value = sha256(bytes_of("v")), sibling = sha256(bytes_of("s"));
  Hash high{};
  high[0] = 0x80;
  const auto leaf = [&](const Hash& key) {
    const std::array<std::uint8_t, 1> head{0x10};
    return sha256({head, key, value});
  };
  const auto proof = [&](const Hash& key, const std::vector<std::uint16_t>& depths) {
    StateTree::Proof p;
    for (const std::uint16_t depth : depths) p.steps.push_back({depth, sibling});
    p.leaf = {key, value};
    return p;
  };
  const Hash twice = branch(3, branch(3, leaf(low), sibling), sibling);
  CHECK_FALSE(verify_state(twice, low, value, proof(low, {3, 3})));
  const Hash rising = branch(5, branch(3, leaf(low), sibling), sibling);
  CHECK_FALSE(verify_state(rising, low, value, proof(low, {5, 3})));
  const Hash deep = branch(256, leaf(low), sibling);
  CHECK_FALSE(verify_state(deep, low, value, proof(low, {256})));
  // A leaf on the wrong side would prove that a key on that side is not there.
  const Hash astray = branch(0, leaf(high), sibling);
  CHECK_FALSE(verify_state(astray, low, std::nullopt, proof(high, {0})));
  const Hash sound = branch(0, leaf(low), sibling);
  CHECK(verify_state(sound, low, value, proof(low, {0})));
}
