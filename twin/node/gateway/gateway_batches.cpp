// What a gateway posts when an interval ends: its batch, a slot's marks, forecasts, and again what
// the ledger does not have in time.

#include <algorithm>

#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "twin/node/gateway/gateway_meter.hpp"

namespace twin {

using namespace ledger;

namespace {

// Papers, and batches and marks, that are said again with one batch, so that a ledger that comes
// back is not flooded.
constexpr std::size_t said_again = 64;
constexpr int times_said = 3;  // of an attestation

}  // namespace

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

void GatewayNode::ask_for_attestation(Instant now, const Transaction& tx,
                                      std::span<const RecordOpening> records, Outbox& outbox) {
  if (!attesting_) return;
  std::vector<Transaction> papers;
  if (tx.kind == TransactionKind::batch) papers = papers_said();
  attesting_->ask(*attested_entry(tx),
                  encode(AttestRequest{tx, std::move(papers), {records.begin(), records.end()}}),
                  now, outbox);
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
