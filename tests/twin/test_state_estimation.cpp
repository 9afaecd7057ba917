// State estimation against the truth of a power flow: exact without noise, calibrated with it, and
// honest about what it cannot see.

#include <cmath>
#include <doctest/doctest.h>
#include <limits>

#include "tests/support/metered_feeder.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/grid/dss/dss_reader.hpp"
#include "twin/grid/estimation/bad_data.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/model/feeder_generator.hpp"

using namespace twin;
using ledger::Rng;
using test::all_measured;
using test::place_of;
using test::Truth;
using test::with_noise;

namespace {

constexpr std::uint32_t homes = 20;

Network feeder_village() { return generate_feeder({homes, 2, 30, 160}, Rng(3)); }
std::uint32_t head_of(const Network& net) { return static_cast<std::uint32_t>(net.lines.size()); }

// Each home 0.2 to 3 kW, some feeding in; legs apart by `share_w` (their sum is not).
Truth village_truth(std::uint64_t seed, double share_w = 0) {
  Network net = feeder_village();
  Rng rng(seed);
  std::vector<Phases> draws(net.connections.size());
  for (Phases& draw : draws) {
    const double watts = rng.uniform(-1500, 3000);
    const double var = rng.uniform(0, 400);
    std::array<double, 3> p, q;
    double p_mean = 0, q_mean = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      p_mean += (p[k] = share_w * rng.normal()) / 3;
      q_mean += (q[k] = share_w * rng.normal()) / 3;
    }
    for (std::size_t k = 0; k < 3; ++k)
      draw[k] = Complex(watts / 3 + p[k] - p_mean, var / 3 + q[k] - q_mean);
  }
  return test::truth_of(std::move(net), draws);
}

Estimate estimated(const Network& net, const std::vector<Measurement>& all) {
  const auto out = StateEstimator(net).estimate(all);
  REQUIRE_MESSAGE(out, (out ? "" : out.error()));
  REQUIRE(out->converged);
  CHECK(out->iterations <= 12);
  return *out;
}

// What is measured exactly comes back exactly.
void check_exact(const Truth& t, std::uint32_t head, int phases = 3) {
  REQUIRE(t.flow.converged);
  // Legs differ from equal shares by what the file gives them: any distance is likely.
  const auto all = all_measured(t, head, {100, 100, 1e5, 0.5, 100});
  StateEstimator estimator(t.network, {1e-8, 60, phases});
  const auto out = estimator.estimate(all);
  REQUIRE_MESSAGE(out, (out ? "" : out.error()));
  REQUIRE(out->converged);
  CHECK(out->objective < 1e-3);
  for (std::size_t k = 0; k < all.size(); ++k) {
    CAPTURE(describe(t.network, all[k]));
    CHECK(std::abs(out->residuals[k].value) < 0.05 * all[k].sigma);
  }
}

std::string error_of(const Network& net, const std::vector<Measurement>& all) {
  const auto out = StateEstimator(net).estimate(all);
  return out ? "" : out.error();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<Measurement> without(std::vector<Measurement> all, Quantity quantity,
                                 std::uint32_t element) {
  std::erase_if(
      all, [&](const Measurement& m) { return m.quantity == quantity && m.element == element; });
  return all;
}

std::vector<Measurement> without(std::vector<Measurement> all, Quantity quantity) {
  std::erase_if(all, [&](const Measurement& m) { return m.quantity == quantity; });
  return all;
}

// Whether the largest normalised residual is this measurement's.
bool is_found(const Estimate& e, std::size_t k) {
  const auto suspect = most_suspect(e);
  return suspect && suspect->measurement == k && suspect->normalised > residual_threshold;
}

}  // namespace

TEST_CASE("exact measurements give the truth back, in a generated village") {
  const Truth t = village_truth(1);
  const Estimate e = estimated(t.network, all_measured(t, head_of(t.network)));
  CHECK(test::volts_apart(t.network, e.voltage_v, t.flow.voltage_v) < 1e-7);
  CHECK(e.objective < 1e-6);
  CHECK(e.degrees_of_freedom == homes + 2);
  double losses_w = 0;
  for (const double w : t.flow.losses_w) losses_w += w;
  CHECK(e.losses_w == doctest::Approx(losses_w).epsilon(1e-4));
  for (std::size_t c = 0; c < homes; ++c)
    for (std::size_t p = 0; p < 3; ++p)
      CHECK(std::abs(e.drawn_va[c][p] - t.flow.drawn_va[c][p]) < 0.1);
}

TEST_CASE("and in the single-phase equivalent of one") {
  Network net = feeder_village();
  net.balanced = true;
  const std::vector<Phases> draws(homes,
                                  Phases{Complex(600, 100), Complex(600, 100), Complex(600, 100)});
  const Truth t = test::truth_of(net, draws, 1);
  const auto all = without(without(all_measured(t, head_of(net)), Quantity::active_shares),
                           Quantity::reactive_shares);
  StateEstimator estimator(net, {1e-8, 40, 1});
  const auto e = estimator.estimate(all);
  REQUIRE_MESSAGE(e, (e ? "" : e.error()));
  REQUIRE(e->converged);
  CHECK(test::volts_apart(net, e->voltage_v, t.flow.voltage_v) < 1e-7);
  CHECK(e->objective < 1e-6);
  CHECK(e->degrees_of_freedom == homes + 2);
  check_exact(t, head_of(net), 1);
}

TEST_CASE("exact measurements give the truth back, in published feeders") {
  if (!test::has_shared("ieee-feeders/opendss/LVTestCase/Master.dss")) {
    MESSAGE("skipped: ../shared/data/ieee-feeders is not there");
    return;
  }
  // Flows are measured in a line: IEEE 13's substation transformer has next to no impedance.
  using Feeder = std::pair<std::string, std::string>;
  for (const auto& [path, line] : {Feeder{"13Bus/IEEE13Nodeckt.dss", "650632"},
                                   {"37Bus/ieee37.dss", "l1"},
                                   {"LVTestCase/Master.dss", "line1"}}) {
    const auto of = path;  // clang 14 captures no structured binding
    CAPTURE(of);
    const std::string folder = "ieee-feeders/opendss/" + path.substr(0, path.find_last_of('/') + 1);
    const LoadFile load = [&](const std::string& file) {
      return test::read_text(test::shared_path(folder + file));
    };
    const auto net = read_grid(path.substr(path.find_last_of('/') + 1), load);
    REQUIRE_MESSAGE(net, (net ? "" : net.error()));
    std::vector<Phases> draws;
    for (const Connection& c : net->connections) draws.push_back(c.draw_va);
    const Truth t = test::truth_of(*net, draws);
    std::uint32_t head = 0;
    while (head < net->lines.size() && net->lines[head].name != line) ++head;
    REQUIRE(head < net->lines.size());
    check_exact(t, head);
  }
}

TEST_CASE("noise: J is chi-square distributed, residuals are normal, the estimate is better") {
  // Truths with unequal shares as assumed. 99 % of seeds must pass: of 400, Binomial(400, 0.01) is
  // above 11 once in 500 times. Mean and variance of chi-square: n, 2n; bounds of 4 deviations.
  constexpr int seeds = 400;
  constexpr double share_w = 200;
  StateEstimator estimator(feeder_village());
  double sum = 0, squares = 0, normal_squares = 0, volt_squares = 0, count = 0, volts = 0;
  int beyond = 0, degrees = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const Truth t = village_truth(static_cast<std::uint64_t>(seed), share_w);
    const auto all = with_noise(all_measured(t, head_of(t.network)), Rng(1000).fork("noise", seed));
    const auto e = estimator.estimate(all);
    REQUIRE_MESSAGE(e, (e ? "" : e.error()));
    REQUIRE(e->converged);
    degrees = e->degrees_of_freedom;
    sum += e->objective;
    squares += e->objective * e->objective;
    beyond += fails_chi_square(*e) ? 1 : 0;
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (all[k].quantity != Quantity::voltage) continue;
      normal_squares += e->residuals[k].normalised * e->residuals[k].normalised;
      ++count;
      const Connection& c = t.network.connections[all[k].element];
      double now = 0;
      for (const Complex& v : e->voltage_v[c.bus]) now += std::abs(v) / 3;
      volt_squares += std::pow(now - test::mean_leg_v(t, all[k].element), 2);
      ++volts;
    }
  }
  const double mean = sum / seeds;
  const double variance = squares / seeds - mean * mean;
  CAPTURE(mean);
  CAPTURE(variance);
  CAPTURE(beyond);
  CHECK(degrees == homes + 2);
  CHECK(std::abs(mean - degrees) < 4 * std::sqrt(2.0 * degrees / seeds));
  // The variance of a chi-square's sample variance: (mu_4 - sigma^4) / N, mu_4 = 12 n (n + 4).
  CHECK(std::abs(variance - 2 * degrees) <
        4 * std::sqrt((12.0 * degrees * (degrees + 4) - 4.0 * degrees * degrees) / seeds));
  CHECK(beyond <= 11);
  CHECK(normal_squares / count == doctest::Approx(1).epsilon(0.05));
  // Each voltage is measured to 0.7 V, and estimated to less than half of it.
  CHECK(std::sqrt(volt_squares / volts) < 0.35);
}

TEST_CASE("a wrong voltage or flow has the largest normalised residual, at its detection limit") {
  const Truth t = village_truth(2);
  const auto exact = all_measured(t, head_of(t.network));
  const Estimate clean = estimated(t.network, exact);
  for (const Measurement& m : exact) {
    if (is_injection(m.quantity) || (m.quantity == Quantity::voltage && m.element % 6 != 0))
      continue;
    CAPTURE(describe(t.network, m));
    const std::size_t k = place_of(exact, m.quantity, m.element);
    const Residual& r = clean.residuals[k];
    REQUIRE_FALSE(r.critical);
    const double limit = 3 * m.sigma / std::sqrt(r.redundancy);
    for (const double size : {0.9, 1.1, 3.0, -3.0}) {
      CAPTURE(size);
      auto wrong = exact;
      wrong[k].value += size * limit;
      const Estimate e = estimated(t.network, wrong);
      CHECK(std::abs(e.residuals[k].normalised) ==
            doctest::Approx(3 * std::abs(size)).epsilon(0.03));
      const auto suspect = most_suspect(e);
      REQUIRE(suspect);
      // Errors of active power anywhere look like one of the feeder meter.
      CHECK((suspect->measurement == k || suspect->alike > 0));
      if (m.quantity == Quantity::voltage) CHECK(is_found(e, k) == (std::abs(size) > 1));
    }
  }
}

TEST_CASE("a home's wrong energy is seen; whose it is, only where voltage tells") {
  const Truth t = village_truth(2);
  auto all = all_measured(t, head_of(t.network));
  const std::size_t k = place_of(all, Quantity::active_power, 7);
  // 2 kW too little at 10 W a home and 100 W at the feeder meter: beyond doubt, but of the whole
  // feeder; a voltage that is good to 0.7 V says little about 2 kW.
  all[k].value -= 2000;
  const Estimate vague = estimated(t.network, all);
  CHECK(fails_chi_square(vague));
  CHECK(vague.residuals[k].normalised < -3);
  CHECK(most_suspect(vague)->alike >= homes / 2);
  // With voltages to 5 mV and shares to 5 W it is that home's alone.
  for (Measurement& m : all) {
    if (m.quantity == Quantity::voltage) m.sigma = 0.005;
    if (m.quantity == Quantity::active_shares || m.quantity == Quantity::reactive_shares)
      m.sigma = 5;
  }
  const Estimate sharp = estimated(t.network, all);
  CHECK(is_found(sharp, k));
  CHECK(most_suspect(sharp)->alike == 0);
  StateEstimator estimator(t.network);
  const auto found = find_bad_data(estimator, all);
  REQUIRE(found);
  REQUIRE(found->removed.size() == 1);
  CHECK(found->removed[0].measurement == k);
  CHECK(found->agree);
}

TEST_CASE("several wrong voltages are left out one by one; more than a few are too many") {
  const Truth t = village_truth(4);
  const auto exact = all_measured(t, head_of(t.network));
  StateEstimator estimator(t.network);
  for (const std::size_t wrong : {0u, 1u, 3u, 5u, 8u}) {
    CAPTURE(wrong);
    auto all = exact;
    std::vector<std::size_t> places;
    for (std::uint32_t c = 0; c < wrong; ++c) {
      places.push_back(place_of(all, Quantity::voltage, 2 * c + 1));
      all[places.back()].value += 10 + c;
    }
    const auto found = find_bad_data(estimator, all);
    REQUIRE(found);
    CHECK(found->removed.size() == std::min(wrong, most_removed));
    for (const BadMeasurement& b : found->removed)
      CHECK(std::find(places.begin(), places.end(), b.measurement) != places.end());
    CHECK(found->agree == (wrong <= most_removed));
    CHECK(found->last.degrees_of_freedom == homes + 2 - static_cast<int>(found->removed.size()));
  }
}

TEST_CASE("without redundancy everything is critical, and no error is seen") {
  const Truth t = village_truth(5);
  auto all = without(without(without(all_measured(t, head_of(t.network)), Quantity::voltage),
                             Quantity::active_flow),
                     Quantity::reactive_flow);
  all[place_of(all, Quantity::active_power, 3)].value += 5000;
  const Estimate e = estimated(t.network, all);
  CHECK(e.degrees_of_freedom == 0);
  CHECK_FALSE(fails_chi_square(e));
  CHECK_FALSE(most_suspect(e));
  for (const Residual& r : e.residuals) {
    CHECK(r.critical);
    CHECK(r.normalised == 0);
  }
}

TEST_CASE("with the feeder meter alone beside homes, their errors cannot be told apart") {
  const Truth t = village_truth(5);
  auto all = without(without(all_measured(t, head_of(t.network)), Quantity::voltage),
                     Quantity::reactive_flow);
  double busbar_v = 0;
  for (const Complex& v : t.flow.voltage_v[1]) busbar_v += std::abs(v) / 3;
  all.push_back({Quantity::bus_voltage, 1, busbar_v, 0.7});
  all[place_of(all, Quantity::active_power, 3)].value += 5000;
  const Estimate e = estimated(t.network, all);
  CHECK(e.degrees_of_freedom == 2);
  CHECK(fails_chi_square(e));
  const auto suspect = most_suspect(e);
  REQUIRE(suspect);
  CHECK(suspect->alike >= homes);
}

TEST_CASE("a missing meter: found by the others, assumed in its place, or not observed") {
  const Truth t = village_truth(6);
  const auto all = all_measured(t, head_of(t.network));
  const std::size_t k = place_of(all, Quantity::active_power, 9);
  // The feeder meter less all others says what it draws.
  const auto one_less = without(all, Quantity::active_power, 9);
  const Estimate found = estimated(t.network, one_less);
  CHECK(found.degrees_of_freedom == homes + 1);
  Complex drawn;
  for (const Complex& s : found.drawn_va[9]) drawn += s;
  CHECK(std::abs(drawn.real() - all[k].value) < 5);
  // A pseudo-measurement far off with a large sigma changes it by little and counts.
  auto assumed = all;
  assumed[k].value += 1500;
  assumed[k].sigma = 3000;
  const Estimate with = estimated(t.network, assumed);
  CHECK(with.degrees_of_freedom == homes + 2);
  CHECK_FALSE(fails_chi_square(with));
  drawn = 0;
  for (const Complex& s : with.drawn_va[9]) drawn += s;
  CHECK(std::abs(drawn.real() - all[k].value) < 30);
  // Two missing behind one feeder meter: their sum is known, neither is; by name.
  const auto two_less = without(one_less, Quantity::active_power, 10);
  const std::string error = error_of(t.network, without(two_less, Quantity::voltage));
  CHECK(contains(error, "active power of connection \"home-1"));
  CHECK(contains(error, "not observed"));
  CHECK(contains(error_of(t.network, without(all, Quantity::active_shares, 4)), "shares"));
  CHECK(contains(error_of(t.network, {all.begin(), all.begin() + 1}), "not observed"));
}

TEST_CASE("false data in the column space of the Jacobian leaves no trace") {
  // Whoever controls the meters that a change of state would move, reports another true state.
  const Truth t = village_truth(7);
  std::vector<Phases> draws = t.flow.drawn_va;
  for (Complex& s : draws[12]) s -= 2000;  // 6 kW of export that nobody made
  const Truth lie = test::truth_of(t.network, draws);
  const auto honest = with_noise(all_measured(t, head_of(t.network)), Rng(8));
  auto all = with_noise(all_measured(lie, head_of(t.network)), Rng(8));
  const Estimate before = estimated(t.network, honest), after = estimated(t.network, all);
  CHECK_FALSE(fails_chi_square(after));
  CHECK(after.objective == doctest::Approx(before.objective).epsilon(0.05));
  Complex drawn;
  for (const Complex& s : after.drawn_va[12]) drawn += s;
  Complex truly;
  for (const Complex& s : t.flow.drawn_va[12]) truly += s;
  CHECK(drawn.real() - truly.real() < -5000);  // it is believed
  // The feeder meter alone outside the attacker's reach, and it shows.
  for (const Quantity q : {Quantity::active_flow, Quantity::reactive_flow}) {
    const std::size_t k = place_of(all, q, head_of(t.network));
    all[k] = honest[k];
  }
  CHECK(fails_chi_square(estimated(t.network, all)));
}

TEST_CASE("what cannot be measured is refused by name") {
  const Truth t = village_truth(9);
  const auto all = all_measured(t, head_of(t.network));
  CHECK(contains(error_of(t.network, {}), "nothing is measured"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Quantity q : {Quantity::active_power, Quantity::voltage, Quantity::active_flow}) {
    const std::uint32_t element = q == Quantity::active_flow ? head_of(t.network) : 5;
    const std::size_t k = place_of(all, q, element);
    const std::string name = describe(t.network, all[k]);
    CAPTURE(name);
    for (const double value : {nan, infinity, -infinity}) {
      auto bad = all;
      bad[k].value = value;
      CHECK(contains(error_of(t.network, bad), name + ": the value"));
    }
    for (const double sigma : {nan, infinity, 0.0, -1.0}) {
      auto bad = all;
      bad[k].sigma = sigma;
      CHECK(contains(error_of(t.network, bad), name + ": sigma"));
    }
    for (const std::uint32_t beyond : {1000u, UINT32_MAX}) {
      auto bad = all;
      bad[k].element = beyond;
      CHECK(contains(error_of(t.network, bad), "no such element"));
    }
    auto twice = all;
    twice.push_back(all[k]);
    CHECK(contains(error_of(t.network, twice), name + ": is measured twice"));
  }
  auto unequal = all;
  unequal[place_of(all, Quantity::active_shares, 1)].value = 1;
  CHECK(contains(error_of(t.network, unequal), "shares"));
}

TEST_CASE("an island without a source is not estimated, and the rest is") {
  const Truth t = village_truth(10);
  Network net = t.network;
  for (Line& l : net.lines)
    if (l.name == "service-05") l.to_closed = false;
  auto all = all_measured(t, head_of(net));
  CHECK(contains(error_of(net, all), "connection \"home-05\": no source supplies it"));
  for (const Quantity q : {Quantity::active_power, Quantity::reactive_power,
                           Quantity::active_shares, Quantity::reactive_shares, Quantity::voltage})
    all = without(all, q, 4);
  const Estimate e = estimated(net, all);
  for (const Complex& v : e.voltage_v[net.connections[4].bus]) CHECK(v == Complex{});
}

TEST_CASE("a generator that holds a voltage is refused") {
  Network net = feeder_village();
  net.generators.push_back({1, 1000, 1.0, "plant", 0});
  CHECK(contains(StateEstimator::check(net), "plant"));
  CHECK(StateEstimator::check(feeder_village()).empty());
  CHECK(contains(StateEstimator::check({}), "no bus"));
}

TEST_CASE("powers that no state has do not converge, as a value with the bus") {
  const Truth t = village_truth(11);
  auto all = without(all_measured(t, head_of(t.network)), Quantity::voltage);
  for (Measurement& m : all)
    if (m.quantity == Quantity::active_power) {
      m.value = 400e3;  // 8 MW behind 160 kVA, beyond doubt
      m.sigma = 1e-3;
    }
  const auto e = StateEstimator(t.network).estimate(all);
  REQUIRE_MESSAGE(e, (e ? "" : e.error()));
  CHECK_FALSE(e->converged);
  CHECK(e->iterations == 40);
  CHECK(e->worst_step_pu > 1e-8);
  CHECK(e->residuals.empty());
  CHECK(e->worst_bus < t.network.buses.size());
}

TEST_CASE("an estimate depends on nothing before it") {
  const Truth a = village_truth(12), b = village_truth(13);
  StateEstimator estimator(feeder_village());
  const auto first = estimator.estimate(all_measured(a, head_of(a.network)));
  REQUIRE(estimator.estimate(all_measured(b, head_of(b.network))));
  const auto again = estimator.estimate(all_measured(a, head_of(a.network)));
  REQUIRE(first);
  REQUIRE(again);
  CHECK(first->voltage_v == again->voltage_v);
  CHECK(first->objective == again->objective);
}
