#include "twin/node/gateway_node.hpp"

#include <algorithm>

#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/public_sum.hpp"

namespace twin {

using namespace ledger;

// One meter behind the gateway: what the oracle remembers and what waits for the next batch.
struct GatewayNode::MeterState {
  struct Heard {
    MeterMinute minute;
    Hash root{};  // of its readings
    Instant received;
    market::SignedBy by{};
    std::uint32_t newest = 0;  // sequence
    std::size_t bytes() const { return minute.readings.size() * reading_size; }
    // A single signed reading that comes next.
    bool is_followed_by(const MeterMinute& next) const {
      return !minute.each.empty() && next.each.size() == 1 && next.first_sequence == newest + 1 &&
             minute.readings.size() < max_readings;
    }
    void add(const MeterMinute& next, Instant now) {
      minute.readings.push_back(next.readings[0]);
      minute.each.push_back(next.each[0]);
      received = now;
      ++newest;
    }
  };
  GatewayMeter meter;
  market::MeteredPoint point;
  ai::MeterAlerts alerts;
  std::optional<Heard> heard;  // for the batch being collected
  bool erased = false;         // its account's personal data
  Slot ordered{};              // the last one that an order of this life is for

  MeterId id() const { return meter.registration.meter; }
  bool in(Slot slot) const { return point.registration().valid_in(slot); }
  bool feeder() const { return meter.registration.kind == market::MeterKind::feeder; }
};

namespace {

// Papers, and batches and marks, that are said again with one batch, so that a ledger that comes
// back is not flooded.
constexpr std::size_t said_again = 64;
constexpr Instant not_in_this_life{INT64_MIN};
constexpr Instant said_enough{INT64_MAX};
constexpr int times_said = 3;  // of an attestation
// A paper that acts is kept for so many slots more, for oracles with each batch, and longer than
// validators tell of it (taken_papers.hpp), so that a next life does not act on it again.
constexpr std::uint32_t slots_kept = market::slots_told_of_paper + 2;
// Of a departure that the ledger does not take: said until so many slots have closed behind it.
constexpr std::uint32_t departure_patience = 8;
constexpr std::uint32_t until_on_ledger = UINT32_MAX;

ai::MeterAlerts alerts_of(const GatewayMeter& m, const GatewayConfig& config) {
  return {m.registration.meter.value,
          m.registration.kind == market::MeterKind::feeder,
          {config.transformer_w, config.v_min_pu * m.nominal_v, config.v_max_pu * m.nominal_v}};
}

ErasedAccounts accounts_of(const GatewayConfig& config) {
  ErasedAccounts out;
  for (const GatewayMeter& m : config.meters) out.insert(m.registration.account);
  return out;
}

// Before those of its kind and meter that are of later slots, however late it came.
void insert_in_turn(std::vector<Transaction>& papers, Transaction tx) {
  const auto paper = paper_of(tx);
  const auto at = std::find_if(papers.begin(), papers.end(), [&](const Transaction& other) {
    const auto later = paper && paper->of ? paper_of(other) : std::nullopt;
    return later && later->meter == paper->meter && later->of == paper->of &&
           paper->slot < later->slot;
  });
  papers.insert(at, std::move(tx));
}

// The newest sequence that a minute brings.
std::uint32_t newest_sequence(const MeterMinute& minute) {
  std::uint32_t out = 0;
  for (const ReadingBytes& r : minute.readings) out = std::max(out, decode_reading(r).sequence);
  return out;
}

}  // namespace

GatewayNode::GatewayNode(GatewayConfig config, Signer& signer, Verifier& verifier,
                         const Records& records)
    : config_(std::move(config)),
      signer_(signer),
      verifier_(verifier),
      chain_id_(chain_id_of(config_.genesis)),
      nights_(nights_of(config_.genesis)),
      unconfirmed_(config_.directory.validators),
      erasures_(config_.directory.validators, accounts_of(config_)),
      papers_(config_.directory.validators) {
  for (const GatewayMeter& m : config_.meters) {
    const std::uint32_t id = m.registration.meter.value;
    index_of_meter_[id] = meters_.size();
    meters_.push_back({m,
                       market::MeteredPoint(m.registration, config_.genesis, nights_),
                       alerts_of(m, config_),
                       {}});
  }
  if (config_.genesis.attesters > 0 && config_.directory.oracles > 0)
    attesting_.emplace(config_.genesis, config_.directory, config_.room, verifier_);
  recover(records);
  if (const auto erased = records.newest(RecordKind::erased)) erasures_.resume(*erased);
  for (MeterState& m : meters_)
    if (erasures_.known().contains(m.meter.registration.account)) forget(m);
}

// A meter that the record does not know is new and begins as it is registered.
void GatewayNode::recover(const Records& records) {
  const auto bytes = records.newest(RecordKind::gateway);
  if (!bytes) return;
  auto record = decode_gateway_record(*bytes);
  if (record && (record->chain_id != chain_id_ || record->gateway != config_.gateway))
    record = failure("gateway record of another chain or gateway");
  if (!record) {
    unreadable_ = record.error();
    return;
  }
  epoch_ = record->next_epoch;
  previous_entry_ = record->last_entry;
  for (const GatewayRecord::Meter& m : record->meters) {
    const auto at = index_of_meter_.find(m.meter.value);
    if (at == index_of_meter_.end()) continue;
    meters_[at->second].point.resume(m.memory);
  }
  for (GatewayRecord::Message& m : record->messages) {
    if (kind_of(m.bytes) != MessageKind::attest_request) {
      const bool paper = recover_paper(m);
      unconfirmed_.add({m.until, std::move(m.bytes), not_in_this_life, paper});
      continue;
    }
    const auto request = decode_request(BytesView(m.bytes).subspan(1));
    const auto what = request ? attested_entry(request->entry) : failure(request.error());
    if (attesting_ && what) attesting_->keep(*what, std::move(m.bytes));
  }
  last_openings_ = std::move(record->personal_openings);
}

bool GatewayNode::recover_paper(const GatewayRecord::Message& message) {
  if (kind_of(message.bytes) != MessageKind::transaction) return false;
  const auto tx = decode_transaction(BytesView(message.bytes).subspan(1));
  if (!tx) return false;
  auto paper = paper_of(*tx);
  const market::MeteredPoint* point = paper ? point_of(paper->meter) : nullptr;
  if (!point)
    return tx->kind == TransactionKind::meter_swap || tx->kind == TransactionKind::key_change;
  if (paper->of ? message.until.slots == until_on_ledger : !point->leaves())
    papers_.add(std::move(*paper));
  else
    resume_acted(*paper, leaf_hash(tx->entry()));
  return true;
}

void GatewayNode::resume_acted(const Paper& paper, const Hash& leaf) {
  papers_.set_acted(leaf);
  if (paper.of == market::KeyOf::meter) point_of(paper.meter)->set_changed(paper.slot);
}

GatewayNode::~GatewayNode() = default;

Instant GatewayNode::batch_end() const {
  return Instant{} + milliseconds(config_.genesis.batch_ms) * epoch_;
}

Instant GatewayNode::next_deadline() const {
  return started_ ? batch_end() + config_.batch_patience : Instant{};
}

// A minute that ends an earlier interval came late and is no reason to post early.
bool GatewayNode::all_arrived() const {
  const std::int64_t end_ms = batch_end().whole_ms();
  const Slot slot = slot_now();
  return std::all_of(meters_.begin(), meters_.end(), [&](const MeterState& m) {
    if (!m.in(slot) || m.erased) return true;
    return m.heard && m.heard->by != market::SignedBy::nobody &&
           decode_reading(m.heard->minute.readings.back()).time_ms >= end_ms;
  });
}

void GatewayNode::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  if (!started_) start(now, outbox);
  tell_key_change(now, outbox);
  // What comes now is not of a batch that stayed open while the gateway stood still.
  while (now > batch_end() + milliseconds(informative_ms)) post_batch(now, outbox);
  for (const PeerMessage& m : inputs.messages) receive(now, m, outbox);
  while (now >= batch_end() + config_.batch_patience || (all_arrived() && now >= batch_end()))
    post_batch(now, outbox);
}

Signer& GatewayNode::signer(Slot slot) const {
  const auto& change = config_.key_change;
  return change && change->from <= slot ? *change->next : signer_;
}

// Said again after a restart: validators know whether the ledger has it.
void GatewayNode::tell_key_change(Instant now, Outbox& outbox) {
  const auto& change = config_.key_change;
  if (!change || key_change_ || now.since_epoch() <= change->at) return;
  const Transaction tx = market::gateway_key_change_of(
      chain_id_, config_.gateway, {change->next->public_key(), change->from},
      change->lost ? nullptr : &signer_, *change->administrator);
  key_change_ = frame(MessageKind::transaction, tx.encode());
  say(*key_change_, outbox);
  if (!unconfirmed_.has(*key_change_))
    unconfirmed_.add({{0, until_on_ledger}, *key_change_, now, true});
}

// Registrations are on the ledger already after a restart, and so may be what the life before said:
// validators then tell how far it has come.
void GatewayNode::start(Instant now, Outbox& outbox) {
  started_ = true;
  if (!unreadable_.empty()) outbox.event(Refused{{}, unreadable_});
  for (const Bytes& tx : config_.registrations) {
    const SharedBytes message = frame(MessageKind::transaction, tx);
    say(message, outbox);
    unconfirmed_.add({{epoch_, 0}, message, now});
  }
  // What an interrupted erasure has left to do.
  if (!erasures_.known().empty()) outbox.persist(RecordKind::erased, erasures_.record(), true);
  keep_openings(outbox);
  say_again(now, outbox);
}

void GatewayNode::receive(Instant now, const PeerMessage& message, Outbox& outbox) {
  if (message.from == fleet()) return receive_from_home(now, message, outbox);
  if (message.from < config_.directory.observer()) return receive_from_validator(message, outbox);
  if (attesting_ && config_.directory.is_oracle(message.from))
    return receive_from_oracle(now, message, outbox);
  outbox.event(Refused{message.from, "a gateway listens to its own homes and to validators only"});
}

void GatewayNode::receive_from_oracle(Instant now, const PeerMessage& message, Outbox& outbox) {
  auto tx = attesting_->take(now, message.from, message.bytes, outbox);
  if (!tx) return;
  const AttestedEntry what = decode_attestation(tx->body)->what;
  sign_entry(*tx, chain_id_, signer(slot_of(what, config_.genesis)));
  const SharedBytes bytes = frame(MessageKind::transaction, tx->encode());
  const std::int64_t begun_ms = (batch_end() - milliseconds(config_.genesis.batch_ms)).whole_ms();
  const auto slot = static_cast<std::uint32_t>(begun_ms / config_.genesis.slot_ms);
  attested_.push_back({what, {{0, slot + 2}, bytes, now}, 1});
  outbox.persist(RecordKind::gateway, record(), true);
  say(bytes, outbox);
}

void GatewayNode::ask_for_attestation(Instant now, const Transaction& tx,
                                      std::span<const RecordOpening> records, Outbox& outbox) {
  if (!attesting_) return;
  std::vector<Transaction> papers;
  if (tx.kind == TransactionKind::batch) papers = papers_said();
  attesting_->ask(*attested_entry(tx),
                  encode(AttestRequest{tx, std::move(papers), {records.begin(), records.end()}}),
                  now, outbox);
}

// Papers that are not over yet: what oracles took already they know again.
std::vector<Transaction> GatewayNode::papers_said() const {
  std::vector<Transaction> out;
  for (const Sent& s : unconfirmed_.all()) {
    auto tx = decode_transaction(s.message.view().subspan(1));
    if (tx && (tx->kind == TransactionKind::meter_swap ||
               (tx->kind == TransactionKind::key_change && tx->openings.empty()) ||
               papers_.acted(leaf_hash(tx->entry()))))
      insert_in_turn(out, std::move(*tx));
  }
  return out;
}

// The record first, so that what the host then destroys is in none of it.
void GatewayNode::take_erased(const PeerMessage& message, Outbox& outbox) {
  const auto said = decode_erased(message.bytes.view().subspan(1));
  if (!said) return outbox.event(Refused{message.from, said.error()});
  const ErasedAccounts fresh = erasures_.hear({message.from.value}, *said);
  if (fresh.empty()) return;
  for (MeterState& m : meters_)
    if (fresh.contains(m.meter.registration.account)) forget(m);
  outbox.persist(RecordKind::gateway, record(), true);
  outbox.persist(RecordKind::erased, erasures_.record(), true);
}

// What bills rest on stays: the anchor is what its marks on the ledger say.
void GatewayNode::forget(MeterState& m) {
  m.erased = true;
  m.meter.personal_key = sha256({bytes_of("aipchain erased meter 1"), m.meter.personal_key});
  for (GatewayMeter& configured : config_.meters)
    if (configured.registration.meter == m.id()) configured.personal_key = m.meter.personal_key;
  drop_heard(m);
  m.alerts = alerts_of(m.meter, config_);
  market::MeteredPoint::Memory memory = m.point.memory();
  memory.last.reset();
  memory.usual.reset();
  memory.slot_end.reset();
  memory.slot_quarantined = false;
  memory.good_import = memory.begin_import;
  memory.good_export = memory.begin_export;
  m.point.resume(memory);
  const AccountId& account = m.meter.registration.account;
  std::erase_if(last_openings_, [&](const Bytes& record) {
    return std::equal(account.bytes.begin(), account.bytes.end(), record.begin());
  });
}

void GatewayNode::drop_heard(MeterState& m) {
  if (m.heard) waiting_bytes_ -= m.heard->bytes();
  m.heard.reset();
}

void GatewayNode::receive_from_validator(const PeerMessage& message, Outbox& outbox) {
  if (kind_of(message.bytes) == MessageKind::erased) return take_erased(message, outbox);
  if (kind_of(message.bytes) == MessageKind::on_ledger) return take_on_ledger(message, outbox);
  const auto progress = kind_of(message.bytes) == MessageKind::progress
                            ? decode_progress(message.bytes.view().subspan(1))
                            : failure("a gateway takes no such message from a validator");
  if (!progress) return outbox.event(Refused{message.from, progress.error()});
  unconfirmed_.told({message.from.value}, *progress);
  papers_.end_departures(unconfirmed_);
}

void GatewayNode::take_on_ledger(const PeerMessage& message, Outbox& outbox) {
  const auto tx = decode_transaction(message.bytes.view().subspan(1));
  if (!tx) return outbox.event(Refused{message.from, tx.error()});
  if (papers_.told({message.from.value}, leaf_hash(tx->entry()))) act_on(*tx, outbox);
}

void GatewayNode::act_on(const Transaction& tx, Outbox& outbox) {
  const auto paper = paper_of(tx);
  if (!paper) {  // its own key, which signs already
    const SharedBytes message = frame(MessageKind::transaction, tx.encode());
    if (!unconfirmed_.has(message)) return;
    unconfirmed_.remove(message);
    unconfirmed_.add({{0, slot_now().value + slots_kept}, message, said_enough});
    return;
  }
  const market::MeteredPoint* point = point_of(paper->meter);
  // Another variant of one that acts, or one before it: oracles may need it to follow, no more.
  const bool is_late = paper->of && point && point->has_changed(*paper->of, paper->slot);
  const auto acts = market::act_on_paper(tx, [&](MeterId meter) { return point_of(meter); });
  if (!acts) return outbox.event(Refused{{}, acts.error()});
  if (!is_late)
    for (const Paper& p : papers_.end(*paper)) unconfirmed_.remove(p.message);
  const Slot until{std::max(paper->slot, slot_now()).value + 1 + slots_kept};
  unconfirmed_.add({{0, until.value}, paper->message, said_enough});
  MeterState& m = meters_[index_of_meter_.at(paper->meter.value)];
  if (m.heard && !stands(m)) drop_heard(m);  // its meter says it again
  outbox.persist(RecordKind::gateway, record(), true);
}

void GatewayNode::receive_from_home(Instant now, const PeerMessage& message, Outbox& outbox) {
  const auto refuse = [&](std::string why) { outbox.event(Refused{message.from, std::move(why)}); };
  if (message.bytes.empty()) return refuse("empty message");
  const BytesView body = message.bytes.view().subspan(1);
  switch (static_cast<MessageKind>(message.bytes[0])) {
    case MessageKind::minute: {
      auto minute = decode_minute(body);
      return minute ? take_minute(now, message.from, std::move(*minute), outbox)
                    : refuse(minute.error());
    }
    case MessageKind::transaction: {
      const auto tx = decode_transaction(body);
      return tx ? take_transaction(now, *tx, message.from, outbox) : refuse(tx.error());
    }
    case MessageKind::forecast: {
      const auto forecast = decode_fleet_forecast(body);
      return forecast ? post_forecast(*forecast, outbox) : refuse(forecast.error());
    }
    default:
      refuse("a gateway takes no such message");
  }
}

void GatewayNode::take_transaction(Instant now, const Transaction& tx, NodeId from,
                                   Outbox& outbox) {
  const SharedBytes message = frame(MessageKind::transaction, tx.encode());
  Result<void> taken = failure("a home sends one order, or one paper, at a time");
  if (tx.openings.size() == 1 && tx.kind == TransactionKind::order) taken = take_order(tx);
  if (tx.openings.size() == 1 && tx.kind != TransactionKind::order) {
    const bool swap = tx.kind == TransactionKind::meter_swap;
    const auto until = swap ? take_swap(tx) : take_paper(tx);
    taken = until ? Result<void>{} : failure(until.error());
    if (until) {
      unconfirmed_.add({{0, until->value}, message, now, true});
      outbox.persist(RecordKind::gateway, record(), true);
    }
  }
  if (!taken) return outbox.event(Refused{from, taken.error()});
  say(message, outbox);
}

// Homes sign their own orders; the gateway only carries them.
Result<void> GatewayNode::take_order(const Transaction& tx) {
  const auto order = market::decode_order(tx.openings[0].data);
  if (!order) return failure(order.error());
  if (!index_of_meter_.contains(order->meter.value))
    return failure("order of a meter that is not one of this gateway's");
  MeterState& m = meters_[index_of_meter_.at(order->meter.value)];
  const Slot slot = order->order.slot;
  const auto last = papers_.last_slot(order->meter);
  if ((m.point.leaves() && !m.in(slot)) || (last && *last < slot))
    return failure("order of an account that leaves before it");
  m.ordered = std::max(m.ordered, slot);
  return {};
}

Slot GatewayNode::slot_now() const { return slot_of_epoch(config_.genesis, epoch_); }

market::MeteredPoint* GatewayNode::point_of(MeterId meter) {
  const auto at = index_of_meter_.find(meter.value);
  return at == index_of_meter_.end() ? nullptr : &meters_[at->second].point;
}

market::PaperTerms GatewayNode::paper_terms() {
  return {config_.genesis, chain_id_, config_.gateway, slot_now(), verifier_};
}

Result<Slot> GatewayNode::take_swap(const Transaction& tx) {
  if (const auto swap = market::decode_meter_swap(tx.openings[0].data);
      swap && papers_.changes_key(swap->meter))
    return failure("papers of a meter whose next key waits");
  const auto slot =
      market::take_paper(tx, paper_terms(), [&](MeterId meter) { return point_of(meter); });
  return slot ? Result<Slot>(Slot{slot->value + 1}) : slot;
}

Result<Slot> GatewayNode::take_paper(const Transaction& tx) {
  // The ledger lets nobody leave who has orders behind, and the batches would contradict it.
  if (tx.kind == TransactionKind::deregistration)
    if (const auto v = market::decode_deregistration(tx.openings[0].data))
      if (const auto at = index_of_meter_.find(v->meter.value);
          at != index_of_meter_.end() && v->last < meters_[at->second].ordered)
        return failure("the account has orders for slots behind its last one");
  auto slot =
      market::check_paper(tx, paper_terms(), [&](MeterId meter) { return point_of(meter); });
  if (!slot) return slot;
  Paper paper = *paper_of(tx);
  if (!papers_.has_room(paper.meter)) return failure("too many papers of this meter wait already");
  const bool departure = !paper.of;
  papers_.add(std::move(paper));
  return Slot{departure ? slot->value + 1 + departure_patience : until_on_ledger};
}

bool GatewayNode::has_room_for(const MeterMinute& minute) const {
  return unconfirmed_.bytes() < config_.room &&
         waiting_bytes_ + minute.readings.size() * reading_size <= config_.room;
}

void GatewayNode::tell_received(const std::vector<MeterReceived>& meters, Outbox& outbox) const {
  if (!meters.empty()) outbox.send(fleet(), encode(meters));
}

MeterWord GatewayNode::word_of_minute(const MeterState& state, const MeterMinute& minute,
                                      const Hash& root) const {
  MeterRecord said;
  said.meter = minute.meter;
  said.first_sequence = minute.first_sequence;
  said.count = static_cast<std::uint16_t>(minute.readings.size());
  said.readings_root = root;
  said.signature = minute.signature;
  return word_of(chain_id_, said, state.meter.personal_key, minute.readings, minute.each);
}

bool GatewayNode::stands(const MeterState& state) const {
  const MeterState::Heard& heard = *state.heard;
  const MeterWord word = word_of_minute(state, heard.minute, heard.root);
  return state.in(slot_now()) && state.point.signer_of(word, slot_now(), verifier_) == heard.by;
}

void GatewayNode::take_minute(Instant now, NodeId from, MeterMinute minute, Outbox& outbox) {
  const std::string name = "meter " + std::to_string(minute.meter.value);
  const auto refuse = [&](const char* why) { outbox.event(Refused{from, name + why}); };
  const auto at = index_of_meter_.find(minute.meter.value);
  if (at == index_of_meter_.end()) return refuse(" is not one of this gateway's");
  MeterState& state = meters_[at->second];
  if (!state.in(slot_now())) return refuse(" is of no account in this slot");
  if (state.erased) return;  // its home may not know of it
  const std::uint32_t newest = newest_sequence(minute);
  const bool waits = state.heard && state.heard->by != market::SignedBy::nobody;
  const auto& last = state.point.last();
  const bool had = last && minute.first_sequence <= last->sequence;
  const bool swaps = state.point.awaits_next_meter();
  const bool known = had || (waits && newest <= state.heard->newest);
  if (known && !had && !swaps) return;
  // A single reading that does not follow comes again with what is missing before it.
  const std::uint32_t before = waits ? state.heard->newest : last ? last->sequence : 0;
  if (!swaps && !had && minute.each.size() == 1 && minute.first_sequence != before + 1) return;
  const Hash root = readings_root(state.meter.personal_key, state.id(), minute.readings);
  const MeterWord word = word_of_minute(state, minute, root);
  const market::SignedBy by = state.point.signer_of(word, slot_now(), verifier_);
  const bool present =
      by == market::SignedBy::meter || (by == market::SignedBy::next_key && !swaps);
  // On disk already, at least in part: told so, the meter sends what is newer.
  if (had && !swaps && present)
    return tell_received({{state.id(), tag_of(state.point.key_of(by)), last->sequence}}, outbox);
  if (known && present) return;
  if (papers_.hangs_on_one(state.id(), slot_now(), by, word, verifier_)) return;
  if (!has_room_for(minute)) return refuse(": no room for another minute before the next batch");
  if (by == market::SignedBy::nobody) refuse(": a minute whose signature does not hold");
  if (by == market::SignedBy::nobody && state.heard) return;
  if (waits && by == state.heard->by && state.heard->is_followed_by(minute)) {
    state.heard->add(minute, now);
    waiting_bytes_ += reading_size;
    return;
  }
  // What it does not hold as well comes again.
  if (waits && by == state.heard->by && minute.first_sequence > state.heard->minute.first_sequence)
    return refuse(": a minute that leaves out what waits for its batch");
  drop_heard(state);
  state.heard = MeterState::Heard{std::move(minute), root, now, by, newest};
  waiting_bytes_ += state.heard->bytes();
}

// Takes the minute that waits; afterwards none does.
MeterRecord GatewayNode::judge(MeterState& state, Outbox& outbox) {
  MeterState::Heard& heard = *state.heard;
  if (!heard.minute.each.empty())
    heard.root = readings_root(state.meter.personal_key, state.id(), heard.minute.readings);
  const MeterRecord record =
      state.point
          .take({heard.minute.first_sequence, heard.minute.readings, heard.root,
                 heard.minute.signature, heard.by, heard.received.whole_ms()},
                epoch_)
          .record;
  if (record.verdict != 0) outbox.event(Judged{record.meter.value, record.verdict, record.count});
  if (heard.by != market::SignedBy::nobody) watch(state, heard.minute, outbox);
  return record;
}

void GatewayNode::watch(MeterState& state, const MeterMinute& minute, Outbox& outbox) {
  for (const ReadingBytes& bytes : minute.readings) {
    const Reading r = decode_reading(bytes);
    raise(state.alerts.reading(Instant{r.time_ms * 1'000'000}, r.power_w, r.voltage_v), outbox);
  }
}

void GatewayNode::raise(std::vector<ai::AlertChange> changes, Outbox& outbox) {
  for (ai::AlertChange& c : changes) outbox.event(AlertRaised{std::move(c.alert), c.cleared});
}

void GatewayNode::post_batch(Instant now, Outbox& outbox) {
  Batch batch;
  batch.gateway = config_.gateway;
  batch.epoch = epoch_;
  batch.previous = previous_entry_;
  Leaves leaves;
  std::vector<Bytes> openings;
  const Slot slot = slot_now();
  for (MeterState& m : meters_)
    if (m.in(slot)) add_record(m, batch, leaves, openings, outbox);
  const Transaction tx = batch_of(batch, leaves);
  previous_entry_ = sha256(tx.entry());
  const SharedBytes message = frame(MessageKind::transaction, tx.encode());
  Outbox asked;
  unconfirmed_.add({{epoch_, 0}, message, now});
  const std::int64_t end_ms = batch_end().whole_ms();
  ++epoch_;
  ask_for_attestation(now, tx, leaves.to_attest, asked);
  std::optional<SharedBytes> marks;
  if (end_ms % config_.genesis.slot_ms == 0) {
    const Transaction said = marks_of(slot);
    marks = frame(MessageKind::transaction, said.encode());
    unconfirmed_.add({{0, slot.value + 1}, *marks, now});
    ask_for_attestation(now, said, {}, asked);
  }
  last_openings_ = std::move(openings);
  outbox.persist(RecordKind::gateway, record(), true);
  keep_openings(outbox);
  if (say_again(now, outbox)) direct_before_ = epoch_ + config_.direct_batches;
  say_batch(message, outbox);
  if (marks) say(*marks, outbox);
  for (const Effect& e : asked.effects()) outbox.put(e);
  tell_received(leaves.received, outbox);
}

void GatewayNode::add_record(MeterState& m, Batch& batch, Leaves& leaves,
                             std::vector<Bytes>& openings, Outbox& outbox) {
  const std::vector<ReadingBytes> none;
  const std::vector<Signature> none_signed;
  const MeterRecord r = m.heard ? judge(m, outbox) : m.point.absence(epoch_);
  if (!m.heard) outbox.event(Judged{r.meter.value, r.verdict, 0});
  raise(m.alerts.interval_ended(batch_end()), outbox);
  count_record(batch, r);
  const Hash leaf = leaf_hash(record_commitment(m.meter.personal_key, r));
  leaves.all.push_back(leaf);
  if (quarantines(r.verdict)) leaves.quarantined.push_back(leaf);
  if (const auto rises = m.point.add(r); rises && !m.feeder()) {
    leaves.imports.push_back(rises->import_mwh);
    leaves.exports.push_back(rises->export_mwh);
  }
  if (!m.erased)
    openings.push_back(personal_opening(chain_id_, m.meter.personal_key, config_.gateway, r,
                                        m.heard ? m.heard->minute.readings : none,
                                        m.heard ? m.heard->minute.each : none_signed));
  if (attesting_)
    leaves.to_attest.push_back(opening_of(m.meter.personal_key, r,
                                          m.heard ? m.heard->minute.readings : none,
                                          m.heard ? m.heard->minute.each : none_signed));
  if (!m.heard) return;
  if (m.heard->by != market::SignedBy::nobody)
    leaves.received.push_back({m.id(), tag_of(m.point.meter_key()), m.point.last()->sequence});
  drop_heard(m);
}

Transaction GatewayNode::batch_of(Batch batch, const Leaves& leaves) {
  batch.import_sum = {public_gateway_sum(leaves.imports, config_.genesis.gateways.size())};
  batch.export_sum = {public_gateway_sum(leaves.exports, config_.genesis.gateways.size())};
  batch.quarantine_root = root_of(leaves.quarantined);
  Transaction tx;
  tx.kind = TransactionKind::batch;
  tx.root = root_of(leaves.all);
  tx.body = encode(batch);
  sign_entry(tx, chain_id_, signer(slot_now()));
  return tx;
}

Transaction GatewayNode::marks_of(Slot slot) {
  Transaction tx;
  tx.kind = TransactionKind::marks;
  market::MarksBody body;
  body.gateway = config_.gateway;
  body.slot = slot;
  for (MeterState& m : meters_)
    if (const auto mark = m.point.mark(slot))
      tx.openings.push_back(market::opening_of(m.meter.restricted_key, *mark));
  body.count = static_cast<std::uint32_t>(tx.openings.size());
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(body);
  sign_entry(tx, chain_id_, signer(slot));
  return tx;
}

Bytes GatewayNode::record() const {
  GatewayRecord out{chain_id_, config_.gateway, epoch_, previous_entry_, {}, {}, {}};
  for (const MeterState& m : meters_) out.meters.push_back({m.id(), m.point.memory()});
  for (const Sent& s : unconfirmed_.all()) out.messages.push_back({s.until, to_bytes(s.message)});
  for (const Attested& a : attested_)
    out.messages.push_back({a.sent.until, to_bytes(a.sent.message)});
  if (attesting_)
    for (const SharedBytes& m : attesting_->waiting()) out.messages.push_back({{}, to_bytes(m)});
  out.personal_openings = last_openings_;
  return encode(out);
}

void GatewayNode::post_forecast(const FleetForecast& forecast, Outbox& outbox) {
  Transaction tx;
  tx.kind = TransactionKind::forecast;
  market::ForecastBody body;
  body.gateway = config_.gateway;
  body.first_slot = forecast.first_slot;
  body.slots = forecast.slots;
  std::vector<market::Forecast> homes;
  for (const Opening& o : forecast.openings) {
    auto home = market::decode_forecast(o.data);
    if (!home) return outbox.event(Refused{fleet(), home.error()});
    homes.push_back(std::move(*home));
  }
  body.total = market::public_total(homes, config_.genesis.gateways.size());
  tx.openings = forecast.openings;
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(body);
  sign_entry(tx, chain_id_, signer(forecast.first_slot));
  say(frame(MessageKind::transaction, tx.encode()), outbox);
}

void GatewayNode::keep_openings(Outbox& outbox) const {
  for (const Bytes& o : last_openings_) outbox.persist(RecordKind::personal_opening, o, true);
}

void GatewayNode::say(const SharedBytes& message, Outbox& outbox) const {
  for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
    outbox.send(config_.directory.validator(v), message);
}

bool GatewayNode::concentrates() const {
  return config_.directory.concentrators > 0 && epoch_ > direct_before_;
}

// Of the interval that has ended, epoch_ - 1. A concentrator may have forgotten the gateway's key.
void GatewayNode::say_batch(const SharedBytes& message, Outbox& outbox) const {
  if (!concentrates()) return say(message, outbox);
  const NodeId concentrator = config_.directory.concentrator_of(config_.gateway.value);
  if (key_change_) outbox.send(concentrator, *key_change_);
  outbox.send(concentrator, message);
}

// What two blocks and a while have not brought onto the ledger; where a batch is among it, all that
// went to the concentrator, too. Whether one is.
bool GatewayNode::say_again(Instant now, Outbox& outbox) {
  const Instant late = now - (milliseconds(2 * config_.genesis.block_ms) + seconds(10));
  attest_again(now, late, outbox);
  const auto& all = unconfirmed_.all();
  const bool batch = std::any_of(all.begin(), all.end(),
                                 [&](const Sent& s) { return s.until.epoch > 0 && s.at <= late; });
  const Instant then = batch && concentrates() ? now - milliseconds(1) : late;
  for (const SharedBytes& m : unconfirmed_.again(now, then, said_again)) say(m, outbox);
  return batch;
}

void GatewayNode::attest_again(Instant now, Instant late, Outbox& outbox) {
  for (Attested& a : attested_) {
    if (a.sent.at > late) continue;
    say(a.sent.message, outbox);
    a.sent.at = now;
    // Nobody confirms it: what counts is said once its batch or marks are on the ledger.
    if (unconfirmed_.confirmed().is_beyond(a.what)) ++a.times;
  }
  while (!attested_.empty() && attested_.front().times == times_said) attested_.pop_front();
  if (attesting_) attesting_->ask_again(now, late, outbox);
}

}  // namespace twin
