#include "twin/grid/estimation/state_estimation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "ledger/base/invariant.hpp"
#include "twin/grid/estimation/augmented_matrix.hpp"
#include "twin/grid/flow/newton.hpp"

namespace twin {

struct StateEstimator::Engine {
  virtual ~Engine() = default;
  virtual ledger::Result<Estimate> estimate(std::span<const Measurement> measurements) = 0;
};

namespace {

constexpr std::size_t none = SIZE_MAX;
// Stands for not measured, W or var: beyond any draw, and no longer so if others determine it.
constexpr double free_sigma = 1e6;
constexpr double observed_redundancy = 0.999;  // what it is known by others to: 3 % of free_sigma
constexpr double longest_step_pu = 0.2, near_step_pu = 0.1;

Network with_constant_power(Network network) {
  for (Connection& c : network.connections) c.model = {};
  return network;
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

// A connection's P or Q: all legs together, and each leg's distance from an equal share. Per unit.
struct Draw {
  double value = 0, sigma = 0, share_sigma = 0;
  std::size_t measurement = none, share_measurement = none;
};

// Of one leg's active and of its reactive draw: B's column, what a draw of 1 takes from the rows of
// its bus, b, and how B' l there changes with the voltages, d.
template <std::size_t N>
struct Columns {
  std::array<std::array<double, N>, 2> b{}, d{};
};
template <std::size_t N>
using Column = std::array<double, N>;

}  // namespace

template <std::size_t P>
class StateEstimator::Solver : public StateEstimator::Engine {
 public:
  Solver(const Network& network, EstimatorOptions options)
      : options_(options),
        network_(with_constant_power(network)),
        equations_(network_),
        rows_(network_, equations_),
        legs_of_(network_.connections.size()),
        matrix_(equations_.pattern()) {
    for (std::size_t l = 0; l < equations_.legs().size(); ++l)
      legs_of_[equations_.legs()[l].connection].push_back(l);
  }

  ledger::Result<Estimate> estimate(std::span<const Measurement> measurements) override {
    if (std::string problem = take(measurements); !problem.empty()) return ledger::failure(problem);
    Estimate out;
    if (!start()) return ledger::failure("the network without load has no solution");
    iterate(out);
    out.voltage_v = equations_.voltages_v(x_);
    out.drawn_va = draw_va_;
    out.losses_w = rows_.losses_w(out.voltage_v);
    if (!out.converged) return out;
    if (std::string problem = judge(out); !problem.empty()) return ledger::failure(problem);
    return out;
  }

 private:
  using Equations = CurrentEquations<P>;
  static constexpr std::size_t N = Equations::N, M = 2 * N;
  static constexpr double unit_va = Equations::base_va * (P == 1 ? 3 : 1);  // of draws' sums

  // ---- what is measured

  std::string take(std::span<const Measurement> measurements) {
    if (measurements.empty()) return "nothing is measured";
    draws_.assign(network_.connections.size(), {});
    for (auto& draw : draws_)
      for (Draw& d : draw) d.sigma = d.share_sigma = free_sigma / unit_va;
    others_.clear();
    measurements_.assign(measurements.begin(), measurements.end());
    std::set<std::pair<Quantity, std::uint32_t>> seen;
    for (std::size_t k = 0; k < measurements.size(); ++k) {
      const Measurement& m = measurements[k];
      if (std::string problem = rows_.problem_of(m); !problem.empty()) return problem;
      if (!seen.emplace(m.quantity, m.element).second)
        return describe(network_, m) + ": is measured twice";
      if (is_injection(m.quantity))
        take_draw(m, k);
      else
        others_.push_back(k);
    }
    return count_freedom();
  }

  void take_draw(const Measurement& m, std::size_t k) {
    const bool reactive =
        m.quantity == Quantity::reactive_power || m.quantity == Quantity::reactive_shares;
    Draw& d = draws_[m.element][reactive];
    if (m.quantity == Quantity::active_power || m.quantity == Quantity::reactive_power) {
      d.value = m.value / unit_va;
      d.sigma = m.sigma / unit_va;
      d.measurement = k;
    } else {
      d.share_sigma = m.sigma / unit_va;
      d.share_measurement = k;
    }
  }

  // Every draw that is measured brings as much as it asks for; what is left over must pay for those
  // that are not. `free_` are these, as measurements that would be needed.
  std::string count_freedom() {
    free_.clear();
    freedom_ = static_cast<int>(others_.size());
    for (std::uint32_t c = 0; c < draws_.size(); ++c)
      for (std::size_t q = 0; q < 2 && !legs_of_[c].empty(); ++q) {
        const Draw& d = draws_[c][q];
        const auto legs = static_cast<int>(legs_of_[c].size());
        const auto quantity = [&](Quantity active, Quantity reactive) {
          return Measurement{q == 0 ? active : reactive, c, 0, free_sigma};
        };
        if (d.measurement == none) {
          free_.push_back(quantity(Quantity::active_power, Quantity::reactive_power));
          freedom_ -= 1;
        }
        if (legs > 1 && d.share_measurement == none) {
          free_.push_back(quantity(Quantity::active_shares, Quantity::reactive_shares));
          freedom_ -= legs - 1;
        }
      }
    return freedom_ < 0 ? unobserved(free_.front()) : "";
  }

  std::string unobserved(const Measurement& m) const {
    return describe(network_, m) + " is not observed: no measurement determines it";
  }

  // ---- the iteration

  // The network without load is linear.
  bool start() {
    emf_scale_.assign(equations_.emfs().size(), 1.0);
    equations_.scale_emfs(emf_scale_);
    BlockMatrix<N> factors = equations_.linear();
    x_ = equations_.injected();
    if (factorise(factors))
      solve_factorised(factors, std::span<double>(x_));
    else if (!solve_with_pivoting(equations_.linear(), std::span<double>(x_)))
      return false;
    multipliers_.assign(x_.size(), 0);
    matrix_.forget_weights();
    draw_va_.assign(network_.connections.size(), Phases{});
    return true;
  }

  void iterate(Estimate& out) {
    double last_step = 1, last_objective = std::numeric_limits<double>::infinity();
    bool factors_serve = false;
    for (; out.iterations < options_.max_iterations; ++out.iterations) {
      linearise();
      if (!std::isfinite(objective_)) return;
      const bool rests = std::abs(objective_ - last_objective) <= 1e-6 * (1 + objective_);
      if (out.iterations > 0 && last_step <= options_.tolerance_pu && here_.settled && rests) {
        out.converged = true;
        return;
      }
      last_objective = objective_;
      const bool near = out.iterations > 0 && last_step < near_step_pu;
      if (!factors_serve && !renew_factors(near)) return;
      const double step = move(out);
      factors_serve = step < 1e-3 && step < 0.1 * last_step;
      last_step = step;
    }
  }

  // Everything at x_ and multipliers_: errors e and what they make of draws and sources, r, J,
  // rows.
  void linearise() {
    put_errors();
    equations_.set_draw(draw_va_, 1);
    equations_.scale_emfs(emf_scale_);
    equations_.mismatch(x_, options_.tolerance_pu * std::max(equations_.total_va(), 1000.0), here_);
    equations_.jacobian(x_, here_, jacobian_);
    lines_.clear();
    for (const std::size_t k : others_) {
      lines_.push_back(rows_.row(measurements_[k], x_));
      objective_ += lines_.back().residual * lines_.back().residual;
    }
  }

  // e = -R B' l, with R of a connection's legs (sigma / legs)^2 1 1' + share_sigma^2 (I - 1
  // 1'/legs).
  void put_errors() {
    objective_ = 0;
    const auto& legs = equations_.legs();
    columns_.resize(legs.size());
    by_columns_.resize(legs.size());
    for (std::size_t l = 0; l < legs.size(); ++l) {
      columns_[l] = columns_of(legs[l]);
      for (std::size_t q = 0; q < 2; ++q)
        by_columns_[l][q] = dot(columns_[l].b[q], multipliers_at(legs[l].place));
    }
    for (std::size_t c = 0; c < draws_.size(); ++c)
      if (!legs_of_[c].empty()) put_draw(c);
    for (std::size_t k = 0; k < emf_scale_.size(); k += P) put_source(k);
  }

  // The phases of a source from k on; B is -injected.
  void put_source(std::size_t k) {
    const double common = options_.source_sigma_pu * options_.source_sigma_pu;
    const double own = options_.source_unbalance_pu * options_.source_unbalance_pu;
    double sum = 0;
    for (std::size_t p = 0; p < P; ++p) {
      const auto& emf = equations_.emfs()[k + p];
      const double along = dot(emf.injected, multipliers_at(emf.place));
      sum += along;
      emf_scale_[k + p] = 1 + own * along;
      objective_ += own * along * along;
    }
    for (std::size_t p = 0; p < P; ++p) emf_scale_[k + p] += common * sum;
    objective_ += common * sum * sum;
  }

  void put_draw(std::size_t c) {
    const auto& legs = legs_of_[c];
    const auto count = static_cast<double>(legs.size());
    for (std::size_t q = 0; q < 2; ++q) {
      const Draw& d = draws_[c][q];
      double sum = 0;
      for (const std::size_t l : legs) sum += by_columns_[l][q];
      const double of_sum = d.sigma * d.sigma / (count * count) * sum;
      objective_ += of_sum * sum;
      for (const std::size_t l : legs) {
        const double apart = by_columns_[l][q] - sum / count;
        const double of_share = d.share_sigma * d.share_sigma * apart;
        objective_ += of_share * apart;
        set_leg(c, l, q, (d.value / count - of_sum - of_share) * Equations::base_va);
      }
    }
  }

  void set_leg(std::size_t c, std::size_t l, std::size_t q, double va) {
    const auto set = [&](Complex& s) {
      s = q == 0 ? Complex(va, s.imag()) : Complex(s.real(), va);
    };
    if (P == 3) return set(draw_va_[c][equations_.legs()[l].leg]);
    for (Complex& s : draw_va_[c]) set(s);
  }

  // With L the multipliers, L' i = Re(L s / v) of i = conj(s / v); B' l is its derivative by p and
  // q.
  Columns<N> columns_of(const typename Equations::Leg& leg) const {
    const Complex v = equations_.leg_voltage_at(leg, x_);
    const Complex by_p = 1.0 / std::conj(v), slope = -multiplier_of(leg) / (v * v);
    const Complex j(0, 1);
    Columns<N> out;
    put_leg(leg, by_p, out.b[0]);
    put_leg(leg, -j * by_p, out.b[1]);
    put_leg(leg, std::conj(slope), out.d[0]);
    put_leg(leg, std::conj(j * slope), out.d[1]);
    return out;
  }

  Complex multiplier_of(const typename Equations::Leg& leg) const {
    const auto l = multipliers_at(leg.place);
    const Complex plus(l[2 * leg.plus], l[2 * leg.plus + 1]);
    return leg.plus == leg.minus ? plus : plus - Complex(l[2 * leg.minus], l[2 * leg.minus + 1]);
  }

  static void put_leg(const typename Equations::Leg& leg, Complex value, Column<N>& out) {
    out[2 * leg.plus] += value.real();
    out[2 * leg.plus + 1] += value.imag();
    if (leg.plus == leg.minus) return;
    out[2 * leg.minus] -= value.real();
    out[2 * leg.minus + 1] -= value.imag();
  }

  std::span<const double, N> multipliers_at(std::size_t place) const {
    return std::span<const double, N>(&multipliers_[place * N], N);
  }

  // `curved`: with the constraints' second derivatives (Newton's matrix); else Gauss-Newton's.
  bool renew_factors(bool curved) {
    matrix_.begin(jacobian_);
    for (const MeasuredRow<P>& row : lines_) matrix_.add_row(row, curved ? row.residual : 0);
    for (std::size_t c = 0; c < draws_.size(); ++c)
      for (std::size_t q = 0; q < 2; ++q) add_draw(c, q, curved);
    for (std::size_t k = 0; k < equations_.emfs().size(); k += P) add_source(k);
    if (curved)
      for (const auto& leg : equations_.legs()) {
        // The second derivative of Re(L s / v).
        const Complex v = equations_.leg_voltage_at(leg, x_);
        const Complex w = 2.0 * multiplier_of(leg) * leg.s / (v * v * v);
        matrix_.add_curvature(leg.place, leg.plus, leg.minus, w);
      }
    return matrix_.factorise();
  }

  void add_draw(std::size_t c, std::size_t q, bool curved) {
    if (legs_of_[c].empty()) return;
    const std::uint32_t place = equations_.legs()[legs_of_[c].front()].place;
    const Draw& d = draws_[c][q];
    const auto count = static_cast<double>(legs_of_[c].size());
    const Column<N> sum = summed(legs_of_[c], q, &Columns<N>::b);
    const Column<N> slope = curved ? summed(legs_of_[c], q, &Columns<N>::d) : Column<N>{};
    matrix_.add_error(place, sum, slope, d.sigma * d.sigma / (count * count));
    for (const std::size_t l : legs_of_[c])
      matrix_.add_error(place, minus(columns_[l].b[q], sum, count),
                        curved ? minus(columns_[l].d[q], slope, count) : Column<N>{},
                        d.share_sigma * d.share_sigma);
  }

  Column<N> summed(const std::vector<std::size_t>& legs, std::size_t q,
                   std::array<Column<N>, 2> Columns<N>::*which) const {
    Column<N> out{};
    for (const std::size_t l : legs)
      for (std::size_t k = 0; k < N; ++k) out[k] += (columns_[l].*which)[q][k];
    return out;
  }

  static Column<N> minus(Column<N> a, const Column<N>& sum, double count) {
    for (std::size_t k = 0; k < N; ++k) a[k] -= sum[k] / count;
    return a;
  }

  void add_source(std::size_t k) {
    const auto& emfs = equations_.emfs();
    const double common = options_.source_sigma_pu * options_.source_sigma_pu;
    const double own = options_.source_unbalance_pu * options_.source_unbalance_pu;
    Column<N> sum{};
    for (std::size_t p = 0; p < P; ++p) {
      matrix_.add_error(emfs[k + p].place, emfs[k + p].injected, {}, own);
      for (std::size_t n = 0; n < N; ++n) sum[n] += emfs[k + p].injected[n];
    }
    matrix_.add_error(emfs[k].place, sum, {}, common);
  }

  // One step, no voltage by more than longest_step_pu; how far it wanted to go.
  double move(Estimate& out) {
    std::vector<double>& pull = work_;
    pull.resize(x_.size());
    jacobian_.multiply_transposed(multipliers_, pull);
    for (double& p : pull) p = -p;
    for (const MeasuredRow<P>& row : lines_)
      for (std::size_t k = 0; k < N; ++k) {
        pull[row.place * N + k] += row.here[k] * row.residual;
        pull[row.other * N + k] += row.there[k] * row.residual;
      }
    step_.resize(2 * x_.size());
    for (std::size_t i = 0; i < x_.size() / N; ++i)
      for (std::size_t k = 0; k < N; ++k) {
        step_[i * M + k] = pull[i * N + k];
        step_[i * M + N + k] = here_.r[i * N + k];
      }
    matrix_.solve(step_);
    out.worst_step_pu = -1;
    for (std::size_t i = 0; i < x_.size() / N; ++i)
      for (std::size_t k = 0; k < N; ++k)
        if (const double size = std::abs(step_[i * M + k]); !(size <= out.worst_step_pu)) {
          out.worst_step_pu = size;
          out.worst_bus = equations_.pattern().node[i];
        }
    const double part = std::min(1.0, longest_step_pu / out.worst_step_pu);
    for (std::size_t i = 0; i < x_.size() / N; ++i)
      for (std::size_t k = 0; k < N; ++k) {
        x_[i * N + k] += part * step_[i * M + k];
        multipliers_[i * N + k] += part * step_[i * M + N + k];
      }
    return out.worst_step_pu;
  }

  // ---- statistics

  std::string judge(Estimate& out) {
    if (!renew_factors(false)) return "the network's equations are singular";
    matrix_.invert();
    out.objective = objective_;
    out.degrees_of_freedom = freedom_;
    out.residuals.resize(measurements_.size());
    for (std::size_t k = 0; k < others_.size(); ++k)
      out.residuals[others_[k]] = of_row(lines_[k], measurements_[others_[k]].sigma);
    for (std::size_t k = 0; k < measurements_.size(); ++k)
      if (is_injection(measurements_[k].quantity)) out.residuals[k] = of_draw(measurements_[k]);
    for (const Measurement& m : free_)
      if (!(of_draw(m).redundancy > observed_redundancy)) return unobserved(m);
    return {};
  }

  Residual normalised(double over_sigma, double sigma, double redundancy) const {
    Residual out{over_sigma * sigma, 0, std::clamp(redundancy, 0.0, 1.0), false};
    out.critical = !(redundancy > critical_redundancy);
    if (!out.critical) out.normalised = over_sigma / std::sqrt(out.redundancy);
    return out;
  }

  Residual of_row(const MeasuredRow<P>& row, double sigma) {
    double explained = matrix_.voltage_spread(row.place, row.place, row.here, row.here);
    if (row.other != row.place)
      explained += 2 * matrix_.voltage_spread(row.place, row.other, row.here, row.there) +
                   matrix_.voltage_spread(row.other, row.other, row.there, row.there);
    return normalised(row.residual, sigma, 1 - explained);
  }

  Residual of_draw(const Measurement& m) const {
    const bool reactive =
        m.quantity == Quantity::reactive_power || m.quantity == Quantity::reactive_shares;
    const bool shares =
        m.quantity == Quantity::active_shares || m.quantity == Quantity::reactive_shares;
    const auto& legs = legs_of_[m.element];
    const auto count = static_cast<double>(legs.size());
    const Column<N> sum = summed(legs, reactive, &Columns<N>::b);
    double along = 0;
    for (const std::size_t l : legs) along += by_columns_[l][reactive];
    const double sigma = m.sigma / unit_va;
    const std::uint32_t place = equations_.legs()[legs.front()].place;
    if (!shares)
      return normalised(sigma / count * along, m.sigma,
                        sigma * sigma / (count * count) * matrix_.multiplier_spread(place, sum));
    Residual worst;
    worst.critical = true;
    for (const std::size_t l : legs) {
      if (legs.size() == 1) break;
      const Column<N> apart = minus(columns_[l].b[reactive], sum, count);
      // A leg's own distance from an equal share has the variance sigma^2 (1 - 1/legs).
      const double part = std::sqrt(1 - 1 / count);
      const double over_sigma = sigma * (by_columns_[l][reactive] - along / count) / part;
      const Residual r =
          normalised(over_sigma, m.sigma * part,
                     sigma * sigma / (part * part) * matrix_.multiplier_spread(place, apart));
      if (worst.critical || std::abs(r.normalised) > std::abs(worst.normalised)) worst = r;
    }
    return worst;
  }

  EstimatorOptions options_;
  Network network_;
  Equations equations_;
  MeasurementRows<P> rows_;
  std::vector<std::vector<std::size_t>> legs_of_;  // by connection

  std::vector<Measurement> measurements_, free_;
  std::vector<std::array<Draw, 2>> draws_;  // by connection: active, reactive
  std::vector<std::size_t> others_;         // measurements with a row
  int freedom_ = 0;

  std::vector<double> x_, multipliers_, step_, work_, emf_scale_;
  std::vector<Phases> draw_va_;
  std::vector<Columns<N>> columns_;                // by leg
  std::vector<std::array<double, 2>> by_columns_;  // by leg: B' l
  std::vector<MeasuredRow<P>> lines_;              // by others_
  double objective_ = 0;
  Mismatch here_;
  BlockMatrix<N> jacobian_;
  AugmentedMatrix<P> matrix_;
};

StateEstimator::StateEstimator(const Network& network, EstimatorOptions options) {
  ledger::invariant(check(network).empty(), "the network was checked");
  ledger::invariant(options.phases == 1 || options.phases == 3, "one phase or three");
  if (options.phases == 1)
    engine_ = std::make_unique<Solver<1>>(network, options);
  else
    engine_ = std::make_unique<Solver<3>>(network, options);
}

StateEstimator::~StateEstimator() = default;
StateEstimator::StateEstimator(StateEstimator&&) noexcept = default;

ledger::Result<Estimate> StateEstimator::estimate(std::span<const Measurement> measurements) {
  return engine_->estimate(measurements);
}

std::string StateEstimator::check(const Network& network) {
  if (std::string problem = Newton::check(network); !problem.empty()) return problem;
  if (!network.generators.empty())
    return "generator \"" + network.generators.front().name +
           "\" holds a voltage, which is not estimated";
  return {};
}

}  // namespace twin
