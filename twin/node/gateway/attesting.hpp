#pragma once
// A gateway's side of attestation: what it asked the oracles about and what they answered, until
// all of them have. The first time that as many as genesis wants have signed, their signatures make
// the transaction that the gateway posts.
//
// Each oracle is asked about one thing at a time, in their order: it judges each by what it judged
// before.
//
// An oracle that refuses what enough others attest is named, and so is one that has not answered
// when the request goes: at most `most_waiting` wait, within `room` bytes, the oldest goes first.

#include <deque>
#include <map>

#include "ledger/crypto/ed25519.hpp"
#include "twin/node/base/attest_request.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/node.hpp"

namespace twin {

class Attesting {
 public:
  static constexpr std::size_t most_waiting = 64;

  // The verifier outlives it.
  Attesting(const ledger::Genesis& genesis, const Directory& directory, std::size_t room,
            ledger::Verifier& verifier);

  // Of what is asked for the first time; to every oracle that has answered all before.
  void ask(const ledger::AttestedEntry& what, SharedBytes request, Instant now, Outbox& outbox);
  // One that a life before sent.
  void keep(const ledger::AttestedEntry& what, SharedBytes request);
  // What comes from an oracle. The transaction has no gateway's signature yet.
  std::optional<ledger::Transaction> take(Instant now, NodeId from, const SharedBytes& message,
                                          Outbox& outbox);
  // Asks those again who were asked before `then` and have not answered.
  void ask_again(Instant now, Instant then, Outbox& outbox);

  std::vector<SharedBytes> waiting() const;

 private:
  struct Waiting {
    ledger::AttestedEntry what;
    SharedBytes request;
    std::map<std::uint32_t, ledger::Signature> signed_by;  // by oracle
    std::map<std::uint32_t, std::string> refused_by;       // why
    bool answered_by(std::uint32_t oracle) const {
      return signed_by.contains(oracle) || refused_by.contains(oracle);
    }
  };
  const Waiting* next_for(std::uint32_t oracle) const;
  void ask_next(std::uint32_t oracle, Instant now, Outbox& outbox);
  void make_room(Outbox& outbox);
  void name_the_silent(const Waiting& w, Outbox& outbox) const;
  void name_who_refuses(const Waiting& w, Outbox& outbox) const;
  ledger::Transaction attested(const Waiting& w) const;
  std::uint32_t oracles() const { return directory_.oracles; }

  std::uint32_t attesters_;
  std::vector<ledger::PublicKey> keys_;
  ledger::Hash chain_id_;
  Directory directory_;
  std::size_t room_;
  ledger::Verifier& verifier_;
  std::deque<Waiting> waiting_;
  std::vector<Instant> asked_at_;  // by oracle: when it was last asked
  std::size_t bytes_ = 0;
};

}  // namespace twin
