#include "ledger/consensus/proposal_book.hpp"

#include <algorithm>

namespace ledger {

void ProposalBook::add(Proposal proposal, bool timely) {
  const std::uint32_t round = proposal.round;
  entries_.try_emplace(round, Entry{std::move(proposal), timely});
}

bool ProposalBook::add_value(const Hash& id, Bytes bytes, std::uint32_t round) {
  const auto [at, fresh] = contents_.try_emplace(id);
  Content& content = at->second;
  content.last_round = std::max(content.last_round, round);
  if (!fresh) return false;
  content.bytes = std::move(bytes);
  return true;
}

void ProposalBook::judge(const Hash& id, bool valid) {
  const auto at = contents_.find(id);
  if (at == contents_.end()) return;
  at->second.validity = valid ? Validity::valid : Validity::invalid;
  if (!valid) at->second.bytes = Bytes();
}

bool ProposalBook::has_room(std::uint32_t round) const {
  const auto of_round = [&](const auto& item) { return item.second.last_round == round; };
  return std::count_if(contents_.begin(), contents_.end(), of_round) < 2;
}

const ProposalBook::Entry* ProposalBook::find(std::uint32_t round) const {
  const auto at = entries_.find(round);
  return at == entries_.end() ? nullptr : &at->second;
}

const ProposalBook::Content* ProposalBook::content(const Hash& id) const {
  const auto at = contents_.find(id);
  return at == contents_.end() ? nullptr : &at->second;
}

Bytes ProposalBook::take(const Hash& id) { return std::move(contents_.at(id).bytes); }

Validity ProposalBook::validity(const Hash& id) const {
  const Content* found = content(id);
  return found ? found->validity : Validity::unknown;
}

void ProposalBook::forget_before(std::uint32_t round, const std::optional<Hash>& keep_one,
                                 const std::optional<Hash>& keep_two) {
  std::erase_if(contents_, [&](const auto& item) {
    return item.second.last_round < round && item.first != keep_one && item.first != keep_two;
  });
}

}  // namespace ledger
