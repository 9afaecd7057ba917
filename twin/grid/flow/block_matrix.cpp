#include "twin/grid/flow/block_matrix.hpp"

#include <Eigen/OrderingMethods>
#include <Eigen/SparseLU>
#include <algorithm>
#include <cmath>

#include "ledger/base/invariant.hpp"

namespace twin {
namespace {

// c += sign * a b
template <std::size_t N>
void add_product(Block<N>& c, double sign, const Block<N>& a, const Block<N>& b) {
  for (std::size_t r = 0; r < N; ++r)
    for (std::size_t k = 0; k < N; ++k) {
      const double f = sign * a[r * N + k];
      for (std::size_t q = 0; q < N; ++q) c[r * N + q] += f * b[k * N + q];
    }
}

// y += sign * a x
template <std::size_t N>
void add_product(double* y, double sign, const Block<N>& a, const double* x) {
  for (std::size_t r = 0; r < N; ++r) {
    double sum = 0;
    for (std::size_t k = 0; k < N; ++k) sum += a[r * N + k] * x[k];
    y[r] += sign * sum;
  }
}

// y += a' x
template <std::size_t N>
void add_transposed_product(double* y, const Block<N>& a, const double* x) {
  for (std::size_t r = 0; r < N; ++r)
    for (std::size_t k = 0; k < N; ++k) y[k] += a[r * N + k] * x[r];
}

template <std::size_t N>
Block<N> transposed(const Block<N>& a) {
  Block<N> out;
  for (std::size_t r = 0; r < N; ++r)
    for (std::size_t k = 0; k < N; ++k) out[k * N + r] = a[r * N + k];
  return out;
}

// Gauss-Jordan in place with the largest pivot of each column.
template <std::size_t N>
bool invert(Block<N>& a) {
  std::array<std::size_t, N> swapped;
  for (std::size_t c = 0; c < N; ++c) {
    std::size_t best = c;
    for (std::size_t r = c + 1; r < N; ++r)
      if (std::abs(a[r * N + c]) > std::abs(a[best * N + c])) best = r;
    swapped[c] = best;
    if (best != c) std::swap_ranges(&a[c * N], &a[c * N] + N, &a[best * N]);
    const double inverse = 1 / a[c * N + c];
    if (!std::isfinite(inverse)) return false;
    a[c * N + c] = 1;
    for (std::size_t q = 0; q < N; ++q) a[c * N + q] *= inverse;
    for (std::size_t r = 0; r < N; ++r) {
      if (r == c) continue;
      const double f = a[r * N + c];
      a[r * N + c] = 0;
      for (std::size_t q = 0; q < N; ++q) a[r * N + q] -= f * a[c * N + q];
    }
  }
  for (std::size_t c = N; c-- > 0;)
    if (swapped[c] != c)
      for (std::size_t r = 0; r < N; ++r) std::swap(a[r * N + c], a[r * N + swapped[c]]);
  return true;
}

// Sorted, without the node itself or doubles.
using Neighbours = std::vector<std::vector<std::uint32_t>>;

Neighbours neighbours(std::size_t nodes,
                      std::span<const std::pair<std::uint32_t, std::uint32_t>> edges) {
  Neighbours near(nodes);
  for (const auto& [a, b] : edges) {
    if (a == b) continue;
    near[a].push_back(b);
    near[b].push_back(a);
  }
  for (auto& list : near) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return near;
}

// Leaves first, and what thereby becomes a leaf: no order of a tree's nodes fills in less. What is
// left, the loops and the paths between them, goes by approximate least degree, whose ties would
// fill in a little of a tree.
std::vector<std::uint32_t> elimination_order(const Neighbours& near) {
  std::vector<std::uint32_t> order;
  std::vector<std::size_t> degree(near.size());
  for (std::uint32_t v = 0; v < near.size(); ++v) {
    degree[v] = near[v].size();
    if (degree[v] <= 1) order.push_back(v);
  }
  for (std::size_t next = 0; next < order.size(); ++next)
    for (const std::uint32_t u : near[order[next]])
      if (degree[u]-- == 2) order.push_back(u);

  constexpr std::uint32_t gone = -1u;
  std::vector<std::uint32_t> core(near.size(), 0), kept;
  for (const std::uint32_t v : order) core[v] = gone;
  for (std::uint32_t v = 0; v < near.size(); ++v)
    if (core[v] != gone) {
      core[v] = static_cast<std::uint32_t>(kept.size());
      kept.push_back(v);
    }
  if (kept.empty()) return order;
  std::vector<Eigen::Triplet<double, int>> entries;
  for (const std::uint32_t v : kept) {
    const auto at = static_cast<int>(core[v]);
    entries.emplace_back(at, at, 1);  // Eigen takes a node without one for a dense row
    for (const std::uint32_t u : near[v])
      if (core[u] != gone) entries.emplace_back(static_cast<int>(core[u]), at, 1);
  }
  const auto size = static_cast<Eigen::Index>(kept.size());
  Eigen::SparseMatrix<double> graph(size, size);
  graph.setFromTriplets(entries.begin(), entries.end());
  Eigen::AMDOrdering<int>::PermutationType by_degree;
  Eigen::AMDOrdering<int>()(graph, by_degree);
  for (Eigen::Index k = 0; k < size; ++k)
    order.push_back(kept[static_cast<std::size_t>(by_degree.indices()[k])]);
  return order;
}

}  // namespace

BlockPattern block_pattern(std::size_t nodes,
                           std::span<const std::pair<std::uint32_t, std::uint32_t>> edges) {
  const Neighbours near = neighbours(nodes, edges);
  BlockPattern out;
  out.node = elimination_order(near);
  out.place.resize(nodes);
  for (std::uint32_t i = 0; i < nodes; ++i) out.place[out.node[i]] = i;
  // A place's pairs are its edges and those of the earlier places whose first pair it is:
  // George and Liu, Computer Solution of Large Sparse Positive Definite Systems,
  // 1981, section 5.4.
  std::vector<std::vector<std::uint32_t>> handed_on(nodes);
  std::vector<std::uint32_t> seen_by(nodes, -1u);
  out.first.push_back(0);
  for (std::uint32_t i = 0; i < nodes; ++i) {
    const auto add = [&](std::uint32_t k) {
      if (k > i && std::exchange(seen_by[k], i) != i) out.other.push_back(k);
    };
    for (const std::uint32_t u : near[out.node[i]]) add(out.place[u]);
    for (const std::uint32_t before : handed_on[i])
      for (std::uint32_t k = out.first[before]; k < out.first[before + 1]; ++k) add(out.other[k]);
    std::sort(out.other.begin() + out.first[i], out.other.end());
    out.first.push_back(static_cast<std::uint32_t>(out.other.size()));
    if (out.first[i] < out.first[i + 1]) handed_on[out.other[out.first[i]]].push_back(i);
  }
  return out;
}

template <std::size_t N>
Block<N>& BlockMatrix<N>::at(std::uint32_t i, std::uint32_t k) {
  if (i == k) return diagonal[i];
  const auto [before, after] = std::minmax(i, k);
  const auto begin = pattern->other.begin() + pattern->first[before];
  const auto end = pattern->other.begin() + pattern->first[before + 1];
  const auto found = std::lower_bound(begin, end, after);
  ledger::invariant(found != end && *found == after, "a block of the pattern");
  const auto pair = static_cast<std::size_t>(found - pattern->other.begin());
  return i < k ? upper[pair] : lower[pair];
}

template <std::size_t N>
std::vector<std::pair<std::uint32_t, Block<N>*>> BlockMatrix<N>::row(std::uint32_t i) {
  std::vector<std::pair<std::uint32_t, Block<N>*>> out{{i, &diagonal[i]}};
  for (std::uint32_t before = 0; before < i; ++before)
    for (std::uint32_t k = pattern->first[before]; k < pattern->first[before + 1]; ++k)
      if (pattern->other[k] == i) out.push_back({before, &lower[k]});
  for (std::uint32_t k = pattern->first[i]; k < pattern->first[i + 1]; ++k)
    out.push_back({pattern->other[k], &upper[k]});
  return out;
}

template <std::size_t N>
void BlockMatrix<N>::multiply(std::span<const double> x, std::span<double> y) const {
  std::fill(y.begin(), y.end(), 0.0);
  for (std::size_t i = 0; i < diagonal.size(); ++i) {
    add_product<N>(&y[i * N], 1, diagonal[i], &x[i * N]);
    for (std::uint32_t k = pattern->first[i]; k < pattern->first[i + 1]; ++k) {
      const std::size_t j = pattern->other[k];
      add_product<N>(&y[i * N], 1, upper[k], &x[j * N]);
      add_product<N>(&y[j * N], 1, lower[k], &x[i * N]);
    }
  }
}

template <std::size_t N>
void BlockMatrix<N>::multiply_transposed(std::span<const double> x, std::span<double> y) const {
  std::fill(y.begin(), y.end(), 0.0);
  for (std::size_t i = 0; i < diagonal.size(); ++i) {
    add_transposed_product<N>(&y[i * N], diagonal[i], &x[i * N]);
    for (std::uint32_t k = pattern->first[i]; k < pattern->first[i + 1]; ++k) {
      const std::size_t j = pattern->other[k];
      add_transposed_product<N>(&y[j * N], upper[k], &x[i * N]);
      add_transposed_product<N>(&y[i * N], lower[k], &x[j * N]);
    }
  }
}

template <std::size_t N>
bool factorise(BlockMatrix<N>& a) {
  const BlockPattern& p = *a.pattern;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!invert<N>(a.diagonal[i])) return false;
    const std::uint32_t end = p.first[i + 1];
    for (std::uint32_t k = p.first[i]; k < end; ++k) {
      Block<N> factor{};
      add_product<N>(factor, 1, a.lower[k], a.diagonal[i]);
      a.lower[k] = factor;
      add_product<N>(a.diagonal[p.other[k]], -1, factor, a.upper[k]);
    }
    // Every two of i's later neighbours are a pair themselves, and both lists ascend.
    for (std::uint32_t k = p.first[i]; k < end; ++k) {
      std::uint32_t target = p.first[p.other[k]];
      for (std::uint32_t m = k + 1; m < end; ++m) {
        while (p.other[target] != p.other[m]) ++target;
        add_product<N>(a.upper[target], -1, a.lower[k], a.upper[m]);
        add_product<N>(a.lower[target], -1, a.lower[m], a.upper[k]);
      }
    }
  }
  return true;
}

template <std::size_t N>
void solve_factorised(const BlockMatrix<N>& factors, std::span<double> b) {
  const BlockPattern& p = *factors.pattern;
  for (std::size_t i = 0; i < p.size(); ++i)
    for (std::uint32_t k = p.first[i]; k < p.first[i + 1]; ++k)
      add_product<N>(&b[p.other[k] * N], -1, factors.lower[k], &b[i * N]);
  for (std::size_t i = p.size(); i-- > 0;) {
    for (std::uint32_t k = p.first[i]; k < p.first[i + 1]; ++k)
      add_product<N>(&b[i * N], -1, factors.upper[k], &b[p.other[k] * N]);
    std::array<double, N> x{};
    add_product<N>(x.data(), 1, factors.diagonal[i], &b[i * N]);
    std::copy(x.begin(), x.end(), &b[i * N]);
  }
}

template <std::size_t N>
void symmetric_inverse(const BlockMatrix<N>& factors, BlockMatrix<N>& out) {
  const BlockPattern& p = *factors.pattern;
  for (auto i = static_cast<std::uint32_t>(p.size()); i-- > 0;) {
    const std::uint32_t begin = p.first[i], end = p.first[i + 1];
    for (std::uint32_t k = begin; k < end; ++k) {
      out.lower[k] = {};
      for (std::uint32_t m = begin; m < end; ++m)
        add_product<N>(out.lower[k], -1, out.at(p.other[k], p.other[m]), factors.lower[m]);
    }
    out.diagonal[i] = factors.diagonal[i];
    for (std::uint32_t k = begin; k < end; ++k) {
      out.upper[k] = transposed<N>(out.lower[k]);
      add_product<N>(out.diagonal[i], -1, transposed<N>(factors.lower[k]), out.lower[k]);
    }
  }
}

template <std::size_t N>
bool solve_with_pivoting(const BlockMatrix<N>& a, std::span<double> b) {
  const BlockPattern& p = *a.pattern;
  std::vector<Eigen::Triplet<double>> entries;
  const auto add = [&](std::size_t i, std::size_t j, const Block<N>& block) {
    for (std::size_t r = 0; r < N; ++r)
      for (std::size_t c = 0; c < N; ++c)
        if (block[r * N + c] != 0)
          entries.emplace_back(static_cast<int>(i * N + r), static_cast<int>(j * N + c),
                               block[r * N + c]);
  };
  for (std::size_t i = 0; i < p.size(); ++i) {
    add(i, i, a.diagonal[i]);
    for (std::uint32_t k = p.first[i]; k < p.first[i + 1]; ++k) {
      add(i, p.other[k], a.upper[k]);
      add(p.other[k], i, a.lower[k]);
    }
  }
  const auto size = static_cast<Eigen::Index>(b.size());
  Eigen::SparseMatrix<double> matrix(size, size);
  matrix.setFromTriplets(entries.begin(), entries.end());
  Eigen::SparseLU<Eigen::SparseMatrix<double>> lu(matrix);
  if (lu.info() != Eigen::Success) return false;
  Eigen::Map<Eigen::VectorXd> x(b.data(), size);
  x = Eigen::VectorXd(lu.solve(Eigen::VectorXd(x)));
  return true;
}

#define TWIN_BLOCKS_OF(N)                                                      \
  template struct BlockMatrix<N>;                                              \
  template bool factorise<N>(BlockMatrix<N>&);                                 \
  template void solve_factorised<N>(const BlockMatrix<N>&, std::span<double>); \
  template void symmetric_inverse<N>(const BlockMatrix<N>&, BlockMatrix<N>&);  \
  template bool solve_with_pivoting<N>(const BlockMatrix<N>&, std::span<double>);
TWIN_BLOCKS_OF(2)
TWIN_BLOCKS_OF(4)
TWIN_BLOCKS_OF(6)
TWIN_BLOCKS_OF(12)
#undef TWIN_BLOCKS_OF

}  // namespace twin
