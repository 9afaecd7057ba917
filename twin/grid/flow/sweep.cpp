#include "twin/grid/flow/sweep.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <new>
#include <numbers>

#include "ledger/base/invariant.hpp"
#include "twin/grid/flow/sweep_plan.hpp"

namespace twin {
namespace {

constexpr std::size_t vector_bytes = 64;

// Doubles on a vector's boundary.
class Lanes {
 public:
  explicit Lanes(std::size_t size) : size_(std::max<std::size_t>(size, 1)) {
    data_ = static_cast<double*>(
        ::operator new (size_ * sizeof(double), std::align_val_t{vector_bytes}));
    std::fill_n(data_, size_, 0.0);
  }
  ~Lanes() { ::operator delete (data_, std::align_val_t{vector_bytes}); }
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;
  double* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  double* data_;
};

}  // namespace

// State of one block: everything that an iteration changes.
struct SweepState {
  SweepState(const SweepPlan& plan, int lane_count)
      : lanes(static_cast<std::size_t>(lane_count)),
        s(2 * lanes * plan.legs.size()),
        v(row_size(plan) * plan.rows()),
        j(row_size(plan) * plan.nodes.size()),
        chord_i(row_size(plan) * plan.chords.size()),
        chord_gap(row_size(plan) * plan.chords.size()),
        frozen(lanes),
        moved2(lanes),
        outcomes(lanes) {
    arrays = plan.arrays();
    arrays.lanes = lane_count;
    arrays.s = s.data();
    arrays.v = v.data();
    arrays.j = j.data();
    arrays.chord_i = chord_i.data();
    arrays.chord_gap = chord_gap.data();
    arrays.frozen = reinterpret_cast<std::int64_t*>(frozen.data());
    arrays.moved2 = moved2.data();
  }
  std::size_t row_size(const SweepPlan& plan) const {
    return 2 * lanes * static_cast<std::size_t>(plan.phases);
  }

  std::size_t lanes;
  Lanes s, v, j, chord_i, chord_gap, frozen, moved2;
  std::vector<SweepOutcome> outcomes;
  SweepArrays arrays;
};

struct Sweep::Engine {
  Engine(const Network& network, const Topology& topology, SweepOptions opts)
      : options(opts),
        connections(network.connections.size()),
        live(topology.live),
        plan(network, topology, opts.phases),
        single(plan, 1),
        good_v(single.v.size()),
        good_chord_i(single.chord_i.size()) {
    for (const auto& bus : plan.bus_of_node) nominal_v.push_back(network.buses[bus].nominal_v);
    block.plan_ = &plan;
    block.live_ = &live;
    start_from_no_load();
  }

  void start_from_no_load();
  template <std::size_t lanes>
  void prepare(SweepState& state, std::span<const Phases> draw_va, std::size_t first,
               std::size_t count) const;
  void iterate(SweepState& state, const SweepKernel& kernel) const;
  void find_worst(SweepState& state, const SweepKernel& kernel) const;
  SweepBlock view(const SweepState& state, std::size_t first, std::size_t count) const;

  SweepOptions options;
  std::size_t connections;
  std::vector<PhaseMask> live;
  SweepPlan plan;
  std::vector<double> nominal_v;  // by node
  SweepState single;
  Lanes good_v, good_chord_i;  // of the last converged single case
  // Of batches, by slice; kept, since fresh memory costs more than a small batch.
  std::vector<std::unique_ptr<SweepState>> slice_states;
  SweepBlock block;
};

void copy(const Lanes& from, const Lanes& to) {
  std::memcpy(to.data(), from.data(), from.size() * sizeof(double));
}

// What every node has before any current flows.
void Sweep::Engine::start_from_no_load() {
  const auto size = static_cast<std::size_t>(plan.phases);
  double* v = good_v.data();
  std::copy(plan.emf.begin(), plan.emf.end(), v);
  for (std::size_t n = 1; n < plan.nodes.size(); ++n) {
    const SweepNode& node = plan.nodes[n];
    const double* up = v + 2 * size * node.parent;
    double* own = v + 2 * size * n;
    if (!node.two_port) {
      std::copy(up, up + 2 * size, own);
      continue;
    }
    for (std::size_t r = 0; r < size; ++r) {
      Complex sum;
      for (std::size_t c = 0; c < size; ++c) {
        const double* m = node.two_port + 2 * (r * size + c);
        sum += Complex(m[0], m[1]) * Complex(up[2 * c], up[2 * c + 1]);
      }
      own[2 * r] = sum.real();
      own[2 * r + 1] = sum.imag();
    }
  }
}

// Draws of one to eight cases as the kernel wants them; lanes beyond `count` repeat the last case.
template <std::size_t lanes>
void take_draws(const SweepPlan& plan, std::size_t connections, double* s,
                std::span<const Phases> draw_va, std::size_t first, std::size_t count) {
  const double share = plan.phases == 1 ? 1.0 / 3 : 1;
  std::array<const Phases*, lanes> of_lane;
  for (std::size_t lane = 0; lane < lanes; ++lane)
    of_lane[lane] = draw_va.data() + (first + std::min(lane, count - 1)) * connections;
  for (const SweepPlan::LegSource& leg : plan.leg_sources) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const Complex& power = of_lane[lane][leg.connection][leg.leg];
      s[lane] = share * power.real();
      s[lanes + lane] = share * power.imag();
    }
    s += 2 * lanes;
  }
}

// The same start for all lanes.
template <std::size_t lanes>
void spread(const double* one, double* many, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k)
    for (std::size_t lane = 0; lane < lanes; ++lane) many[k * lanes + lane] = one[k];
}

template <std::size_t lanes>
void Sweep::Engine::prepare(SweepState& state, std::span<const Phases> draw_va, std::size_t first,
                            std::size_t count) const {
  take_draws<lanes>(plan, connections, state.s.data(), draw_va, first, count);
  const std::size_t row = 2 * static_cast<std::size_t>(plan.phases);
  spread<lanes>(good_v.data(), state.v.data(), row * plan.nodes.size());
  spread<lanes>(good_chord_i.data(), state.chord_i.data(), row * plan.chords.size());
}

// Steps shrink by a nearly constant factor q, so that a step of m leaves about m q / (1 - q) to go.
// The step itself is what the currents still lag behind the voltages, so it stays small as well.
bool is_near(double moved, double moved_before, double tolerance) {
  if (moved <= tolerance) return true;
  const double q = moved / moved_before;
  constexpr double steady = 0.5, caution = 2, largest_step = 10;
  return q < steady && moved <= largest_step * tolerance &&
         caution * moved * q / (1 - q) <= tolerance;
}

void Sweep::Engine::iterate(SweepState& state, const SweepKernel& kernel) const {
  std::fill_n(state.arrays.frozen, state.lanes, 0);
  std::fill(state.outcomes.begin(), state.outcomes.end(), SweepOutcome{});
  std::size_t open = state.lanes;
  for (int i = 1; i <= options.max_iterations && open > 0; ++i) {
    kernel.iterate(state.arrays);
    for (std::size_t lane = 0; lane < state.lanes; ++lane) {
      if (state.arrays.frozen[lane]) continue;
      SweepOutcome& outcome = state.outcomes[lane];
      const double moved = std::sqrt(state.moved2.data()[lane]);
      outcome.converged = is_near(moved, i == 1 ? 0 : outcome.mismatch_pu, options.tolerance_pu);
      outcome.iterations = i;
      outcome.mismatch_pu = moved;
      if (!outcome.converged && std::isfinite(moved)) continue;
      state.arrays.frozen[lane] = -1;
      --open;
    }
  }
  if (std::any_of(state.outcomes.begin(), state.outcomes.end(),
                  [](const SweepOutcome& o) { return !o.converged; }))
    find_worst(state, kernel);
  kernel.recover(state.arrays);
}

// One more pass shows which bus of each failed lane moves most. Lanes that are done do not move.
void Sweep::Engine::find_worst(SweepState& state, const SweepKernel& kernel) const {
  const std::vector<double> before(state.v.data(), state.v.data() + state.v.size());
  kernel.iterate(state.arrays);
  const auto size = static_cast<std::size_t>(plan.phases);
  for (std::size_t lane = 0; lane < state.lanes; ++lane) {
    SweepOutcome& outcome = state.outcomes[lane];
    if (outcome.converged) continue;
    double worst = -1;
    for (std::size_t n = 0; n < plan.nodes.size(); ++n)
      for (std::size_t p = 0; p < size; ++p) {
        const std::size_t at = (2 * (n * size + p)) * state.lanes + lane;
        const double moved =
            std::hypot(state.v.data()[at] - before[at],
                       state.v.data()[at + state.lanes] - before[at + state.lanes]) /
            nominal_v[n];
        if (moved <= worst) continue;
        worst = moved;
        outcome.worst_bus = plan.bus_of_node[n];
        if (!std::isfinite(moved)) break;
      }
  }
}

SweepBlock Sweep::Engine::view(const SweepState& state, std::size_t first,
                               std::size_t count) const {
  SweepBlock out = block;
  out.first = first;
  out.count = count;
  out.outcomes = std::span(state.outcomes).first(count);
  out.arrays_ = state.arrays;
  return out;
}

Complex SweepBlock::at(const double* state, std::size_t row, unsigned phase,
                       std::size_t lane) const {
  const auto lanes = static_cast<std::size_t>(arrays_.lanes);
  const auto size = static_cast<std::size_t>(arrays_.phases);
  const double* p = state + 2 * (row * size + (size == 1 ? 0 : phase)) * lanes + lane;
  const Complex value{p[0], p[lanes]};
  if (size == 3 || phase == 0) return value;
  constexpr double half_sqrt3 = std::numbers::sqrt3 / 2;
  return value * (phase == 1 ? Complex(-0.5, -half_sqrt3) : Complex(-0.5, half_sqrt3));
}

Complex SweepBlock::voltage_v(std::uint32_t bus, unsigned phase, std::size_t lane) const {
  const std::uint32_t row = plan_->row_of_bus[bus];
  if (row == UINT32_MAX || !((*live_)[bus] >> phase & 1)) return {};
  return at(arrays_.v, row, phase, lane);
}

bool SweepBlock::has_current(std::uint32_t branch) const {
  return plan_->branch_current[branch].kind != SweepPlan::BranchCurrent::Kind::none;
}

Complex SweepBlock::current_a(std::uint32_t branch, unsigned phase, std::size_t lane) const {
  using Kind = SweepPlan::BranchCurrent::Kind;
  const SweepPlan::BranchCurrent& current = plan_->branch_current[branch];
  if (current.kind == Kind::none) return {};
  const double* state = current.kind == Kind::node ? arrays_.j : arrays_.chord_i;
  return current.sign * at(state, current.index, phase, lane);
}

Complex SweepBlock::source_a(unsigned phase, std::size_t lane) const {
  return at(arrays_.j, 0, phase, lane);
}

std::string Sweep::unsupported(const Network& network, const Topology& topology) {
  return unsweepable(network, topology);
}

Sweep::Sweep(const Network& network, const Topology& topology, SweepOptions options)
    : engine_(std::make_unique<Engine>(network, topology, options)) {}
Sweep::~Sweep() = default;
Sweep::Sweep(Sweep&&) noexcept = default;

const SweepBlock& Sweep::solve(std::span<const Phases> draw_va) {
  Engine& e = *engine_;
  ledger::invariant(draw_va.size() == e.connections, "one power a connection");
  e.prepare<1>(e.single, draw_va, 0, 1);
  e.iterate(e.single, sweep_kernel(e.options.simd, 1, e.plan.phases));
  if (e.single.outcomes[0].converged) {
    copy(e.single.v, e.good_v);
    copy(e.single.chord_i, e.good_chord_i);
  }
  e.block = e.view(e.single, 0, 1);
  return e.block;
}

void Sweep::solve_batch(std::span<const Phases> draw_va, const ledger::Workers& workers,
                        const std::function<void(const SweepBlock&)>& sink) {
  Engine& e = *engine_;
  const std::size_t cases = e.connections == 0 ? 0 : draw_va.size() / e.connections;
  ledger::invariant(cases * e.connections == draw_va.size(), "one power a connection and case");
  if (cases == 0) return;
  e.start_from_no_load();
  std::fill_n(e.good_chord_i.data(), e.good_chord_i.size(), 0.0);
  solve(draw_va.first(e.connections));
  const SweepKernel kernel = sweep_kernel(e.options.simd, sweep_lanes, e.plan.phases);
  constexpr std::size_t lanes = sweep_lanes;
  const std::size_t blocks = (cases + lanes - 1) / lanes;
  // A few slices a thread even out what the cases take; each has a state of its own.
  const std::size_t slices = std::min(blocks, workers.threads == 1 ? 1 : 4 * workers.threads);
  while (e.slice_states.size() < slices)
    e.slice_states.push_back(std::make_unique<SweepState>(e.plan, sweep_lanes));
  workers.run(slices, [&](std::size_t slice) {
    SweepState& state = *e.slice_states[slice];
    for (std::size_t b = blocks * slice / slices; b < blocks * (slice + 1) / slices; ++b) {
      const std::size_t count = std::min(lanes, cases - b * lanes);
      e.prepare<sweep_lanes>(state, draw_va, b * lanes, count);
      e.iterate(state, kernel);
      sink(e.view(state, b * lanes, count));
    }
  });
}

}  // namespace twin
