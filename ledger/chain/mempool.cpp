#include "ledger/chain/mempool.hpp"

#include "ledger/merkle/log_tree.hpp"

namespace ledger {

CanonicalPlace place_of(const Transaction& tx) {
  return {static_cast<std::uint8_t>(tx.kind), tx.body, leaf_hash(tx.entry())};
}

bool Mempool::add(Transaction tx, std::uint64_t height) {
  CanonicalPlace place = place_of(tx);
  const Hash id = std::get<Hash>(place);
  if (place_of_id_.contains(id) || pending_.size() >= capacity_) return false;
  place_of_id_.emplace(id, place);
  pending_.emplace(std::move(place), Pending{id, std::move(tx), height});
  return true;
}

void Mempool::remove(const Hash& id) {
  const auto at = place_of_id_.find(id);
  if (at == place_of_id_.end()) return;
  pending_.erase(at->second);
  place_of_id_.erase(at);
}

std::vector<const Mempool::Pending*> Mempool::ordered() const {
  std::vector<const Pending*> out;
  out.reserve(pending_.size());
  for (const auto& [place, pending] : pending_) out.push_back(&pending);
  return out;
}

}  // namespace ledger
