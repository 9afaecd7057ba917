#include "market/receipt/trust_root.hpp"

#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/clearing/tariff.hpp"
#include "market/receipt/receipt_checks.hpp"

namespace market {

TrustRoot trust_root_of(const ReceiptPart& receipt, const std::string& trusted_policy,
                        Verifier& verifier) {
  const std::string& text = receipt.at("genesis").text();
  const Genesis genesis = take(decode_genesis(text), "genesis");
  if (const auto terms = check_terms(genesis); !terms) wrong(terms.error());
  const std::string& policy = receipt.at("policy").text();
  want(policy == policy_text(genesis), "policy does not follow from genesis");
  want(trusted_policy.empty() || policy == trusted_policy, "policy differs from the trusted one");
  return {genesis, sha256(bytes_of(text)), policy_of(genesis), verifier};
}

bool TrustRoot::signed_entry(const Bytes& entry, const PublicKey& key,
                             const Signature& signature) const {
  return verifier.verify(key, entry_signed_bytes(chain_id, entry), signature);
}

std::string source_of_trust(const std::string& trusted_policy) {
  return trusted_policy.empty() ? "trust root taken from the receipt itself"
                                : "trust root as given";
}

}  // namespace market
