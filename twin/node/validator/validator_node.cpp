#include "twin/node/validator/validator_node.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t max_block_bytes = 4u << 20;
// Decisions that one peer is given in a second; a decision may be as large as a block.
constexpr std::uint32_t answers_a_second = 32;
constexpr std::size_t max_tried = 8;               // states kept of one height's blocks
constexpr std::size_t evidence_of_a_culprit = 16;  // more of it says nothing new

ConsensusConfig consensus_config(const ValidatorConfig& c) {
  ConsensusConfig out;
  out.chain_id = chain_id_of(c.genesis);
  out.validators = c.genesis.validators;
  out.block_interval = milliseconds(c.genesis.block_ms);
  out.propose_timeout = c.timing.propose_timeout;
  out.vote_timeout = c.timing.vote_timeout;
  out.message_delay = c.timing.message_delay;
  return out;
}

}  // namespace

ValidatorNode::ValidatorNode(ValidatorConfig config, Signer& signer, Verifier& verifier,
                             const Records& records)
    : config_(std::move(config)),
      signer_(signer),
      verifier_(verifier),
      records_(records),
      driver_(consensus_config(config_), config_.self ? &signer : nullptr, verifier),
      chain_(std::make_unique<market::MarketState>(config_.genesis, verifier)),
      policy_(policy_of(config_.genesis)),
      papers_(observes() ? 0 : config_.directory.gateways),
      oracles_(config_.genesis, verifier) {
  recover();
}

void ValidatorNode::recover() {
  for (std::uint64_t height = 1;; ++height) {
    const auto bytes = records_.block(height);
    if (!bytes) break;
    const auto record = decode_block_record(*bytes);
    auto tried = record ? chain_.try_block(record->block) : failure("is cut off");
    if (!tried) {
      unreadable_ = "own block " + std::to_string(height) + ": " + tried.error();
      break;
    }
    const std::uint64_t first_entry = chain_.log().size();
    const ledger::Block block = chain_.commit(std::move(*tried));
    papers_.take(block, config_.genesis);
    note_visited(block, first_entry);
  }
  if (observes()) return;
  const auto last = records_.newest(RecordKind::last_signed);
  may_have_signed_ = !last || !driver_.restore(*last);
  if (last && may_have_signed_) unreadable_ = "own signing record does not hold: it only observes";
}

void ValidatorNode::start(Instant now, Outbox& outbox) {
  started_ = true;
  if (!unreadable_.empty()) outbox.event(Refused{{}, unreadable_});
  const ConsensusConfig c = consensus_config(config_);
  if (may_have_signed_) driver_.observe_before(now + c.precision);
  Effects effects;
  driver_.start(now, chain_.height() + 1, std::max<std::int64_t>(chain_.time_ms(), 0), effects);
  carry_out(now, {}, std::move(effects), outbox);
}

Instant ValidatorNode::next_deadline() const {
  return started_ ? driver_.next_deadline() : Instant{};
}

void ValidatorNode::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  if (!started_) start(now, outbox);
  for (auto rest = inputs.messages; !rest.empty();) {
    const std::size_t transactions = leading_transactions(rest);
    if (transactions > 0)
      take_transactions(rest.first(transactions), outbox);
    else
      receive(now, rest.front(), outbox);
    rest = rest.subspan(std::max<std::size_t>(transactions, 1));
  }
  if (now >= driver_.next_deadline()) {
    Effects effects;
    driver_.on_deadline(now, effects);
    carry_out(now, {}, std::move(effects), outbox);
  }
}

void ValidatorNode::receive(Instant now, const PeerMessage& message, Outbox& outbox) {
  if (Directory::is_visitor(message.from)) return receive_visit(message, outbox);
  const auto refuse = [&](std::string why) { outbox.event(Refused{message.from, std::move(why)}); };
  const Directory& d = config_.directory;
  const bool peer = message.from <= d.observer();
  const auto kind = kind_of(message.bytes);
  if (!kind) return refuse("empty message");
  if (!peer || kind == MessageKind::transaction)
    return refuse("a sender who has nothing to say here");
  const BytesView body = message.bytes.view().subspan(1);
  switch (*kind) {
    case MessageKind::consensus: {
      Effects effects;
      driver_.on_message(now, body, effects);
      return carry_out(now, message.from, std::move(effects), outbox);
    }
    case MessageKind::cosignature: {
      const auto c = decode_cosignature(body);
      if (!c) return refuse(c.error());
      return collect(*c, message.from, outbox);
    }
    case MessageKind::evidence: {
      const auto evidence = decode_evidence(body);
      if (!evidence) return refuse("evidence: " + std::string(to_text(evidence.error())));
      const auto culprit =
          verify_evidence(*evidence, chain_id_of(config_.genesis), driver_.validators(), verifier_);
      if (!culprit) return refuse("evidence: " + std::string(to_text(culprit.error())));
      return take_evidence(*evidence, *culprit, outbox);
    }
    default:
      refuse("a validator takes no such message");
  }
}

// Kept, told and sent on once. What becomes of the culprit is a matter of the ledger.
void ValidatorNode::take_evidence(const Evidence& evidence, ValidatorId culprit, Outbox& outbox) {
  const Bytes bytes = encode(evidence);
  std::set<Hash>& seen = evidence_[culprit];
  if (seen.size() >= evidence_of_a_culprit || !seen.insert(sha256(bytes)).second) return;
  outbox.persist(RecordKind::evidence, ByteWriter().u32(culprit.value).raw(bytes).take(), true);
  outbox.event(EvidenceSeen{culprit});
  broadcast(MessageKind::evidence, bytes, outbox);
}

void ValidatorNode::carry_out(Instant now, NodeId from, Effects effects, Outbox& outbox) {
  // What an effect leads to is appended and carried out in its turn.
  for (std::size_t i = 0; i < effects.size(); ++i) {
    Effects more;
    const ledger::Effect effect = std::move(effects[i]);
    if (const auto* e = std::get_if<Broadcast>(&effect)) {
      broadcast(MessageKind::consensus, e->bytes, outbox);
    } else if (const auto* signed_ = std::get_if<PersistSigned>(&effect)) {
      outbox.persist(RecordKind::last_signed, signed_->record, true);
    } else if (const auto* need = std::get_if<NeedValue>(&effect)) {
      driver_.propose(now, need->height, need->round, propose(*need, outbox), more);
    } else if (const auto* value = std::get_if<CheckValue>(&effect)) {
      driver_.value_checked(now, value->value_id, check(*value, outbox), more);
    } else if (const auto* decided = std::get_if<Decided>(&effect)) {
      decide(now, *decided, outbox);
      driver_.advance(now, decided->height + 1, more);
    } else if (const auto* wanted = std::get_if<AskPeer>(&effect)) {
      ask(*wanted, outbox);
    } else if (const auto* wanted_here = std::get_if<AnswerPeer>(&effect)) {
      answer(now, from, wanted_here->height, outbox);
    } else if (const auto* found = std::get_if<EvidenceFound>(&effect)) {
      take_evidence(found->evidence, found->culprit, outbox);
    }
    effects.insert(effects.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
  }
}

// One of the other validators, another one each time.
void ValidatorNode::ask(const AskPeer& wanted, Outbox& outbox) const {
  const std::uint32_t n = config_.directory.validators;
  auto peer = static_cast<std::uint32_t>(wanted.attempt % n);
  if (config_.self && peer == config_.self->value) peer = (peer + 1) % n;
  outbox.send(config_.directory.validator(peer), frame(MessageKind::consensus, wanted.bytes));
}

void ValidatorNode::answer(Instant now, NodeId peer, std::uint64_t height, Outbox& outbox) {
  Answers& given = answers_[peer];
  if (now - given.since >= seconds(1)) given = {now, 0};
  if (given.count >= answers_a_second) return;
  const auto bytes = records_.block(height);
  const auto record = bytes ? decode_block_record(*bytes) : std::nullopt;
  const auto certificate =
      record ? decode_certificate(record->certificate) : tl::unexpected(ConsensusFault::malformed);
  if (!certificate) return;
  ++given.count;
  outbox.send(peer, frame(MessageKind::consensus, encode(Decision{*certificate, record->block})));
}

void ValidatorNode::broadcast(MessageKind kind, BytesView bytes, Outbox& outbox) const {
  const SharedBytes message = frame(kind, bytes);
  for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
    if (!config_.self || config_.self->value != v)
      outbox.send(config_.directory.validator(v), message);
  if (!observes()) outbox.send(config_.directory.observer(), message);
}

Bytes ValidatorNode::propose(const NeedValue& wanted, Outbox& outbox) {
  Chain::Built built =
      chain_.build(wanted.timestamp_ms, wanted.proposer, mempool_.ordered(), max_block_bytes);
  for (const auto& [id, why] : built.never) {
    outbox.event(Refused{mempool_.sender(id), why});
    mempool_.remove(id);
  }
  Bytes value = encode(built.tried.block);
  const Hash id = built.tried.id;
  tried_.insert_or_assign(id, std::move(built.tried));
  return value;
}

bool ValidatorNode::check(const CheckValue& value, Outbox& outbox) {
  if (tried_.contains(value.value_id)) return true;
  auto tried = chain_.try_block(value.value, mempool_);
  if (!tried) {
    outbox.event(Refused{{}, "block " + std::to_string(value.height) + ": " + tried.error()});
    return false;
  }
  // One that is forgotten is executed anew if it is decided after all.
  if (tried_.size() >= max_tried) tried_.erase(tried_.begin());
  tried_.insert_or_assign(value.value_id, std::move(*tried));
  return true;
}

void ValidatorNode::decide(Instant now, const Decided& decided, Outbox& outbox) {
  if (!tried_.contains(decided.value_id)) {
    auto tried = chain_.try_block(decided.value, mempool_);
    invariant(tried.has_value(), "what a quorum decided holds here as well");
    tried_.insert_or_assign(decided.value_id, std::move(*tried));
  }
  Chain::Tried tried = std::move(tried_.at(decided.value_id));
  tried_.clear();
  for (const Hash& leaf : tried.block.leaves) mempool_.remove(leaf);
  for (const Transaction& tx : tried.block.transactions) watch(tx, outbox);
  const std::uint64_t first_entry = chain_.log().size();
  const ledger::Block block = chain_.commit(std::move(tried));

  const Bytes certificate = encode(decided.certificate);
  outbox.persist(RecordKind::block, encode(BlockRecord{certificate, decided.value}), true);
  outbox.event(BlockDecided{decided.height, decided.timestamp_ms, decided.round,
                            static_cast<std::uint32_t>(block.transactions.size()),
                            decided.value.size(), now - Instant{decided.timestamp_ms * 1'000'000},
                            chain_.log().root(), chain_.state_root(), chain_.state().content_root(),
                            chain_.log().size()});
  papers_.take(block, config_.genesis);
  tell_gateways_of(block, outbox);
  if (std::any_of(block.transactions.begin(), block.transactions.end(),
                  [](const Transaction& tx) { return tx.kind == TransactionKind::grid_measure; }))
    tell_measured(outbox);
  note_visited(block, first_entry);
  see_visits(block, first_entry, outbox);
  if (observes()) {
    tell_lost_keys(block, outbox);
    archive(block, first_entry, outbox);
    if (market::settlement_in(block)) tell_slot(outbox);
    tell_verdicts(outbox);
    take_early_cosignatures(outbox);
  } else {
    cosign(now, outbox);
  }
}

}  // namespace twin
