#pragma once
// The inputs of one validator or observer, step by step, so that anybody can run them again.
//
//   "aipchain recording 1\n"
//   genesis sized, validators u32, gateways u32, self u32 (validators = the observer);
//   SHA-256 of all before, 32
//   then records, each a tag byte:
//   1 step   now i64, count u32, count times: from u32, message sized;
//            signatures u16, 64 each: what the signer gave in this step, in order;
//            SHA-256 of the record up to here and the step's effects, 32
//   3 restart  the node lost its memory here and went on from its own records
//   2 end    height u64, log size u64, log root 32, state root 32, content root 32
//
// It holds no secret key: a replay takes the recorded signatures and checks them against the
// public key. It is RESTRICTED data, as blocks are.

#include <utility>

#include "ledger/crypto/ed25519.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/node.hpp"
#include "twin/node/validator/validator_node.hpp"

namespace twin {

// Passes signatures through and remembers them until they are taken.
class RecordingSigner final : public ledger::Signer {
 public:
  explicit RecordingSigner(ledger::Signer& inner) : inner_(inner) {}
  const ledger::PublicKey& public_key() const override { return inner_.public_key(); }
  ledger::Signature sign(BytesView message) override;
  std::vector<ledger::Signature> take() { return std::exchange(taken_, {}); }

 private:
  ledger::Signer& inner_;
  std::vector<ledger::Signature> taken_;
};

struct RecordedRoots {
  std::uint64_t height = 0, log_size = 0;
  Hash log_root{}, state_root{}, content_root{};
  auto operator<=>(const RecordedRoots&) const = default;
};
RecordedRoots roots_of(const ValidatorNode& node);

Bytes recording_header(const ValidatorConfig& config);
Bytes recorded_step(Instant now, const Inputs& inputs,
                    const std::vector<ledger::Signature>& signatures,
                    std::span<const Effect> effects);
Bytes recorded_restart();
Bytes recorded_end(const RecordedRoots& roots);

struct ReplayResult {
  std::uint64_t steps = 0;
  RecordedRoots recorded, replayed;
  bool finished = false;         // the recording has its end record
  std::string first_difference;  // empty: every step gave equal effects, and equal roots
};

// Runs the recording through the same code. The error says what is not a recording about it.
ledger::Result<ReplayResult> replay(BytesView recording);

}  // namespace twin
