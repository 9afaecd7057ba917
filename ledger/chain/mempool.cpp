#include "ledger/chain/mempool.hpp"

#include <algorithm>
#include <tuple>

#include "ledger/chain/block.hpp"

namespace ledger {

std::uint16_t rank_in_block(TransactionKind kind) {
  const auto place = [](TransactionKind k) { return static_cast<std::uint16_t>(2 * int(k)); };
  if (kind == TransactionKind::meter_swap) return place(TransactionKind::registration) | 1;
  if (kind == TransactionKind::concentrated) return place(TransactionKind::batch) | 1;
  return place(kind);
}

bool in_order(const Transaction& a, const Hash& leaf_a, const Transaction& b, const Hash& leaf_b) {
  const auto rank_a = rank_in_block(a.kind), rank_b = rank_in_block(b.kind);
  return std::tie(rank_a, a.body, leaf_a) < std::tie(rank_b, b.body, leaf_b);
}

bool Mempool::has_room(std::size_t size, NodeId sender, bool waits) const {
  const auto at = share_of_.find(sender);
  const Share own = at == share_of_.end() ? Share{} : at->second;
  return all_.count < limits_.count && all_.bytes + size <= limits_.bytes &&
         own.count < limits_.sender_count && own.bytes + size <= limits_.sender_bytes &&
         (!waits || own.waiting < limits_.sender_waiting);
}

Mempool::Added Mempool::add(Transaction tx, std::uint64_t height, NodeId sender, bool waits) {
  const Hash id = leaf_of(tx);
  const auto [at, is_new] = pending_.try_emplace(id);
  if (!is_new) return Added::known;
  const std::size_t size = tx.encoded_size();
  if (!has_room(size, sender, waits)) {
    pending_.erase(at);
    return Added::no_room;
  }
  for (Share* share : {&all_, &share_of_[sender]}) {
    ++share->count;
    share->bytes += size;
    share->waiting += waits ? 1 : 0;
  }
  at->second = {id, std::move(tx), size, height, sender, waits};
  return Added::yes;
}

void Mempool::remove(const Hash& id) {
  const auto at = pending_.find(id);
  if (at == pending_.end()) return;
  const Pending& p = at->second;
  const auto own = share_of_.find(p.sender);
  for (Share* share : {&all_, &own->second}) {
    --share->count;
    share->bytes -= p.size;
    share->waiting -= p.waits ? 1 : 0;
  }
  if (own->second.count == 0) share_of_.erase(own);
  pending_.erase(at);
}

bool Mempool::admitted(const Hash& id) const {
  const auto at = pending_.find(id);
  return at != pending_.end() && !at->second.waits;
}

NodeId Mempool::sender(const Hash& id) const { return pending_.at(id).sender; }

std::vector<const Mempool::Pending*> Mempool::ordered() const {
  std::vector<const Pending*> out;
  out.reserve(pending_.size());
  for (const auto& [id, pending] : pending_) out.push_back(&pending);
  std::sort(out.begin(), out.end(), [](const Pending* a, const Pending* b) {
    return in_order(a->transaction, a->id, b->transaction, b->id);
  });
  return out;
}

}  // namespace ledger
