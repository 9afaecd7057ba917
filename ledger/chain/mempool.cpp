#include "ledger/chain/mempool.hpp"

#include "ledger/merkle/log_tree.hpp"

namespace ledger {

bool Mempool::add(Transaction tx, std::uint64_t height) {
  const Hash id = leaf_hash(tx.entry());
  if (place_of_.contains(id) || pending_.size() >= capacity_) return false;
  const Place place{static_cast<std::uint8_t>(tx.kind), arrivals_++};
  place_of_.emplace(id, place);
  pending_.emplace(place, Pending{id, std::move(tx), height});
  return true;
}

void Mempool::remove(const Hash& id) {
  const auto at = place_of_.find(id);
  if (at == place_of_.end()) return;
  pending_.erase(at->second);
  place_of_.erase(at);
}

std::vector<const Mempool::Pending*> Mempool::ordered() const {
  std::vector<const Pending*> out;
  out.reserve(pending_.size());
  for (const auto& [place, pending] : pending_) out.push_back(&pending);
  return out;
}

}  // namespace ledger
