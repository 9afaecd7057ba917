#pragma once
// What the scenario's faults and losses do to nodes and messages, as questions of (time, node).
// The host asks and acts. Times are true ones, from the run's beginning.
//
// A message is judged when it leaves: what is under way when a partition begins still arrives. Loss
// is of messages among validators and observer, drawn by sender. What gateways and homes say is not
// lost, as by a link that repeats it, but for a partition; a gateway and its homes are never
// parted.

#include <optional>
#include <vector>

#include "ledger/base/rng.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/scenario/scenario.hpp"

namespace sim {

class Disturbances {
 public:
  Disturbances(const twin::Scenario& scenario, const twin::Directory& directory);

  // When a node that has crashed comes back; nothing for one that runs.
  std::optional<ledger::Instant> crashed_until(ledger::NodeId node, ledger::Instant now) const;

  // How far the node's clock is ahead, and when that changes next.
  ledger::Duration clock_offset(ledger::NodeId node, ledger::Instant now) const;
  ledger::Instant next_clock_change(ledger::NodeId node, ledger::Instant now) const;

  // How much later a message leaves; nothing where it is lost.
  std::optional<ledger::Duration> delay(ledger::NodeId from, ledger::NodeId to,
                                        ledger::Instant now);

  // Whether a second validator with this one's key runs.
  bool has_twin(ledger::NodeId node, ledger::Instant now) const;

 private:
  using Kind = twin::ValidatorFault::Kind;
  const twin::ValidatorFault* find(Kind kind, ledger::NodeId node, ledger::Instant now) const;
  bool cut_off(ledger::NodeId from, ledger::NodeId to, ledger::Instant now) const;
  bool lost(ledger::NodeId from, ledger::NodeId to);
  bool is_target(const twin::ValidatorFault& fault, ledger::NodeId node) const;
  bool at_home(ledger::NodeId node) const { return directory_.is_fleet(node); }

  const std::vector<twin::ValidatorFault>& faults_;
  double loss_;
  twin::Directory directory_;
  std::vector<ledger::Rng> rng_;  // by sender: validators and observer
};

}  // namespace sim
