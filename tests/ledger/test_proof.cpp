#include <algorithm>
#include <bit>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger/base/rng.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/merkle/proof.hpp"
#include "tests/support/shared_data.hpp"

using namespace ledger;
namespace fs = std::filesystem;

namespace {

LogTree log_of(std::size_t n) {
  Rng rng(5);
  LogTree tree;
  for (std::size_t i = 0; i < n; ++i) tree.append(rng.bytes32());
  return tree;
}

// Calls f with the proof after each small change that should spoil it: a bit of each hash, a hash
// left out, doubled, added before or after, two in the other order.
template <class F>
void each_spoilt(const std::vector<Hash>& proof, F&& f) {
  for (std::size_t i = 0; i < proof.size(); ++i) {
    auto wrong = proof;
    wrong[i][i % 32] ^= 0x10;
    f(wrong);
    wrong = proof;
    wrong.erase(wrong.begin() + static_cast<std::ptrdiff_t>(i));
    f(wrong);
    wrong = proof;
    wrong.insert(wrong.begin() + static_cast<std::ptrdiff_t>(i), proof[i]);
    f(wrong);
    if (i > 0) {
      wrong = proof;
      std::swap(wrong[i - 1], wrong[i]);
      f(wrong);
    }
  }
  auto longer = proof;
  longer.push_back(Hash{});
  f(longer);
  longer = proof;
  longer.insert(longer.begin(), Hash{});
  f(longer);
}

// Some probes hold a text where a hash would be: equal ones stay equal, different ones different.
// Others hold nothing there, which our types cannot express: such a probe is refused as malformed.
struct Probe {
  const nlohmann::json& json;
  bool malformed = false;

  std::uint64_t number(const char* key) const { return json.at(key).get<std::uint64_t>(); }
  Hash hash(const nlohmann::json& text) {
    const auto bytes = from_base64(text.is_null() ? "" : text.get<std::string>());
    if (!bytes || bytes->empty()) malformed = true;
    if (!bytes || bytes->size() != 32) return sha256(bytes.value_or(Bytes{}));
    Hash out{};
    std::copy(bytes->begin(), bytes->end(), out.begin());
    return out;
  }
  std::vector<Hash> proof() {
    std::vector<Hash> out;
    if (json.at("proof").is_array())
      for (const auto& item : json.at("proof")) out.push_back(hash(item));
    return out;
  }
};

// A subtree of a log is the log of leaves start to end - 1, where start is a multiple of the least
// power of two that is not below its size (draft-ietf-plants-merkle-tree-certs, section 4.1).
bool subtree_inclusion_holds(Probe& p) {
  const std::uint64_t start = p.number("start"), end = p.number("end"), at = p.number("leafIdx");
  const Hash leaf = p.hash(p.json.at("leafHash")), root = p.hash(p.json.at("root"));
  const auto proof = p.proof();
  return !p.malformed && start < end && start % std::bit_ceil(end - start) == 0 && at >= start &&
         verify_inclusion(leaf, at - start, end - start, proof, root);
}

// Ours are of subtrees that begin a log. Of others the probes hold empty ones, whose root says all,
// and ranges that are no subtree.
bool subtree_consistency_holds(Probe& p) {
  const std::uint64_t start = p.number("start"), end = p.number("end"), size = p.number("size");
  const Hash root1 = p.hash(p.json.at("root1")), root2 = p.hash(p.json.at("root2"));
  const auto proof = p.proof();
  if (p.malformed || start > end || end > size) return false;
  if (start == end) return root1 == LogTree().root() && proof.empty();
  if (start % std::bit_ceil(end - start) != 0) return false;
  REQUIRE(start == 0);
  return verify_consistency(end, size, root1, root2, proof);
}

bool holds(const std::string& kind, const nlohmann::json& json) {
  Probe p{json};
  if (kind == "subtreeinclusion") return subtree_inclusion_holds(p);
  if (kind == "subtreeconsistency") return subtree_consistency_holds(p);
  const auto proof = p.proof();
  const bool verdict =
      kind == "inclusion"
          ? verify_inclusion(p.hash(json.at("leafHash")), p.number("leafIdx"), p.number("treeSize"),
                             proof, p.hash(json.at("root")))
          : verify_consistency(p.number("size1"), p.number("size2"), p.hash(json.at("root1")),
                               p.hash(json.at("root2")), proof);
  return verdict && !p.malformed;
}

}  // namespace

TEST_CASE("every inclusion proof up to 256 leaves holds, and for its own leaf only") {
  constexpr std::size_t n = 256;
  const LogTree tree = log_of(n);
  for (std::uint64_t size = 1; size <= n; ++size) {
    const Hash root = tree.root_at(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = tree.inclusion_proof(index, size);
      const Hash& leaf = tree.subtree(0, index);
      REQUIRE(verify_inclusion(leaf, index, size, proof, root));
      REQUIRE_FALSE(verify_inclusion(leaf, index + 1, size, proof, root));
      REQUIRE_FALSE(verify_inclusion(leaf, index ^ 1, size, proof, root));
      REQUIRE_FALSE(verify_inclusion(tree.subtree(0, (index + 1) % n), index, size, proof, root));
    }
  }
}

TEST_CASE("every consistency proof up to 256 leaves holds, and for its own sizes only") {
  constexpr std::size_t n = 256;
  const LogTree tree = log_of(n);
  for (std::uint64_t size2 = 1; size2 <= n; ++size2) {
    const Hash root2 = tree.root_at(size2);
    for (std::uint64_t size1 = 1; size1 <= size2; ++size1) {
      const auto proof = tree.consistency_proof(size1, size2);
      const Hash root1 = tree.root_at(size1);
      REQUIRE(verify_consistency(size1, size2, root1, root2, proof));
      REQUIRE_FALSE(verify_consistency(size1 - 1, size2, root1, root2, proof));
      if (size1 == size2) continue;
      REQUIRE_FALSE(verify_consistency(size1, size2, root2, root1, proof));
      REQUIRE_FALSE(verify_consistency(size2, size1, root2, root1, proof));
      REQUIRE_FALSE(verify_consistency(size1 + 1, size2, root1, root2, proof));
    }
  }
}

TEST_CASE("a proof with anything changed is refused") {
  const LogTree tree = log_of(23);
  for (std::uint64_t size = 1; size <= 23; ++size)
    for (std::uint64_t at = 0; at < size; ++at) {
      const Hash root = tree.root_at(size);
      each_spoilt(tree.inclusion_proof(at, size), [&](const auto& wrong) {
        REQUIRE_FALSE(verify_inclusion(tree.subtree(0, at), at, size, wrong, root));
      });
      if (at == 0) continue;
      each_spoilt(tree.consistency_proof(at, size), [&](const auto& wrong) {
        REQUIRE_FALSE(verify_consistency(at, size, tree.root_at(at), root, wrong));
      });
    }
}

// Longer proofs that do hash to the root they come with: only the sizes say that they are wrong.
TEST_CASE("a proof that goes on above the root is refused") {
  const LogTree tree = log_of(23);
  const Hash more = leaf_hash(bytes_of("more"));
  for (std::uint64_t size = 1; size <= 23; ++size)
    for (std::uint64_t at = 0; at < size; ++at) {
      const Hash root = tree.root_at(size), above_left = node_hash(root, more),
                 above_right = node_hash(more, root);
      auto proof = tree.inclusion_proof(at, size);
      proof.push_back(more);
      for (const Hash& above : {above_left, above_right})
        REQUIRE_FALSE(verify_inclusion(tree.leaf(at), at, size, proof, above));
      if (at == 0) continue;
      const Hash old = tree.root_at(at);
      proof = tree.consistency_proof(at, size);
      proof.push_back(more);
      for (const Hash& above : {above_left, above_right})
        for (const Hash& old_root : {old, node_hash(more, old)})
          REQUIRE_FALSE(verify_consistency(at, size, old_root, above, proof));
    }
}

TEST_CASE("sizes and indices at the edge of what can be written are refused, not followed") {
  const LogTree tree = log_of(2);
  const std::uint64_t most = ~std::uint64_t{0};
  const std::vector<Hash> proof(64, Hash{});
  const Hash& leaf = tree.subtree(0, 0);
  CHECK_FALSE(verify_inclusion(leaf, 0, 0, {}, leaf));
  CHECK_FALSE(verify_inclusion(leaf, 1, 1, {}, leaf));
  CHECK_FALSE(verify_inclusion(leaf, most, most, proof, leaf));
  CHECK_FALSE(verify_inclusion(leaf, most - 1, most, proof, leaf));
  CHECK_FALSE(verify_inclusion(leaf, 0, most, {}, leaf));
  CHECK_FALSE(verify_consistency(1, most, leaf, leaf, proof));
  CHECK_FALSE(verify_consistency(most - 1, most, leaf, leaf, proof));
  CHECK_FALSE(verify_consistency(most, 1, leaf, leaf, proof));
  CHECK_FALSE(verify_consistency(0, 2, LogTree().root(), tree.root(), {}));
  CHECK_FALSE(verify_consistency(2, 2, tree.root(), leaf, {}));
  CHECK_FALSE(verify_consistency(2, 2, tree.root(), tree.root(), proof));
  CHECK_FALSE(verify_consistency(0, 0, LogTree().root(), LogTree().root(), {}));
  CHECK(tree.consistency_proof(0, 2).empty());
  CHECK(tree.consistency_proof(2, 2).empty());
}

// transparency-dev/merkle, testdata: one file a probe, most of them negative.
TEST_CASE("the verdicts of other people's probes are ours") {
  const fs::path root = test::shared_path("merkle-vectors/testdata");
  if (!fs::exists(root)) {
    MESSAGE("skipped: " << root.string() << " is missing");
    return;
  }
  for (const auto& [kind, count] : {std::pair<std::string, std::size_t>{"inclusion", 98},
                                    {"consistency", 98},
                                    {"subtreeinclusion", 204},
                                    {"subtreeconsistency", 118}}) {
    std::size_t probes = 0, refused = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root / kind)) {
      if (entry.path().extension() != ".json") continue;
      std::ifstream in(entry.path());
      const auto v = nlohmann::json::parse(in);
      const bool wanted = !v.at("wantErr").get<bool>();
      CHECK_MESSAGE(holds(kind, v) == wanted, entry.path().string());
      ++probes;
      refused += wanted ? 0u : 1u;
    }
    CHECK(probes == count);
    CHECK(refused > probes / 2);
  }
}
