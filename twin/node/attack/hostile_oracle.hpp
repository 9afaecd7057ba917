#pragma once
// An oracle that lies: what its node says is changed and signed again with its key.
//
//   attest    attests whatever a gateway opens to it, also a second entry in one place
//   refuse    attests nothing, and says that it does not hold
//   findings  finds `energy` more losses in each slot; all else follows from them

#include "twin/node/base/attest_request.hpp"
#include "twin/node/oracle/oracle_node.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

class HostileOracle final : public Node {
 public:
  // `config` is the oracle's own; the signer is the host's and outlives the node.
  HostileOracle(std::unique_ptr<Node> oracle, OracleConfig config, std::vector<OracleFault> lies,
                ledger::Signer& signer);
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override { return oracle_->next_deadline(); }

 private:
  const OracleFault* acting(OracleFault::Lie lie, Instant now) const;
  Send told(Instant now, const Send& honest);
  Bytes told_answer(Instant now, AttestAnswer answer);
  Bytes told_findings(const OracleFault& lie, ledger::Transaction tx);

  std::unique_ptr<Node> oracle_;
  OracleConfig config_;
  std::vector<OracleFault> lies_;
  ledger::Signer& signer_;
};

// The lies of one oracle, in the scenario's order.
std::vector<OracleFault> lies_of(const Scenario& scenario, std::uint32_t oracle);

}  // namespace twin
