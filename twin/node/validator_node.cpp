#include "twin/node/validator_node.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/openings/sealed_record.hpp"
#include "ledger/tlog/checkpoint.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t max_block_bytes = 4u << 20;
constexpr std::size_t decisions_kept = 64;

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

ValidatorNode::ValidatorNode(ValidatorConfig config, Signer& signer, Verifier& verifier)
    : config_(std::move(config)),
      signer_(signer),
      verifier_(verifier),
      driver_(consensus_config(config_), config_.self ? &signer : nullptr, verifier),
      chain_(std::make_unique<market::MarketState>(config_.genesis, verifier)),
      policy_(policy_of(config_.genesis)) {}

Instant ValidatorNode::next_deadline() const {
  return started_ ? driver_.next_deadline() : Instant{};
}

void ValidatorNode::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  if (!started_) {
    started_ = true;
    Effects effects;
    driver_.start(now, 1, 0, effects);
    carry_out(now, {}, std::move(effects), outbox);
  }
  for (const PeerMessage& m : inputs.messages) receive(now, m, outbox);
  if (now >= driver_.next_deadline()) {
    Effects effects;
    driver_.on_deadline(now, effects);
    carry_out(now, {}, std::move(effects), outbox);
  }
}

void ValidatorNode::receive(Instant now, const PeerMessage& message, Outbox& outbox) {
  const auto refuse = [&](std::string why) { outbox.event(Refused{message.from, std::move(why)}); };
  if (message.bytes.empty()) return refuse("empty message");
  const BytesView body = BytesView(message.bytes).subspan(1);
  switch (static_cast<MessageKind>(message.bytes[0])) {
    case MessageKind::consensus: {
      Effects effects;
      driver_.on_message(now, body, effects);
      return carry_out(now, message.from, std::move(effects), outbox);
    }
    case MessageKind::transaction: {
      auto tx = decode_transaction(body);
      if (!tx) return refuse(tx.error());
      if (made_by_state(tx->kind)) return refuse("settlements are never sent");
      mempool_.add(std::move(*tx), chain_.height());
      return;
    }
    case MessageKind::cosignature: {
      const auto c = decode_cosignature(body);
      if (!c) return refuse(c.error());
      return collect(*c, message.from, outbox);
    }
    default:
      refuse("a validator takes no such message");
  }
}

void ValidatorNode::carry_out(Instant now, NodeId from, Effects effects, Outbox& outbox) {
  // What an effect leads to is appended and carried out in its turn.
  for (std::size_t i = 0; i < effects.size(); ++i) {
    Effects more;
    const ledger::Effect effect = std::move(effects[i]);
    if (const auto* e = std::get_if<Broadcast>(&effect)) {
      broadcast(e->bytes, outbox);
    } else if (const auto* signed_ = std::get_if<PersistSigned>(&effect)) {
      outbox.persist(RecordKind::last_signed, signed_->record, true);
    } else if (const auto* need = std::get_if<NeedValue>(&effect)) {
      driver_.propose(now, need->height, need->round, propose(*need, outbox), more);
    } else if (const auto* value = std::get_if<CheckValue>(&effect)) {
      driver_.value_checked(now, value->value_id, check(*value, outbox), more);
    } else if (const auto* decided = std::get_if<Decided>(&effect)) {
      decide(now, *decided, outbox);
      driver_.advance(now, decided->height + 1, more);
    } else if (const auto* ask = std::get_if<AskPeer>(&effect)) {
      const auto peer = static_cast<std::uint32_t>(ask->attempt % config_.directory.validators);
      outbox.send(config_.directory.validator(peer), frame(MessageKind::consensus, ask->bytes));
    } else if (const auto* answer = std::get_if<AnswerPeer>(&effect)) {
      if (const auto at = decisions_.find(answer->height); at != decisions_.end())
        outbox.send(from, frame(MessageKind::consensus, at->second));
    } else if (const auto* found = std::get_if<EvidenceFound>(&effect)) {
      outbox.event(Refused{config_.directory.validator(found->culprit.value),
                           "signed two different statements for one step"});
    }
    effects.insert(effects.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
  }
}

void ValidatorNode::broadcast(BytesView consensus, Outbox& outbox) const {
  const Bytes message = frame(MessageKind::consensus, consensus);
  for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
    if (!config_.self || config_.self->value != v)
      outbox.send(config_.directory.validator(v), message);
  outbox.send(config_.directory.observer(), message);
}

Bytes ValidatorNode::propose(const NeedValue& wanted, Outbox& outbox) {
  Chain::Built built =
      chain_.build(wanted.timestamp_ms, wanted.proposer, mempool_.ordered(), max_block_bytes);
  for (const auto& [id, why] : built.never) {
    mempool_.remove(id);
    outbox.event(Refused{{}, why});
  }
  Bytes value = encode(built.tried.block);
  const Hash id = built.tried.id;
  tried_.insert_or_assign(id, std::move(built.tried));
  return value;
}

bool ValidatorNode::check(const CheckValue& value, Outbox& outbox) {
  if (tried_.contains(value.value_id)) return true;
  auto tried = chain_.try_block(value.value);
  if (!tried) {
    outbox.event(Refused{{}, "block " + std::to_string(value.height) + ": " + tried.error()});
    return false;
  }
  tried_.insert_or_assign(value.value_id, std::move(*tried));
  return true;
}

void ValidatorNode::decide(Instant now, const Decided& decided, Outbox& outbox) {
  if (!tried_.contains(decided.value_id)) {
    auto tried = chain_.try_block(decided.value);
    invariant(tried.has_value(), "what a quorum decided holds here as well");
    tried_.insert_or_assign(decided.value_id, std::move(*tried));
  }
  Chain::Tried tried = std::move(tried_.at(decided.value_id));
  tried_.clear();
  const Block block = tried.block;
  for (const Transaction& tx : block.transactions) mempool_.remove(leaf_hash(tx.entry()));
  const std::uint64_t first_entry = chain_.log().size();
  chain_.commit(std::move(tried));

  const Bytes certificate = encode(decided.certificate);
  outbox.persist(RecordKind::block, ByteWriter().sized(certificate).sized(decided.value).take(),
                 true);
  decisions_[decided.height] = encode(Decision{decided.certificate, decided.value});
  if (decisions_.size() > decisions_kept) decisions_.erase(decisions_.begin());
  outbox.event(BlockDecided{decided.height, decided.timestamp_ms, decided.round,
                            static_cast<std::uint32_t>(block.transactions.size()),
                            decided.value.size(), now - Instant{decided.timestamp_ms * 1'000'000},
                            chain_.log().root(), chain_.state_root(), chain_.state().content_root(),
                            chain_.log().size()});
  if (observes()) {
    archive(block, first_entry, outbox);
    if (!block.transactions.empty() && block.transactions[0].kind == TransactionKind::settlement)
      tell_slot(outbox);
    cosignatures_ = std::exchange(early_, {});
    publish_checkpoint(outbox);
  } else {
    cosign(now, outbox);
  }
}

void ValidatorNode::archive(const Block& block, std::uint64_t first_entry, Outbox& outbox) const {
  for (std::size_t t = 0; t < block.transactions.size(); ++t) {
    const auto& openings = block.transactions[t].openings;
    for (std::size_t k = 0; k < openings.size(); ++k) {
      const AccountId account = owner_of(openings[k]);
      const SubjectKey* key = chain_.state().restricted_key(account);
      invariant(key != nullptr, "an executed opening belongs to a registered account");
      const RestrictedContext at{first_entry + t, static_cast<std::uint16_t>(k)};
      Bytes record = ByteWriter().raw(account.bytes).u64(at.entry).take();
      append(record, seal_restricted(*key, at, openings[k]));
      outbox.persist(RecordKind::restricted_opening, std::move(record), true);
    }
  }
}

void ValidatorNode::tell_slot(Outbox& outbox) const {
  outbox.event(SlotSettled{std::make_shared<const market::ClosedSlot>(*market().last_closed())});
}

std::string ValidatorNode::text_of_checkpoint() const {
  return checkpoint_text(
      {policy_.log.name, chain_.log().size(), chain_.log().root(), chain_.state_root()});
}

void ValidatorNode::cosign(Instant now, Outbox& outbox) {
  const std::int64_t unix_ms = config_.genesis.epoch.unix_ms + now.whole_ms();
  CheckpointCosignature c;
  c.height = chain_.height();
  c.log_size = chain_.log().size();
  c.timestamp = static_cast<std::uint64_t>(unix_ms / 1000);
  c.signature = signer_.sign(bytes_of(cosigned_text(c.timestamp, text_of_checkpoint())));
  outbox.send(config_.directory.observer(), encode(c));
}

void ValidatorNode::collect(const CheckpointCosignature& c, NodeId from, Outbox& outbox) {
  if (!observes() || from.value >= config_.directory.validators)
    return outbox.event(Refused{from, "a cosignature goes from a validator to the observer"});
  // A validator may be one block ahead of this observer, or late by one.
  if (c.height == chain_.height() + 1) {
    early_.insert_or_assign(from.value, c);
  } else if (c.height == chain_.height()) {
    cosignatures_.insert_or_assign(from.value, c);
    publish_checkpoint(outbox);
  }
}

void ValidatorNode::publish_checkpoint(Outbox& outbox) {
  if (cosignatures_.size() < policy_.quorum) return;
  SignedNote note{text_of_checkpoint(), {}};
  std::size_t valid = 0;
  for (const auto& [v, c] : cosignatures_) {
    const NoteSignature line = cosignature_line(policy_.witnesses[v], c.timestamp, c.signature);
    if (!verify_line(policy_.witnesses[v], line, note.text, verifier_)) {
      outbox.event(Refused{config_.directory.validator(v), "cosignature that does not hold"});
      continue;
    }
    note.signatures.push_back(line);
    ++valid;
  }
  if (valid < policy_.quorum) return;
  note.signatures.insert(note.signatures.begin(), sign_note(policy_.log, signer_, note.text));
  ByteWriter record;
  record.u64(chain_.height()).u64(chain_.log().size()).sized(bytes_of(write_note(note)));
  outbox.persist(RecordKind::checkpoint, record.take(), true);
}

}  // namespace twin
