#pragma once
// The runs of a congestion ladder: none of its rungs, each of them alone, and all of them, on the
// same seeds; and the figures of each run that take the run without measures on the same seed.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/time.hpp"

namespace twin {

struct LadderRun {
  std::map<std::string, double> figures;  // by name, the unit last in it
  struct Outside {                        // of an element's limits
    double minutes = 0;
    double kwh = 0;  // above a branch's limit; 0 of a connection
  };
  std::map<std::string, Outside> outside;  // by element, of those that were
  std::vector<std::int64_t> slot_wh;       // the homes' net energy, import positive
  // By home: what it paid by the ledger, less what it got. Empty where a summary lists no single
  // homes (more than 1,000).
  std::vector<double> bill_eur;
};

// What of the energy moved from some slots into others, against the run without measures: the
// lesser of all increases and all decreases, kWh. PV that is held back is an increase.
double shifted_kwh(const LadderRun& run, const LadderRun& none);

// Where the energy went that a run drew less by its end than the run without measures, kWh, each
// negative where it is the other way round. They sum up to what homes and the grid file's loads
// drew less, net of PV and batteries.
struct EnergyGap {
  // Consumption that the run without measures had and this one had not, and that nobody gave up:
  // cars and houses want most of it later. What cooler houses lose less is in it, and so is what
  // loads draw less at another voltage.
  double left_undone_kwh = 0;
  double emptier_batteries_kwh = 0;  // stored less at the end
  double never_served_kwh = 0;       // household load that was shed, what cars left without
  double held_back_pv_kwh = 0;       // generated less: what is not generated is drawn more, <= 0
  double storage_losses_kwh = 0;     // lost less in batteries
  double beyond_end_kwh() const { return left_undone_kwh + emptier_batteries_kwh; }
  double sum_kwh() const {
    return beyond_end_kwh() + never_served_kwh + held_back_pv_kwh + storage_losses_kwh;
  }
};
EnergyGap energy_gap(const LadderRun& run, const LadderRun& none);

// Who pays more than in the run without measures, by more than a cent: how many homes, and the
// largest difference (0 where nobody does). None without a home's bill.
struct Losers {
  double homes = 0, largest_eur = 0;
};
std::optional<Losers> losers(const LadderRun& run, const LadderRun& none);

// By variant ("none" first, which is there), then by seed; all variants have the same seeds.
struct LadderRuns {
  std::string scenario, mechanism;
  ledger::CivilTime epoch;
  ledger::Duration simulated{};
  std::size_t homes = 0;
  std::vector<std::string> overrides;  // key=value, of the scenario in all runs
  std::vector<std::uint64_t> seeds;
  std::vector<std::string> variants;
  std::vector<std::vector<LadderRun>> runs;
};

// Fills in figures that take the run without measures: what shifted and where energy went, who
// pays more.
void compare_with_none(LadderRuns& runs);

}  // namespace twin
