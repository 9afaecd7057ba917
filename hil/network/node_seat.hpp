#pragma once
// The one place of this room where nodes are made, whether many share a process (field_host.hpp) or
// each has its own (node_host.hpp). What is handed in outlives the node.

#include "twin/node/gateway/concentrator_node.hpp"
#include "twin/node/gateway/gateway_node.hpp"
#include "twin/node/home/fleet_node.hpp"
#include "twin/node/operator/grid_operator_node.hpp"
#include "twin/node/oracle/oracle_node.hpp"
#include "twin/node/validator/validator_node.hpp"

namespace hil {

std::unique_ptr<twin::ValidatorNode> seat_validator(const twin::ValidatorConfig& config,
                                                    ledger::Signer& signer,
                                                    ledger::Verifier& verifier,
                                                    const twin::Records& records);
std::unique_ptr<twin::Node> seat_gateway(const twin::GatewayConfig& config, ledger::Signer& signer,
                                         ledger::Verifier& verifier, const twin::Records& records);
std::unique_ptr<twin::Node> seat_fleet(twin::FleetConfig config);
std::unique_ptr<twin::Node> seat_concentrator(twin::ConcentratorConfig config,
                                              ledger::Signer& signer, ledger::Verifier& verifier);
std::unique_ptr<twin::Node> seat_oracle(twin::OracleConfig config, ledger::Signer& signer,
                                        std::unique_ptr<market::Attestor> attestor);
std::unique_ptr<twin::Node> seat_grid_operator(twin::GridOperatorConfig config);

}  // namespace hil
