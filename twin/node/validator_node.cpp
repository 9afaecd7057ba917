#include "twin/node/validator_node.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/openings/sealed_record.hpp"
#include "ledger/tlog/checkpoint.hpp"
#include "market/grid_measure.hpp"
#include "twin/node/slot_report.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t max_block_bytes = 4u << 20;
// Decisions that one peer is given in a second; a decision may be as large as a block.
constexpr std::uint32_t answers_a_second = 32;
constexpr std::size_t max_tried = 8;               // states kept of one height's blocks
constexpr std::size_t early_cosignatures = 4;      // of one validator
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

// Of the slot that the block closes; null where it closes none.
const Transaction* settlement_in(const Block& block) {
  for (const Transaction& tx : block.transactions) {
    if (tx.kind == TransactionKind::settlement) return &tx;
    if (!made_by_maker(tx.kind)) break;
  }
  return nullptr;
}

// Whose batches, marks or papers a transaction brings; marks begin with their gateway.
std::set<std::uint32_t> gateways_in(const Transaction& tx) {
  if (tx.kind == TransactionKind::marks) return {ByteReader(tx.body).u32()};
  if (const auto gateway = gateway_of_paper(tx)) return {gateway->value};
  std::set<std::uint32_t> out;
  if (const auto batches = market::batches_of(tx))
    for (const market::BatchEntry& b : *batches) out.insert(b.batch.gateway.value);
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
    const Block block = chain_.commit(std::move(*tried));
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

// Transactions that came together, so that their signatures are checked together.
std::size_t ValidatorNode::leading_transactions(std::span<const PeerMessage> messages) const {
  const Directory& d = config_.directory;
  std::size_t count = 0;
  const auto sends = [&](NodeId n) {
    return d.is_gateway(n) || d.is_oracle(n) || d.is_concentrator(n) || d.is_grid_operator(n);
  };
  while (count < messages.size() && sends(messages[count].from) &&
         kind_of(messages[count].bytes) == MessageKind::transaction)
    ++count;
  return count;
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

void ValidatorNode::take_transactions(std::span<const PeerMessage> messages, Outbox& outbox) {
  std::vector<Transaction> decoded;
  std::vector<NodeId> senders;
  const Directory& d = config_.directory;
  std::set<std::uint32_t> behind;  // gateways: what they say is on the ledger already
  decoded.reserve(messages.size());
  senders.reserve(messages.size());
  for (const PeerMessage& m : messages) {
    auto tx = decode_transaction(m.bytes.view().subspan(1));
    if (!tx) {
      outbox.event(Refused{m.from, tx.error()});
      continue;
    }
    if (d.is_grid_operator(m.from) && has_measures(*tx)) {
      tell_measured(outbox);
      continue;
    }
    if (market().beyond(*tx)) {
      const bool tells = contradicts(*tx) || tx->kind == TransactionKind::attestation;
      if (tells && chain_.state().admit(std::span(&*tx, 1))[0]) watch(*tx, outbox);
      if (d.is_gateway(m.from)) behind.insert(m.from.value - d.gateway(0).value);
      tell_paper(m.from, *tx, outbox);
      if (d.is_concentrator(m.from)) tell_concentrator(m.from, gateways_in(*tx), outbox);
      continue;
    }
    decoded.push_back(std::move(*tx));
    senders.push_back(m.from);
  }
  tell_progress(behind, outbox);
  const auto admitted = chain_.state().admit(decoded);
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    const auto& ok = admitted[i];
    if (ok) watch(decoded[i], outbox);
    if (!ok && !ok.error().may_hold_later)
      outbox.event(Refused{senders[i], ok.error().why});
    else if (mempool_.add(std::move(decoded[i]), chain_.height(), senders[i], !ok) ==
             Mempool::Added::no_room)
      outbox.event(Refused{senders[i], "no room for another transaction of this sender"});
  }
}

// A gateway keeps what it said until it hears so, and its concentrator hears of it as well.
void ValidatorNode::tell_progress(const std::set<std::uint32_t>& gateways, Outbox& outbox) {
  if (observes()) return;
  const Directory& d = config_.directory;
  std::map<NodeId, std::set<std::uint32_t>> concentrated;
  for (const std::uint32_t g : gateways) {
    if (g >= d.gateways) continue;  // registered later: no node of this network
    const LedgerProgress progress = market().progress({g});
    outbox.send(d.gateway(g), encode(progress));
    for (const SharedBytes& paper : papers_.of({g}, slot_of_epoch(config_.genesis, progress.epoch)))
      outbox.send(d.gateway(g), paper);
    if (const auto erased = market().erased_at({g}); !erased.empty())
      outbox.send(d.gateway(g), encode(erased));
    if (d.concentrators > 0) concentrated[d.concentrator_of(g)].insert(g);
  }
  for (const auto& [to, of] : concentrated) tell_concentrator(to, of, outbox);
}

// To a gateway that said a paper of its own which the ledger has.
void ValidatorNode::tell_paper(NodeId to, const Transaction& tx, Outbox& outbox) const {
  const auto gateway = gateway_of_paper(tx);
  if (observes() || !gateway || gateway->value >= config_.directory.gateways) return;
  if (to == config_.directory.gateway(gateway->value))
    outbox.send(to, frame(MessageKind::on_ledger, tx.encode()));
}

void ValidatorNode::tell_concentrator(NodeId to, const std::set<std::uint32_t>& gateways,
                                      Outbox& outbox) const {
  if (observes()) return;
  BatchesOnLedger batches;
  for (const std::uint32_t g : gateways) batches[g] = market().progress({g}).epoch;
  outbox.send(to, encode(batches));
}

// Of measures that the ledger has, or of a slot before them.
bool ValidatorNode::has_measures(const Transaction& tx) const {
  if (tx.kind != TransactionKind::grid_measure) return false;
  const auto body = market::decode_grid_measure_body(tx.body);
  return body && body->slot.value < market().measured_slots();
}

// The grid operator keeps what it said of a slot until it hears so, as gateways do.
void ValidatorNode::tell_measured(Outbox& outbox) const {
  if (observes() || config_.directory.grid_operators == 0) return;
  outbox.send(config_.directory.grid_operator(),
              encode(LedgerProgress{0, market().measured_slots()}));
}

// Those whose batches, marks or papers the block holds; all of them where a slot was settled.
void ValidatorNode::tell_gateways_of(const Block& block, Outbox& outbox) {
  std::set<std::uint32_t> gateways;
  for (const Transaction& tx : block.transactions) gateways.merge(gateways_in(tx));
  tell_progress(gateways, outbox);
  const Transaction* settlement = settlement_in(block);
  if (observes() || !settlement) return;
  const SharedBytes settled = frame(MessageKind::settled, settlement->body);
  for (std::uint32_t g = 0; g < config_.directory.gateways; ++g)
    outbox.send(config_.directory.gateway(g), settled);
}

bool ValidatorNode::contradicts(const Transaction& tx) const {
  if (tx.kind != TransactionKind::concentrated) return gateways_.contradicts(tx);
  const auto batches = market::batches_of(tx);
  return batches && std::any_of(batches->begin(), batches->end(), [&](const market::BatchEntry& b) {
           return gateways_.contradicts(b.tx);
         });
}

void ValidatorNode::watch(const Transaction& tx, Outbox& outbox) {
  if (tx.kind != TransactionKind::concentrated) return watch_alone(tx, outbox);
  if (const auto batches = market::batches_of(tx))
    for (const market::BatchEntry& b : *batches) watch_alone(b.tx, outbox);
}

// Numbers that nobody has come to yet would push out those that are to be watched.
bool ValidatorNode::is_far_ahead(const Transaction& tx) const {
  const auto attestation =
      tx.kind == TransactionKind::attestation ? decode_attestation(tx.body) : failure("is none");
  const auto what = attestation ? Result<AttestedEntry>(attestation->what) : attested_entry(tx);
  if (!what) return false;
  if (what->gateway.value >= config_.directory.gateways) return true;
  return !market().progress(what->gateway).comes_to(*what, most_ahead);
}

// The second one is refused by the state or by this. Both are kept: with genesis they are proof.
void ValidatorNode::watch_alone(const Transaction& tx, Outbox& outbox) {
  if (is_far_ahead(tx)) return;
  if (const auto twice = oracles_.see(tx)) {
    outbox.persist(RecordKind::signed_twice, encode(twice->entries), true);
    outbox.event(Refused{config_.directory.oracle(twice->oracle),
                         "an oracle attested two entries in one place"});
  }
  const auto twice = gateways_.see(tx);
  if (!twice) return;
  outbox.persist(RecordKind::signed_twice, encode(*twice), true);
  outbox.event(Refused{config_.directory.gateway(twice->gateway.value),
                       tx.kind == TransactionKind::batch
                           ? "a gateway signed two batches of one epoch"
                           : "a gateway signed two sets of marks of one slot"});
}

// Whoever still has such a key hears of it before it is over.
void ValidatorNode::tell_lost_keys(const Block& block, Outbox& outbox) const {
  for (const Transaction& tx : block.transactions) {
    if (tx.kind != TransactionKind::key_change) continue;
    const auto body = market::decode_key_change_body(tx.body);
    if (!body || !body->lost) continue;
    ai::Alert alert{
        ai::AlertKind::lost_key, ai::no_meter, {block.header.time_ms * 1'000'000}, 0, 0, 0, {}};
    if (!tx.openings.empty())
      if (const auto change = market::decode_key_change(tx.openings[0].data))
        alert.meter = change->meter.value;
    constexpr std::array<const char*, 3> whose{"meter's", "account's", "gateway's"};
    alert.value = body->slot.value;
    alert.words = std::string("the ") + whose[static_cast<std::size_t>(body->of)] +
                  " key is said to be lost: another one holds from slot " +
                  std::to_string(body->slot.value) + " on";
    outbox.event(AlertRaised{std::move(alert), false});
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
  const Block block = chain_.commit(std::move(tried));

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
    if (settlement_in(block)) tell_slot(outbox);
    tell_verdicts(outbox);
    take_early_cosignatures(outbox);
  } else {
    cosign(now, outbox);
  }
}

void ValidatorNode::archive(const Block& block, std::uint64_t first_entry, Outbox& outbox) const {
  const Hash chain_id = chain_id_of(config_.genesis);
  for (std::size_t t = 0; t < block.transactions.size(); ++t) {
    if (block.transactions[t].kind == TransactionKind::concentrated) continue;  // public
    const auto& openings = block.transactions[t].openings;
    for (std::size_t k = 0; k < openings.size(); ++k) {
      const AccountId account = owner_of(openings[k]);
      const SubjectKey* key = chain_.state().restricted_key(account);
      invariant(key != nullptr, "an executed opening belongs to a registered account");
      const RestrictedContext at{first_entry + t, static_cast<std::uint16_t>(k)};
      Bytes record = ByteWriter().raw(account.bytes).u64(at.entry).take();
      append(record, seal_restricted(chain_id, *key, at, openings[k]));
      outbox.persist(RecordKind::restricted_opening, std::move(record), true);
    }
  }
}

void ValidatorNode::tell_slot(Outbox& outbox) const {
  outbox.event(SlotSettled{std::make_shared<const market::ClosedSlot>(*market().last_closed())});
  if (config_.directory.oracles == 0) return;
  const SharedBytes report = encode(report_of(market()));
  for (std::uint32_t o = 0; o < config_.directory.oracles; ++o)
    outbox.send(config_.directory.oracle(o), report);
}

void ValidatorNode::tell_verdicts(Outbox& outbox) const {
  for (const market::FeederVerdict& v : market().verdicts()) {
    if (v.median) outbox.event(FeederFound{*v.median});
    for (const std::uint32_t oracle : v.apart)
      outbox.event(OracleNamed{oracle, "finds other than the median of slot " +
                                           std::to_string(v.slot.value) + " by more than a sigma"});
  }
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
  const ValidatorId validator{from.value};
  // A validator may be one block ahead of this observer, or late by one.
  if (c.height == chain_.height() + 1) {
    std::vector<CheckpointCosignature>& early = early_[validator];
    if (early.size() < early_cosignatures) early.push_back(c);
  } else if (c.height == chain_.height()) {
    take_cosignature(c, validator, outbox);
    publish_checkpoint(outbox);
  }
}

// The first one that holds stands; nothing that does not hold takes its place.
void ValidatorNode::take_cosignature(const CheckpointCosignature& c, ValidatorId from,
                                     Outbox& outbox) {
  if (cosignatures_.contains(from)) return;
  const auto& key = policy_.witnesses[from.value];
  if (verify_line(key, cosignature_line(key, c.timestamp, c.signature), text_of_checkpoint(),
                  verifier_))
    cosignatures_.emplace(from, c);
  else
    outbox.event(
        Refused{config_.directory.validator(from.value), "cosignature that does not hold"});
}

void ValidatorNode::take_early_cosignatures(Outbox& outbox) {
  cosignatures_.clear();
  for (const auto& [from, early] : std::exchange(early_, {}))
    for (const CheckpointCosignature& c : early) take_cosignature(c, from, outbox);
  publish_checkpoint(outbox);
}

void ValidatorNode::publish_checkpoint(Outbox& outbox) {
  if (cosignatures_.size() < policy_.quorum) return;
  SignedNote note{text_of_checkpoint(), {}};
  for (const auto& [v, c] : cosignatures_)
    note.signatures.push_back(
        cosignature_line(policy_.witnesses[v.value], c.timestamp, c.signature));
  note.signatures.insert(note.signatures.begin(), sign_note(policy_.log, signer_, note.text));
  ByteWriter record;
  const std::string checkpoint = write_note(note);
  record.u64(chain_.height()).u64(chain_.log().size()).sized(bytes_of(checkpoint));
  outbox.persist(RecordKind::checkpoint, record.take(), true);
  prove_visits(checkpoint, outbox);
}

}  // namespace twin
