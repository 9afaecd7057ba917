#pragma once
// A run's alerts as they are raised and cleared: rows of run.db, counts for the summary, and the
// words of those that are active. What stands already is not raised again.

#include <map>

#include "twin/node/base/node.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/store/first_failure.hpp"
#include "twin/store/run_writer.hpp"

namespace twin {

class AlertRecorder {
 public:
  // All outlive it. `counts`: by name, of what was raised.
  AlertRecorder(const Scenario& scenario, RunWriter& writer,
                std::map<std::string, std::uint64_t>& counts, FirstFailure& failure)
      : scenario_(scenario), writer_(writer), counts_(counts), failure_(failure) {}

  void meter(Instant now, const AlertRaised& alert);
  void feeder(Instant now, const ledger::FeederFindings& found);
  void feeder_not_found(Instant now, const std::string& why);
  // Told once of each gateway, oracle and feeder meter: none of them is cleared of it.
  void not_attested(Instant now, std::uint32_t gateway, const std::string& why);
  void oracle_apart(Instant now, std::uint32_t oracle, const std::string& what);
  void witness_apart(Instant now, const market::WitnessApart& witness);

  // Of meters.
  const std::vector<std::string>& active() const { return active_; }

 private:
  void set(Instant now, int kind, AlertRow row, bool raised, std::uint32_t which = 0);
  void add(std::pair<int, std::uint32_t> key, const AlertRow& row);
  std::string name_of_meter(std::uint32_t meter) const;

  const Scenario& scenario_;
  RunWriter& writer_;
  std::map<std::string, std::uint64_t>& counts_;
  FirstFailure& failure_;
  std::map<std::pair<int, std::uint32_t>, std::int64_t> open_;  // kind, which: row
  std::vector<std::string> active_;
};

}  // namespace twin
