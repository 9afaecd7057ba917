// The driver's ear: what it accepts from peers, and what it keeps of it.

#include <algorithm>

#include "ledger/consensus/driver.hpp"

namespace ledger {
namespace {

// Attachments of the largest message besides its value.
constexpr std::size_t max_attached_bytes = 256 + 72 * max_validators;

}  // namespace

void Driver::on_message(Instant now, BytesView bytes, Effects& out) {
  if (height_ == 0) return;
  handle(now, bytes, out);
  run(now, out);
}

void Driver::handle(Instant received, BytesView bytes, Effects& out) {
  if (bytes.size() > config_.max_value_bytes + max_attached_bytes)
    return refuse(ConsensusFault::too_large, out);
  auto message = decode_message(bytes, config_.max_value_bytes);
  if (!message) return refuse(message.error(), out);
  std::visit([&](auto& m) { receive(received, m, bytes, out); }, *message);
}

void Driver::receive(Instant received, const Vote& vote, BytesView bytes, Effects& out) {
  if (!validators_.holds(vote.validator)) return refuse(ConsensusFault::unknown_validator, out);
  if (!worth_checking(vote.height, vote.validator)) return;
  const Vote* kept =
      vote.height == height_ ? votes_.find(vote.type, vote.round, vote.validator) : nullptr;
  if (kept && *kept == vote) return;
  if (!authentic(statement_of(vote), vote.validator, vote.signature, out)) return;
  if (vote.height > height_) return hold(received, vote.height, vote.validator, false, bytes, out);
  if (vote.round > machine_.round() + round_window) return votes_.saw(vote.validator, vote.round);
  add_vote(vote, out);
}

void Driver::receive(Instant received, Proposal& proposal, BytesView bytes, Effects& out) {
  if (!validators_.holds(proposal.proposer)) return refuse(ConsensusFault::unknown_validator, out);
  if (proposal.proposer != validators_.proposer(proposal.height, proposal.round))
    return refuse(ConsensusFault::wrong_proposer, out);
  if (!worth_checking(proposal.height, proposal.proposer)) return;
  const Bytes statement = statement_of(proposal);
  const auto* known = proposal.height == height_ ? book_.find(proposal.round) : nullptr;
  const bool differs = known && statement_of(known->proposal) != statement;
  if (known && !differs && book_.content(proposal.value_id)) return;
  if (!authentic(statement, proposal.proposer, proposal.signature, out)) return;
  if (proposal.height > height_)
    return hold(received, proposal.height, proposal.proposer, true, bytes, out);
  votes_.saw(proposal.proposer, proposal.round);
  if (proposal.round > machine_.round() + round_window) return;

  const auto header = read_value(proposal.value, proposal.value_id, proposal.height);
  if (!header) return refuse(header.error(), out);
  if (proposal.valid_round == no_round && header->proposer != proposal.proposer)
    return refuse(ConsensusFault::wrong_value, out);
  if (proposal.certificate) {
    const auto held =
        verify_certificate(*proposal.certificate, config_.chain_id, validators_, verifier_);
    if (!held) return refuse(held.error(), out);
    add_certificate(*proposal.certificate, out);
  }
  if (differs)
    accuse(proposal.proposer, proposal.round, Crime::proposed_twice,
           signed_statement(known->proposal), signed_statement(proposal), out);
  if (book_.content(proposal.value_id) || book_.has_room(proposal.round))
    accept(received, std::move(proposal), *header, out);
}

// A second, differing proposal of a round is evidence; its value is kept all the same, since a
// quorum may have seen that one first.
void Driver::accept(Instant received, Proposal proposal, const BlockHeader& header, Effects& out) {
  const Hash id = proposal.value_id;
  const std::uint32_t round = proposal.round;
  const bool in_time = timely(received, proposal, header);
  if (!in_time) event(ConsensusEvent::Kind::value_untimely, out);
  Bytes value = std::move(proposal.value);
  proposal.value.clear();
  book_.add(std::move(proposal), in_time);
  if (!book_.add_value(id, value, round)) return;
  if (fits_clock(header)) {
    out.push_back(CheckValue{height_, id, std::move(value)});
    return;
  }
  book_.judge(id, false);
  event(ConsensusEvent::Kind::value_refused, out);
}

void Driver::receive(Instant, const Certificate& certificate, BytesView, Effects& out) {
  if (certificate.type != VoteType::prevote) return refuse(ConsensusFault::unknown_kind, out);
  if (certificate.height != height_ || decided_) return;
  if (votes_.quorum_for(VoteType::prevote, certificate.round, certificate.value)) return;
  if (certificate.round > machine_.round() + round_window) return;
  const auto held = verify_certificate(certificate, config_.chain_id, validators_, verifier_);
  if (!held) return refuse(held.error(), out);
  add_certificate(certificate, out);
}

void Driver::receive(Instant, Decision& decision, BytesView, Effects& out) {
  if (decision.certificate.height != height_ || decided_) return;
  const auto held = verify_decision(decision, config_.chain_id, validators_, verifier_);
  if (!held) return refuse(held.error(), out);
  decide(std::move(decision.certificate), std::move(decision.value), out);
}

void Driver::receive(Instant, const DecisionRequest& request, BytesView, Effects& out) {
  if (request.height < height_ || (request.height == height_ && decided_))
    out.push_back(AnswerPeer{request.height});
}

void Driver::add_vote(const Vote& vote, Effects& out) {
  if (votes_.add(vote) != VoteKeeper::Added::again) look_back(vote, out);
}

void Driver::add_certificate(const Certificate& certificate, Effects& out) {
  votes_.add(certificate);
  for (const Vote& vote : votes_of(certificate)) look_back(vote, out);
}

// Whether its validator said something else before.
void Driver::look_back(const Vote& vote, Effects& out) {
  const Vote* before = votes_.contradiction(vote);
  if (!before) return;
  const Crime crime = before->type != vote.type        ? Crime::forgot
                      : vote.type == VoteType::prevote ? Crime::prevoted_twice
                                                       : Crime::precommitted_twice;
  accuse(vote.validator, vote.round, crime, encode(*before), encode(vote), out);
}

// Once for each validator, crime and round.
void Driver::accuse(ValidatorId culprit, std::uint32_t round, Crime crime, Bytes first,
                    Bytes second, Effects& out) {
  if (!accused_.insert({culprit, crime, round}).second) return;
  if (second < first) std::swap(first, second);
  out.push_back(EvidenceFound{culprit, Evidence{std::move(first), std::move(second)}});
}

// Of this height while it is open, of the next one, or the news that a validator is further ahead.
bool Driver::worth_checking(std::uint64_t height, ValidatorId validator) const {
  if (height == height_) return !decided_;
  return height == height_ + 1 || (height > height_ + 1 && height > seen_height_[validator.value]);
}

void Driver::hold(Instant received, std::uint64_t height, ValidatorId from, bool is_proposal,
                  BytesView bytes, Effects& out) {
  seen_height_[from.value] = std::max(seen_height_[from.value], height);
  if (height == height_ + 1) next_height_.add({received, from, is_proposal, to_bytes(bytes)});
  const std::uint64_t others = height_of_f_plus_one();
  if (decided_ || others <= height_) return;
  ask_later(received);
  if (others > height_ + 1 && asked_height_ != height_) ask(out);
}

bool Driver::authentic(BytesView statement, ValidatorId validator, const Signature& signature,
                       Effects& out) {
  const auto held =
      verify_statement(statement, validator, signature, config_.chain_id, validators_, verifier_);
  if (!held) refuse(held.error(), out);
  return held.has_value();
}

void Driver::refuse(ConsensusFault fault, Effects& out) {
  event(ConsensusEvent::Kind::message_refused, out, fault);
}

}  // namespace ledger
