#pragma once
// Transactions that wait for a block, in the canonical order of a block's transactions: by kind,
// then by body, then by leaf hash. That order says nothing about when or from whom one came.
//
// Bounds: transactions and bytes, in all and of one sender, and of one sender those that wait for
// another transaction. Where there is no room the newcomer is refused; nothing that waits is put
// out for it, so that a flood takes its own sender's room only. A transaction leaves when a block
// holds it, when a builder finds that it never will hold, or when it has waited too long.

#include <map>
#include <tuple>

#include "ledger/chain/transaction.hpp"

namespace ledger {

// Where a transaction stands among a block's: kind, body, leaf hash of its entry.
using CanonicalPlace = std::tuple<std::uint8_t, Bytes, Hash>;
CanonicalPlace place_of(const Transaction& tx);

struct MempoolLimits {
  std::size_t count = 100'000, bytes = 64u << 20;
  std::size_t sender_count = 20'000, sender_bytes = 16u << 20;
  std::size_t sender_waiting = 4096;  // for another transaction
};

class Mempool {
 public:
  explicit Mempool(MempoolLimits limits = {}) : limits_(limits) {}

  struct Pending {
    Hash id{};  // leaf hash of its entry
    Transaction transaction;
    std::size_t size = 0;  // of its encoding
    std::uint64_t since_height = 0;
    NodeId sender;
    bool waits = false;  // for another transaction, as it was when it came
  };
  enum class Added : std::uint8_t { yes, known, no_room };

  Added add(Transaction tx, std::uint64_t height, NodeId sender = {}, bool waits = false);
  void remove(const Hash& id);

  // In canonical order. The pointers are good until the next change.
  std::vector<const Pending*> ordered() const;
  std::size_t size() const { return pending_.size(); }
  std::size_t bytes() const { return all_.bytes; }

 private:
  struct Share {
    std::size_t count = 0, bytes = 0, waiting = 0;
  };
  bool has_room(std::size_t size, NodeId sender, bool waits) const;

  MempoolLimits limits_;
  Share all_;
  std::map<NodeId, Share> share_of_;
  std::map<CanonicalPlace, Pending> pending_;
  std::map<Hash, CanonicalPlace> place_of_id_;
};

}  // namespace ledger
