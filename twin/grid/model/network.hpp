#pragma once
// An electrical network as the power flow sees it: values, no behaviour.
// SI units throughout (V, A, W, var, ohm, siemens, metres). Phases 0, 1, 2 are L1, L2, L3; a phase
// mask has bit i set for phase i. What a balanced study gives for one phase stands three times.

#include <array>
#include <complex>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace twin {

using Complex = std::complex<double>;
using Phases = std::array<Complex, 3>;                      // one complex value a phase
using PhaseMatrix = std::array<std::array<Complex, 3>, 3>;  // row, column by phase
using PhaseMask = std::uint8_t;

inline constexpr PhaseMask all_phases = 0b111;

// `id` is the number that the grid file gives an element, or its place from 1 where it gives none.
struct Bus {
  std::string name;
  double nominal_v = 0;  // phase to ground
  double x = 0, y = 0;   // drawing coordinates, metres
  std::int64_t id = 0;
};

// A cable, overhead line, switch or link, pi model. Series impedance of the whole length, neutral
// reduced; rows and columns of phases that it does not have are zero. An end that is not closed
// hangs in the air.
struct Line {
  std::string name;
  std::uint32_t from = 0, to = 0;  // bus indices
  PhaseMatrix z{};                 // ohm; invertible on `phases`
  PhaseMatrix shunt{};             // siemens, the whole line; half stands at each end
  double rated_a = 0;              // 0: no rating known
  double length_m = 0;
  std::int64_t id = 0;
  PhaseMask phases = all_phases;
  bool from_closed = true, to_closed = true;
};

// Where a coil's ends stand: at a phase of its bus, at ground, or at its winding's star point.
enum class Terminal : std::uint8_t { phase_1, phase_2, phase_3, ground, star_point };

// Two coupled coils, one of each winding. The dots are at the first ends.
struct CoilPair {
  std::array<Terminal, 2> from{Terminal::phase_1, Terminal::ground};
  std::array<Terminal, 2> to{Terminal::phase_1, Terminal::ground};
};

// Two windings of one to three coils. With n = (from_coil_v from_tap) / (to_coil_v to_tap) and e
// the voltage over a coil:
//   e_from = n (e_to + z to_tap^2 i_to)    i_to out of the `to` coil's dot    i_from = i_to / n
// so that z keeps its per-unit value on the tapped winding (as OpenDSS and power-grid-model have
// it). A bank of single-phase units is several transformers between the same buses. An ideal
// phase shifter at the `from` end turns the positive sequence on and the negative one back.
struct Transformer {
  std::string name;
  std::uint32_t from = 0, to = 0;
  std::vector<CoilPair> coils;
  double from_coil_v = 0, to_coil_v = 0;     // rated, over one coil
  double from_tap = 1, to_tap = 1;           // of the coil's turns
  double rated_va = 0;                       // of all coils together; 0: not known
  Complex z;                                 // ohm, of one pair, at its `to` coil
  Complex from_magnetising, to_magnetising;  // siemens, over each coil (no-load losses)
  PhaseMatrix from_shunt{}, to_shunt{};      // siemens, terminals to ground, beside the coils
  double shift_rad = 0;                      // by which `from` leads `to`, beside the coils' clock
  // From a winding's star point to ground, ohm; none: isolated.
  std::optional<Complex> from_neutral_z, to_neutral_z;
  // Where a winding's phases have no path to ground, the mean of their voltages is tied to it by
  // this share of its coils' leakage susceptance, so that it is defined; line voltages do not feel
  // it. (OpenDSS's ppm_antifloat is as large, but of each phase.)
  double antifloat = 1e-6;
  std::int64_t id = 0;
  bool from_closed = true, to_closed = true;
};

// A voltage regulator's control of one transformer's `to_tap`: with V over the `to` coil of the
// first pair and I out of its dot,
//   |V / pt_ratio - (r + j x) I / ct_primary_a| is kept within band / 2 of the target
// by whole steps of the tap. Of several that want to move, those with the shortest delay do first.
struct TapControl {
  std::string name;
  std::uint32_t transformer = 0;
  double target_v = 120, band_v = 3;  // on the potential transformer's secondary
  double pt_ratio = 60;
  double ct_primary_a = 300;
  Complex compensation_v;  // line-drop compensation at ct_primary_a, V
  double tap_step = 0.00625, tap_min = 0.9, tap_max = 1.1;
  double delay_s = 15;
  int steps_at_once = 16;
};

// An ideal three-phase voltage behind an impedance. The first is the reference.
struct Source {
  std::uint32_t bus = 0;
  double voltage_pu = 1.0;  // of the bus's nominal voltage
  double angle_deg = 0.0;
  PhaseMatrix z{};  // ohm; zero: an ideal source
  std::string name;
  std::int64_t id = 0;
};

// A machine that holds its bus's voltage: balanced power is given, reactive power follows.
struct Generator {
  std::uint32_t bus = 0;
  double power_w = 0;  // produced, sum of phases
  double voltage_pu = 1;
  std::string name;
  std::int64_t id = 0;
};

// A capacitor bank, reactor or other constant admittance between a bus's phases and ground.
struct Shunt {
  std::uint32_t bus = 0;
  PhaseMatrix y{};  // siemens; current drawn is y v
  std::string name;
  std::int64_t id = 0;
};

// How drawn power answers to voltage u, per unit of the connection's own nominal voltage: shares of
// constant power, current and impedance, S(u) = S (k0 + k1 u + k2 u^2), inside [min_pu, max_pu];
// outside it the limit's impedance stays, so that S is continuous unless `whole_outside`.
struct LoadModel {
  double min_pu = 0.0, max_pu = 10.0;
  std::array<double, 3> p_shares{1, 0, 0}, q_shares{1, 0, 0};
  // Outside the limits S counts whole, whatever its shares are there: its answer jumps (OpenDSS's
  // models 3, 4 and 8).
  bool whole_outside = false;
};

// Legs of a load: leg p stands from phase p to ground, or from phase p to the phase after it.
enum class Hookup : std::uint8_t { wye, delta };

// Where a home, a business or a plant is connected.
struct Connection {
  std::string name;
  std::uint32_t bus = 0;
  PhaseMask phases = all_phases;  // legs that are used
  double nominal_v = 0;           // over a leg; 0: the bus's
  double power_factor = 0.95;     // of its load, lagging
  std::vector<double> profile_w;  // active power where the grid file gives a series, else empty
  double profile_step_s = 0;
  Hookup hookup = Hookup::wye;
  Phases draw_va{};  // by leg, as the grid file has it; consumption positive
  LoadModel model;
  std::int64_t id = 0;
};

struct Network {
  std::vector<Bus> buses;
  std::vector<Line> lines;
  std::vector<Transformer> transformers;
  std::vector<TapControl> tap_controls;
  std::vector<Source> sources;
  std::vector<Generator> generators;
  std::vector<Shunt> shunts;
  std::vector<Connection> connections;
  double frequency_hz = 50;
  // Nothing in the file tells one phase from another: a single phase stands for three.
  bool balanced = false;
};

// The nominal voltage over a connection's leg.
inline double leg_nominal_v(const Network& network, const Connection& c) {
  if (c.nominal_v > 0) return c.nominal_v;
  constexpr double sqrt3 = 1.7320508075688772;
  return network.buses[c.bus].nominal_v * (c.hookup == Hookup::delta ? sqrt3 : 1);
}

// The voltage over leg p where the bus's phases have `v`.
inline Complex leg_voltage(const Connection& c, const Phases& v, unsigned p) {
  return c.hookup == Hookup::delta ? v[p] - v[(p + 1) % 3] : v[p];
}

}  // namespace twin
