#pragma once
// The rungs of a congestion ladder against none of them, on the same seeds: figures of each run,
// means over seeds, paired differences with 95 % intervals, and which elements got worse.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ledger/base/result.hpp"

namespace app {

struct LadderRun {
  std::map<std::string, double> figures;
  std::map<std::string, double> minutes_outside;  // by element, of those that were
  std::vector<std::int64_t> slot_wh;              // the homes' net energy, import positive
};

// Of a run's directory, from summary.json and run.db.
ledger::Result<LadderRun> read_ladder_run(const std::string& directory);

// What of the energy moved from some slots into others, against the run without measures: the
// lesser of all increases and all decreases, kWh.
double shifted_kwh(const LadderRun& run, const LadderRun& none);

// By variant ("none" first, which is there), then by seed; all variants have the same seeds.
struct LadderRuns {
  std::string scenario;
  std::vector<std::uint64_t> seeds;
  std::vector<std::string> variants;
  std::vector<std::vector<LadderRun>> runs;
};

std::string ladder_json(const LadderRuns& runs);  // one object, a newline at the end
std::string ladder_text(const LadderRuns& runs);  // a table to read

}  // namespace app
