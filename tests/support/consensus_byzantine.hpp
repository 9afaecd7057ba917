#pragma once
// What Byzantine validators do instead of, or beside, what the protocol asks. Most run a driver of
// their own, so that they take part, and spoil what it says.

#include "tests/support/consensus_actor.hpp"

namespace consensus_sim {

class Byzantine {
 public:
  Byzantine(const Options& options, const ledger::ConsensusConfig& config, Events& events,
            Wire& wire);

  // What a faulty actor's driver says to all goes out like this.
  void say(Actor& actor, ledger::Bytes bytes);
  // A faulty actor has heard something.
  void hear(Actor& actor, const ledger::Bytes& bytes);

 private:
  void to_all(const Actor& actor, const PacketPtr& packet, ledger::Duration extra = {});
  void to_halves(Actor& actor, ledger::Bytes bytes);
  void to_favoured(Actor& actor, const PacketPtr& packet, bool others_later);
  void say_late(Actor& actor, const PacketPtr& packet);
  void damage(const Actor& actor, const ledger::Bytes& bytes);
  void flood(const Actor& actor, const ledger::Bytes& bytes);
  void forge_decision(Actor& actor, std::uint64_t height);
  void sign_anything(Actor& actor, const ledger::Bytes& bytes);
  void forget_locks(Actor& actor, const ledger::Bytes& bytes);
  void propose_anew(Actor& actor, std::uint64_t height, std::uint32_t round);

  ledger::Bytes another(Actor& actor, const ledger::Bytes& bytes);
  ledger::Bytes signed_vote(const Actor& actor, ledger::Vote vote) const;
  ledger::Bytes signed_proposal(const Actor& actor, ledger::Proposal proposal) const;
  ledger::Duration up_to(ledger::Duration most);

  const ledger::ConsensusConfig& config_;
  const ledger::ValidatorSet validators_;
  Events& events_;
  Wire& wire_;
  ledger::Rng rng_;
  std::vector<ledger::Hash> heard_values_;
};

}  // namespace consensus_sim
