#include <cmath>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "twin/grid/flow/block_matrix.hpp"

using namespace twin;
using ledger::Rng;

namespace {

using Edges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
constexpr std::size_t N = 2;

// A matrix over `p` with entries in [-1, 1) and `weight` more on the diagonal, fill-in left empty.
BlockMatrix<N> random_matrix(const BlockPattern& p, const Edges& edges, double weight, Rng& rng) {
  BlockMatrix<N> a(p);
  const auto fill = [&](twin::Block<N>& block) {
    for (double& entry : block) entry = rng.uniform(-1, 1);
  };
  for (auto& block : a.diagonal) {
    fill(block);
    block[0] += weight;
    block[3] += weight;
  }
  for (const auto& [i, k] : edges) {
    fill(a.at(p.place[i], p.place[k]));
    fill(a.at(p.place[k], p.place[i]));
  }
  return a;
}

std::vector<double> random_vector(std::size_t size, Rng& rng) {
  std::vector<double> out(size);
  for (double& x : out) x = rng.uniform(-1, 1);
  return out;
}

double difference(const std::vector<double>& a, const std::vector<double>& b) {
  double out = 0;
  for (std::size_t k = 0; k < a.size(); ++k) out = std::max(out, std::abs(a[k] - b[k]));
  return out;
}

Edges random_edges(std::uint32_t nodes, std::uint32_t loops, Rng& rng) {
  Edges out;
  const auto any = [&](std::uint32_t n) { return static_cast<std::uint32_t>(rng.below(n)); };
  for (std::uint32_t v = 1; v < nodes; ++v) out.emplace_back(any(v), v);
  for (std::uint32_t k = 0; k < loops; ++k) {
    const std::uint32_t a = any(nodes), b = any(nodes);
    if (a != b) out.emplace_back(a, b);
  }
  return out;
}

}  // namespace

TEST_CASE("block matrix: both solvers give back what was multiplied, trees and meshes") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const auto nodes = static_cast<std::uint32_t>(2 + rng.below(60));
    const Edges edges = random_edges(nodes, seed % 3 ? 20 : 0, rng);
    const BlockPattern pattern = block_pattern(nodes, edges);
    BlockMatrix<N> a = random_matrix(pattern, edges, 6, rng);
    const std::vector<double> x = random_vector(nodes * N, rng);
    std::vector<double> b(x.size());
    a.multiply(x, b);
    std::vector<double> pivoted = b;
    REQUIRE(solve_with_pivoting(a, std::span<double>(pivoted)));
    CHECK(difference(pivoted, x) < 1e-11);
    REQUIRE(factorise(a));
    solve_factorised(a, std::span<double>(b));
    CHECK(difference(b, x) < 1e-11);
  }
}

TEST_CASE("block matrix: multiplying goes through rows as they are read") {
  Rng rng(7);
  const Edges edges = random_edges(12, 6, rng);
  const BlockPattern pattern = block_pattern(12, edges);
  BlockMatrix<N> a = random_matrix(pattern, edges, 0, rng);
  const std::vector<double> x = random_vector(24, rng);
  std::vector<double> y(24), by_rows(24, 0.0);
  a.multiply(x, y);
  for (std::uint32_t i = 0; i < 12; ++i)
    for (const auto& [k, block] : a.row(i)) {
      by_rows[2 * i] += (*block)[0] * x[2 * k] + (*block)[1] * x[2 * k + 1];
      by_rows[2 * i + 1] += (*block)[2] * x[2 * k] + (*block)[3] * x[2 * k + 1];
    }
  CHECK(difference(y, by_rows) < 1e-14);
}

TEST_CASE("block matrix: blocks of a symmetric inverse, and the product with the turned matrix") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const auto nodes = static_cast<std::uint32_t>(2 + rng.below(40));
    const Edges edges = random_edges(nodes, seed % 3 ? 12 : 0, rng);
    const BlockPattern pattern = block_pattern(nodes, edges);
    BlockMatrix<N> a = random_matrix(pattern, edges, 6, rng);
    const std::vector<double> x = random_vector(nodes * N, rng), y = random_vector(nodes * N, rng);
    std::vector<double> ax(x.size()), turned(x.size());
    a.multiply(x, ax);
    a.multiply_transposed(y, turned);
    double one = 0, other = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      one += y[k] * ax[k];
      other += turned[k] * x[k];
    }
    CHECK(one == doctest::Approx(other).epsilon(1e-12));

    for (auto& block : a.diagonal) block[1] = block[2];
    for (std::size_t k = 0; k < a.upper.size(); ++k) {
      const twin::Block<N>& u = a.upper[k];
      a.lower[k] = {u[0], u[2], u[1], u[3]};
    }
    BlockMatrix<N> factors = a, inverse(pattern);
    REQUIRE(factorise(factors));
    symmetric_inverse(factors, inverse);
    // Column by column, where the pattern has a block.
    for (std::size_t column = 0; column < x.size(); ++column) {
      std::vector<double> z(x.size(), 0.0);
      z[column] = 1;
      solve_factorised(factors, std::span<double>(z));
      double worst = 0;
      for (const auto& [k, block] : inverse.row(static_cast<std::uint32_t>(column / N)))
        for (std::size_t r = 0; r < N; ++r)
          worst = std::max(worst, std::abs((*block)[column % N * N + r] - z[k * N + r]));
      CHECK(worst < 1e-12);
    }
  }
}

TEST_CASE("block matrix: a tree fills in nothing, however its nodes are numbered") {
  Rng rng(3);
  for (const std::uint32_t nodes : {1u, 2u, 500u}) {
    const BlockPattern pattern = block_pattern(nodes, random_edges(nodes, 0, rng));
    CHECK(pattern.other.size() == nodes - 1);
    CHECK(pattern.first.size() == nodes + 1);
  }
  Edges star;
  for (std::uint32_t v = 1; v < 500; ++v) star.emplace_back(0, v);
  CHECK(block_pattern(500, star).other.size() == 499);
}

TEST_CASE("block matrix: a square mesh fills in about n log n, as nested dissection would") {
  // George, SIAM J. Numer. Anal. 10(2), 1973: no order does better than a multiple of n log2 n.
  constexpr std::uint32_t side = 100, nodes = side * side;
  Edges edges;
  for (std::uint32_t v = 0; v < nodes; ++v) {
    if ((v + 1) % side != 0) edges.emplace_back(v, v + 1);
    if (v + side < nodes) edges.emplace_back(v, v + side);
  }
  CHECK(static_cast<double>(block_pattern(nodes, edges).other.size()) <
        2 * nodes * std::log2(nodes));
}

TEST_CASE("block matrix: doubled edges and loops count once and not at all") {
  const Edges edges{{0, 1}, {1, 0}, {1, 1}, {0, 1}};
  CHECK(block_pattern(2, edges).other.size() == 1);
}

TEST_CASE("block matrix: a singular block is refused where rows across nodes would do") {
  // [0 1; 1 0] in blocks: no pivot inside a node.
  const Edges edges{{0, 1}};
  const BlockPattern pattern = block_pattern(2, edges);
  BlockMatrix<N> a(pattern);
  a.upper[0] = a.lower[0] = {1, 0, 0, 1};
  std::vector<double> b{1, 2, 3, 4};
  BlockMatrix<N> copy = a;
  CHECK_FALSE(factorise(copy));
  REQUIRE(solve_with_pivoting(a, std::span<double>(b)));
  CHECK(difference(b, {3, 4, 1, 2}) < 1e-15);
}

TEST_CASE("block matrix: a singular matrix is refused by both") {
  const BlockPattern pattern = block_pattern(2, Edges{{0, 1}});
  BlockMatrix<N> a(pattern);
  a.diagonal[0] = a.diagonal[1] = a.upper[0] = a.lower[0] = {1, 0, 0, 1};
  std::vector<double> b{1, 2, 3, 4};
  CHECK_FALSE(solve_with_pivoting(a, std::span<double>(b)));
  CHECK_FALSE(factorise(a));
}
