#pragma once
// Host 2 for one node as a process of its own: the operating system's clock, links to the other
// nodes (node_links.hpp), and a store (twin/store/node_store.hpp) in which a durable record is
// before any later message leaves. It holds no rules. A disk that fails ends the process.
//
// A validator or observer serves until it is stopped. The observer publishes the log that a quorum
// has cosigned under STORE/log (twin/store/log_directory.hpp). A gateway reads the homes of its
// scenario, simulated at the chain's pace; started late or again, its homes have gone on meanwhile,
// and what they said is lost.

#include <atomic>
#include <functional>

#include "hil/network/node_config.hpp"
#include "twin/node/deployment.hpp"

namespace hil {

struct NodeHostOptions {
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const std::string& line)> say;  // to whom runs it, every few seconds
  std::chrono::nanoseconds duration{};               // real time; zero: until it is stopped
  // Of a validator that has never run before, on any machine: it votes at once. Without this an
  // empty store counts as a lost one, and it votes in heights alone that begin after it started.
  bool first_start = false;
};

// What a gateway stands for. Its world and deployment are of the scenario that genesis was made of.
struct GatewayHomes {
  const twin::Scenario& scenario;
  twin::World& world;
  const twin::Deployment& deployment;
};

struct NodeReport {
  // Of a validator or observer.
  std::uint64_t height = 0, log_size = 0;
  ledger::Hash log_root{}, state_root{}, content_root{};
  std::vector<double> finality_ms;  // of blocks decided in this life
  std::uint32_t rounds_max = 0;
  std::uint64_t transactions = 0, evidence = 0, refused = 0;
  LinkCounts links;
};

// `homes`: of a gateway alone.
ledger::Result<NodeReport> run_node(const NodeConfig& config, const GatewayHomes* homes,
                                    const NodeHostOptions& options);

}  // namespace hil
