#include "ledger/chain/mempool.hpp"

#include "ledger/merkle/log_tree.hpp"

namespace ledger {

CanonicalPlace place_of(const Transaction& tx) {
  return {static_cast<std::uint8_t>(tx.kind), tx.body, leaf_hash(tx.entry())};
}

bool Mempool::has_room(std::size_t size, NodeId sender, bool waits) const {
  const auto at = share_of_.find(sender);
  const Share own = at == share_of_.end() ? Share{} : at->second;
  return all_.count < limits_.count && all_.bytes + size <= limits_.bytes &&
         own.count < limits_.sender_count && own.bytes + size <= limits_.sender_bytes &&
         (!waits || own.waiting < limits_.sender_waiting);
}

Mempool::Added Mempool::add(Transaction tx, std::uint64_t height, NodeId sender, bool waits) {
  CanonicalPlace place = place_of(tx);
  const Hash id = std::get<Hash>(place);
  if (place_of_id_.contains(id)) return Added::known;
  const std::size_t size = tx.encode().size();
  if (!has_room(size, sender, waits)) return Added::no_room;
  for (Share* share : {&all_, &share_of_[sender]}) {
    ++share->count;
    share->bytes += size;
    share->waiting += waits ? 1 : 0;
  }
  place_of_id_.emplace(id, place);
  pending_.emplace(std::move(place), Pending{id, std::move(tx), size, height, sender, waits});
  return Added::yes;
}

void Mempool::remove(const Hash& id) {
  const auto at = place_of_id_.find(id);
  if (at == place_of_id_.end()) return;
  const auto pending = pending_.find(at->second);
  const Pending& p = pending->second;
  const auto own = share_of_.find(p.sender);
  for (Share* share : {&all_, &own->second}) {
    --share->count;
    share->bytes -= p.size;
    share->waiting -= p.waits ? 1 : 0;
  }
  if (own->second.count == 0) share_of_.erase(own);
  pending_.erase(pending);
  place_of_id_.erase(at);
}

std::vector<const Mempool::Pending*> Mempool::ordered() const {
  std::vector<const Pending*> out;
  out.reserve(pending_.size());
  for (const auto& [place, pending] : pending_) out.push_back(&pending);
  return out;
}

}  // namespace ledger
