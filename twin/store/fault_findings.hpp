#pragma once
// What a run finds of the faults and attacks that its scenario names, beside what it finds of
// everybody else: the scenario is the ground truth.
//
// Found is, from the beginning of a fault of a meter or an attack on: a rule that marks a record of
// one of its meters, by the rule's name; a refusal that names such a meter; and, for attacks with
// keys, orders, batches and marks, a refusal of what came through the home's gateway, by its
// reason. Of oracles that lie, what others say of them; of feeder meters also "witness", where one
// lies apart from the others. Numbers in reasons are written N.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "twin/node/base/directory.hpp"
#include "twin/node/base/node.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

struct FaultFinding {
  std::string kind;
  ledger::Duration at;
  std::set<std::uint32_t> meters, found_meters;
  struct Found {
    std::uint64_t count = 0;
    ledger::Duration after;  // from the fault's beginning to the first time
  };
  std::map<std::string, Found> found_by;
};

// Meters that no fault befalls, but that their clock drifts or that messages are lost.
struct HonestFinding {
  std::uint64_t meters = 0;
  double meter_days = 0;
  std::uint64_t quarantined = 0;                 // records
  std::map<std::string, std::uint64_t> by_rule;  // records that the rule marked
};

class FaultFindings {
 public:
  FaultFindings(const Scenario& scenario, const Directory& directory);
  void judged(Instant now, const Judged& judged);
  void refused(NodeId by, Instant now, const Refused& refused);
  void not_attested(NodeId gateway, Instant now, const std::string& why);
  void oracle_named(std::uint32_t oracle, Instant now, const std::string& what);
  void witness_apart(std::uint32_t meter, Instant now);
  void ends(ledger::Duration simulated);

  const std::vector<FaultFinding>& faults() const { return faults_; }
  const HonestFinding& honest() const { return honest_; }

 private:
  struct Truth {  // by fault
    bool of_gateway = false;
    std::set<NodeId> senders;  // the homes' gateways, where refusals count
    std::set<std::uint32_t> oracles;
  };
  void found(std::size_t fault, Instant now, const std::string& by);

  std::vector<FaultFinding> faults_;
  std::vector<Truth> truths_;
  std::vector<bool> dishonest_;  // by meter
  HonestFinding honest_;
};

}  // namespace twin
