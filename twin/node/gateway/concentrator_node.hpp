#pragma once
// A concentrator: posts its gateways' batches of an interval as one transaction, so that those of a
// large fleet are one entry of the log (market/settlement/concentration.hpp).
//
// It posts when all of its gateways' batches are there, and no later than `patience` behind the
// interval's end with those that are. It takes batches from its own gateways (directory.hpp),
// signed by them and each behind the one before. What it keeps is bounded and in memory alone: a
// batch is posted once, and its gateway keeps it until the ledger has it (gateway_node.hpp).
//
// A batch that the ledger refuses is the refusal of the whole transaction. By validators' word of
// how far the ledger is with each gateway, a transaction is judged once it should be there:
//   all of its batches are   it was taken
//   none is                  it was refused or lost. Its gateways pass by their concentrator, and
//                            are left out until the ledger has what was posted of them
//   some are                 these came by another way, which is why the others were refused: their
//                            gateways are left out for `penalty` intervals, the next time for
//                            twice as many, and the others as above
// So a gateway that sends what does not hold, or sends twice, costs the others a round of this.

#include <deque>
#include <map>

#include "ledger/crypto/ed25519.hpp"
#include "market/metering/point_papers.hpp"
#include "market/settlement/concentration.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/base/node.hpp"
#include "twin/node/base/unconfirmed.hpp"

namespace twin {

struct ConcentratorConfig {
  std::uint32_t concentrator = 0;  // index in genesis
  Directory directory;
  ledger::Genesis genesis;
  // A gateway waits 2 s for its meters.
  ledger::Duration patience = ledger::seconds(4);
  std::uint32_t penalty = 64;  // intervals, the first time
};

class ConcentratorNode final : public Node {
 public:
  // Signer and verifier are the host's and outlive the node.
  ConcentratorNode(ConcentratorConfig config, ledger::Signer& signer, ledger::Verifier& verifier);
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

  static constexpr std::size_t most_waiting = 8;  // batches of one gateway

 private:
  struct Member {
    Member(std::uint32_t validators, const ledger::PublicKey& key) : told(validators), keys(key) {}
    std::uint32_t on_ledger() const { return told.confirmed().epoch; }

    std::map<std::uint32_t, market::BatchEntry> waiting;  // by epoch
    std::uint32_t epoch = 0;                              // of the last batch taken; 0: of none
    Hash entry{};                                         // SHA-256 of it
    Unconfirmed told;                                     // validators' word
    market::KeyLine keys;
    std::uint32_t until_on_ledger = 0;  // left out until the ledger has this epoch
    std::uint32_t until_interval = 0;   // left out before this interval
    std::uint32_t penalty = 0;          // the last one
  };
  struct Place {
    std::uint32_t gateway = 0, epoch = 0;
  };
  struct Posted {
    Instant at;
    std::vector<Place> batches;
  };

  void start(Instant now);
  void receive(Instant now, const PeerMessage& message, Outbox& outbox);
  void take_told(const PeerMessage& message, Outbox& outbox);
  ledger::Result<void> take_batch(Instant now, std::uint32_t gateway, BytesView body);
  ledger::Result<void> check_place(const Member& member, const market::BatchEntry& batch) const;
  void judge(Instant now, Outbox& outbox);
  void leave_out(const Posted& posted, bool some_came, Outbox& outbox);
  void post(Instant now, Outbox& outbox);
  void post(Instant now, std::span<const market::BatchEntry> batches, Outbox& outbox);
  bool all_arrived() const;
  bool left_out(const Member& member) const;
  bool is_on_ledger(const Place& place) const;
  Instant interval_end() const;

  ConcentratorConfig config_;
  ledger::Signer& signer_;
  ledger::Verifier& verifier_;
  Hash chain_id_;
  std::map<std::uint32_t, Member> members_;  // by gateway
  std::deque<Posted> posted_;                // not judged yet
  std::uint32_t interval_ = 0;               // the one to be posted next; 0: not started
};

}  // namespace twin
