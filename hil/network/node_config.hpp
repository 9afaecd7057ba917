#pragma once
// One node of a network of processes, from two TOML files (docs/formats/node.md): its own, and the
// network's, which all nodes share. Paths are found beside the file that names them.
//
//   node.toml      network, name, signing_key, tls_key, store; wire_log; scenario
//   network.toml   genesis, started_at, speed, delay; [timing] propose, vote, message_delay;
//                  [[node]] name, address, tls_key; visitors, of a validator or the observer
//
// Nodes are named by their place in genesis: validator-0 ..., observer, gateway-0 ...

#include "hil/network/node_links.hpp"
#include "hil/network/visitor_links.hpp"
#include "twin/node/validator/validator_node.hpp"

namespace hil {

// Where a node takes visitors (visitor_links.hpp).
struct Door {
  ledger::NodeId node;
  std::string name;
  Address address;
  ledger::PublicKey tls_key{};
};

struct NodeConfig {
  std::string name;
  ledger::NodeId id;
  twin::ValidatorConfig chain;  // genesis, directory and timing, of every node; self of a validator
  // Time 0 of the chain was at this moment; simulated seconds pass `speed` times as fast.
  ledger::CivilTime started_at;
  double speed = 1;
  LinkOptions links;
  std::vector<Door> doors;  // of all nodes that have one
  ledger::KeySeed signing_secret{};
  std::string store;      // a folder
  bool wire_log = false;  // what others said is kept in store/wire.log
  std::string scenario;   // whose homes a gateway reads; empty: none
};

ledger::Result<NodeConfig> read_node_config(const std::string& path);
// network.toml alone, as who is no node of it reads it.
ledger::Result<NodeConfig> read_network_config(const std::string& path);

// The place of a name in a network; nothing where it is none.
std::optional<ledger::NodeId> node_named(const std::string& name, const twin::Directory& directory);
std::string name_of(ledger::NodeId node, const twin::Directory& directory);

}  // namespace hil
