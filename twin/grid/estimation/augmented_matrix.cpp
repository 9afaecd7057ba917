#include "twin/grid/estimation/augmented_matrix.hpp"

#include <algorithm>
#include <cmath>

namespace twin {

template <std::size_t P>
AugmentedMatrix<P>::AugmentedMatrix(const BlockPattern& pattern)
    : pattern_(pattern), factors_(pattern), inverse_(pattern) {}

template <std::size_t P>
void AugmentedMatrix<P>::begin(const BlockMatrix<N>& jacobian) {
  // `turned` is the block of J at the transposed place.
  const auto put = [](Block<M>& out, const Block<N>& block, const Block<N>& turned) {
    out = {};
    for (std::size_t r = 0; r < N; ++r)
      for (std::size_t c = 0; c < N; ++c) {
        out[(N + r) * M + c] = block[r * N + c];
        out[r * M + N + c] = turned[c * N + r];
      }
  };
  for (std::size_t i = 0; i < jacobian.diagonal.size(); ++i)
    put(factors_.diagonal[i], jacobian.diagonal[i], jacobian.diagonal[i]);
  for (std::size_t k = 0; k < jacobian.upper.size(); ++k) {
    put(factors_.upper[k], jacobian.upper[k], jacobian.lower[k]);
    put(factors_.lower[k], jacobian.lower[k], jacobian.upper[k]);
  }
}

template <std::size_t P>
void AugmentedMatrix<P>::add_row(const MeasuredRow<P>& row, double bend) {
  const auto add = [&](std::uint32_t i, std::uint32_t k, const Column& a, const Column& b) {
    Block<M>& block = factors_.at(i, k);
    for (std::size_t r = 0; r < N; ++r)
      for (std::size_t c = 0; c < N; ++c) block[r * M + c] += a[r] * b[c];
  };
  add(row.place, row.place, row.here, row.here);
  if (row.other == row.place) return;
  add(row.place, row.other, row.here, row.there);
  add(row.other, row.place, row.there, row.here);
  add(row.other, row.other, row.there, row.there);
  Block<M>& own = factors_.diagonal[row.place];
  Block<M>& right = factors_.at(row.place, row.other);
  Block<M>& left = factors_.at(row.other, row.place);
  for (std::size_t r = 0; r < N; ++r)
    for (std::size_t c = 0; c < N; ++c) {
      own[r * M + c] -= bend * row.here_here[r * N + c];
      right[r * M + c] -= bend * row.here_there[r * N + c];
      left[c * M + r] -= bend * row.here_there[r * N + c];
    }
}

template <std::size_t P>
void AugmentedMatrix<P>::add_error(std::uint32_t place, const Column& b, const Column& d,
                                   double variance) {
  Block<M>& block = factors_.diagonal[place];
  std::array<double, M> both;
  std::copy(d.begin(), d.end(), both.begin());
  std::copy(b.begin(), b.end(), both.begin() + N);
  for (std::size_t r = 0; r < M; ++r)
    for (std::size_t c = 0; c < M; ++c) block[r * M + c] -= variance * both[r] * both[c];
}

template <std::size_t P>
void AugmentedMatrix<P>::add_curvature(std::uint32_t place, std::size_t plus, std::size_t minus,
                                       Complex w) {
  Block<M>& block = factors_.diagonal[place];
  const auto add = [&](std::size_t p, std::size_t q, double sign) {
    block[2 * p * M + 2 * q] += sign * w.real();
    block[2 * p * M + 2 * q + 1] -= sign * w.imag();
    block[(2 * p + 1) * M + 2 * q] -= sign * w.imag();
    block[(2 * p + 1) * M + 2 * q + 1] -= sign * w.real();
  };
  add(plus, plus, 1);
  if (plus == minus) return;
  add(minus, minus, 1);
  add(plus, minus, -1);
  add(minus, plus, -1);
}

template <std::size_t P>
bool AugmentedMatrix<P>::factorise() {
  if (!weights_.empty()) {
    weigh_by(weights_);
    return twin::factorise(factors_);
  }
  weights_.assign(pattern_.size() * M, 1);
  std::vector<double> by(weights_.size());
  for (int pass = 0; pass < 3; ++pass) {
    weigh_rows(by);
    weigh_by(by);
    for (std::size_t k = 0; k < by.size(); ++k) weights_[k] *= by[k];
  }
  return twin::factorise(factors_);
}

template <std::size_t P>
void AugmentedMatrix<P>::weigh_rows(std::vector<double>& out) {
  std::fill(out.begin(), out.end(), 0.0);
  for_each_block([&](std::size_t i, std::size_t, const Block<M>& block) {
    for (std::size_t r = 0; r < M; ++r)
      for (std::size_t c = 0; c < M; ++c)
        out[i * M + r] = std::max(out[i * M + r], std::abs(block[r * M + c]));
  });
  for (double& most : out) most = 1 / std::sqrt(most);
}

template <std::size_t P>
void AugmentedMatrix<P>::weigh_by(const std::vector<double>& by) {
  for_each_block([&](std::size_t i, std::size_t k, Block<M>& block) {
    for (std::size_t r = 0; r < M; ++r)
      for (std::size_t c = 0; c < M; ++c) block[r * M + c] *= by[i * M + r] * by[k * M + c];
  });
}

template <std::size_t P>
template <class Do>
void AugmentedMatrix<P>::for_each_block(Do&& act) {
  for (std::size_t i = 0; i < pattern_.size(); ++i) {
    act(i, i, factors_.diagonal[i]);
    for (std::uint32_t k = pattern_.first[i]; k < pattern_.first[i + 1]; ++k) {
      act(i, pattern_.other[k], factors_.upper[k]);
      act(pattern_.other[k], i, factors_.lower[k]);
    }
  }
}

template <std::size_t P>
void AugmentedMatrix<P>::solve(std::span<double> right_side) const {
  for (std::size_t k = 0; k < right_side.size(); ++k) right_side[k] *= weights_[k];
  solve_factorised(factors_, right_side);
  for (std::size_t k = 0; k < right_side.size(); ++k) right_side[k] *= weights_[k];
}

template <std::size_t P>
void AugmentedMatrix<P>::invert() {
  symmetric_inverse(factors_, inverse_);
}

template <std::size_t P>
double AugmentedMatrix<P>::voltage_spread(std::uint32_t i, std::uint32_t k, const Column& a,
                                          const Column& b) {
  const Block<M>& z = inverse_.at(i, k);
  const double *left = &weights_[i * M], *right = &weights_[k * M];
  double sum = 0;
  for (std::size_t r = 0; r < N; ++r)
    for (std::size_t c = 0; c < N; ++c) sum += a[r] * left[r] * z[r * M + c] * right[c] * b[c];
  return sum;
}

template <std::size_t P>
double AugmentedMatrix<P>::multiplier_spread(std::uint32_t place, const Column& a) const {
  const Block<M>& z = inverse_.diagonal[place];
  const double* w = &weights_[place * M + N];
  double sum = 0;
  for (std::size_t r = 0; r < N; ++r)
    for (std::size_t c = 0; c < N; ++c) sum -= a[r] * w[r] * z[(N + r) * M + N + c] * w[c] * a[c];
  return sum;
}

template class AugmentedMatrix<1>;
template class AugmentedMatrix<3>;

}  // namespace twin
