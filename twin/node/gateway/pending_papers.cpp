#include "twin/node/gateway/pending_papers.hpp"

#include <algorithm>

#include "market/entries/registry_entries.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

using namespace ledger;
using market::SignedBy;

std::optional<Paper> paper_of(const Transaction& tx) {
  if (tx.openings.size() != 1) return std::nullopt;
  Paper out;
  out.message = frame(MessageKind::transaction, tx.encode());
  if (tx.kind == TransactionKind::key_change) {
    const auto change = market::decode_key_change(tx.openings[0].data);
    if (!change) return std::nullopt;
    out.meter = change->meter;
    out.of = change->of;
    out.slot = change->slot;
    out.next_key = change->next_key;
    return out;
  }
  if (tx.kind != TransactionKind::deregistration) return std::nullopt;
  const auto leaving = market::decode_deregistration(tx.openings[0].data);
  if (!leaving) return std::nullopt;
  out.meter = leaving->meter;
  out.slot = leaving->last;
  return out;
}

bool PendingPapers::has_room(MeterId meter) const {
  return std::count_if(waiting_.begin(), waiting_.end(), [&](const Paper& p) {
           return p.meter == meter;
         }) < static_cast<std::ptrdiff_t>(most);
}

bool PendingPapers::changes_key(MeterId meter) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const Paper& p) {
    return p.meter == meter && p.of == market::KeyOf::meter;
  });
}

std::optional<Slot> PendingPapers::last_slot(MeterId meter) const {
  std::optional<Slot> out;
  for (const Paper& p : waiting_)
    if (p.meter == meter && !p.of) out = std::min(out.value_or(p.slot), p.slot);
  return out;
}

// In its own slot a change leaves the old key standing; behind it one of the two is over, and who
// does not know which says that the meter is absent.
bool PendingPapers::hangs_on_one(MeterId meter, Slot slot, SignedBy by, const MeterWord& word,
                                 Verifier& verifier) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const Paper& p) {
    if (p.meter != meter || p.of != market::KeyOf::meter || slot < p.slot) return false;
    return by == SignedBy::nobody ? gave(p.next_key, word, verifier) : p.slot < slot;
  });
}

bool PendingPapers::told(ValidatorId by, const Hash& leaf) {
  if (acted_.contains(leaf)) return false;  // it would push out what still waits for others' words
  std::deque<Hash>& said = told_[by];
  if (std::find(said.begin(), said.end(), leaf) == said.end()) said.push_back(leaf);
  if (said.size() > words) said.pop_front();
  const auto who = std::count_if(told_.begin(), told_.end(), [&](const auto& one) {
    return std::find(one.second.begin(), one.second.end(), leaf) != one.second.end();
  });
  if (who <= static_cast<std::ptrdiff_t>((validators_ - 1) / 3)) return false;
  acted_.insert(leaf);
  return true;
}

void PendingPapers::end_departures(const Unconfirmed& said) {
  waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(),
                                [&](const Paper& p) { return !p.of && !said.has(p.message); }),
                 waiting_.end());
}

std::vector<Paper> PendingPapers::end(const Paper& acts) {
  const auto ends = std::stable_partition(waiting_.begin(), waiting_.end(), [&](const Paper& p) {
    return p.meter != acts.meter || p.of != acts.of;
  });
  std::vector<Paper> out(ends, waiting_.end());
  waiting_.erase(ends, waiting_.end());
  return out;
}

}  // namespace twin
