#include "twin/node/base/operator_keys.hpp"

#include "ledger/base/rng.hpp"

namespace twin {

OperatorKeys operator_keys(std::uint64_t scenario_seed, std::size_t validators,
                           std::size_t gateways) {
  const ledger::Rng rng = ledger::Rng(scenario_seed).fork("identity");
  OperatorKeys out;
  for (std::size_t v = 0; v < validators; ++v)
    out.validators.push_back(rng.fork("validator", v).bytes32());
  for (std::size_t g = 0; g < gateways; ++g)
    out.gateways.push_back(rng.fork("gateway", g).bytes32());
  out.registrar = rng.fork("registrar").bytes32();
  out.metering_operator = rng.fork("metering operator").bytes32();
  out.gateway_administrator = rng.fork("gateway administrator").bytes32();
  out.certifier = rng.fork("certifier").bytes32();
  out.grid_operator = rng.fork("grid operator").bytes32();
  out.grid_operator_key = rng.fork("grid operator's restricted key").bytes32();
  out.observer = rng.fork("observer").bytes32();
  out.auditor_seed = rng.fork("auditor").bytes32();
  return out;
}

}  // namespace twin
