#include "twin/grid/pgm/pgm_transformer.hpp"

#include <algorithm>
#include <cmath>

#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

namespace twin::pgm {
namespace {

// Ties a winding that floats to ground, in zero sequence only, so that its voltage to ground is
// defined (power-grid-model's own share of the leakage susceptance).
constexpr double floating_share = 1e-8;

bool is_zigzag(WindingKind w) { return w == WindingKind::zigzag || w == WindingKind::zigzag_n; }

Winding coils_like(WindingKind w, WindingKind other, Complex grounding) {
  if (w == WindingKind::delta || is_zigzag(w)) return Winding::delta;
  const bool grounded = w == WindingKind::wye_n && grounding == Complex{} && !is_zigzag(other);
  return grounded ? Winding::wye_grounded : Winding::wye;
}

Complex series(const Nameplate& p) {
  const double base = p.u2 * p.u2 / p.sn;
  const double r = p.pk / p.sn, x2 = p.uk * p.uk - r * r;
  return base * Complex(r, std::copysign(std::sqrt(std::max(0.0, x2)), p.uk));
}

Complex no_load(const Nameplate& p, double i0, double p0) {
  const double g = p0 / (p.u2_tapped * p.u2_tapped);
  const double y = i0 * p.sn / (p.u2_tapped * p.u2_tapped);
  return {g, -std::sqrt(std::max(0.0, y * y - g * g))};
}

Complex inverse_or_zero(Complex v) { return v == Complex{} ? Complex{} : 1.0 / v; }

// What a grounded wye sees in zero sequence beyond what its coils do by themselves.
Complex beyond_coils(Complex z, Complex y0, Complex grounding, bool other_is_delta) {
  const Complex y = y0 + (other_is_delta ? 1.0 / z : Complex{});
  const Complex whole = y == Complex{} ? Complex{} : 1.0 / (1.0 / y + 3.0 * grounding);
  return whole - (other_is_delta ? 1.0 / (z + 3.0 * grounding) : Complex{});
}

// Whether zero sequence finds a way to ground in or through a winding.
bool is_held(WindingKind w, WindingKind other) {
  const bool through = other == WindingKind::wye_n || other == WindingKind::delta;
  return w == WindingKind::zigzag_n || (w == WindingKind::wye_n && through);
}

// Zero-sequence shunts of both ends at the `to` side's voltage.
struct ZeroShunts {
  Complex from, to;
};
ZeroShunts zero_shunts(const Nameplate& p, Complex z, Complex y0, double ratio) {
  const Complex from_grounding = p.from_grounding / (ratio * ratio);
  ZeroShunts out;
  if (p.from == WindingKind::wye_n && p.to == WindingKind::wye_n)
    out = {y0 / 2.0, y0 / 2.0};
  else if (p.from == WindingKind::wye_n)
    out.from = beyond_coils(z, y0, from_grounding, p.to == WindingKind::delta);
  else if (p.to == WindingKind::wye_n)
    out.to = beyond_coils(z, y0, p.to_grounding, p.from == WindingKind::delta);
  if (p.from == WindingKind::zigzag_n) out.from = inverse_or_zero(0.1 * z + 3.0 * from_grounding);
  if (p.to == WindingKind::zigzag_n) out.to = inverse_or_zero(0.1 * z + 3.0 * p.to_grounding);
  const Complex hold(0, -floating_share / std::abs(z));
  if (!is_held(p.from, p.to)) out.from += hold;
  if (!is_held(p.to, p.from)) out.to += hold;
  return out;
}

}  // namespace

Transformer transformer_of(const Nameplate& p) {
  const Winding from = coils_like(p.from, p.to, p.from_grounding);
  const Winding to = coils_like(p.to, p.from, p.to_grounding);
  Transformer t;
  t.coils = coils_of(from, to, (p.clock % 12 + 12) % 12);
  t.from_coil_v = coil_voltage(from, p.u1);
  t.to_coil_v = coil_voltage(to, p.u2);
  t.from_tap = p.u1_tapped / p.u1;
  t.to_tap = p.u2_tapped / p.u2;
  t.rated_va = p.sn;
  t.antifloat = 0;
  const Complex z = series(p);
  t.z = to == Winding::delta ? 3.0 * z : z;
  if (from == Winding::wye && p.from == WindingKind::wye_n && !is_zigzag(p.to))
    t.from_neutral_z = p.from_grounding;
  if (to == Winding::wye && p.to == WindingKind::wye_n && !is_zigzag(p.from))
    t.to_neutral_z = p.to_grounding;

  const double ratio = p.u1_tapped / p.u2_tapped, at_from = 1 / (ratio * ratio);
  const Complex half = no_load(p, p.i0, p.p0) / 2.0;
  const ZeroShunts zero =
      zero_shunts(p, z * (t.to_tap * t.to_tap), no_load(p, p.i0_zero, p.p0_zero), ratio);
  t.from_shunt = from_sequence(half * at_from, zero.from * at_from);
  t.to_shunt = from_sequence(half, zero.to);
  return t;
}

double at_tap(const TapRange& tap, double nominal, double low, double high) {
  const bool towards_max =
      tap.pos <= std::max(tap.nom, tap.max) && tap.pos >= std::min(tap.nom, tap.max);
  const int end = towards_max ? tap.max : tap.min;
  if (end == tap.nom) return nominal;
  const double step = ((towards_max ? high : low) - nominal) / (end - tap.nom);
  return nominal + (tap.pos - tap.nom) * step;
}

}  // namespace twin::pgm
