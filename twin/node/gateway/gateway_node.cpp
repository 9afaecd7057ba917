#include "twin/node/gateway/gateway_node.hpp"

#include <algorithm>

#include "ledger/crypto/sha256.hpp"
#include "twin/node/gateway/gateway_meter.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr Instant not_in_this_life{INT64_MIN};

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
      papers_(config_.directory.validators),
      settled_(config_.directory.validators),
      contracts_(config_.directory.validators) {
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

void GatewayNode::receive_from_validator(const PeerMessage& message, Outbox& outbox) {
  if (kind_of(message.bytes) == MessageKind::erased) return take_erased(message, outbox);
  if (kind_of(message.bytes) == MessageKind::on_ledger) return take_on_ledger(message, outbox);
  if (kind_of(message.bytes) == MessageKind::settled) return take_settled(message, outbox);
  if (kind_of(message.bytes) == MessageKind::contracts)
    return take_contracts_on_ledger(message, outbox);
  const auto progress = kind_of(message.bytes) == MessageKind::progress
                            ? decode_progress(message.bytes.view().subspan(1))
                            : failure("a gateway takes no such message from a validator");
  if (!progress) return outbox.event(Refused{message.from, progress.error()});
  unconfirmed_.told({message.from.value}, *progress);
  papers_.end_departures(unconfirmed_);
}

void GatewayNode::take_settled(const PeerMessage& message, Outbox& outbox) {
  const auto known = settled_.hear({message.from.value}, message.bytes.view().subspan(1));
  if (!known) return outbox.event(Refused{message.from, known.error()});
  if (*known) outbox.send(fleet(), message.bytes);
}

void GatewayNode::take_contracts_on_ledger(const PeerMessage& message, Outbox& outbox) {
  auto said = decode_contracts_on_ledger(message.bytes.view().subspan(1));
  if (!said) return outbox.event(Refused{message.from, said.error()});
  std::erase_if(*said, [&](const auto& one) { return !point_of(one.first.first); });
  const ContractsOnLedger fresh = contracts_.hear({message.from.value}, *said);
  if (!fresh.empty()) outbox.send(fleet(), encode(fresh));
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

Slot GatewayNode::slot_now() const { return slot_of_epoch(config_.genesis, epoch_); }

market::MeteredPoint* GatewayNode::point_of(MeterId meter) {
  const auto at = index_of_meter_.find(meter.value);
  return at == index_of_meter_.end() ? nullptr : &meters_[at->second].point;
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

void GatewayNode::say(const SharedBytes& message, Outbox& outbox) const {
  for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
    outbox.send(config_.directory.validator(v), message);
}

}  // namespace twin
