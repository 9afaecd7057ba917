#pragma once
// Who votes. Validators weigh the same; the index in the set is what messages carry. With n of
// them f = (n-1)/3 may be Byzantine, a quorum is more than 2n/3, and any f+1 hold a correct one.

#include <cstdint>
#include <optional>
#include <vector>

#include "ledger/base/ids.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/consensus/messages.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace ledger {

class ValidatorSet {
 public:
  explicit ValidatorSet(std::vector<PublicKey> keys) : keys_(std::move(keys)) {
    invariant(!keys_.empty() && keys_.size() <= max_validators, "1 to 1024 validators");
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(keys_.size()); }
  std::uint32_t faulty() const { return (size() - 1) / 3; }
  std::uint32_t quorum() const { return 2 * size() / 3 + 1; }
  bool holds(ValidatorId id) const { return id.value < size(); }
  const PublicKey& key(ValidatorId id) const { return keys_.at(id.value); }
  std::optional<ValidatorId> find(const PublicKey& key) const {
    for (std::uint32_t i = 0; i < size(); ++i)
      if (keys_[i] == key) return ValidatorId{i};
    return std::nullopt;
  }

  // Round robin over heights and rounds.
  ValidatorId proposer(std::uint64_t height, std::uint32_t round) const {
    return {static_cast<std::uint32_t>((height % size() + round) % size())};
  }

 private:
  std::vector<PublicKey> keys_;
};

}  // namespace ledger
