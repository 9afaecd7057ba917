#pragma once
// Transactions that wait for a block, in the order a block takes them: by kind, then by arrival.
// Bounded: when full, new ones are refused.

#include <map>
#include <set>

#include "ledger/chain/transaction.hpp"

namespace ledger {

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
  using Place = std::pair<std::uint8_t, std::uint64_t>;  // kind, arrival
  std::size_t capacity_;
  std::uint64_t arrivals_ = 0;
  std::map<Place, Pending> pending_;
  std::map<Hash, Place> place_of_;
};

}  // namespace ledger
