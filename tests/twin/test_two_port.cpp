#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <numbers>
#include <tuple>

#include "ledger/base/rng.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

using namespace twin;

namespace {

constexpr double sqrt3 = std::numbers::sqrt3;
const Complex j(0, 1);

Phases balanced(double size, double angle_deg = 0, int sequence = 1) {
  Phases out;
  for (int p = 0; p < 3; ++p)
    out[static_cast<std::size_t>(p)] =
        std::polar(size, (angle_deg - sequence * 120 * p) * std::numbers::pi / 180);
  return out;
}

double largest(const Phases& v) {
  return std::max({std::abs(v[0]), std::abs(v[1]), std::abs(v[2])});
}

double largest(const PhaseMatrix& m) {
  double out = 0;
  for (const auto& row : m)
    for (const Complex& c : row) out = std::max(out, std::abs(c));
  return out;
}

bool symmetric(const TwoPort& y) {
  const double size = largest(y.ff) + largest(y.tt);
  return largest(y.ff - transposed(y.ff)) < 1e-13 * size &&
         largest(y.tt - transposed(y.tt)) < 1e-13 * size &&
         largest(y.ft - transposed(y.tf)) < 1e-13 * size;
}

// 10 kV to 400 V, 4 percent.
Transformer transformer(Winding from, Winding to, int clock) {
  Transformer t;
  t.coils = coils_of(from, to, clock);
  t.from_coil_v = coil_voltage(from, 10000);
  t.to_coil_v = coil_voltage(to, 400);
  t.rated_va = 100e3;
  t.z = t.to_coil_v * t.to_coil_v / (t.rated_va / 3) * Complex(0.01, 0.04);
  return t;
}

// Voltages at an end without load where the other one has `v`; that needs a path to ground there.
Phases unloaded_to(const TwoPort& y, const Phases& v) {
  const auto inside = inverse(y.tt);
  REQUIRE(inside.has_value());
  const Phases driven = y.tf * v;
  return Phases{} - *inside * driven;
}

// Hours by which the `to` side's positive sequence lags.
double clock_of(const TwoPort& y) {
  const Phases v = balanced(10000 / sqrt3);
  const double lag = std::arg(v[0] / unloaded_to(y, v)[0]) * 6 / std::numbers::pi;
  return lag < -1e-6 ? lag + 12 : lag;
}

Complex power(const Phases& v, const Phases& i) {
  Complex s;
  for (std::size_t p = 0; p < 3; ++p) s += v[p] * std::conj(i[p]);
  return s;
}

Phases random_phases(ledger::Rng& rng, double size) {
  Phases out;
  for (Complex& v : out) v = Complex(rng.uniform(-size, size), rng.uniform(-size, size));
  return out;
}

PhaseMatrix random_line_z(ledger::Rng& rng) {
  PhaseMatrix z = from_sequence({0.2, 0.3}, {0.8, 0.9});
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q <= p; ++q) z[p][q] = z[q][p] = z[p][q] * rng.uniform(0.8, 1.2);
  return z;
}

}  // namespace

TEST_CASE("two-port: every vector group turns by its clock and keeps its ratio") {
  const Phases v = balanced(10000 / sqrt3);
  for (const Winding from : {Winding::wye_grounded, Winding::wye, Winding::delta})
    for (const Winding to : {Winding::wye_grounded, Winding::wye, Winding::delta})
      for (int clock = 0; clock < 12; ++clock) {
        const bool odd = (from == Winding::delta) != (to == Winding::delta);
        CAPTURE(static_cast<int>(from));
        CAPTURE(static_cast<int>(to));
        CAPTURE(clock);
        if (odd != (clock % 2 == 1)) {
          CHECK(coils_of(from, to, clock).empty());
          continue;
        }
        const TwoPort y = admittance(transformer(from, to, clock));
        CHECK(symmetric(y));
        CHECK(clock_of(y) == doctest::Approx(clock).epsilon(1e-6));
        CHECK(std::abs(unloaded_to(y, v)[1]) == doctest::Approx(400 / sqrt3).epsilon(1e-7));
        // The negative sequence turns the other way.
        const Phases n = balanced(100, 0, -1);
        const double lead = std::arg(unloaded_to(y, n)[0] / n[0]) * 6 / std::numbers::pi;
        CHECK(std::abs(std::remainder(lead - clock, 12)) < 1e-5);
      }
}

TEST_CASE("two-port: twelve o'clock is none, and there is no thirteenth hour") {
  CHECK(coils_of(Winding::delta, Winding::delta, 12).size() == 3);
  CHECK(coils_of(Winding::wye, Winding::wye, 12).size() == 3);
  CHECK(coils_of(Winding::delta, Winding::wye, 12).empty());
  CHECK(coils_of(Winding::wye, Winding::delta, 4).empty());
}

TEST_CASE("two-port: short-circuited it takes the current of its impedance") {
  for (const auto& [from, to, clock] : {std::tuple{Winding::delta, Winding::wye_grounded, 5},
                                        {Winding::wye_grounded, Winding::wye_grounded, 0},
                                        {Winding::wye, Winding::delta, 11},
                                        {Winding::delta, Winding::delta, 6}}) {
    Transformer t = transformer(from, to, clock);
    const TwoPort y = admittance(t);
    const Phases v = balanced(10000 / sqrt3);
    const double rated_a = 100e3 / (sqrt3 * 10000);
    CHECK(largest(y.ff * v) == doctest::Approx(rated_a / std::hypot(0.01, 0.04)).epsilon(1e-6));
  }
}

TEST_CASE("two-port: zero sequence passes where both stars are grounded, and stops at a delta") {
  const Phases zero{1, 1, 1};
  const auto taken = [&](Winding from, Winding to, int clock, bool at_to) {
    const TwoPort y = admittance(transformer(from, to, clock));
    return largest((at_to ? y.tt : y.ff) * zero);
  };
  const double y_to = 1 / std::abs(transformer(Winding::delta, Winding::wye_grounded, 5).z);
  CHECK(taken(Winding::delta, Winding::wye_grounded, 5, true) == doctest::Approx(y_to));
  CHECK(taken(Winding::wye_grounded, Winding::wye_grounded, 0, true) == doctest::Approx(y_to));
  CHECK(taken(Winding::wye, Winding::wye_grounded, 0, true) < 2e-6 * y_to);
  CHECK(taken(Winding::delta, Winding::wye, 5, true) < 2e-6 * y_to);
  CHECK(taken(Winding::delta, Winding::wye_grounded, 5, false) < 1e-5 * y_to);
  // What passes comes out at the other end in full.
  const TwoPort y = admittance(transformer(Winding::wye_grounded, Winding::wye_grounded, 0));
  CHECK(std::abs((y.tf * zero)[0]) == doctest::Approx(25 / 625.0 * y_to));
  const TwoPort blocked = admittance(transformer(Winding::wye_grounded, Winding::delta, 11));
  CHECK(largest(blocked.tf * zero) < 1e-12 * y_to);
}

TEST_CASE("two-port: where phases have no path to ground only their mean is tied to it") {
  for (const Winding to : {Winding::delta, Winding::wye}) {
    const TwoPort y = admittance(transformer(Winding::delta, to, to == Winding::delta ? 0 : 11));
    const PhaseMatrix inside = *inverse(y.tt);
    CHECK(is_finite(inside));
    // Line-to-line currents raise no mean voltage, and see the leakage alone.
    const Phases v = inside * Phases{1, -1, 0};
    CHECK(std::abs(v[0] + v[1] + v[2]) < 1e-8 * std::abs(v[0]));
    Transformer looser = transformer(Winding::delta, to, to == Winding::delta ? 0 : 11);
    looser.antifloat = 1e-3;
    const Phases u = *inverse(admittance(looser).tt) * Phases{1, -1, 0};
    CHECK(std::abs((u[0] - u[1]) / (v[0] - v[1]) - 1.0) < 1e-8);
  }
}

TEST_CASE("two-port: coils between two phases, as in an open delta, are tied by all their phases") {
  Transformer t = transformer(Winding::delta, Winding::delta, 0);
  t.coils.pop_back();
  const TwoPort y = admittance(t);
  CHECK(symmetric(y));
  const Phases v = balanced(10000 / sqrt3);
  const Phases out = unloaded_to(y, v);
  CHECK(std::abs(out[0] - out[1]) == doctest::Approx(400).epsilon(1e-6));
  CHECK(std::abs(out[2] - out[0]) == doctest::Approx(400).epsilon(1e-6));
  CHECK(std::abs(out[0] + out[1] + out[2]) < 1e-4);
}

TEST_CASE("two-port: a neutral impedance counts three times in the zero sequence") {
  Transformer t = transformer(Winding::delta, Winding::wye, 5);
  t.to_neutral_z = Complex(0.05, 0.02);
  const Phases zero{1, 1, 1};
  const Phases i = admittance(t).tt * zero;
  CHECK(std::abs(i[0] - 1.0 / (t.z + 3.0 * *t.to_neutral_z)) < 1e-10 * std::abs(i[0]));
  // None in the positive one.
  Transformer solid = transformer(Winding::delta, Winding::wye_grounded, 5);
  const Phases v = balanced(230);
  CHECK(largest(admittance(t).tt * v - admittance(solid).tt * v) < 1e-9 * 230 / std::abs(t.z));
}

TEST_CASE("two-port: a star point at ground without impedance is a grounded winding") {
  Transformer t = transformer(Winding::wye, Winding::wye, 6);
  t.from_neutral_z = t.to_neutral_z = Complex{};
  const TwoPort a = admittance(t),
                b = admittance(transformer(Winding::wye_grounded, Winding::wye_grounded, 6));
  CHECK(largest(a.ff - b.ff) < 1e-6 * largest(b.ff));
  CHECK(largest(a.ft - b.ft) < 1e-6 * largest(b.ft));
  CHECK(largest(a.tt - b.tt) < 1e-6 * largest(b.tt));
}

TEST_CASE("two-port: taps change the turns, and z stays per unit on the tapped winding") {
  const Phases v = balanced(10000 / sqrt3);
  for (const auto& [from_tap, to_tap] : {std::pair{1.0, 1.05}, {0.95, 1.0}, {1.025, 0.975}}) {
    Transformer t = transformer(Winding::delta, Winding::wye_grounded, 11);
    t.from_tap = from_tap;
    t.to_tap = to_tap;
    const TwoPort y = admittance(t);
    CHECK(std::abs(unloaded_to(y, v)[2]) ==
          doctest::Approx(400 / sqrt3 * to_tap / from_tap).epsilon(1e-7));
    CHECK(std::abs(y.tt[0][0] - 1.0 / (t.z * to_tap * to_tap)) < 1e-12 * std::abs(y.tt[0][0]));
  }
}

TEST_CASE("two-port: an ideal transformer keeps power, whatever its winding") {
  // Without resistance no real power is lost, and the reactive power is that of z alone.
  ledger::Rng rng(5);
  for (const Winding from : {Winding::wye_grounded, Winding::wye, Winding::delta})
    for (const Winding to : {Winding::wye_grounded, Winding::delta})
      for (int clock = 0; clock < 12; ++clock) {
        Transformer t = transformer(from, to, clock);
        if (t.coils.empty()) continue;
        t.z = j * t.z.imag();
        t.to_tap = 1.05;
        const TwoPort y = admittance(t);
        const Phases a = random_phases(rng, 6000), b = random_phases(rng, 250);
        const Complex in = power(a, y.ff * a + y.ft * b), out = power(b, y.tf * a + y.tt * b);
        CHECK(std::abs((in + out).real()) < 1e-9 * std::abs(in));
        CHECK((in + out).imag() > 0);
      }
}

TEST_CASE("two-port: no-load losses are those of the magnetising admittance") {
  Transformer t = transformer(Winding::delta, Winding::wye_grounded, 5);
  t.to_magnetising = Complex(100.0, -400.0) / (t.to_coil_v * t.to_coil_v);
  t.to_closed = false;
  const Phases v = balanced(10000 / sqrt3);
  const Complex s = power(v, admittance(t).ff * v);
  CHECK(s.real() == doctest::Approx(300).epsilon(0.01));
  CHECK(s.imag() == doctest::Approx(1200).epsilon(0.01));
}

TEST_CASE("two-port: a line with an open end is its charging behind its impedance") {
  ledger::Rng rng(1);
  Line l;
  l.z = random_line_z(rng);
  l.shunt = from_sequence({0, 2e-4}, {0, 1e-4});
  const TwoPort closed = admittance(l);
  CHECK(symmetric(closed));
  l.to_closed = false;
  const TwoPort open = admittance(l);
  CHECK(is_zero(open.ft));
  CHECK(is_zero(open.tf));
  CHECK(is_zero(open.tt));
  const PhaseMatrix half = 0.5 * l.shunt;
  const PhaseMatrix expected = half + *inverse(l.z + *inverse(half));
  CHECK(largest(open.ff - expected) < 1e-11 * largest(expected));
  l.from_closed = false;
  CHECK(is_zero(admittance(l).ff));
  l.to_closed = true;
  CHECK(largest(admittance(l).tt - expected) < 1e-11 * largest(expected));
}

TEST_CASE(
    "two-port: a line without charging takes exactly nothing where an end is open; one may not "
    "resonate") {
  Line line;
  line.z = from_sequence(Complex(5e-9, 5e-9), Complex(5e-9, 5e-9));
  line.to_closed = false;
  CHECK_FALSE(resonates(line));
  const TwoPort y = admittance(line);
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q < 3; ++q) CHECK(y.ff[p][q] == Complex{});
  // 2 ohm of reactance against half of 1 siemens.
  line.z = from_sequence(Complex(0, 2), Complex(0, 2));
  line.shunt = from_sequence(Complex(0, 1), Complex(0, 1));
  CHECK(resonates(line));
}

TEST_CASE("two-port: an open grounded winding still lets its delta carry the zero sequence") {
  Transformer t = transformer(Winding::wye_grounded, Winding::delta, 11);
  const Phases zero{1, 1, 1};
  const Complex before = (admittance(t).ff * zero)[0];
  t.to_closed = false;
  const Phases i = admittance(t).ff * zero;
  CHECK(std::abs(i[0] - before) < 1e-9 * std::abs(before));
  CHECK(largest(admittance(t).ff * balanced(1)) < 1e-5 * std::abs(before));
}

TEST_CASE("two-port: phases that a line does not have stay out of it") {
  ledger::Rng rng(2);
  Line l;
  l.z = random_line_z(rng);
  for (std::size_t p = 0; p < 3; ++p) l.z[p][1] = l.z[1][p] = 0;
  l.phases = 0b101;
  const TwoPort y = admittance(l);
  for (std::size_t p = 0; p < 3; ++p) {
    CHECK(y.ff[p][1] == Complex{});
    CHECK(y.ft[1][p] == Complex{});
  }
  CHECK(std::abs((y.ff * (l.z * Phases{1, 0, 0}))[0] - 1.0) < 1e-12);
}

TEST_CASE("phase matrix: inverses, sequences and what has none") {
  ledger::Rng rng(3);
  const PhaseMatrix z = random_line_z(rng);
  const PhaseMatrix one = z * *inverse(z);
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q < 3; ++q) CHECK(std::abs(one[p][q] - (p == q ? 1.0 : 0.0)) < 1e-14);
  CHECK(std::abs(positive_sequence(from_sequence({1, 2}, {3, 4})) - Complex(1, 2)) < 1e-15);
  CHECK_FALSE(inverse(PhaseMatrix{}).has_value());
  CHECK_FALSE(inverse(from_sequence(0, 1)).has_value());
  PhaseMatrix part{};
  part[1][1] = 2;
  CHECK_FALSE(inverse(part).has_value());
  CHECK(inverse(part, 0b010)->at(1)[1] == Complex(0.5));
}
