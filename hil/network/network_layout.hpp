#pragma once
// A network of processes on one machine, from a scenario: genesis, keys (the scenario's own to sign
// with, new ones for the wire), network.toml and a file a node, in one folder; in it what others
// than nodes hold as well: a key file for each role (registrar.key, metering_operator.key,
// gateway_administrator.key, certifier.key), households/<account>.key of each home
// (household_file.hpp), and homes.csv, account, meter and gateway of each, as the scenario has them
// in order. What is secret or personal its owner alone can read.

#include <string>
#include <vector>

#include "hil/network/node_config.hpp"
#include "twin/node/deployment.hpp"

namespace hil {

struct LayoutOptions {
  std::string directory;  // new or empty
  std::string scenario;   // its file, which gateways read their homes from
  ledger::CivilTime started_at;
  double speed = 1;
  double delay_ms = 0;  // one way, on top of the machine's own
  bool wire_log = false;
};

// The nodes' files in their order: validators, observer, gateways.
ledger::Result<std::vector<std::string>> lay_out_network(const twin::Deployment& deployment,
                                                         const LayoutOptions& options);

}  // namespace hil
