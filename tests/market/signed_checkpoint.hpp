#pragma once
// The checkpoint of a village's log, which its observer and its validator sign.

#include "market/audit/public_log.hpp"
#include "tests/market/village_support.hpp"

namespace market_test {

inline void sign_checkpoint(PublicLog& log, const Hash& state_root) {
  constexpr std::uint64_t unix_seconds = 1'750'000'000;
  log.checkpoint = {log.policy.log.name, log.tree.size(), log.tree.root(), state_root};
  SignedNote note{checkpoint_text(log.checkpoint), {}};
  note.signatures.push_back(sign_note(log.policy.log, signer_of("observer"), note.text));
  note.signatures.push_back(cosignature_line(
      log.policy.witnesses[0], unix_seconds,
      signer_of("validator").sign(bytes_of(cosigned_text(unix_seconds, note.text)))));
  log.checkpoint_note = write_note(note);
}

}  // namespace market_test
