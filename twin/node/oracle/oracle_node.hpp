#pragma once
// An oracle: hears from the observer what a slot's meters say, asks for evidence about their
// feeders, and posts its findings, signed. Where nothing can be found it says why, and posts
// nothing. For the registrar it also posts rulings on quarantined energy, all of one kind, where
// the scenario wants some; they act in the slot that has not closed. Of several oracles the first
// does that.
//
// Where it has an attestor it judges what gateways open to it, signs for what holds and says of
// what does not which record and rule are wrong.

#include <map>

#include "ledger/crypto/ed25519.hpp"
#include "market/metering/attestor.hpp"
#include "market/settlement/ruling.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/node.hpp"
#include "twin/node/base/slot_report.hpp"

namespace twin {

struct OracleConfig {
  std::uint32_t oracle = 0;
  Directory directory;
  ledger::Hash chain_id{};
  struct Feeder {
    ledger::MeterId meter;
    ledger::AccountId account;  // of its meter
    ledger::SubjectKey restricted_key{};
    std::shared_ptr<ledger::FeederEvidence> evidence;  // null: there is none ...
    std::string without;                               // ... and why
  };
  std::map<std::uint32_t, Feeder> feeders;                      // by feeder
  std::map<std::uint32_t, ledger::SubjectKey> restricted_keys;  // by meter
  std::optional<market::Outcome> quarantined;  // what becomes of each case; none: it waits
  ledger::Signer* registrar = nullptr;         // outlives the node
};

class OracleNode final : public Node {
 public:
  // The signer is the host's and outlives the node.
  OracleNode(OracleConfig config, ledger::Signer& signer,
             std::unique_ptr<market::Attestor> attestor = nullptr);
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

 private:
  void receive(const PeerMessage& message, Outbox& outbox);
  void attest(const PeerMessage& message, Outbox& outbox);
  void post_findings(const SlotReport& report, Outbox& outbox);
  void post_rulings(const SlotReport& report, Outbox& outbox);
  // Signs a transaction whose body ends in room for a signature, and sends it to the validators.
  void post(ledger::Transaction tx, ledger::Signer& signer, Outbox& outbox) const;

  OracleConfig config_;
  ledger::Signer& signer_;
  std::unique_ptr<market::Attestor> attestor_;
};

}  // namespace twin
