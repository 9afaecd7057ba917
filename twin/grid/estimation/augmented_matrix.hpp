#pragma once
// The matrix of state_estimation.hpp's step, Hachtel's with the draws' errors eliminated,
//   [ H'H   J'     ]
//   [ J    -B R B' ]
// by blocks of a bus: its N = 2 P voltages, then its N multipliers. Built up, weighed, factorised,
// and its inverse's blocks at the pattern's places. Rows differ by ten powers of ten and more, so
// rows and columns are weighed alike until no row's largest entry is far from 1 (Ruiz, 2001).

#include "twin/grid/estimation/measurement_rows.hpp"

namespace twin {

template <std::size_t P>
class AugmentedMatrix {
 public:
  static constexpr std::size_t N = 2 * P, M = 2 * N;
  using Column = std::array<double, N>;

  // The pattern must outlive it.
  explicit AugmentedMatrix(const BlockPattern& pattern);

  // Weights are found at the next factorisation and then kept until this is called again.
  void forget_weights() { weights_.clear(); }

  void begin(const BlockMatrix<N>& jacobian);
  // h h' less `bend` times the second derivative of h.
  void add_row(const MeasuredRow<P>& row, double bend);
  // -variance (d, b) (d, b)': an error whose column of B is b, which changes by d with the
  // voltages.
  void add_error(std::uint32_t place, const Column& b, const Column& d, double variance);
  // The second derivative of a function that is analytic in a leg's voltage, w.
  void add_curvature(std::uint32_t place, std::size_t plus, std::size_t minus, Complex w);

  // False where it is singular; it must be begun anew then.
  bool factorise();
  // Of the factorised matrix, in the right side's place: by bus its voltages, then its multipliers.
  void solve(std::span<double> right_side) const;
  // The inverse's blocks: a' C b of the voltages at two places, and a' F a of the multipliers.
  void invert();
  double voltage_spread(std::uint32_t i, std::uint32_t k, const Column& a, const Column& b);
  double multiplier_spread(std::uint32_t place, const Column& a) const;

 private:
  template <class Do>
  void for_each_block(Do&& act);
  void weigh_rows(std::vector<double>& out);
  void weigh_by(const std::vector<double>& by);

  const BlockPattern& pattern_;
  BlockMatrix<M> factors_, inverse_;
  std::vector<double> weights_;
};

}  // namespace twin
