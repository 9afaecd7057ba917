#include "hil/network/node_seat.hpp"

namespace hil {

using namespace ledger;
using namespace twin;

std::unique_ptr<ValidatorNode> seat_validator(const ValidatorConfig& config, Signer& signer,
                                              Verifier& verifier, const Records& records) {
  return std::make_unique<ValidatorNode>(config, signer, verifier, records);
}

std::unique_ptr<Node> seat_gateway(const GatewayConfig& config, Signer& signer, Verifier& verifier,
                                   const Records& records) {
  return std::make_unique<GatewayNode>(config, signer, verifier, records);
}

std::unique_ptr<Node> seat_fleet(FleetConfig config) {
  return std::make_unique<FleetNode>(std::move(config));
}

std::unique_ptr<Node> seat_concentrator(ConcentratorConfig config, Signer& signer,
                                        Verifier& verifier) {
  return std::make_unique<ConcentratorNode>(std::move(config), signer, verifier);
}

std::unique_ptr<Node> seat_oracle(OracleConfig config, Signer& signer,
                                  std::unique_ptr<market::Attestor> attestor) {
  return std::make_unique<OracleNode>(std::move(config), signer, std::move(attestor));
}

std::unique_ptr<Node> seat_grid_operator(GridOperatorConfig config) {
  return std::make_unique<GridOperatorNode>(std::move(config));
}

}  // namespace hil
