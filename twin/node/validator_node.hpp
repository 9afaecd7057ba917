#pragma once
// A validator, or an observer where it has no vote: orders transactions by consensus, executes them
// and keeps the log. Validators cosign the checkpoint once they have executed a block; the observer
// collects the cosignatures, publishes checkpoints and archives the restricted openings, sealed.

#include <deque>
#include <map>
#include <memory>

#include "ledger/chain/chain.hpp"
#include "ledger/consensus/driver.hpp"
#include "ledger/tlog/policy.hpp"
#include "market/market_state.hpp"
#include "twin/node/directory.hpp"
#include "twin/node/messages.hpp"
#include "twin/node/node.hpp"

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
  // Signer (a validator's vote key, or the observer's log key) and verifier are the host's.
  ValidatorNode(ValidatorConfig config, ledger::Signer& signer, ledger::Verifier& verifier);
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

  const ledger::Chain& chain() const { return chain_; }
  const market::MarketState& market() const {
    return static_cast<const market::MarketState&>(chain_.state());
  }

 private:
  void receive(Instant now, const PeerMessage& message, Outbox& outbox);
  // Carries out consensus' effects, and those that follow from them, in order.
  void carry_out(Instant now, NodeId from, ledger::Effects effects, Outbox& outbox);
  void broadcast(BytesView consensus, Outbox& outbox) const;
  Bytes propose(const ledger::NeedValue& wanted, Outbox& outbox);
  bool check(const ledger::CheckValue& value, Outbox& outbox);
  void decide(Instant now, const ledger::Decided& decided, Outbox& outbox);
  void archive(const ledger::Block& block, std::uint64_t first_entry, Outbox& outbox) const;
  void tell_slot(Outbox& outbox) const;
  void cosign(Instant now, Outbox& outbox);
  void collect(const CheckpointCosignature& c, NodeId from, Outbox& outbox);
  std::string text_of_checkpoint() const;
  void publish_checkpoint(Outbox& outbox);
  bool observes() const { return !config_.self.has_value(); }

  ValidatorConfig config_;
  ledger::Signer& signer_;
  ledger::Verifier& verifier_;
  ledger::Driver driver_;
  ledger::Chain chain_;
  ledger::Policy policy_;  // of the chain
  ledger::Mempool mempool_;
  std::map<Hash, ledger::Chain::Tried> tried_;            // of the height being decided
  std::map<std::uint64_t, Bytes> decisions_;              // the latest ones, for peers behind
  std::map<std::uint32_t, CheckpointCosignature> early_;  // for the height to come, by validator
  std::map<std::uint32_t, CheckpointCosignature> cosignatures_;  // of this height
  bool started_ = false;
};

}  // namespace twin
