#include "twin/node/base/unconfirmed.hpp"

#include <algorithm>
#include <functional>

namespace twin {

using namespace ledger;

void Unconfirmed::add(Sent sent) {
  bytes_ += sent.message.size();
  sent_.push_back(std::move(sent));
}

bool Unconfirmed::has(const SharedBytes& message) const {
  return std::any_of(sent_.begin(), sent_.end(),
                     [&](const Sent& s) { return equal(s.message, message); });
}

void Unconfirmed::remove(const SharedBytes& message) {
  const auto gone = [&](const Sent& s) {
    if (!equal(s.message, message)) return false;
    bytes_ -= s.message.size();
    return true;
  };
  sent_.erase(std::remove_if(sent_.begin(), sent_.end(), gone), sent_.end());
}

// Of the validators' words the one that at least one honest validator reaches.
LedgerProgress Unconfirmed::confirmed() const {
  const std::size_t liars = (validators_ - 1) / 3;
  const auto reached = [&](std::uint32_t LedgerProgress::*number) {
    std::vector<std::uint32_t> all;
    for (const auto& [by, p] : told_) all.push_back(p.*number);
    if (all.size() <= liars) return 0u;
    std::sort(all.begin(), all.end(), std::greater<>());
    return all[liars];
  };
  return {reached(&LedgerProgress::epoch), reached(&LedgerProgress::slots)};
}

void Unconfirmed::told(ValidatorId by, const LedgerProgress& progress) {
  LedgerProgress& known = told_[by];
  known.epoch = std::max(known.epoch, progress.epoch);
  known.slots = std::max(known.slots, progress.slots);
  const LedgerProgress now = confirmed();
  const auto done = [&](const Sent& s) {
    if (s.until.epoch > now.epoch || s.until.slots > now.slots) return false;
    bytes_ -= s.message.size();
    return true;
  };
  sent_.erase(std::remove_if(sent_.begin(), sent_.end(), done), sent_.end());
}

std::vector<SharedBytes> Unconfirmed::again(Instant now, Instant then, std::size_t most) {
  std::vector<Sent*> papers, others;
  for (Sent& s : sent_)
    if (s.at <= then) (s.paper ? papers : others).push_back(&s);
  std::stable_sort(papers.begin(), papers.end(),
                   [](const Sent* a, const Sent* b) { return a->at < b->at; });
  std::vector<SharedBytes> out;
  for (const auto& late : {papers, others})
    for (std::size_t i = 0; i < std::min(most, late.size()); ++i) {
      late[i]->at = now;
      out.push_back(late[i]->message);
    }
  return out;
}

}  // namespace twin
