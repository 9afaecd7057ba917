#include "ledger/consensus/driver.hpp"

#include <algorithm>
#include <functional>

#include "ledger/base/invariant.hpp"

namespace ledger {

Driver::Driver(ConsensusConfig config, Signer* signer, Verifier& verifier)
    : config_(std::move(config)),
      validators_(config_.validators),
      signer_(signer),
      verifier_(verifier),
      votes_(validators_),
      seen_height_(validators_.size(), 0) {
  invariant(config_.block_interval.ns > 0 && config_.propose_timeout.ns > 0 &&
                config_.vote_timeout.ns > 0 && config_.timeout_growth.ns > 0 &&
                config_.message_delay.ns > 0,
            "consensus intervals are positive");
  if (signer_) self_ = validators_.find(signer_->public_key());
  if (self_) guard_.emplace(config_.chain_id, *self_);
}

Checked Driver::restore(BytesView record) {
  if (!self_) return tl::unexpected(ConsensusFault::wrong_chain);
  auto guard = SignGuard::restore(record, config_.chain_id, *self_, config_.max_value_bytes);
  if (!guard) return tl::unexpected(guard.error());
  if (guard->lock()) {
    const auto held =
        verify_certificate(guard->lock()->certificate, config_.chain_id, validators_, verifier_);
    if (!held) return held;
  }
  guard_ = std::move(*guard);
  return {};
}

void Driver::start(Instant now, std::uint64_t height, std::int64_t last_timestamp_ms,
                   Effects& out) {
  invariant(height_ == 0 && height > 0, "a driver starts once, at height 1 or later");
  last_timestamp_ms_ = last_timestamp_ms;
  begin_height(now, height, out);
}

void Driver::advance(Instant now, std::uint64_t height, Effects& out) {
  invariant(decided_ && height == height_ + 1, "a height follows the decided one");
  begin_height(now, height, out);
}

void Driver::begin_height(Instant now, std::uint64_t height, Effects& out) {
  height_ = height;
  decided_ = false;
  machine_ = RoundMachine();
  votes_ = VoteKeeper(validators_);
  book_ = ProposalBook();
  timers_.clear();
  accused_.clear();
  value_wanted_.reset();
  if (guard_ && guard_->height() == height_ && !guard_->statements().empty())
    resume_signed(now, out);
  else if (now >= height_start())
    perform(now, EnterRound{0}, out);
  else
    arm(Timer::Kind::begin, height_start());
  for (const HeightBuffer::Held& held : next_height_.take())
    if (!decided_) handle(held.received, held.bytes, out);
  run(now, out);
  if (!decided_ && height_of_f_plus_one() > height_ + 1) ask(out);
}

// After a restart within a height: our own statements are signed and sent again, the lock stands,
// and the machine stops where it stopped.
void Driver::resume_signed(Instant now, Effects& out) {
  std::optional<RoundMachine::Mark> lock;
  if (guard_->lock()) {
    const SignGuard::Lock& held = *guard_->lock();
    lock = RoundMachine::Mark{held.certificate.round, held.certificate.value};
    book_.add_value(lock->value, held.value, lock->round);
    book_.judge(lock->value, true);
    votes_.add(held.certificate);
  }
  RoundMachine::Step step = RoundMachine::Step::propose;
  const std::uint32_t round = guard_->statements().back().round;
  for (const SignGuard::Statement& statement : guard_->statements()) {
    Bytes bytes = statement.bytes;
    append(bytes, signer_->sign(signed_bytes(config_.chain_id, statement.bytes)));
    // A proposal's value is not recorded: the round goes on without it.
    const auto vote = decode_vote(bytes);
    if (!vote) continue;
    votes_.add(*vote);
    out.push_back(Broadcast{std::move(bytes)});
    if (statement.round != round) continue;
    step = vote->type == VoteType::prevote ? RoundMachine::Step::prevote
                                           : RoundMachine::Step::precommit;
  }
  machine_.resume(round, step, lock);
  event(ConsensusEvent::Kind::round_entered, out);
  arm(Timer::Kind::propose, now + grown(config_.propose_timeout));
  arm(Timer::Kind::repeat, now + repeat_period());
}

// ---- rules

void Driver::run(Instant now, Effects& out) {
  while (!decided_) {
    const auto action = machine_.next(votes_, book_);
    if (!action) return;
    std::visit([&](const auto& a) { perform(now, a, out); }, *action);
  }
}

void Driver::perform(Instant, const CastVote& action, Effects& out) {
  if (!may_sign()) return;
  Vote vote{action.type, height_, machine_.round(), action.value, action.valid_round, *self_, {}};
  const SignStep step = action.type == VoteType::prevote ? SignStep::prevote : SignStep::precommit;
  if (step == SignStep::precommit && action.value) guard_lock();
  const auto signature = sign(vote.round, step, statement_of(vote), out);
  if (!signature) return;
  vote.signature = *signature;
  votes_.add(vote);
  out.push_back(Broadcast{encode(vote)});
}

// A round whose precommits are in but decide nothing ends soon: whatever was proven in it must
// reach the next proposer in time, also where Byzantine validators showed it to us alone.
void Driver::perform(Instant now, const ArmTimeout& action, Effects& out) {
  if (action.kind == TimeoutKind::precommit) tell_valid(out);
  if (action.kind == TimeoutKind::propose)
    arm(Timer::Kind::propose, now + grown(config_.propose_timeout));
  else
    arm(action.kind == TimeoutKind::prevote ? Timer::Kind::prevote : Timer::Kind::precommit,
        now + grown(config_.vote_timeout));
}

void Driver::perform(Instant now, const EnterRound& action, Effects& out) {
  machine_.enter(action.round);
  std::erase_if(timers_, [](const Timer& t) { return t.kind != Timer::Kind::ask; });
  value_wanted_.reset();
  const auto& locked = machine_.locked();
  const auto& valid = machine_.valid();
  const std::uint32_t oldest = action.round - std::min(action.round, round_window);
  book_.forget_before(oldest, locked ? std::optional(locked->value) : std::nullopt,
                      valid ? std::optional(valid->value) : std::nullopt);
  event(ConsensusEvent::Kind::round_entered, out);
  perform(now, ArmTimeout{TimeoutKind::propose}, out);
  arm(Timer::Kind::repeat, now + repeat_period());
  start_proposal(now, out);
}

void Driver::perform(Instant, const DecideValue& action, Effects& out) {
  auto certificate = votes_.certificate(VoteType::precommit, action.round, action.value);
  invariant(certificate && book_.content(action.value), "a decision has its certificate and value");
  decide(std::move(*certificate), book_.take(action.value), out);
}

// L14 to L19: the proposer repeats its valid value, with the proof that it is one, or asks the
// application for a new one. A round in which it has signed before is left to the others.
void Driver::start_proposal(Instant now, Effects& out) {
  const std::uint32_t round = machine_.round();
  if (!may_sign() || validators_.proposer(height_, round) != *self_) return;
  if (!guard_->is_open(height_, round, SignStep::propose)) return;
  const auto& valid = machine_.valid();
  if (!valid) {
    value_wanted_ =
        NeedValue{height_, round, std::max(now.whole_ms(), last_timestamp_ms_ + 1), *self_};
    out.push_back(*value_wanted_);
    return;
  }
  const auto* content = book_.content(valid->value);
  invariant(content != nullptr, "the valid value is kept");
  Proposal proposal{
      height_, round, static_cast<std::int32_t>(valid->round), valid->value, *self_, {}, {}, {}};
  proposal.certificate = votes_.certificate(VoteType::prevote, valid->round, valid->value);
  invariant(proposal.certificate.has_value(), "a valid value has its certificate");
  const Bytes value = content->bytes;
  publish(std::move(proposal), value, out);
}

void Driver::propose(Instant now, std::uint64_t height, std::uint32_t round, Bytes value,
                     Effects& out) {
  const auto wanted = value_wanted_;
  if (!wanted || wanted->height != height || wanted->round != round) return;
  value_wanted_.reset();
  invariant(value.size() <= config_.max_value_bytes, "a proposed value is within the bound");
  const Hash id = block_id(value);
  const auto header = read_value(value, id, height);
  invariant(header && header->time_ms == wanted->timestamp_ms && header->proposer == *self_,
            "a proposed block has the height, time and proposer that were asked for");
  book_.add_value(id, value, round);
  book_.judge(id, true);
  publish({height_, round, no_round, id, *self_, {}, {}, {}}, value, out);
  run(now, out);
}

void Driver::publish(Proposal proposal, BytesView value, Effects& out) {
  const auto signature = sign(proposal.round, SignStep::propose, statement_of(proposal), out);
  if (!signature) return;
  proposal.signature = *signature;
  votes_.saw(*self_, proposal.round);
  out.push_back(Broadcast{encode(proposal, value)});
  book_.add(std::move(proposal), true);
}

void Driver::value_checked(Instant now, const Hash& value_id, bool valid, Effects& out) {
  if (decided_ || book_.validity(value_id) != Validity::unknown) return;
  book_.judge(value_id, valid);
  if (!valid) event(ConsensusEvent::Kind::value_refused, out);
  run(now, out);
}

void Driver::decide(Certificate certificate, Bytes value, Effects& out) {
  const auto header = decode_header(BytesView(value).first(header_size));
  invariant(header.has_value(), "a decided value's form was checked");
  decided_ = true;
  timers_.clear();
  value_wanted_.reset();
  last_timestamp_ms_ = header->time_ms;
  const std::uint32_t round = certificate.round;
  const Hash id = certificate.value;
  out.push_back(Decided{height_, round, id, header->proposer, header->time_ms, std::move(value),
                        std::move(certificate)});
}

// ---- signing

std::optional<Signature> Driver::sign(std::uint32_t round, SignStep step, BytesView statement,
                                      Effects& out) {
  switch (guard_->admit(height_, round, step, statement)) {
    case SignGuard::Verdict::refused:
      event(ConsensusEvent::Kind::signing_refused, out);
      return std::nullopt;
    case SignGuard::Verdict::fresh:
      out.push_back(PersistSigned{guard_->record()});
      break;
    case SignGuard::Verdict::again:
      break;
  }
  return signer_->sign(signed_bytes(config_.chain_id, statement));
}

// The lock becomes durable with the precommit that it stands for.
void Driver::guard_lock() {
  const auto& locked = machine_.locked();
  auto certificate = votes_.certificate(VoteType::prevote, locked->round, locked->value);
  const auto* content = book_.content(locked->value);
  invariant(certificate && content, "a lock has its certificate and value");
  guard_->set_lock(height_, {std::move(*certificate), content->bytes});
}

// ---- time

Instant Driver::next_deadline() const {
  Instant first = never;
  for (const Timer& timer : timers_) first = std::min(first, timer.at);
  return first;
}

void Driver::on_deadline(Instant now, Effects& out) {
  while (next_deadline() <= now) {
    const auto due = std::min_element(timers_.begin(), timers_.end(),
                                      [](const Timer& a, const Timer& b) { return a.at < b.at; });
    const Timer timer = *due;
    timers_.erase(due);
    fire(now, timer, out);
    run(now, out);
  }
}

void Driver::fire(Instant now, const Timer& timer, Effects& out) {
  switch (timer.kind) {
    case Timer::Kind::begin:
      return perform(now, EnterRound{0}, out);
    case Timer::Kind::repeat:
      return repeat(now, out);
    case Timer::Kind::ask:
      ask_later(now);
      return ask(out);
    default:
      break;
  }
  const auto kind = timer.kind == Timer::Kind::propose   ? TimeoutKind::propose
                    : timer.kind == Timer::Kind::prevote ? TimeoutKind::prevote
                                                         : TimeoutKind::precommit;
  const auto action = machine_.timeout(kind, timer.round);
  if (!action) return;
  event(ConsensusEvent::Kind::timed_out, out);
  std::visit([&](const auto& a) { perform(now, a, out); }, *action);
}

void Driver::repeat(Instant now, Effects& out) {
  arm(Timer::Kind::repeat, now + repeat_period());
  const std::uint32_t round = machine_.round();
  if (round > 0)
    for (const Vote& vote : votes_.votes(VoteType::precommit, round - 1))
      out.push_back(Broadcast{encode(vote)});
  tell_valid(out);
  const auto* current = book_.find(round);
  const bool shown = machine_.valid() && machine_.valid()->round == round;
  if (current && !shown && self_ && current->proposal.proposer == *self_)
    repeat_proposal(round, current->proposal.value_id, out);
  if (self_)
    for (const VoteType type : {VoteType::prevote, VoteType::precommit})
      if (const Vote* own = votes_.find(type, round, *self_))
        out.push_back(Broadcast{encode(*own)});
  ask(out);
}

void Driver::tell_valid(Effects& out) const {
  const auto& valid = machine_.valid();
  if (!valid) return;
  repeat_proposal(valid->round, valid->value, out);
  if (const auto proof = votes_.certificate(VoteType::prevote, valid->round, valid->value))
    out.push_back(Broadcast{encode(*proof)});
}

void Driver::repeat_proposal(std::uint32_t round, const Hash& value, Effects& out) const {
  const auto* entry = book_.find(round);
  const auto* content = book_.content(value);
  if (entry && content && entry->proposal.value_id == value)
    out.push_back(Broadcast{encode(entry->proposal, content->bytes)});
}

void Driver::ask(Effects& out) {
  asked_height_ = height_;
  out.push_back(AskPeer{attempts_++, encode(DecisionRequest{height_})});
}

void Driver::ask_later(Instant now) {
  const auto asks = [](const Timer& t) { return t.kind == Timer::Kind::ask; };
  if (std::none_of(timers_.begin(), timers_.end(), asks))
    arm(Timer::Kind::ask, now + config_.message_delay);
}

void Driver::arm(Timer::Kind kind, Instant at) { timers_.push_back({kind, at, machine_.round()}); }

Instant Driver::height_start() const {
  const auto limit = static_cast<std::uint64_t>(INT64_MAX / config_.block_interval.ns);
  invariant(height_ < limit, "heights end before time does");
  return Instant{} + config_.block_interval * static_cast<std::int64_t>(height_);
}

// Bounded, so that no round makes a timeout overflow; 2^20 steps are far above any useful wait.
Duration Driver::grown(Duration base) const {
  const std::int64_t steps = std::min<std::int64_t>(machine_.round(), 1 << 20);
  return base + config_.timeout_growth * steps;
}

Duration Driver::repeat_period() const {
  return grown(config_.propose_timeout) + grown(config_.vote_timeout) * 2;
}

bool Driver::timely(Instant received, const Proposal& proposal, const BlockHeader& header) const {
  if (proposal.valid_round != no_round) return true;
  const Instant stamp = Instant{} + milliseconds(header.time_ms);
  const Duration late = config_.precision + grown(config_.message_delay);
  return received - stamp <= late && stamp - received <= config_.precision;
}

bool Driver::fits_clock(const BlockHeader& header) const {
  return header.time_ms > last_timestamp_ms_ && header.time_ms >= height_start().whole_ms();
}

std::uint64_t Driver::height_of_f_plus_one() const {
  std::vector<std::uint64_t> falling = seen_height_;
  const auto nth = falling.begin() + validators_.faulty();
  std::nth_element(falling.begin(), nth, falling.end(), std::greater<>());
  return *nth;
}

void Driver::event(ConsensusEvent::Kind kind, Effects& out,
                   std::optional<ConsensusFault> fault) const {
  out.push_back(ConsensusEvent{kind, height_, machine_.round(), fault});
}

}  // namespace ledger
