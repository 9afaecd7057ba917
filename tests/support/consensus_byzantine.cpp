#include "tests/support/consensus_byzantine.hpp"

#include "ledger/chain/block.hpp"

namespace consensus_sim {

using namespace ledger;

Byzantine::Byzantine(const Options& options, const ConsensusConfig& config, Events& events,
                     Wire& wire)
    : config_(config),
      validators_(config.validators),
      events_(events),
      wire_(wire),
      rng_(Rng(options.seed).fork("byzantine")) {}

void Byzantine::say(Actor& actor, Bytes bytes) {
  switch (actor.fault) {
    case Fault::equivocating:
      return to_halves(actor, std::move(bytes));
    case Fault::selective:
      return to_favoured(actor, packet_of(std::move(bytes)), false);
    case Fault::withholding:
      return to_favoured(actor, packet_of(std::move(bytes)), true);
    case Fault::stale:
      return say_late(actor, packet_of(std::move(bytes)));
    default:
      return to_all(actor, packet_of(std::move(bytes)));
  }
}

void Byzantine::hear(Actor& actor, const Bytes& bytes) {
  switch (actor.fault) {
    case Fault::amnesiac:
      return forget_locks(actor, bytes);
    case Fault::stale:
      if (!actor.said.empty() && rng_.chance(0.1))
        to_all(actor, actor.said[rng_.below(actor.said.size())]);
      return;
    case Fault::flooding:
      return flood(actor, bytes);
    case Fault::garbage:
      return damage(actor, bytes);
    case Fault::chaotic:
      damage(actor, bytes);
      return sign_anything(actor, bytes);
    default:
      return;
  }
}

// ---- to whom, and when

void Byzantine::to_all(const Actor& actor, const PacketPtr& packet, Duration extra) {
  for (ActorId to = 0; to < wire_.actors(); ++to)
    if (to != actor.id && (actor.twin == 0 || to % 2 == static_cast<ActorId>(actor.twin - 1)))
      wire_.send(actor.id, to, packet, extra);
}

void Byzantine::to_halves(Actor& actor, Bytes bytes) {
  const Bytes other = another(actor, bytes);
  const PacketPtr one = packet_of(std::move(bytes)), two = packet_of(other);
  for (ActorId to = 0; to < wire_.actors(); ++to)
    if (to != actor.id) wire_.send(actor.id, to, to % 2 == 0 || other.empty() ? one : two);
}

// Other ones each height: half of them, or f+1 with the rest seconds later.
void Byzantine::to_favoured(Actor& actor, const PacketPtr& packet, bool others_later) {
  const std::uint64_t height = actor.driver ? actor.driver->height() : 0;
  if (actor.favoured_height != height) {
    actor.favoured_height = height;
    actor.favoured = 0;
    if (!others_later) actor.favoured = rng_.next();
    for (std::uint32_t i = 0; others_later && i <= validators_.faulty(); ++i)
      actor.favoured |= 1ull << rng_.below(wire_.actors());
  }
  for (ActorId to = 0; to < wire_.actors(); ++to) {
    if (to == actor.id) continue;
    if ((actor.favoured >> to & 1) != 0)
      wire_.send(actor.id, to, packet);
    else if (others_later)
      wire_.send(actor.id, to, packet, milliseconds(300) + up_to(seconds(3)));
  }
}

void Byzantine::say_late(Actor& actor, const PacketPtr& packet) {
  if (actor.said.size() < 64)
    actor.said.push_back(packet);
  else
    actor.said[rng_.below(64)] = packet;
  to_all(actor, packet, up_to(seconds(2)));
}

// ---- what

void Byzantine::damage(const Actor& actor, const Bytes& bytes) {
  if (bytes.empty() || !rng_.chance(0.2)) return;
  const auto to = static_cast<ActorId>(rng_.below(wire_.actors()));
  if (to == actor.id) return;
  Bytes damaged = bytes;
  if (rng_.chance(0.2)) {
    const Hash noise = rng_.bytes32();
    damaged.assign(noise.begin(), noise.end());
  } else if (rng_.chance(0.2)) {
    damaged.resize(rng_.below(damaged.size()));
  } else {
    damaged[rng_.below(damaged.size())] ^= static_cast<std::uint8_t>(1 + rng_.below(255));
  }
  wire_.send(actor.id, to, std::move(damaged));
}

// Votes for rounds and heights that nobody is in.
void Byzantine::flood(const Actor& actor, const Bytes& bytes) {
  const auto heard = decode_vote(bytes);
  if (!heard || !rng_.chance(0.2)) return;
  for (int i = 0; i < 4; ++i) {
    Vote vote = *heard;
    vote.type = rng_.chance(0.5) ? VoteType::prevote : VoteType::precommit;
    vote.valid_round = no_round;
    if (rng_.chance(0.5))
      vote.round = static_cast<std::uint32_t>(rng_.below(rng_.chance(0.1) ? max_round : 40));
    else
      vote.height += 1 + rng_.below(rng_.chance(0.1) ? 1'000'000 : 3);
    const auto to = static_cast<ActorId>(rng_.below(wire_.actors()));
    if (to != actor.id) wire_.send(actor.id, to, signed_vote(actor, vote));
  }
}

// A block of its own with a certificate that others never signed.
void Byzantine::forge_decision(Actor& actor, std::uint64_t height) {
  if (height != actor.application.height + 1) return;
  const ValidatorId self{*actor.validator};
  const Bytes block =
      actor.application.next_block(actor.clock.at(events_.now()).whole_ms(), self, rng_.next());
  Certificate certificate{VoteType::precommit, height, 0, block_id(block), {}};
  for (std::uint32_t v = 0; v < validators_.quorum(); ++v) {
    Vote vote{VoteType::precommit, height, 0, certificate.value, no_round, {v}, {}};
    vote.signature = actor.signer->sign(signed_bytes(config_.chain_id, statement_of(vote)));
    certificate.votes.push_back({{v}, no_round, vote.signature});
  }
  to_all(actor, packet_of(encode(Decision{std::move(certificate), block})));
}

void Byzantine::sign_anything(Actor& actor, const Bytes& bytes) {
  const auto heard = decode_vote(bytes);
  if (!heard || !rng_.chance(0.3)) return;
  if (rng_.chance(0.05)) forge_decision(actor, heard->height);
  Vote vote = *heard;
  vote.type = rng_.chance(0.5) ? VoteType::prevote : VoteType::precommit;
  vote.round += static_cast<std::uint32_t>(rng_.below(3));
  vote.valid_round = no_round;
  if (vote.value) heard_values_.push_back(*vote.value);
  if (rng_.chance(0.3)) vote.value.reset();
  if (rng_.chance(0.5) && !heard_values_.empty())
    vote.value = heard_values_[rng_.below(heard_values_.size())];
  if (vote.type == VoteType::prevote && vote.value && vote.round > 0 && rng_.chance(0.3))
    vote.valid_round = static_cast<std::int32_t>(rng_.below(vote.round));
  const auto to = static_cast<ActorId>(rng_.below(wire_.actors()));
  if (to != actor.id) wire_.send(actor.id, to, signed_vote(actor, vote));
}

// Prevotes and precommits whatever is proposed, once a round, and proposes something new whenever
// it may. Its driver only follows the others.
void Byzantine::forget_locks(Actor& actor, const Bytes& bytes) {
  const auto message = decode_message(bytes, config_.max_value_bytes);
  if (!message) return;
  if (const auto* vote = std::get_if<Vote>(&*message)) {
    propose_anew(actor, vote->height, vote->round);
    if (vote->type == VoteType::precommit) propose_anew(actor, vote->height, vote->round + 1);
    return;
  }
  const auto* p = std::get_if<Proposal>(&*message);
  if (!p || p->height > actor.disk.blocks.size() + 1) return;
  if (!actor.voted.insert({p->height, p->round, 1}).second) return;
  const ValidatorId self{*actor.validator};
  for (const VoteType type : {VoteType::prevote, VoteType::precommit}) {
    const std::int32_t valid_round = type == VoteType::prevote ? p->valid_round : no_round;
    to_all(actor, packet_of(signed_vote(
                      actor, {type, p->height, p->round, p->value_id, valid_round, self, {}})));
  }
}

void Byzantine::propose_anew(Actor& actor, std::uint64_t height, std::uint32_t round) {
  const ValidatorId self{*actor.validator};
  if (round > max_round || validators_.proposer(height, round) != self) return;
  if (height > actor.disk.blocks.size() + 1 || height + 3 < actor.disk.blocks.size()) return;
  if (!actor.voted.insert({height, round, 0}).second) return;
  Application before;
  for (std::uint64_t h = 1; h < height; ++h) before.apply(actor.disk.blocks[h - 1].value);
  const Duration begins = config_.block_interval * static_cast<std::int64_t>(height);
  const std::int64_t time =
      std::max({actor.clock.at(events_.now()).whole_ms(), before.time_ms + 1, begins.whole_ms()});
  const Bytes block = before.next_block(time, self, rng_.next());
  const Bytes said =
      signed_proposal(actor, {height, round, no_round, block_id(block), self, {}, {}, block});
  to_all(actor, packet_of(said));
  forget_locks(actor, said);
}

// What differs from a statement of its own, signed as well; nothing where it is no statement.
Bytes Byzantine::another(Actor& actor, const Bytes& bytes) {
  const ValidatorId self{*actor.validator};
  if (auto vote = decode_vote(bytes); vote && vote->validator == self) {
    if (vote->value && (heard_values_.size() < 32 || rng_.chance(0.1)))
      heard_values_.push_back(*vote->value);
    if (vote->value && rng_.chance(0.5)) {
      vote->value.reset();
      vote->valid_round = no_round;
    } else if (!heard_values_.empty()) {
      vote->value = heard_values_[rng_.below(heard_values_.size())];
    }
    return signed_vote(actor, *vote);
  }
  auto proposal = decode_proposal(bytes, config_.max_value_bytes);
  if (!proposal || proposal->proposer != self || proposal->valid_round != no_round) return {};
  if (proposal->height != actor.application.height + 1) return {};
  const std::int64_t time = decode_header(BytesView(proposal->value).first(header_size))->time_ms;
  proposal->value = rng_.chance(0.3) ? actor.application.bad_block(time, self, rng_.next())
                                     : actor.application.next_block(time, self, rng_.next());
  proposal->value_id = block_id(proposal->value);
  return signed_proposal(actor, *proposal);
}

Bytes Byzantine::signed_vote(const Actor& actor, Vote vote) const {
  vote.validator = {*actor.validator};
  vote.signature = actor.signer->sign(signed_bytes(config_.chain_id, statement_of(vote)));
  return encode(vote);
}

Bytes Byzantine::signed_proposal(const Actor& actor, Proposal proposal) const {
  proposal.signature = actor.signer->sign(signed_bytes(config_.chain_id, statement_of(proposal)));
  return encode(proposal);
}

Duration Byzantine::up_to(Duration most) {
  return nanoseconds(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(most.ns))));
}

}  // namespace consensus_sim
