#include "twin/node/attack/hostile_oracle.hpp"

#include <algorithm>

namespace twin {

using namespace ledger;
using Lie = OracleFault::Lie;

HostileOracle::HostileOracle(std::unique_ptr<Node> oracle, OracleConfig config,
                             std::vector<OracleFault> lies, Signer& signer)
    : oracle_(std::move(oracle)),
      config_(std::move(config)),
      lies_(std::move(lies)),
      signer_(signer) {}

const OracleFault* HostileOracle::acting(Lie lie, Instant now) const {
  for (const OracleFault& f : lies_)
    if (f.lie == lie && f.acts(now.since_epoch())) return &f;
  return nullptr;
}

// What its node finds of a gateway is not what it tells.
void HostileOracle::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  Outbox own;
  oracle_->step(now, inputs, own);
  const bool judges_otherwise = acting(Lie::attest, now) || acting(Lie::refuse, now);
  for (const Effect& effect : own.effects()) {
    const auto* send = std::get_if<Send>(&effect);
    const auto* event = std::get_if<Event>(&effect);
    if (send)
      outbox.put(told(now, *send));
    else if (!event || !std::holds_alternative<NotAttested>(*event) || !judges_otherwise)
      outbox.put(effect);
  }
}

Send HostileOracle::told(Instant now, const Send& honest) {
  const BytesView body = honest.bytes.view().subspan(1);
  if (kind_of(honest.bytes) == MessageKind::attest_answer)
    return {honest.to, told_answer(now, *decode_answer(body))};
  const OracleFault* lie = acting(Lie::findings, now);
  if (!lie || kind_of(honest.bytes) != MessageKind::transaction) return honest;
  Transaction tx = *decode_transaction(body);
  if (tx.kind != TransactionKind::feeder_findings) return honest;
  return {honest.to, told_findings(*lie, std::move(tx))};
}

Bytes HostileOracle::told_answer(Instant now, AttestAnswer answer) {
  if (acting(Lie::attest, now)) {
    answer.signature = signer_.sign(attestation_signed_bytes(config_.chain_id, answer.what));
  } else if (acting(Lie::refuse, now)) {
    answer.signature.reset();
    answer.why = "it does not hold";
  }
  return encode(answer);
}

Bytes HostileOracle::told_findings(const OracleFault& lie, Transaction tx) {
  market::OwnedFindings owned = *market::decode_owned_findings(tx.openings[0].data);
  owned.findings.losses += lie.energy;
  if (auto completed = complete(owned.findings)) owned.findings = *completed;
  const OracleConfig::Feeder& feeder = config_.feeders.at(owned.findings.feeder);
  tx.openings = {market::opening_of(feeder.restricted_key, feeder.meter, owned, config_.oracle)};
  tx.root = openings_root(tx.openings);
  sign_entry(tx, config_.chain_id, signer_);
  return frame(MessageKind::transaction, tx.encode());
}

std::vector<OracleFault> lies_of(const Scenario& scenario, std::uint32_t oracle) {
  std::vector<OracleFault> out;
  for (const OracleFault& f : scenario.oracle_faults)
    if (std::count(f.oracles.begin(), f.oracles.end(), oracle) > 0) out.push_back(f);
  return out;
}

}  // namespace twin
