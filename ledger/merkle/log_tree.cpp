#include "ledger/merkle/log_tree.hpp"

#include <bit>

#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

constexpr std::array<std::uint8_t, 1> leaf_prefix{0x00};
constexpr std::array<std::uint8_t, 1> node_prefix{0x01};

// The largest power of two below n; n > 1.
std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

}  // namespace

Hash leaf_hash(BytesView data) { return sha256({leaf_prefix, data}); }

Hash node_hash(const Hash& left, const Hash& right) { return sha256({node_prefix, left, right}); }

Hash root_of(std::span<const Hash> leaves) {
  if (leaves.empty()) return sha256(BytesView{});
  // Pairs are joined level by level; a level's odd last node moves up as it is, which gives the
  // same tree as the recursive split.
  std::vector<Hash> level(leaves.begin(), leaves.end());
  while (level.size() > 1) {
    const std::size_t pairs = level.size() / 2;
    for (std::size_t i = 0; i < pairs; ++i) level[i] = node_hash(level[2 * i], level[2 * i + 1]);
    if (level.size() % 2 == 1) level[pairs] = level.back();
    level.resize((level.size() + 1) / 2);
  }
  return level[0];
}

void LogTree::append(const Hash& leaf) {
  Hash node = leaf;
  for (std::size_t k = 0;; ++k) {
    if (levels_.size() == k) levels_.emplace_back();
    levels_[k].push_back(node);
    if (levels_[k].size() % 2 == 1) return;
    node = node_hash(levels_[k][levels_[k].size() - 2], node);
  }
}

const Hash& LogTree::subtree(unsigned height, std::uint64_t index) const {
  invariant(height < levels_.size() && index < levels_[height].size(), "a subtree that is there");
  return levels_[height][index];
}

Hash LogTree::range_root(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t n = end - begin;
  if (n == 0) return sha256(BytesView{});
  if (std::has_single_bit(n) && begin % n == 0)
    return subtree(static_cast<unsigned>(std::countr_zero(n)), begin / n);
  const std::uint64_t k = split(n);
  return node_hash(range_root(begin, begin + k), range_root(begin + k, end));
}

Hash LogTree::root_at(std::uint64_t size) const {
  invariant(size <= this->size(), "a root of leaves that are there");
  return range_root(0, size);
}

Hash LogTree::root_between(std::uint64_t begin, std::uint64_t end) const {
  invariant(begin <= end && end <= size(), "a root of leaves that are there");
  return range_root(begin, end);
}

std::vector<Hash> LogTree::inclusion_proof(std::uint64_t index, std::uint64_t size) const {
  invariant(index < size && size <= this->size(), "a proof of a leaf that is there");
  std::vector<Hash> out;
  std::uint64_t begin = 0, end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split(end - begin);
    if (index < middle) {
      out.push_back(range_root(middle, end));
      end = middle;
    } else {
      out.push_back(range_root(begin, middle));
      begin = middle;
    }
  }
  return {out.rbegin(), out.rend()};
}

void LogTree::subproof(std::uint64_t old_size, std::uint64_t begin, std::uint64_t end, bool whole,
                       std::vector<Hash>& out) const {
  if (old_size == end - begin) {
    if (!whole) out.push_back(range_root(begin, end));
    return;
  }
  const std::uint64_t k = split(end - begin);
  if (old_size <= k) {
    subproof(old_size, begin, begin + k, whole, out);
    out.push_back(range_root(begin + k, end));
  } else {
    subproof(old_size - k, begin + k, end, false, out);
    out.push_back(range_root(begin, begin + k));
  }
}

std::vector<Hash> LogTree::consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const {
  invariant(old_size <= new_size && new_size <= size(), "a proof between sizes that are there");
  std::vector<Hash> out;
  if (old_size > 0 && old_size < new_size) subproof(old_size, 0, new_size, true, out);
  return out;
}

}  // namespace ledger
