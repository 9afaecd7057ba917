#pragma once
// The scenario's nodes as SimGrid hosts, and the links between them. Model CM02 without factors,
// TCP window limit or cross traffic: latency and bandwidth are what the scenario states.
//
//   node        a link of its own with the stated bandwidth in each direction and half of its
//               site's own latency, plus or minus half of the spread, drawn by node; a fleet's has
//               0.1 ms
//   site        one star zone for the nodes that stand there
//   two sites   a link without a limit of bandwidth, with what the stated latency leaves beside
//               both sites' halves
// Flows that share a link share its bandwidth in inverse proportion to their latencies.

#include <string>
#include <vector>

#include "twin/node/base/directory.hpp"
#include "twin/scenario/scenario.hpp"

namespace sim {

// What SimGrid's engine is to be started with.
std::vector<std::string> network_settings();

// Also the name of the node's host.
std::string name_of(const twin::Directory& directory, ledger::NodeId node);
// Of a second validator with the same key.
std::string name_of_twin(std::uint32_t validator);

// Once, after the engine was made. A validator that some fault gives a twin has a host for it.
void make_hosts(const twin::Scenario& scenario, const twin::Directory& directory);

}  // namespace sim
