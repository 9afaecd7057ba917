#pragma once
// A deterministic network of consensus drivers for tests: one event heap, one seed, virtual time.
// Until it heals, messages are lost, replayed, reordered and cut off by partitions, and correct
// nodes crash in the middle of a step and restart from what their disks kept. Clocks are off and
// drift, and Byzantine validators go on, all the time. Checkers watch every effect:
//
//   safety   agreement; validity (a decided block continues the chain and keeps the clock rules);
//            integrity (heights in order, each certificate holds, a node's record is read back); no
//            correct node signs two different statements for one step; equal log and state roots;
//            each checkpoint is consistent with the one before; evidence holds, and names no
//            correct validator
//   liveness after healing every height is decided within f+2 rounds, and every correct node
//            comes along. Asked where at most f validators are Byzantine or have lost a signing
//            record (who has lost one is silent for the heights that its clock says had begun), and
//            where clocks differ by no more than the configured precision. Safety is always asked.

#include <set>
#include <string>
#include <vector>

#include "ledger/base/rng.hpp"
#include "tests/support/consensus_model.hpp"

namespace consensus_sim {

enum class Fault : std::uint8_t {
  none,
  twins,         // two nodes with one key, each showing itself to half of the others
  silent,        // says nothing
  selective,     // says what it says to some only, others each height
  equivocating,  // signs one thing for some and another for the rest
  amnesiac,      // one statement a step, but no lock: votes for whatever is proposed
  stale,         // says everything late, and old things again
  flooding,      // signs votes for far rounds and heights
  garbage,       // random bytes, damaged copies of what it hears
  withholding,   // says everything to f+1 at once, to the others seconds later
  chaotic,       // signs whatever it hears of, as another vote, to whom it likes; forges decisions
};
inline constexpr std::uint32_t fault_kinds = 10;

enum class Cut : std::uint8_t { none, symmetric, one_way };

struct Options {
  std::uint64_t seed = 1;
  std::uint32_t validators = 4;
  std::uint32_t observers = 1;
  std::vector<Fault> faults;  // of the last validators; as many as are Byzantine
  // Correct validators, from the first on, whose disks may tear, corrupt or lose their records.
  std::uint32_t bad_disks = 0;
  double loss = 0, replay = 0;
  bool reorder = true;  // off: each link has a delay of its own and keeps the order
  Cut cut = Cut::none;
  bool crashes = false;
  bool halves = false;  // even and odd correct validators never hear each other, to the end
  ledger::Duration delay = ledger::milliseconds(60);          // of a link, at most
  ledger::Duration clock_offset = ledger::milliseconds(100);  // at most, both ways
  std::int64_t drift_ppm = 0;                                 // at most, both ways
  bool wide_precision = false;                                // configured for offsets of 2 s
  ledger::Duration healed = ledger::seconds(20);              // faults of the network end here
  ledger::Duration end = ledger::seconds(50);
  // Defects planted on purpose, so that tests see the checkers fire.
  bool forget_records = false;

  std::uint32_t faulty() const { return (validators - 1) / 3; }
  ledger::ConsensusConfig config() const;
  bool liveness() const;
};

// Every fault on or off by the seed: 1 to 10 validators, at most f of them Byzantine.
Options options_of(std::uint64_t seed);
std::string to_text(const Options& options);

struct Report {
  std::vector<std::string> violations;
  std::uint64_t trace = 0;           // equal for equal runs
  std::uint64_t height_at_heal = 0;  // the highest of a correct node
  std::uint64_t lowest_height = 0;   // of a correct node, at the end
  std::uint64_t messages = 0, crashes = 0, records_lost = 0;
  std::uint32_t highest_round = 0;   // that decided
  std::uint32_t rounds_after = 0;    // needed for a height after healing, at most
  std::set<std::uint32_t> culprits;  // named by verified evidence
  bool forked = false;
};

Report run(const Options& options);

}  // namespace consensus_sim
