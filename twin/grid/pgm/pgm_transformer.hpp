#pragma once
// From a transformer's nameplate to its coils, as power-grid-model computes it ("Components":
// Transformer, Three-Winding Transformer), all at the `to` side's tapped voltage u2:
//   |z| = uk u2^2 / sn    Re z = pk u2^2 / sn^2    |y| = i0 sn / u2^2    Re y = p0 / u2^2, Im y < 0
// half of y at each end. A negative uk or pk (the star of three windings) makes its part of z
// negative. In zero sequence a grounded wye sees its own half of the circuit only: y0, and z where
// the other winding is a delta; a zigzag is a delta with 0.1 z to ground. A winding without
// a way to ground is held by 1e-8 of 1 / |z|.

#include "twin/grid/model/network.hpp"

namespace twin::pgm {

enum class WindingKind : std::uint8_t { wye, wye_n, delta, zigzag, zigzag_n };

struct Nameplate {
  WindingKind from = WindingKind::wye_n, to = WindingKind::wye_n;
  int clock = 0;                        // hours by which `to` lags
  double u1 = 0, u2 = 0;                // rated, line to line
  double u1_tapped = 0, u2_tapped = 0;  // where the tap changer stands
  double sn = 0, uk = 0, pk = 0, i0 = 0, p0 = 0;
  double i0_zero = 0, p0_zero = 0;       // zero-sequence no-load current and loss
  Complex from_grounding, to_grounding;  // ohm
};

// No coils where the vector group does not exist. Ends, name, id and switches are the caller's.
Transformer transformer_of(const Nameplate& plate);

// A quantity that goes linearly from `nominal` to `low` and `high` as the tap goes from `tap_nom`
// to `tap_min` and `tap_max`.
struct TapRange {
  int pos = 0, min = 0, max = 0, nom = 0;
};
double at_tap(const TapRange& tap, double nominal, double low, double high);

}  // namespace twin::pgm
