#include "ledger/consensus/vote_keeper.hpp"

#include <algorithm>
#include <functional>

#include "ledger/consensus/evidence.hpp"

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
  const auto same = [&](const Count& c) {
    return c.value == vote.value && c.valid_round == vote.valid_round;
  };
  auto at = std::find_if(tally.counts.begin(), tally.counts.end(), same);
  if (at == tally.counts.end()) at = tally.counts.insert(at, {vote.value, vote.valid_round, 0});
  if (++at->votes == quorum_ && vote.value) note_quorum(vote.type, vote.round, *vote.value);
  return Added::fresh;
}

void VoteKeeper::add(const Certificate& certificate) {
  for (const Vote& vote : votes_of(certificate)) add(vote);
  if (quorum_for(certificate.type, certificate.round, certificate.value)) return;
  Tally& tally = this->tally(certificate.type, certificate.round);
  if (tally.certificate) return;  // two in one round: more than f are Byzantine, the first stands
  tally.certificate = certificate;
  note_quorum(certificate.type, certificate.round, certificate.value);
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
  return find_quorum(*tally, value) != nullptr;
}

std::optional<Hash> VoteKeeper::quorum_value(VoteType type, std::uint32_t round) const {
  const Tally* tally = find_tally(type, round);
  if (!tally) return std::nullopt;
  if (tally->certificate) return tally->certificate->value;
  for (const Count& count : tally->counts)
    if (count.value && count.votes >= quorum_) return count.value;
  return std::nullopt;
}

std::optional<Certificate> VoteKeeper::certificate(VoteType type, std::uint32_t round,
                                                   const Hash& value) const {
  if (!quorum_for(type, round, value)) return std::nullopt;
  const Tally* tally = find_tally(type, round);
  if (tally->certificate && tally->certificate->value == value) return tally->certificate;
  const std::int32_t valid_round = find_quorum(*tally, value)->valid_round;
  Certificate out{type, 0, round, value, {}};
  for (const auto& vote : tally->votes) {
    if (!vote || vote->value != value || vote->valid_round != valid_round) continue;
    out.height = vote->height;
    out.votes.push_back({vote->validator, vote->valid_round, vote->signature});
  }
  return out;
}

const Vote* VoteKeeper::contradiction(const Vote& vote) const {
  for (const auto& [round, tallies] : rounds_)
    for (const Tally& tally : tallies) {
      if (tally.votes.empty()) continue;
      const std::optional<Vote>& kept = tally.votes[vote.validator.value];
      if (kept && contradict(*kept, vote)) return &*kept;
    }
  return nullptr;
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

const VoteKeeper::Count* VoteKeeper::find_quorum(const Tally& tally,
                                                 const std::optional<Hash>& value) const {
  for (const Count& count : tally.counts)
    if (count.votes >= quorum_ && count.value == value) return &count;
  return nullptr;
}

void VoteKeeper::note_quorum(VoteType type, std::uint32_t round, const Hash& value) {
  if (type == VoteType::precommit && !commit_) commit_ = Quorum{round, value};
  if (type == VoteType::prevote && (!prevoted_ || prevoted_->round < round))
    prevoted_ = Quorum{round, value};
}

}  // namespace ledger
