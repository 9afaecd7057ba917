#pragma once
// The rungs of a congestion ladder against none of them, on the same seeds: figures of each run,
// means over seeds, paired differences with 95 % intervals, and which elements got worse.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/result.hpp"

namespace app {

struct LadderRun {
  std::map<std::string, double> figures;
  std::map<std::string, double> minutes_outside;  // by element, of those that were
  std::vector<std::int64_t> slot_wh;              // the homes' net energy, import positive
  // By home: what it paid by the ledger, less what it got, and what the grid operator owes it
  // beside the ledger. Both empty where a summary lists no single homes (more than 1,000).
  std::vector<double> bill_eur, owed_eur;
};

// Of a run's directory, from summary.json and run.db.
ledger::Result<LadderRun> read_ladder_run(const std::string& directory);

// What of the energy moved from some slots into others, against the run without measures: the
// lesser of all increases and all decreases, kWh.
double shifted_kwh(const LadderRun& run, const LadderRun& none);

// Who pays more than in the run without measures, by more than a cent: how many homes, the largest
// difference (0 where nobody does), and how many still do with what they are owed. None without a
// home's bill.
struct Losers {
  double homes = 0, largest_eur = 0, with_owed = 0;
};
std::optional<Losers> losers(const LadderRun& run, const LadderRun& none);

// By variant ("none" first, which is there), then by seed; all variants have the same seeds.
struct LadderRuns {
  std::string scenario;
  std::vector<std::uint64_t> seeds;
  std::vector<std::string> variants;
  std::vector<std::vector<LadderRun>> runs;
};

// Fills in figures that take the run without measures: what shifted, who pays more.
void compare_with_none(LadderRuns& runs);

std::string ladder_json(const LadderRuns& runs);  // one object, a newline at the end
std::string ladder_text(const LadderRuns& runs);  // a table to read

}  // namespace app
