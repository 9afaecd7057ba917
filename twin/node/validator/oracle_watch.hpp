#pragma once
// What a validator has lately seen oracles attest, so that two attestations of one oracle for one
// gateway's epoch or slot, of different entries, are found wherever the second one turns up. The
// two transactions' entries are proof: each holds the oracle's signature over what it attests.

#include <set>

#include "ledger/chain/genesis.hpp"
#include "ledger/oracle/attestation.hpp"
#include "twin/node/validator/gateway_watch.hpp"

namespace twin {

class OracleWatch {
 public:
  // The verifier outlives it.
  OracleWatch(const ledger::Genesis& genesis, ledger::Verifier& verifier);

  struct Twice {
    std::uint32_t oracle = 0;
    SignedTwice entries;
  };
  // A transaction whose gateway's signature holds; attestations matter. Of each gateway and kind
  // the last `kept` are remembered; of one epoch or slot one contradiction of an oracle is told,
  // and `most` in all.
  std::optional<Twice> see(const ledger::Transaction& tx);

  static constexpr std::size_t kept = 8, most = 1000;

 private:
  struct Seen {
    ledger::Hash attested{};
    ledger::Bytes entry;  // of the transaction that says so
  };
  using ByOracle = std::map<std::uint16_t, Seen>;
  std::set<std::uint16_t> signers_of(const ledger::Attestation& attestation) const;

  std::vector<ledger::PublicKey> keys_;
  ledger::Hash chain_id_;
  ledger::Verifier& verifier_;
  std::map<std::pair<std::uint32_t, ledger::TransactionKind>, std::map<std::uint32_t, ByOracle>>
      seen_;  // by gateway and kind, then number
  std::set<std::tuple<std::uint16_t, std::uint32_t, ledger::TransactionKind, std::uint32_t>> told_;
};

}  // namespace twin
