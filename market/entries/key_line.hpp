#pragma once
// The keys of one signer, a meter, an account or a gateway, each from a slot on: who signed what in
// a slot is judged by the key that held in it. A meter's next device stands in its line as well.

#include <optional>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace market {

// A key that will hold from a slot on.
struct NextKey {
  ledger::PublicKey key{};
  ledger::Slot from;

  auto operator<=>(const NextKey&) const = default;
};

class KeyLine {
 public:
  KeyLine() : KeyLine(ledger::PublicKey{}) {}
  explicit KeyLine(const ledger::PublicKey& first) : first_(first) {}

  const ledger::PublicKey& in(ledger::Slot slot) const;
  const ledger::PublicKey& last() const { return key(later_.size()); }
  bool changed() const { return !later_.empty(); }
  // Whether another key than the one before begins to hold in the slot or later.
  bool changes_from(ledger::Slot slot) const {
    return changed() && later_.back().next.from >= slot;
  }
  // The one before, where the slot is the first of its key.
  std::optional<ledger::PublicKey> before(ledger::Slot slot) const;
  // Whether it holds in the slot or in a later one.
  bool holds_from(ledger::Slot slot, const ledger::PublicKey& key) const;
  // Whether the device that signs in the slot has had this key by then.
  bool of_device(ledger::Slot slot, const ledger::PublicKey& key) const;

  // Nothing changes from its slot on yet.
  void change(const NextKey& next, bool new_device = false) {
    later_.push_back({next, new_device});
  }

  // Count u16, then from u32, key 32, new device u8 of each.
  ledger::Bytes encode() const;

 private:
  struct Held {
    NextKey next;
    bool new_device = false;
  };
  std::size_t index_in(ledger::Slot slot) const;  // 0: the first
  const ledger::PublicKey& key(std::size_t index) const {
    return index == 0 ? first_ : later_[index - 1].next.key;
  }

  ledger::PublicKey first_{};  // beside the others: most lines are this one
  std::vector<Held> later_;    // by rising slot
};

}  // namespace market
