#pragma once
// A validator, or an observer where it has no vote: orders transactions by consensus, executes them
// and keeps the log. Validators cosign the checkpoint once they have executed a block; the observer
// collects the cosignatures, publishes checkpoints and archives the restricted openings, sealed.
//
// After a restart it executes its own blocks anew and takes up its signing record. A validator that
// has no record, or one that does not hold, signs nothing in heights that began before it started.
//
// It listens to validators and the observer on consensus, and to gateways, concentrators and
// oracles on transactions. One that is behind is given decisions of any height from this node's own
// records, so many a second.
//
// A visitor is no node and brings one erasure, or what an account signs: an order or its
// cancellation, a consent, a contract, a transfer or retirement of tokens. It is told at once
// whether the state takes it, and by the observer, once a checkpoint covers its block, the proof.
// What the ledger has already is no fault: it is proved again. So many visits wait; one more ends
// the oldest.

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "ledger/chain/chain.hpp"
#include "ledger/consensus/driver.hpp"
#include "ledger/tlog/policy.hpp"
#include "market/state/market_state.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/base/node.hpp"
#include "twin/node/base/records.hpp"
#include "twin/node/validator/gateway_watch.hpp"
#include "twin/node/validator/oracle_watch.hpp"
#include "twin/node/validator/taken_papers.hpp"

namespace twin {

struct ConsensusTiming {
  ledger::Duration propose_timeout = ledger::seconds(1);
  ledger::Duration vote_timeout = ledger::milliseconds(500);
  ledger::Duration message_delay = ledger::seconds(1);  // of a proposal, at most
};

struct ValidatorConfig {
  std::optional<ledger::ValidatorId> self;  // none: observer
  Directory directory;
  ledger::Genesis genesis;
  ConsensusTiming timing;
};

class ValidatorNode final : public Node {
 public:
  // Signer (a validator's vote key, or the observer's log key), verifier and records are the
  // host's and outlive the node.
  ValidatorNode(ValidatorConfig config, ledger::Signer& signer, ledger::Verifier& verifier,
                const Records& records);
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

  const ledger::Chain& chain() const { return chain_; }
  const ledger::Mempool& mempool() const { return mempool_; }
  const market::MarketState& market() const {
    return static_cast<const market::MarketState&>(chain_.state());
  }

 private:
  void recover();
  void start(Instant now, Outbox& outbox);
  void receive(Instant now, const PeerMessage& message, Outbox& outbox);
  // Carries out consensus' effects, and those that follow from them, in order.
  void carry_out(Instant now, NodeId from, ledger::Effects effects, Outbox& outbox);
  void take_evidence(const ledger::Evidence& evidence, ledger::ValidatorId culprit, Outbox& outbox);
  void answer(Instant now, NodeId peer, std::uint64_t height, Outbox& outbox);
  void ask(const ledger::AskPeer& wanted, Outbox& outbox) const;
  void broadcast(MessageKind kind, BytesView bytes, Outbox& outbox) const;
  Bytes propose(const ledger::NeedValue& wanted, Outbox& outbox);
  bool check(const ledger::CheckValue& value, Outbox& outbox);
  void decide(Instant now, const ledger::Decided& decided, Outbox& outbox);
  // validator_senders.cpp
  std::size_t leading_transactions(std::span<const PeerMessage> messages) const;
  void take_transactions(std::span<const PeerMessage> messages, Outbox& outbox);
  void tell_progress(const std::set<std::uint32_t>& gateways, Outbox& outbox);
  void tell_paper(NodeId to, const ledger::Transaction& tx, Outbox& outbox) const;
  void tell_concentrator(NodeId to, const std::set<std::uint32_t>& gateways, Outbox& outbox) const;
  bool has_measures(const ledger::Transaction& tx) const;
  void tell_measured(Outbox& outbox) const;
  ContractsOnLedger contracts_on_ledger(const ledger::Transaction& tx, std::uint32_t gateway) const;
  bool tell_contract(NodeId to, const ledger::Transaction& tx, Outbox& outbox) const;
  void tell_contracts_of(const ledger::Block& block, Outbox& outbox) const;
  void tell_gateways_of(const ledger::Block& block, Outbox& outbox);
  bool contradicts(const ledger::Transaction& tx) const;
  void watch(const ledger::Transaction& tx, Outbox& outbox);
  static constexpr std::uint32_t most_ahead = 4;  // batches or slots, of the 8 that a watch keeps
  bool is_far_ahead(const ledger::Transaction& tx) const;
  void watch_alone(const ledger::Transaction& tx, Outbox& outbox);
  // validator_checkpoints.cpp
  void archive(const ledger::Block& block, std::uint64_t first_entry, Outbox& outbox) const;
  void tell_slot(Outbox& outbox) const;
  void tell_verdicts(Outbox& outbox) const;
  void tell_lost_keys(const ledger::Block& block, Outbox& outbox) const;
  std::string text_of_checkpoint() const;
  void cosign(Instant now, Outbox& outbox);
  void collect(const CheckpointCosignature& c, NodeId from, Outbox& outbox);
  void take_cosignature(const CheckpointCosignature& c, ledger::ValidatorId from, Outbox& outbox);
  void take_early_cosignatures(Outbox& outbox);
  void publish_checkpoint(Outbox& outbox);
  // validator_visits.cpp
  void receive_visit(const PeerMessage& message, Outbox& outbox);
  ledger::Result<void> take_visit(NodeId visitor, ledger::Transaction tx);
  ledger::Result<void> check_visit(const ledger::Transaction& tx, const Hash& id) const;
  void note_visited(const ledger::Block& block, std::uint64_t first_entry);
  std::uint64_t height_of_entry(std::uint64_t entry) const;
  void see_visits(const ledger::Block& block, std::uint64_t first_entry, Outbox& outbox);
  void prove_visits(const std::string& checkpoint, Outbox& outbox);
  bool observes() const { return !config_.self.has_value(); }

  ValidatorConfig config_;
  ledger::Signer& signer_;
  ledger::Verifier& verifier_;
  const Records& records_;
  ledger::Driver driver_;
  ledger::Chain chain_;
  ledger::Policy policy_;  // of the chain
  ledger::Mempool mempool_;
  std::map<Hash, ledger::Chain::Tried> tried_;  // of the height being decided
  // For the height to come, as they came: what they sign is not known yet.
  std::map<ledger::ValidatorId, std::vector<CheckpointCosignature>> early_;
  std::map<ledger::ValidatorId, CheckpointCosignature> cosignatures_;  // of this height, verified
  std::map<ledger::ValidatorId, std::set<Hash>> evidence_;             // seen, by culprit
  TakenPapers papers_;
  GatewayWatch gateways_;
  OracleWatch oracles_;
  struct Answers {
    Instant since;
    std::uint32_t count = 0;
  };
  std::map<NodeId, Answers> answers_;
  // Whose transaction waits for its block, and the observer's for its checkpoint.
  struct Visit {
    NodeId visitor;
    ledger::Transaction tx;
    Hash id{};
    std::optional<std::uint64_t> entry;  // once a block holds it
    std::uint64_t height = 0;
  };
  std::deque<Visit> visits_;
  std::map<Hash, std::uint64_t> entry_of_visit_;  // of what visitors may bring and the log has
  bool started_ = false;
  bool may_have_signed_ = false;  // in a life of which no record is left
  std::string unreadable_;        // what of the records does not hold
};

}  // namespace twin
