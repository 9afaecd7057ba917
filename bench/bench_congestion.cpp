// What congestion measures cost on the IEEE European LV feeder (906 buses, 55 homes), where its
// data is there: sensitivities by the power of all homes, and dynamic operating envelopes of all
// homes for a day of 96 slots, each at its own base load; and grid-aware clearing of one slot in
// which lines are full, with an order a home: the rows of the feeder's state, the proposal, its
// check.

#include <benchmark/benchmark.h>
#include <cmath>
#include <fstream>
#include <numeric>
#include <optional>
#include <sstream>

#include "ledger/base/rng.hpp"
#include "market/clearing/grid_clearing.hpp"
#include "twin/congestion/envelopes.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/flow/sensitivities.hpp"
#include "twin/grid/flow/trade_limits.hpp"
#include "twin/grid/grid_reader.hpp"

namespace {

using namespace twin;

std::optional<Network> european_lv() {
  const LoadFile load = [](const std::string& path) -> tl::expected<std::string, std::string> {
    std::ifstream in("../shared/data/ieee-feeders/opendss/LVTestCase/" + path, std::ios::binary);
    if (!in) return tl::unexpected(path + ": cannot be read");
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  };
  auto net = read_grid("Master.dss", load);
  if (!net) return std::nullopt;
  for (Connection& c : net->connections) c.model.max_pu = 10;
  net->sources[0].voltage_pu = 0.98;  // the file's 1.05 leaves no room below 1.1 pu
  for (Line& l : net->lines) l.rated_a = 200;
  return std::move(*net);
}

std::vector<Phases> draws_at(const Network& net, std::size_t minute) {
  std::vector<Phases> out(net.connections.size());
  for (std::size_t c = 0; c < out.size(); ++c)
    for (unsigned p = 0; p < 3; ++p)
      if (net.connections[c].phases >> p & 1)
        out[c][p] = net.connections[c].profile_w[minute] * Complex(1, 0.33);
  return out;
}

void sensitivities(benchmark::State& state) {
  const auto net = european_lv();
  if (!net) return state.SkipWithError("../shared/data/ieee-feeders is not there");
  const auto draws = draws_at(*net, 565);
  PowerFlow flow(*net);
  const PowerFlowResult base = flow.solve(draws);
  SensitivityModel model(*net);
  std::vector<std::uint32_t> all(net->connections.size());
  std::iota(all.begin(), all.end(), 0u);
  for (auto _ : state) benchmark::DoNotOptimize(model.at(base, draws, all));
}
BENCHMARK(sensitivities)->Unit(benchmark::kMillisecond);

void envelopes_of_a_day(benchmark::State& state) {
  const auto net = european_lv();
  if (!net) return state.SkipWithError("../shared/data/ieee-feeders is not there");
  std::vector<FlexibleHome> homes;
  for (std::uint32_t c = 0; c < net->connections.size(); ++c) homes.push_back({c, 11000, 10000});
  EnvelopeModel model(*net, {});
  int rounds = 0, flows = 0, unheld = 0;
  for (auto _ : state) {
    rounds = flows = unheld = 0;
    for (std::size_t slot = 0; slot < 96; ++slot) {
      const auto out = model.allocate(draws_at(*net, 15 * slot + 7), homes);
      if (!out) return state.SkipWithError(out.error().c_str());
      rounds += out->rounds;
      flows += out->power_flows;
      unheld += !out->corners_hold;
    }
  }
  state.counters["rounds"] = rounds;
  state.counters["power_flows"] = flows;
  state.counters["slots_unheld"] = unheld;
}
BENCHMARK(envelopes_of_a_day)->Unit(benchmark::kMillisecond)->Iterations(1);

// Surplus at the near homes, cars at the far ones.
struct Slot {
  std::vector<market::Order> orders;
  std::vector<std::uint32_t> home;
  std::vector<TradingPlace> places;
};

Slot full_slot(const Network& net) {
  Slot out;
  ledger::Rng rng(1);
  for (std::uint32_t c = 0; c < net.connections.size(); ++c) {
    market::Order o;
    const auto bytes = rng.bytes32();
    std::copy_n(bytes.begin(), o.id.bytes.size(), o.id.bytes.begin());
    o.side = c < 25 ? market::Side::sell : market::Side::buy;
    o.energy = {2000 + static_cast<std::int64_t>(rng.below(1000))};
    o.limit = {(c < 25 ? 80'000 : 150'000) + static_cast<std::int64_t>(rng.below(70'000))};
    out.orders.push_back(o);
    out.home.push_back(c);
    const auto wh = static_cast<double>(o.energy.value);
    out.places.push_back({{c}, c < 25 ? 0 : wh, c < 25 ? wh : 0});
  }
  return out;
}

void rows_of_a_slot(benchmark::State& state) {
  auto net = european_lv();
  if (!net) return state.SkipWithError("../shared/data/ieee-feeders is not there");
  for (Line& l : net->lines) l.rated_a = 120;
  const Slot slot = full_slot(*net);
  const auto draws = draws_at(*net, 565);
  std::size_t rows = 0;
  for (auto _ : state) {
    const auto limits = feeder_trade_limits(*net, draws, slot.places, {}, 15);
    if (!limits) return state.SkipWithError(limits.error().c_str());
    rows = limits->limits.rows.size();
  }
  state.counters["rows"] = static_cast<double>(rows);
}
BENCHMARK(rows_of_a_slot)->Unit(benchmark::kMillisecond);

void nodal_clearing(benchmark::State& state) {
  auto net = european_lv();
  if (!net) return state.SkipWithError("../shared/data/ieee-feeders is not there");
  for (Line& l : net->lines) l.rated_a = 120;
  const Slot slot = full_slot(*net);
  const auto limits = feeder_trade_limits(*net, draws_at(*net, 565), slot.places, {}, 15);
  if (!limits) return state.SkipWithError(limits.error().c_str());
  for (auto _ : state) {
    const auto proposal = market::propose_grid_clearing(slot.orders, slot.home, limits->limits);
    if (!proposal) return state.SkipWithError(proposal.error().c_str());
    benchmark::DoNotOptimize(proposal);
  }
  state.counters["rows"] = static_cast<double>(limits->limits.rows.size());
}
BENCHMARK(nodal_clearing)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
