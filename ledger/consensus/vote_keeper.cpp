#include "ledger/consensus/vote_keeper.hpp"

#include <algorithm>
#include <functional>

#include "ledger/consensus/verification.hpp"

namespace ledger {

VoteKeeper::VoteKeeper(const ValidatorSet& validators)
    : size_(validators.size()),
      quorum_(validators.quorum()),
      faulty_(validators.faulty()),
      highest_round_(size_, no_round) {}

VoteKeeper::Added VoteKeeper::add(const Vote& vote) {
  saw(vote.validator, vote.round);
  Tally& tally = this->tally(vote.type, vote.round);
  std::optional<Vote>& kept = tally.votes[vote.validator.value];
  if (kept) {
    const bool same = kept->value == vote.value && kept->valid_round == vote.valid_round;
    return same ? Added::again : Added::conflict;
  }
  kept = vote;
  ++tally.count;
  ++tally.by_value[vote.value];
  note_commit(vote.type, vote.round, vote.value);
  return Added::fresh;
}

std::vector<Vote> VoteKeeper::add(const Certificate& certificate) {
  std::vector<Vote> conflicts;
  for (const Vote& vote : votes_of(certificate))
    if (add(vote) == Added::conflict) conflicts.push_back(vote);
  if (!quorum_for(certificate.type, certificate.round, certificate.value)) {
    tally(certificate.type, certificate.round).certificate = certificate;
    note_commit(certificate.type, certificate.round, certificate.value);
  }
  return conflicts;
}

const Vote* VoteKeeper::find(VoteType type, std::uint32_t round, ValidatorId validator) const {
  const Tally* tally = find_tally(type, round);
  if (!tally || !tally->votes[validator.value]) return nullptr;
  return &*tally->votes[validator.value];
}

std::vector<Vote> VoteKeeper::votes(VoteType type, std::uint32_t round) const {
  std::vector<Vote> out;
  if (const Tally* tally = find_tally(type, round))
    for (const auto& vote : tally->votes)
      if (vote) out.push_back(*vote);
  return out;
}

bool VoteKeeper::quorum_of_any(VoteType type, std::uint32_t round) const {
  const Tally* tally = find_tally(type, round);
  return tally && (tally->count >= quorum_ || tally->certificate);
}

bool VoteKeeper::quorum_for(VoteType type, std::uint32_t round,
                            const std::optional<Hash>& value) const {
  const Tally* tally = find_tally(type, round);
  if (!tally) return false;
  if (tally->certificate && value == tally->certificate->value) return true;
  const auto at = tally->by_value.find(value);
  return at != tally->by_value.end() && at->second >= quorum_;
}

std::optional<Hash> VoteKeeper::quorum_value(VoteType type, std::uint32_t round) const {
  const Tally* tally = find_tally(type, round);
  if (!tally) return std::nullopt;
  if (tally->certificate) return tally->certificate->value;
  for (const auto& [value, count] : tally->by_value)
    if (value && count >= quorum_) return value;
  return std::nullopt;
}

std::optional<Certificate> VoteKeeper::certificate(VoteType type, std::uint32_t round,
                                                   const Hash& value) const {
  if (!quorum_for(type, round, value)) return std::nullopt;
  const Tally* tally = find_tally(type, round);
  if (tally->certificate && tally->certificate->value == value) return tally->certificate;
  Certificate out{type, 0, round, value, {}};
  for (const auto& vote : tally->votes) {
    if (!vote || vote->value != value) continue;
    out.height = vote->height;
    out.votes.push_back({vote->validator, vote->valid_round, vote->signature});
  }
  return out;
}

void VoteKeeper::saw(ValidatorId validator, std::uint32_t round) {
  std::int64_t& highest = highest_round_[validator.value];
  if (round <= highest) return;
  highest = round;
  std::vector<std::int64_t> falling = highest_round_;
  std::nth_element(falling.begin(), falling.begin() + faulty_, falling.end(), std::greater<>());
  skip_round_ = falling[faulty_];
}

VoteKeeper::Tally& VoteKeeper::tally(VoteType type, std::uint32_t round) {
  Tally& out = rounds_[round][type == VoteType::prevote ? 0 : 1];
  out.votes.resize(size_);
  return out;
}

const VoteKeeper::Tally* VoteKeeper::find_tally(VoteType type, std::uint32_t round) const {
  const auto at = rounds_.find(round);
  if (at == rounds_.end()) return nullptr;
  const Tally& out = at->second[type == VoteType::prevote ? 0 : 1];
  return out.votes.empty() ? nullptr : &out;
}

void VoteKeeper::note_commit(VoteType type, std::uint32_t round, const std::optional<Hash>& value) {
  if (type == VoteType::precommit && value && !commit_ && quorum_for(type, round, value))
    commit_ = Commit{round, *value};
}

}  // namespace ledger
