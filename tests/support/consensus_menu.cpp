// What a seed means: which faults are on, and what is asked of the network under them.

#include "tests/support/consensus_sim.hpp"

namespace consensus_sim {

using namespace ledger;

ConsensusConfig Options::config() const {
  ConsensusConfig out = config_of(validators);
  if (wide_precision) {
    // Heights begin up to 4 s apart: who is awake waits that long for a proposer who is not.
    out.precision = milliseconds(4200);
    out.propose_timeout = milliseconds(4700);
  }
  return out;
}

bool Options::liveness() const {
  const bool clocks_fit = wide_precision || (clock_offset <= milliseconds(100) && drift_ppm <= 200);
  return faults.size() + bad_disks <= faulty() && clocks_fit && !halves;
}

Options options_of(std::uint64_t seed) {
  Rng rng = Rng(seed).fork("options");
  Options out;
  out.seed = seed;
  constexpr std::uint32_t sizes[] = {1, 2, 3, 4, 4, 4, 4, 5, 6, 7, 7, 8, 9, 10};
  out.validators = sizes[rng.below(std::size(sizes))];
  out.observers = static_cast<std::uint32_t>(rng.below(2));
  for (std::uint64_t left = rng.below(out.faulty() + 1); left > 0; --left)
    out.faults.push_back(static_cast<Fault>(1 + rng.below(fault_kinds)));
  out.loss = rng.chance(0.5) ? rng.uniform(0, 0.3) : 0;
  out.replay = rng.chance(0.5) ? rng.uniform(0, 0.5) : 0;
  out.reorder = rng.chance(0.7);
  out.cut = static_cast<Cut>(rng.chance(0.5) ? 1 + rng.below(2) : 0);
  out.crashes = rng.chance(0.5);
  // One in eight runs has more bad disks than f allows for: then safety only is asked.
  if (out.crashes && rng.chance(0.6)) {
    const std::uint64_t correct = out.validators - out.faults.size();
    const std::uint64_t allowed = out.faulty() - out.faults.size();
    out.bad_disks =
        static_cast<std::uint32_t>(rng.below((rng.chance(0.2) ? correct : allowed) + 1));
  }
  out.drift_ppm = rng.chance(0.5) ? 200 : 0;
  if (rng.chance(0.3)) {
    out.clock_offset = seconds(2);
    out.wide_precision = rng.chance(0.7);
  }
  return out;
}

std::string to_text(const Options& o) {
  constexpr const char* names[] = {"none",         "twins",       "silent", "selective",
                                   "equivocating", "amnesiac",    "stale",  "flooding",
                                   "garbage",      "withholding", "chaotic"};
  std::string out = std::to_string(o.validators) + " validators";
  for (const Fault fault : o.faults) out += std::string(", ") + names[static_cast<int>(fault)];
  if (o.loss > 0) out += ", loss " + std::to_string(o.loss);
  if (o.replay > 0) out += ", replay " + std::to_string(o.replay);
  if (o.reorder) out += ", reordering";
  if (o.cut != Cut::none) out += o.cut == Cut::symmetric ? ", partitions" : ", one-way cuts";
  if (o.crashes) out += ", crashes";
  if (o.bad_disks > 0) out += ", " + std::to_string(o.bad_disks) + " bad disks";
  out += ", clocks within " + std::to_string(o.clock_offset.whole_ms()) + " ms";
  if (o.wide_precision) out += " (configured)";
  return out + (o.liveness() ? "" : "; safety only");
}

}  // namespace consensus_sim
