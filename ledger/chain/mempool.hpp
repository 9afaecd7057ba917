#pragma once
// Transactions that wait for a block, in the order a block takes them: by kind, body and leaf hash,
// so that the public log does not tell in which order homes sent theirs.
// Bounded: when full, new ones are refused.

#include <map>
#include <tuple>

#include "ledger/chain/transaction.hpp"

namespace ledger {

// Where a transaction stands among a block's, behind what is due: kind, body, leaf hash of its
// entry.
using CanonicalPlace = std::tuple<std::uint8_t, Bytes, Hash>;
CanonicalPlace place_of(const Transaction& tx);

class Mempool {
 public:
  explicit Mempool(std::size_t capacity = 100'000) : capacity_(capacity) {}

  struct Pending {
    Hash id{};  // leaf hash of its entry
    Transaction transaction;
    std::uint64_t since_height = 0;
  };

  // False where it is known already or there is no room.
  bool add(Transaction tx, std::uint64_t height);
  void remove(const Hash& id);

  // In block order. The pointers are good until the next change.
  std::vector<const Pending*> ordered() const;

 private:
  std::size_t capacity_;
  std::map<CanonicalPlace, Pending> pending_;
  std::map<Hash, CanonicalPlace> place_of_id_;
};

}  // namespace ledger
