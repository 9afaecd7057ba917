#include "twin/grid/flow/newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "ledger/base/invariant.hpp"
#include "twin/grid/flow/current_equations.hpp"
#include "twin/grid/model/phase_matrix.hpp"

namespace twin {

struct Newton::Engine {
  virtual ~Engine() = default;
  virtual const NewtonResult& solve(std::span<const Phases> draw_va) = 0;
  virtual void set_to_tap(std::size_t transformer, double to_tap) = 0;
};

namespace {

double largest(const std::vector<double>& values) {
  double out = 0;
  for (const double v : values) {
    if (!std::isfinite(v)) return std::numeric_limits<double>::infinity();
    out = std::max(out, std::abs(v));
  }
  return out;
}

}  // namespace

template <std::size_t P>
class Newton::Solver : public Newton::Engine {
 public:
  Solver(const Network& network, NewtonOptions options) : options_(options), equations_(network) {}

  const NewtonResult& solve(std::span<const Phases> draw_va) override {
    result_.iterations = 0;
    equations_.set_draw(draw_va, 1);
    total_va_ = std::max(equations_.total_va(), 1000.0);
    result_.converged =
        (!last_.empty() && try_from(last_)) || try_from(flat()) || raise_load(draw_va);
    if (result_.converged) last_ = x_;
    result_.worst_bus = here_.worst_bus;
    result_.worst_mismatch_pu = here_.worst_va / total_va_;
    result_.voltage_v = equations_.voltages_v(x_);
    return result_;
  }

  void set_to_tap(std::size_t transformer, double to_tap) override {
    equations_.set_to_tap(transformer, to_tap);
    flat_.clear();
  }

 private:
  // Newton's steps from `start`; x_ and here_ are where they end.
  bool try_from(const std::vector<double>& start) {
    x_ = start;
    measure(x_, here_);
    double last_step = 1;
    bool factors_serve = false;
    for (int i = 0; i < options_.max_iterations && std::isfinite(here_.squared); ++i) {
      ++result_.iterations;
      const bool fresh = !factors_serve;
      if (fresh) renew_factors();
      factors_serve = false;
      const double part = find_direction() ? search() : 0;
      if (part == 0) {
        if (fresh) return false;
        continue;
      }
      const double step = part * largest(direction_);
      const bool shrinks = step < 0.1 * last_step;
      if (part == 1 && here_.settled &&
          (here_.at_rounding || (step <= options_.tolerance_pu && (fresh || shrinks))))
        return true;
      factors_serve = step < 1e-3 && shrinks;
      last_step = step;
    }
    return false;
  }

  // From the unloaded network to the whole load in steps that are halved where one fails.
  bool raise_load(std::span<const Phases> draw_va) {
    std::vector<double> reached = flat();
    double share = 0;
    for (double rise = 0.25; share < 1 && rise > 0.05;) {
      const double next = std::min(1.0, share + rise);
      equations_.set_draw(draw_va, next);
      if (try_from(reached)) {
        reached = x_;
        share = next;
        rise *= 2;
      } else {
        rise /= 2;
      }
    }
    if (share == 1) return true;
    equations_.set_draw(draw_va, 1);
    x_ = reached;
    measure(x_, here_);
    return false;
  }

  // The network without load is linear; generators' buses are scaled to the voltage they hold.
  const std::vector<double>& flat() {
    if (!flat_.empty()) return flat_;
    flat_.assign(equations_.unknowns(), 0);
    jacobian_ = equations_.linear();
    refactorise();
    for (int pass = 0; pass < 2; ++pass) {  // the second one refines
      direction_.resize(flat_.size());
      jacobian_.multiply(flat_, direction_);
      here_.r = equations_.injected();
      for (std::size_t k = 0; k < flat_.size(); ++k) here_.r[k] -= direction_[k];
      if (!find_direction()) break;
      for (std::size_t k = 0; k < flat_.size(); ++k) flat_[k] += direction_[k];
    }
    equations_.hold_voltages(flat_);
    return flat_;
  }

  void measure(const std::vector<double>& x, Mismatch& out) const {
    equations_.mismatch(x, options_.tolerance_pu * total_va_, out);
  }

  void renew_factors() {
    equations_.jacobian(x_, here_, jacobian_);
    refactorise();
  }

  void refactorise() {
    factors_ = jacobian_;
    pivoting_ = !factorise(factors_);
  }

  // direction_ = J^-1 r; false where J is singular.
  bool find_direction() {
    direction_ = here_.r;
    if (!pivoting_) {
      solve_factorised(factors_, std::span<double>(direction_));
      check_.resize(direction_.size());
      jacobian_.multiply(direction_, check_);
      for (std::size_t k = 0; k < check_.size(); ++k) check_[k] -= here_.r[k];
      if (largest(check_) <= 1e-6 * largest(here_.r)) return true;
      pivoting_ = true;
      direction_ = here_.r;
    }
    return solve_with_pivoting(jacobian_, std::span<double>(direction_)) &&
           std::isfinite(largest(direction_));
  }

  // Moves along direction_ as far as that helps and returns the part of it, or 0 where none does.
  double search() {
    for (double part = 1; part > 1e-3; part /= 2) {
      trial_ = x_;
      for (std::size_t k = 0; k < trial_.size(); ++k) trial_[k] += part * direction_[k];
      measure(trial_, there_);
      if (!there_.settled && !(there_.squared <= (1 - 2e-4 * part) * here_.squared)) continue;
      std::swap(x_, trial_);
      std::swap(here_, there_);
      return part;
    }
    return 0;
  }

  NewtonOptions options_;
  CurrentEquations<P> equations_;
  NewtonResult result_;
  BlockMatrix<2 * P> jacobian_, factors_;
  bool pivoting_ = false;  // the factors are of no use
  double total_va_ = 0;
  std::vector<double> x_, trial_, last_, flat_;  // last_: empty until a solve has converged
  std::vector<double> direction_, check_;
  Mismatch here_, there_;
};

Newton::Newton(const Network& network, NewtonOptions options) {
  ledger::invariant(check(network).empty(), "the network was checked");
  ledger::invariant(options.phases == 1 || options.phases == 3, "one phase or three");
  if (options.phases == 1)
    engine_ = std::make_unique<Solver<1>>(network, options);
  else
    engine_ = std::make_unique<Solver<3>>(network, options);
}

Newton::~Newton() = default;
Newton::Newton(Newton&&) noexcept = default;

const NewtonResult& Newton::solve(std::span<const Phases> draw_va) {
  return engine_->solve(draw_va);
}

void Newton::set_to_tap(std::size_t transformer, double to_tap) {
  engine_->set_to_tap(transformer, to_tap);
}

std::string Newton::check(const Network& network) {
  if (std::string problem = check_network(network); !problem.empty()) return problem;
  std::map<std::uint32_t, const Source*> ideal;
  for (const Source& s : network.sources) {
    const std::string& bus = network.buses[s.bus].name;
    if (!is_zero(s.z)) {
      if (!inverse(s.z)) return "the impedance of the source at bus \"" + bus + "\" is singular";
      continue;
    }
    const auto [first, is_new] = ideal.emplace(s.bus, &s);
    if (!is_new &&
        (first->second->voltage_pu != s.voltage_pu || first->second->angle_deg != s.angle_deg))
      return "two ideal sources at bus \"" + bus + "\" differ in voltage";
  }
  std::map<std::uint32_t, double> held;
  for (const Generator& g : network.generators)
    if (held.emplace(g.bus, g.voltage_pu).first->second != g.voltage_pu)
      return "generator \"" + g.name + "\" holds another voltage than the one beside it at bus \"" +
             network.buses[g.bus].name + "\"";
  return {};
}

}  // namespace twin
