#pragma once
// Transactions that wait for a block, in the canonical order of a block's transactions: by kind
// (meter swaps right behind registrations and concentrated batches behind those that come alone,
// since marks rest on them), then by body, then by leaf hash. That order says nothing about when or
// from whom one came.
//
// Bounds: transactions and bytes, in all and of one sender, and of one sender those that wait for
// another transaction. Where there is no room the newcomer is refused; nothing that waits is put
// out for it, so that a flood takes its own sender's room only. A transaction leaves when a block
// holds it, when a builder finds that it never will hold, or when it has waited too long.

#include <map>

#include "ledger/chain/transaction.hpp"

namespace ledger {

// Where transactions of a kind stand in a block: each kind has a place of its own.
std::uint16_t rank_in_block(TransactionKind kind);

// Whether a transaction stands before another one in a block; each with the leaf hash of its entry.
bool in_order(const Transaction& a, const Hash& leaf_a, const Transaction& b, const Hash& leaf_b);

struct MempoolLimits {
  std::size_t count = 100'000, bytes = 32u << 20;
  std::size_t sender_count = 20'000, sender_bytes = 8u << 20;
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
    bool waits = false;  // for another transaction, as it was when it came; no signature checked
  };
  enum class Added : std::uint8_t { yes, known, no_room };

  Added add(Transaction tx, std::uint64_t height, NodeId sender = {}, bool waits = false);
  void remove(const Hash& id);
  // Whether it is here and does not wait for another one: its signature was checked.
  bool admitted(const Hash& id) const;
  NodeId sender(const Hash& id) const;  // of one that is here

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
  std::map<Hash, Pending> pending_;  // by id
};

}  // namespace ledger
