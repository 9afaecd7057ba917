#pragma once
// The inner loops of the backward-forward sweep, over plain arrays and for several scenarios side
// by side (lanes). Compiled once for each instruction set; every build does the same additions and
// multiplications in the same order, so that results do not depend on the processor or on how many
// lanes run together. Equations stand in sweep.hpp.
//
// Complex values are pairs (re, im). By-coefficient arrays hold P x P pairs, row by row. State
// arrays hold, for each row (a node or an inner bus) and phase, `lanes` real parts, then `lanes`
// imaginary ones.

#include <cstdint>

namespace twin {

// One leg of a load, at a node's phase a to ground or to phase b.
struct SweepLeg {
  std::uint8_t a = 0, b = 0;
  bool delta = false;
  bool answers = false;           // has shares of constant current or impedance
  bool whole_outside = false;     // and none outside its limits
  double u2_min = 0, u2_max = 0;  // V^2: constant impedance outside
  double per_nominal = 0;         // 1 / V
  double p_shares[3] = {1, 0, 0}, q_shares[3] = {1, 0, 0};
};

// A line that closes a loop, from node a to node b.
struct SweepChord {
  std::uint32_t a = 0, b = 0;
  std::uint8_t phases = 7;  // bits of those that it has
  const double* z = nullptr;
};

struct SweepNode {
  std::uint32_t parent = 0;
  std::uint32_t first_leg = 0, legs = 0;
  bool full_wye = false;  // its first three legs are wye, of constant power, on phases 0, 1, 2
  bool has_child = false;
  bool chord_end = false;
  bool first_child = false;          // the first of its parent's children that the way up meets
  const double* shunt = nullptr;     // or none
  const double* two_port = nullptr;  // matrices A, B, C, D; or none: a line with `z`
  double per_nominal2 = 0;           // 1 / V^2
};

struct SweepArrays {
  int lanes = 1;  // 1 or sweep_lanes
  int phases = 3;
  std::uint32_t nodes = 0, inners = 0, chords = 0;
  const SweepNode* node = nullptr;
  const double* z = nullptr;  // by node, from its parent; of the root: the source's own
  const SweepLeg* leg = nullptr;
  const double* emf = nullptr;  // by phase
  const std::uint32_t* inner_top = nullptr;
  const std::uint32_t* inner_bottom = nullptr;
  const double* inner_z = nullptr;
  const SweepChord* chord = nullptr;
  const double* chord_inverse = nullptr;  // (chords P) x (chords P) pairs
  // State.
  const double* s = nullptr;       // by leg: P lanes, then Q lanes
  double* v = nullptr;             // rows: nodes, then inner buses
  double* j = nullptr;             // rows: nodes
  double* chord_i = nullptr;       // rows: chords, from a to b
  double* chord_gap = nullptr;     // rows: chords, scratch
  std::int64_t* frozen = nullptr;  // by lane: all bits set where the lane is done
  double* moved2 = nullptr;        // by lane, out: largest step of a voltage, per unit, squared
};

inline constexpr int sweep_lanes = 8;

// One backward and one forward pass, and inner buses from their ends' state.
struct SweepKernel {
  void (*iterate)(const SweepArrays&) = nullptr;
  void (*recover)(const SweepArrays&) = nullptr;
};

enum class Simd : std::uint8_t { baseline, avx2, avx512 };

// The widest instruction set that this processor has.
Simd best_simd();
SweepKernel sweep_kernel(Simd simd, int lanes, int phases);

// Each is compiled with its own flags.
SweepKernel sweep_kernel_baseline(int lanes, int phases);
SweepKernel sweep_kernel_avx2(int lanes, int phases);
SweepKernel sweep_kernel_avx512(int lanes, int phases);

}  // namespace twin
