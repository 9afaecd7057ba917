#include <bit>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"

using namespace ledger;

namespace {

// The leaves and roots that certificate-transparency implementations test against.
const std::vector<std::pair<std::string, std::string>> known{
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"606162636465666768696a6b6c6d6e6f",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}};

std::vector<Hash> random_leaves(std::size_t n) {
  Rng rng(n + 1);
  std::vector<Hash> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(rng.bytes32());
  return out;
}

// MTH of RFC 6962 section 2.1, written as there: another path to the same roots.
Hash root_by_definition(std::span<const Hash> leaves) {
  if (leaves.empty()) return sha256(BytesView{});
  if (leaves.size() == 1) return leaves[0];
  const std::size_t k = std::bit_floor(leaves.size() - 1);
  return node_hash(root_by_definition(leaves.first(k)), root_by_definition(leaves.subspan(k)));
}

}  // namespace

TEST_CASE("the empty log's root is the hash of nothing") {
  const std::string empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  CHECK(to_hex(root_of({})) == empty);
  CHECK(to_hex(LogTree().root()) == empty);
  CHECK(LogTree().size() == 0);
}

TEST_CASE("known roots of one to eight leaves") {
  LogTree tree;
  std::vector<Hash> leaves;
  for (const auto& [leaf, root] : known) {
    leaves.push_back(leaf_hash(*from_hex(leaf)));
    tree.append(leaves.back());
    CHECK(to_hex(tree.root()) == root);
    CHECK(to_hex(root_of(leaves)) == root);
  }
  CHECK(tree.root_at(3) == root_of(std::span(leaves).first(3)));
}

TEST_CASE("leaf and node hashes are separate domains") {
  const Hash a = leaf_hash(bytes_of("a")), b = leaf_hash(bytes_of("b"));
  Bytes both = to_bytes(a);
  append(both, b);
  CHECK(node_hash(a, b) != leaf_hash(both));
  CHECK(node_hash(a, b) != sha256({a, b}));
  CHECK(node_hash(a, b) != node_hash(b, a));
  CHECK(leaf_hash({}) != sha256(BytesView{}));
}

TEST_CASE("every root of a growing log is the defined one, by three ways") {
  constexpr std::size_t n = 300;
  const auto leaves = random_leaves(n);
  LogTree tree;
  for (std::size_t size = 0; size <= n; ++size) {
    const Hash expected = root_by_definition(std::span(leaves).first(size));
    REQUIRE(root_of(std::span(leaves).first(size)) == expected);
    REQUIRE(tree.root() == expected);
    if (size < n) tree.append(leaves[size]);
  }
  for (std::size_t size = 0; size <= n; ++size)
    REQUIRE(tree.root_at(size) == root_by_definition(std::span(leaves).first(size)));
}

TEST_CASE("the root between any two places is that of a log of its own") {
  constexpr std::size_t n = 70;
  const auto leaves = random_leaves(n);
  LogTree tree;
  for (const Hash& leaf : leaves) tree.append(leaf);
  for (std::size_t begin = 0; begin <= n; ++begin)
    for (std::size_t end = begin; end <= n; ++end)
      REQUIRE(tree.root_between(begin, end) ==
              root_by_definition(std::span(leaves).subspan(begin, end - begin)));
}

TEST_CASE("an odd last leaf is not doubled, and order, count and content matter") {
  auto leaves = random_leaves(7);
  const Hash root = root_of(leaves);
  auto doubled = leaves;
  doubled.push_back(leaves.back());
  CHECK(root_of(doubled) != root);
  CHECK(root_of(std::span(leaves).first(6)) != root);
  for (std::size_t i = 0; i + 1 < leaves.size(); ++i) {
    std::swap(leaves[i], leaves[i + 1]);
    CHECK(root_of(leaves) != root);
    std::swap(leaves[i], leaves[i + 1]);
  }
  for (Hash& leaf : leaves) {
    leaf[31] ^= 1;
    CHECK(root_of(leaves) != root);
    leaf[31] ^= 1;
  }
  CHECK(root_of(leaves) == root);
}

TEST_CASE("a complete subtree is the root of its leaves") {
  const auto leaves = random_leaves(21);
  LogTree tree;
  for (const Hash& leaf : leaves) tree.append(leaf);
  for (unsigned height = 0; height <= 4; ++height)
    for (std::size_t i = 0; (i + 1) << height <= leaves.size(); ++i)
      CHECK(tree.subtree(height, i) ==
            root_of(std::span(leaves).subspan(i << height, std::size_t{1} << height)));
}
