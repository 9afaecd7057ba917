#pragma once
// What commands share that bring one signed transaction to a running network
// (hil/network/visit.hpp).

#include <string>

#include "hil/network/node_config.hpp"
#include "ledger/chain/transaction.hpp"

namespace app {

// Whether the path is a file, as network.toml is, and a run's directory is not; of one that is not
// there, whether it would be.
bool names_network(const std::string& path);

// What numbers a user's transactions upwards where nobody is asked for the last number: it fits 32
// bits until 2106.
std::uint32_t unix_seconds();

struct NetworkVisit {
  std::string wait;  // a duration; empty: two minutes
  bool json = false;
  std::string also = "{}";  // a JSON object: what is printed besides id, height, index and proof
};

// Prints the id and, once it is final, where it stands with its proof; gives the exit code: 1 where
// the ledger refuses it, 3 where no proof came in time.
int visit_network(const hil::NodeConfig& network, const ledger::Transaction& tx,
                  const NetworkVisit& how);

}  // namespace app
