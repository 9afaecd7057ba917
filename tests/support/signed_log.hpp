#pragma once
// A small log that four validators cosign, with keys that anybody can derive: the worked example of
// docs/formats/log.md and what the tests of notes, policies, proofs and tiles change.

#include <string>
#include <vector>

#include "ledger/crypto/ed25519.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/tlog/checkpoint.hpp"
#include "ledger/tlog/tlog_proof.hpp"

namespace ledger {

// The seed of validator v is 32 bytes of v + 1, the observer's 32 bytes of 9.
inline Ed25519Signer signer_of(std::uint8_t seed_byte) {
  KeySeed seed;
  seed.fill(seed_byte);
  return Ed25519Signer(seed);
}

inline Genesis genesis_of(std::uint8_t validators) {
  Genesis g;
  g.name = "example";
  g.observer = signer_of(9).public_key();
  for (std::uint8_t v = 0; v < validators; ++v)
    g.validators.push_back(signer_of(static_cast<std::uint8_t>(v + 1)).public_key());
  return g;
}

// The examples' origin ends with the name, so that their lines stay short: it has no chain id.
inline Policy example_policy(std::uint8_t validators = 4) {
  Policy policy = policy_of(genesis_of(validators));
  policy.log.name = "aipchain.example/example";
  for (std::size_t v = 0; v < policy.witnesses.size(); ++v)
    policy.witnesses[v].name = policy.log.name + "/validator-" + std::to_string(v);
  return policy;
}

struct SignedLog {
  std::vector<Bytes> entries;
  LogTree tree;
  Policy policy = example_policy();
  std::uint64_t unix_seconds = 1'750'000'000;

  explicit SignedLog(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      entries.push_back(to_bytes(bytes_of(text)));
      tree.append(leaf_hash(entries.back()));
    }
  }

  Checkpoint checkpoint() const {
    return {policy.log.name, tree.size(), tree.root(), sha256(bytes_of("state"))};
  }
  NoteSignature log_line(std::string_view text) const {
    Ed25519Signer signer = signer_of(9);
    return sign_note(policy.log, signer, text);
  }
  NoteSignature validator_line(std::size_t v, std::string_view text) const {
    Ed25519Signer signer = signer_of(static_cast<std::uint8_t>(v + 1));
    return cosignature_line(policy.witnesses[v], unix_seconds + v,
                            signer.sign(bytes_of(cosigned_text(unix_seconds + v, text))));
  }
  // The checkpoint with the lines of these validators, in this order.
  SignedNote note(const std::vector<std::size_t>& validators) const {
    SignedNote out{checkpoint_text(checkpoint()), {}};
    out.signatures.push_back(log_line(out.text));
    for (const std::size_t v : validators) out.signatures.push_back(validator_line(v, out.text));
    return out;
  }
  TlogProof proof(std::uint64_t index) const {
    return {index, tree.inclusion_proof(index, tree.size()), write_note(note({0, 1, 3}))};
  }
};

inline SignedLog example_log() { return SignedLog({"first", "second", "third"}); }

}  // namespace ledger
