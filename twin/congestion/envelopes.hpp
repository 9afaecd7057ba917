#pragma once
// Dynamic operating envelopes: for one slot, an import and an export limit for each flexible home
// of a feeder, such that the feeder holds its limits wherever each home stands between its two,
// however the others do. (The subject: Petrou et al., "Ensuring distribution network integrity
// using dynamic operating limits for prosumers", IEEE Trans. Smart Grid 12(5), 2021. The method: a
// box that is robust by rows, and then checked.)
//
//   net power of home i, beside what is firm   -export_i <= p_i <= import_i, W
//   an element's row  a p <= room              limited_elements.hpp, at p = 0
//   robust: its worst corner                   sum_i (a_i+ import_i + a_i- export_i) <= room
//
// Allocation is max-min fair by progressive filling (Bertsekas and Gallager, Data Networks, 2nd
// ed., 6.5.2): every limit is a share of what the home asks for; all shares grow alike from 0 until
// a row is full; whoever loads that row stays there, the others go on, to 1 at most. So a home gets
// less than another one only where a full row, which the other one does not load, holds it back.
//
// Where a home has a step in what is of use to it (a car charges with 6 A or not at all,
// IEC 61851-1), equal shares can be worth nothing to everybody. Filling then has three parts, each
// in what the one before left over:
//   1. idle    what is of use below the step, of all homes, alike as above
//   2. steps   home by home in the order given: up to `least_w`, to whom all of that fits and who
//              has all that is idle. So homes take turns; who calls sets the order
//   3. beyond  of those who took their step, alike as above
// Without a step all of a home's import is idle.
//
// Then the full power flow is solved at the all-import and the all-export corner and at the worst
// corner of each fullest row; by as much as an element exceeds its limit there its rows lose room,
// and filling begins anew, until all of these corners hold. Rows start at the base, and the power
// flow bends away from them: where a full row keeps its element well inside its limit in all
// corners, it gets room back, a few times, and the last box whose corners hold stands. What a slot
// carries without the flexible homes may be beyond a limit already (`base_holds`): whoever makes
// that worse gets 0.
//
// A home's power is shared equally over the legs that it uses; reactive power, and the draw of
// every other connection, is what the base has. Limits are whole watts, rounded down. Taps stand
// still.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ledger/base/result.hpp"
#include "twin/grid/flow/grid_figures.hpp"
#include "twin/grid/model/network.hpp"

namespace twin {

// Of an import: all up to `idle_w` is of use, and beyond it `least_w` or more.
struct UseStep {
  double idle_w = 0, least_w = 0;  // 0 <= idle_w <= least_w
};

struct FlexibleHome {
  std::uint32_t connection = 0;
  double import_w = 0, export_w = 0;  // what it asks for, >= 0
  double firm_w = 0;                  // net, beside which it asks: nobody can take it away
  std::optional<UseStep> step{};      // with least_w <= import_w
};

// What was measured above what the base's power flow has; nothing where it is empty.
struct Unmodelled {
  std::vector<double> loading;             // by branch
  std::vector<double> v_min_pu, v_max_pu;  // by connection
};

struct Envelope {
  double import_w = 0, export_w = 0;  // >= 0
};

struct SlotEnvelopes {
  std::vector<Envelope> homes;  // in the order of the homes given
  bool base_holds = true;       // with every flexible home at what is firm
  // No corner exceeds a limit by more than 10^-7 of it, or the base where that is beyond it.
  bool corners_hold = false;
  int rounds = 0;  // of filling
  int power_flows = 0;
};

// Draws with home h at `net_w[h]` beside what is firm: its reactive power as in `base_va`.
std::vector<Phases> draws_with(const Network& network, std::span<const Phases> base_va,
                               std::span<const FlexibleHome> homes, std::span<const double> net_w);

class EnvelopeModel {
 public:
  // The network has passed PowerFlow::check.
  EnvelopeModel(const Network& network, GridLimits limits);
  ~EnvelopeModel();
  EnvelopeModel(EnvelopeModel&&) noexcept;

  // `base_va`: by connection and leg; active power of the flexible homes in it is passed over. Each
  // connection is one home at most. Refused where the base has no power flow.
  ledger::Result<SlotEnvelopes> allocate(std::span<const Phases> base_va,
                                         std::span<const FlexibleHome> homes,
                                         const Unmodelled& unmodelled = {});

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace twin
