#include "twin/node/gateway_node.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/openings/sealed_record.hpp"
#include "ledger/oracle/public_sum.hpp"

namespace twin {

using namespace ledger;

// One meter behind the gateway: what the oracle remembers and what waits for the next batch.
struct GatewayNode::MeterState {
  GatewayMeter meter;
  MeterOracle oracle;
  ai::MeterAlerts alerts;
  std::optional<MeterRecord> record;        // of the interval being collected
  std::vector<ReadingBytes> readings;       // of that record
  MeterRecord batched;                      // record or absence of the batch before
  MilliWattHours good_import, good_export;  // of the last record that is not quarantined
  std::optional<Reading> last;              // newest taken
  std::optional<Reading> slot_end;          // last reading of the slot to be marked
  bool slot_quarantined = false;
};

GatewayNode::GatewayNode(GatewayConfig config, Signer& signer, Verifier& verifier)
    : config_(std::move(config)),
      signer_(signer),
      verifier_(verifier),
      chain_id_(chain_id_of(config_.genesis)) {
  for (const GatewayMeter& m : config_.meters) {
    index_of_meter_[m.meter.value] = meters_.size();
    MeterRecord before;
    before.account = m.account;
    before.meter = m.meter;
    before.first_sequence = 1;
    before.import_register = m.first_import;
    before.export_register = m.first_export;
    meters_.push_back(MeterState{m,
                                 MeterOracle(m.limits),
                                 ai::MeterAlerts(m.meter.value, m.feeder, config_.alert_limits),
                                 {},
                                 {},
                                 before,
                                 m.first_import,
                                 m.first_export,
                                 {},
                                 {},
                                 false});
  }
}

GatewayNode::~GatewayNode() = default;

Instant GatewayNode::batch_end() const {
  return Instant{} + milliseconds(config_.genesis.batch_ms) * epoch_;
}

Instant GatewayNode::next_deadline() const {
  return started_ ? batch_end() + config_.batch_patience : Instant{};
}

bool GatewayNode::all_arrived() const {
  return std::all_of(meters_.begin(), meters_.end(),
                     [](const MeterState& m) { return m.record.has_value(); });
}

void GatewayNode::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  if (!started_) {
    started_ = true;
    for (const Bytes& tx : config_.registrations)
      for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
        outbox.send(config_.directory.validator(v), frame(MessageKind::transaction, tx));
  }
  for (const PeerMessage& m : inputs.messages) receive(now, m, outbox);
  while (now >= batch_end() + config_.batch_patience || (all_arrived() && now >= batch_end()))
    post_batch(outbox);
}

void GatewayNode::receive(Instant now, const PeerMessage& message, Outbox& outbox) {
  const auto refuse = [&](std::string why) { outbox.event(Refused{message.from, std::move(why)}); };
  if (message.bytes.empty()) return refuse("empty message");
  const BytesView body = BytesView(message.bytes).subspan(1);
  switch (static_cast<MessageKind>(message.bytes[0])) {
    case MessageKind::minute: {
      const auto minute = decode_minute(body);
      return minute ? take_minute(now, message.from, *minute, outbox) : refuse(minute.error());
    }
    case MessageKind::transaction: {
      // Homes sign their own orders; the gateway only carries them.
      const auto tx = decode_transaction(body);
      if (!tx) return refuse(tx.error());
      if (tx->kind != TransactionKind::order) return refuse("a home sends orders only");
      return to_validators(*tx, outbox);
    }
    case MessageKind::forecast: {
      const auto forecast = decode_fleet_forecast(body);
      return forecast ? post_forecast(*forecast, outbox) : refuse(forecast.error());
    }
    default:
      refuse("a gateway takes no such message");
  }
}

void GatewayNode::take_minute(Instant now, NodeId from, const MeterMinute& minute, Outbox& outbox) {
  const auto at = index_of_meter_.find(minute.meter.value);
  if (at == index_of_meter_.end())
    return outbox.event(Refused{
        from, "meter " + std::to_string(minute.meter.value) + " is not one of this gateway's"});
  MeterState& state = meters_[at->second];
  // A second minute of one interval belongs to the next batch: close this one first.
  if (state.record) post_batch(outbox);
  judge(now, state, minute, outbox);
  watch(state, minute, outbox);
}

void GatewayNode::judge(Instant now, MeterState& state, const MeterMinute& minute, Outbox& outbox) {
  MeterRecord record;
  record.account = state.meter.account;
  record.meter = state.meter.meter;
  record.epoch = epoch_;
  record.first_sequence = minute.first_sequence;
  record.count = static_cast<std::uint16_t>(minute.readings.size());
  record.readings_root = readings_root(state.meter.personal_key, state.meter.meter,
                                       minute.first_sequence, minute.readings);
  record.signature = minute.signature;
  const Bytes signed_bytes = meter_signed_bytes(chain_id_, record.meter, record.first_sequence,
                                                record.count, record.readings_root);
  if (!verifier_.verify(state.meter.meter_key, signed_bytes, minute.signature))
    record.verdict |= bit(Rule::signature);

  const std::int64_t slot_ms = config_.genesis.slot_ms;
  for (std::size_t i = 0; i < minute.readings.size(); ++i) {
    const Reading r = decode_reading(minute.readings[i]);
    // The minute arrives at once; a reading's own arrival is its place before the end.
    const auto before_end = static_cast<std::int64_t>(minute.readings.size() - 1 - i);
    const Verdict v =
        state.oracle.judge(r, now.whole_ms() - before_end * config_.genesis.metering_ms) |
        (r.sequence == minute.first_sequence + i ? Verdict{0} : bit(Rule::sequence_gap));
    record.verdict |= v;
    if (v & bit(Rule::sequence_stale)) continue;
    state.last = r;
    if (r.time_ms % slot_ms == 0) state.slot_end = r;
  }
  record.verdict |= state.oracle.judge_window();
  const Reading end = state.last.value_or(Reading{});
  record.end_time_ms = end.time_ms;
  record.import_register = end.import_register;
  record.export_register = end.export_register;
  state.slot_quarantined = state.slot_quarantined || quarantines(record.verdict);
  if (record.verdict != 0) outbox.event(Judged{record.meter.value, record.verdict, record.count});
  state.readings = minute.readings;
  state.record = record;
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

void GatewayNode::post_batch(Outbox& outbox) {
  Transaction tx;
  tx.kind = TransactionKind::batch;
  Batch batch;
  batch.gateway = config_.gateway;
  batch.epoch = epoch_;
  batch.first_sequence = UINT32_MAX;
  batch.previous = previous_entry_;
  std::vector<Hash> leaves, quarantined;
  std::vector<std::int64_t> imports, exports;
  for (MeterState& m : meters_) {
    raise(m.alerts.interval_ended(batch_end()), outbox);
    if (!m.record) {
      m.record = absence_after(m.batched, epoch_);
      m.readings.clear();
    }
    const MeterRecord& r = m.batched = *m.record;
    if (r.count > 0) {
      batch.count += r.count;
      batch.first_sequence = std::min(batch.first_sequence, r.first_sequence);
      batch.last_sequence = std::max(batch.last_sequence, r.first_sequence + r.count - 1);
    }
    if (!quarantines(r.verdict)) {
      const auto rise = [](MilliWattHours now, MilliWattHours before) {
        return std::max<std::int64_t>(0, (now - before).value);
      };
      if (!m.meter.feeder) imports.push_back(rise(r.import_register, m.good_import));
      if (!m.meter.feeder) exports.push_back(rise(r.export_register, m.good_export));
      m.good_import = r.import_register;
      m.good_export = r.export_register;
    }
    const Hash leaf = leaf_hash(record_commitment(m.meter.personal_key, r));
    leaves.push_back(leaf);
    if (quarantines(r.verdict)) quarantined.push_back(leaf);
    Bytes record =
        ByteWriter().raw(m.meter.account.bytes).u32(config_.gateway.value).u32(epoch_).take();
    append(record,
           seal_personal(m.meter.personal_key, {config_.gateway, epoch_, r.meter}, r, m.readings));
    outbox.persist(RecordKind::personal_opening, std::move(record), true);
    m.record.reset();
  }
  if (batch.count == 0) batch.first_sequence = 0;
  batch.records = static_cast<std::uint32_t>(leaves.size());
  batch.import_sum = {public_sum(imports)};
  batch.export_sum = {public_sum(exports)};
  batch.quarantine_root = root_of(quarantined);
  tx.root = root_of(leaves);
  tx.body = encode(batch);
  sign(tx);
  previous_entry_ = sha256(tx.entry());
  to_validators(tx, outbox);
  const std::int64_t end_ms = batch_end().whole_ms();
  ++epoch_;
  if (end_ms % config_.genesis.slot_ms == 0)
    post_marks(Slot{static_cast<std::uint32_t>(end_ms / config_.genesis.slot_ms - 1)}, outbox);
}

void GatewayNode::post_marks(Slot slot, Outbox& outbox) {
  Transaction tx;
  tx.kind = TransactionKind::marks;
  market::MarksBody body;
  body.gateway = config_.gateway;
  body.slot = slot;
  const std::int64_t end_ms = (std::int64_t{slot.value} + 1) * config_.genesis.slot_ms;
  for (MeterState& m : meters_) {
    const bool present = m.slot_end && m.slot_end->time_ms == end_ms;
    // A meter that fell silent is not marked: its slot settles when its next mark comes.
    if (!present) continue;
    market::Mark mark{m.meter.account,
                      m.meter.meter,
                      slot,
                      m.slot_end->import_register,
                      m.slot_end->export_register,
                      m.slot_quarantined};
    m.slot_quarantined = false;
    const Salt salt =
        derive_salt(m.meter.restricted_key, SaltLabel::mark, mark.meter.value, slot.value);
    tx.openings.push_back({salt, market::encode(mark)});
  }
  body.count = static_cast<std::uint32_t>(tx.openings.size());
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(body);
  sign(tx);
  to_validators(tx, outbox);
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
    if (!home)
      return outbox.event(Refused{config_.directory.fleet(config_.gateway.value), home.error()});
    homes.push_back(std::move(*home));
  }
  body.total = market::public_total(homes);
  tx.openings = forecast.openings;
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(body);
  sign(tx);
  to_validators(tx, outbox);
}

// The entry ends in the signature over all that stands before it.
void GatewayNode::sign(Transaction& tx) {
  const Signature s = signer_.sign(entry_signed_bytes(chain_id_, tx.entry()));
  std::copy(s.begin(), s.end(), tx.body.end() - static_cast<std::ptrdiff_t>(s.size()));
}

void GatewayNode::to_validators(const Transaction& tx, Outbox& outbox) {
  const Bytes message = frame(MessageKind::transaction, tx.encode());
  for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
    outbox.send(config_.directory.validator(v), message);
}

}  // namespace twin
