#pragma once
// Sparse square systems in blocks of N x N numbers, one block row a node, structurally symmetric:
//   A x = b,   A = L U  in the order of approximate least degree (Amestoy, Davis and Duff, SIAM J.
//                       Matrix Anal. Appl. 17(4), 1996), trees before loops
// Rows are swapped inside a block only. A radial network fills in nothing and is factorised in time
// and memory linear in its nodes. Nodes are known by their place in that order; a vector holds N
// numbers a node, in it.

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace twin {

// Which blocks there are, those included that a factorisation fills in.
struct BlockPattern {
  std::vector<std::uint32_t> node;   // by place
  std::vector<std::uint32_t> place;  // by node
  // The pairs of place i: `other` of first[i] up to first[i + 1], ascending, all after i.
  std::vector<std::uint32_t> first, other;

  std::size_t size() const { return node.size(); }
};

// `edges` join two nodes each; doubled ones and loops do no harm.
BlockPattern block_pattern(std::size_t nodes,
                           std::span<const std::pair<std::uint32_t, std::uint32_t>> edges);

template <std::size_t N>
using Block = std::array<double, N * N>;  // row by row

template <std::size_t N>
struct BlockMatrix {
  const BlockPattern* pattern = nullptr;
  std::vector<Block<N>> diagonal;      // by place
  std::vector<Block<N>> upper, lower;  // by pair (i, other): A[i][other] and A[other][i]

  BlockMatrix() = default;
  explicit BlockMatrix(const BlockPattern& p)
      : pattern(&p), diagonal(p.size()), upper(p.other.size()), lower(p.other.size()) {}

  // At places i and k, which must be the same or a pair.
  Block<N>& at(std::uint32_t i, std::uint32_t k);
  // The blocks of a row, with their column's place.
  std::vector<std::pair<std::uint32_t, Block<N>*>> row(std::uint32_t i);
  // y = A x.
  void multiply(std::span<const double> x, std::span<double> y) const;
  // y = A' x.
  void multiply_transposed(std::span<const double> x, std::span<double> y) const;
};

// Leaves the factors in A's place, inverted diagonal blocks among them. False where a diagonal
// block is singular; A is spoilt then.
template <std::size_t N>
bool factorise(BlockMatrix<N>& a);

// x in b's place; `factors` as `factorise` leaves them.
template <std::size_t N>
void solve_factorised(const BlockMatrix<N>& factors, std::span<double> b);

// The blocks of a symmetric A's inverse at the places of the pattern (`lower` is `upper` turned),
// without the rest of it: with L and D of A = L D L', from the last place to the first
//   Z_ki = -sum_m Z_km L_mi     Z_ii = D_i^-1 - sum_m L_mi' Z_mi     k, m: the pairs of i
// (Takahashi, Fagan and Chin, 8th PICA, 1973). As cheap as a factorisation. `out` is of the same
// pattern.
template <std::size_t N>
void symmetric_inverse(const BlockMatrix<N>& factors, BlockMatrix<N>& out);

// The same without a factorisation of ours, for matrices that need rows swapped across nodes:
// several times slower. False where A is singular.
template <std::size_t N>
bool solve_with_pivoting(const BlockMatrix<N>& a, std::span<double> b);

}  // namespace twin
