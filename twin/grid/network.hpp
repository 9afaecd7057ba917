#pragma once
// A three-phase distribution network as the power flow sees it: values, no behaviour.
// SI units throughout (V, A, W, var, ohm, siemens, metres). Phases 0, 1, 2 are L1, L2, L3.

#include <array>
#include <complex>
#include <cstdint>
#include <string>
#include <vector>

namespace twin {

using Complex = std::complex<double>;
using Phases = std::array<Complex, 3>;                      // one complex value a phase
using PhaseMatrix = std::array<std::array<Complex, 3>, 3>;  // row, column by phase

struct Bus {
  std::string name;
  double nominal_v = 0;  // phase to ground
  double x = 0, y = 0;   // drawing coordinates, metres
};

// A cable or overhead line, pi model. Series impedance of the whole length, neutral reduced.
struct Line {
  std::string name;
  std::uint32_t from = 0, to = 0;  // bus indices
  PhaseMatrix z{};                 // ohm
  PhaseMatrix shunt{};             // siemens, the whole line; half stands at each end
  double rated_a = 0;              // 0: no rating known
  double length_m = 0;
};

enum class Winding : std::uint8_t { wye_grounded, wye, delta };

// Two windings. `from` is the side of the source.
struct Transformer {
  std::string name;
  std::uint32_t from = 0, to = 0;
  Winding from_winding = Winding::delta, to_winding = Winding::wye_grounded;
  int clock = 11;             // hours by which `to` lags `from` (11: leads by 30 degrees)
  double from_nominal_v = 0;  // line to line
  double to_nominal_v = 0;    // line to line
  double rated_va = 0;
  Complex short_circuit_pu;  // series impedance on its own rating
  Complex magnetising_pu;    // shunt admittance on its own rating (no-load losses)
  double tap = 1.0;          // ratio on the `from` side
};

// The slack: an ideal three-phase voltage behind a source impedance.
struct Source {
  std::uint32_t bus = 0;
  double voltage_pu = 1.0;  // of the bus's nominal voltage
  double angle_deg = 0.0;
  PhaseMatrix z{};  // ohm
};

// Where a home, a business or a plant is connected.
struct Connection {
  std::string name;
  std::uint32_t bus = 0;
  std::uint8_t phases = 0b111;    // bit i: phase i is used
  double nominal_v = 0;           // its own, phase to ground; 0: the bus's
  double power_factor = 0.95;     // of its load, lagging
  std::vector<double> profile_w;  // active power where the grid file gives a series, else empty
  double profile_step_s = 0;
};

// How a load answers to voltage: constant power inside [min_pu, max_pu] of the bus's nominal
// voltage and constant impedance outside, continuous at the limits.
struct LoadModel {
  double min_pu = 0.0;
  double max_pu = 10.0;
};

struct Network {
  std::vector<Bus> buses;
  std::vector<Line> lines;
  std::vector<Transformer> transformers;
  Source source;
  std::vector<Connection> connections;
  LoadModel load_model;  // as the grid file has it
  double frequency_hz = 50;
};

}  // namespace twin
