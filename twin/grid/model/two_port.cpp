#include "twin/grid/model/two_port.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ledger/base/invariant.hpp"
#include "twin/grid/model/phase_matrix.hpp"

namespace twin {
namespace {

// The ideal phase shifter: V_from = r V_inner, I_inner = r^T I_from, with r the real rotation that
// turns positive sequence by `angle`, negative sequence by -angle and leaves zero sequence alone.
PhaseMatrix rotation(double angle) {
  PhaseMatrix r;
  for (int p = 0; p < 3; ++p)
    for (int q = 0; q < 3; ++q)
      r[p][q] = (1 + 2 * std::cos(angle + (q - p) * 2 * std::numbers::pi / 3)) / 3;
  return r;
}

void shift(TwoPort& y, double angle) {
  if (angle == 0) return;
  const PhaseMatrix r = rotation(angle), back = transposed(r);
  y.ff = r * y.ff * back;
  y.ft = r * y.ft;
  y.tf = y.tf * back;
}

// What the other end sees of a two-port whose end is open: ff - ft tt^-1 tf.
PhaseMatrix behind_open_end(const PhaseMatrix& ff, const PhaseMatrix& ft, const PhaseMatrix& tf,
                            const PhaseMatrix& tt) {
  PhaseMask used = 0;
  for (std::size_t p = 0; p < 3; ++p)
    if (tt[p][p] != Complex{}) used |= static_cast<PhaseMask>(1 << p);
  const auto inside = inverse(tt, used);
  return inside ? ff - ft * (*inside * tf) : ff;
}

void open_ends(TwoPort& y, bool from_closed, bool to_closed) {
  if (from_closed && to_closed) return;
  const TwoPort whole = y;
  y = {};
  if (from_closed) y.ff = behind_open_end(whole.ff, whole.ft, whole.tf, whole.tt);
  if (to_closed) y.tt = behind_open_end(whole.tt, whole.tf, whole.ft, whole.ff);
}

// Terminals of a transformer: phases of `from`, of `to`, then both star points.
constexpr std::size_t from_star = 6, to_star = 7, terminals = 8;
using Nodal = std::array<std::array<Complex, terminals>, terminals>;
constexpr std::size_t at_ground = terminals;

std::size_t place(Terminal t, bool to_side) {
  if (t == Terminal::ground) return at_ground;
  if (t == Terminal::star_point) return to_side ? to_star : from_star;
  return static_cast<std::size_t>(t) + (to_side ? 3 : 0);
}

// An admittance matrix between two coils, each between its two places.
void add_between(Nodal& y, std::array<std::size_t, 2> a, std::array<std::size_t, 2> b, Complex g) {
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t k = 0; k < 2; ++k)
      if (a[i] != at_ground && b[k] != at_ground) y[a[i]][b[k]] += i == k ? g : -g;
}

void eliminate(Nodal& y, std::size_t n) {
  const Complex pivot = y[n][n];
  if (pivot == Complex{}) return;  // no coil stands there
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k) y[i][k] -= y[i][n] * y[n][k] / pivot;
}

bool at_star(const std::array<Terminal, 2>& coil) {
  return coil[0] == Terminal::star_point || coil[1] == Terminal::star_point;
}

// Whether current can flow to ground through a coil: its own end stands there, and the coil that it
// is coupled with does not hang on a star point that lets no such current through.
bool reaches_ground(const std::array<Terminal, 2>& coil, bool own_star_grounded,
                    const std::array<Terminal, 2>& other, bool other_star_grounded) {
  const bool ends_there = coil[0] == Terminal::ground || coil[1] == Terminal::ground ||
                          (at_star(coil) && own_star_grounded);
  return ends_there && (!at_star(other) || other_star_grounded);
}

// Ties the mean voltage of phases that no coil joins to ground to it. Line voltages do not feel it.
void tie_to_ground(Nodal& y, const Transformer& t, bool to_side, Complex g) {
  std::array<bool, terminals> floats{};
  Complex share;
  for (const CoilPair& pair : t.coils) {
    const auto& coil = to_side ? pair.to : pair.from;
    const bool own = (to_side ? t.to_neutral_z : t.from_neutral_z).has_value();
    const bool others = (to_side ? t.from_neutral_z : t.to_neutral_z).has_value();
    if (reaches_ground(coil, own, to_side ? pair.from : pair.to, others)) continue;
    share += g;
    for (const Terminal end : coil)
      if (end <= Terminal::phase_3) floats[place(end, to_side)] = true;
  }
  const auto n = static_cast<double>(std::count(floats.begin(), floats.end(), true));
  for (std::size_t i = 0; i < terminals; ++i)
    for (std::size_t k = 0; k < terminals; ++k)
      if (floats[i] && floats[k]) y[i][k] += share / (n * n);
}

void add_neutral(Nodal& y, std::size_t star, const std::optional<Complex>& z) {
  if (!z) return;
  constexpr double solid_s = 1e9;  // a star point that is grounded without an impedance
  y[star][star] += *z == Complex{} ? Complex(solid_s) : 1.0 / *z;
}

// Half a line's shunt as seen through its series impedance, (1 + y z)^-1 y. Nothing cancels, so
// that a line without shunt draws nothing at all, however small its impedance is.
std::optional<PhaseMatrix> charging_behind(const PhaseMatrix& z, const PhaseMatrix& y) {
  PhaseMatrix m = y * z;
  for (std::size_t p = 0; p < 3; ++p) m[p][p] += 1.0;
  const auto inverted = inverse(m);
  if (!inverted) return std::nullopt;
  return *inverted * y;
}

}  // namespace

bool resonates(const Line& line) { return !charging_behind(line.z, 0.5 * line.shunt); }

TwoPort admittance(const Line& line) {
  const auto y = inverse(line.z, line.phases);
  ledger::invariant(y.has_value(), "a line's impedance was checked");
  const PhaseMatrix half = 0.5 * line.shunt;
  if (line.from_closed && line.to_closed) return {*y + half, -1.0 * *y, -1.0 * *y, *y + half};
  const auto behind = charging_behind(line.z, half);
  ledger::invariant(behind.has_value(), "a line's resonance was checked");
  const PhaseMatrix own = half + *behind;
  return {line.from_closed ? own : PhaseMatrix{}, {}, {}, line.to_closed ? own : PhaseMatrix{}};
}

TwoPort admittance(const Transformer& t) {
  const double k = t.to_coil_v * t.to_tap / (t.from_coil_v * t.from_tap);
  const Complex y = 1.0 / (t.z * (t.to_tap * t.to_tap));
  Nodal nodal{};
  for (const CoilPair& pair : t.coils) {
    const std::array from{place(pair.from[0], false), place(pair.from[1], false)};
    const std::array to{place(pair.to[0], true), place(pair.to[1], true)};
    add_between(nodal, from, from, k * k * y + t.from_magnetising);
    add_between(nodal, from, to, -k * y);
    add_between(nodal, to, from, -k * y);
    add_between(nodal, to, to, y + t.to_magnetising);
  }
  tie_to_ground(nodal, t, false, Complex(0, t.antifloat * k * k * y.imag()));
  tie_to_ground(nodal, t, true, Complex(0, t.antifloat * y.imag()));
  add_neutral(nodal, from_star, t.from_neutral_z);
  add_neutral(nodal, to_star, t.to_neutral_z);
  eliminate(nodal, to_star);
  eliminate(nodal, from_star);
  TwoPort out;
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q < 3; ++q) {
      out.ff[p][q] = nodal[p][q];
      out.ft[p][q] = nodal[p][q + 3];
      out.tf[p][q] = nodal[p + 3][q];
      out.tt[p][q] = nodal[p + 3][q + 3];
    }
  out.ff = out.ff + t.from_shunt;
  out.tt = out.tt + t.to_shunt;
  shift(out, t.shift_rad);
  open_ends(out, t.from_closed, t.to_closed);
  return out;
}

std::vector<CoilPair> coils_of(Winding from, Winding to, int clock) {
  // With both windings' coil i on one limb, the `to` side lags by this many hours. Handing each
  // limb's `to` coil on to the next phase adds four hours, turning its dots round adds six.
  const bool from_delta = from == Winding::delta, to_delta = to == Winding::delta;
  const int natural = from_delta == to_delta ? 0 : from_delta ? 11 : 1;
  const auto ends = [](Winding w, std::size_t phase) -> std::array<Terminal, 2> {
    const auto first = static_cast<Terminal>(phase);
    if (w == Winding::delta) return {first, static_cast<Terminal>((phase + 1) % 3)};
    return {first, w == Winding::wye ? Terminal::star_point : Terminal::ground};
  };
  for (int shift = 0; shift < 3; ++shift)
    for (int turned = 0; turned < 2; ++turned) {
      if ((natural + 4 * shift + 6 * turned - clock) % 12 != 0) continue;
      std::vector<CoilPair> coils;
      for (std::size_t limb = 0; limb < 3; ++limb) {
        CoilPair pair{ends(from, limb), ends(to, (limb + 3 - static_cast<std::size_t>(shift)) % 3)};
        if (turned) std::swap(pair.to[0], pair.to[1]);
        coils.push_back(pair);
      }
      return coils;
    }
  return {};
}

double coil_voltage(Winding winding, double line_v) {
  return winding == Winding::delta ? line_v : line_v / std::numbers::sqrt3;
}

}  // namespace twin
