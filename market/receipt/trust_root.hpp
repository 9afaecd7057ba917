#pragma once
// What a receipt is judged by: genesis, whose keys and terms everything else goes back to, and the
// log's policy, which follows from it.

#include "ledger/chain/genesis.hpp"
#include "ledger/tlog/policy.hpp"
#include "market/receipt/receipt_part.hpp"

namespace market {

struct TrustRoot {
  Genesis genesis;
  Hash chain_id{};
  Policy policy;
  Verifier& verifier;  // outlives it

  // Whether a key has signed an entry whose last field is the signature.
  bool signed_entry(const Bytes& entry, const PublicKey& key, const Signature& signature) const;
};

// From the texts `genesis` and `policy` of a receipt; the policy is the trusted one, unless that is
// empty.
TrustRoot trust_root_of(const ReceiptPart& receipt, const std::string& trusted_policy,
                        Verifier& verifier);

// Where the trust comes from, in words.
std::string source_of_trust(const std::string& trusted_policy);

}  // namespace market
