#include "twin/node/attack/hostile_gateway.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/public_sum.hpp"

namespace twin {

using namespace ledger;
using Kind = Attack::Kind;

namespace {

// Verdicts that follow from arrival times, which records do not hold.
constexpr Verdict on_arrival = bit(Rule::time_informative) | bit(Rule::time_apart);

}  // namespace

HostileGateway::HostileGateway(std::unique_ptr<Node> gateway, GatewayConfig config,
                               std::vector<Attacked> attacks, Signer& signer, Verifier& verifier)
    : gateway_(std::move(gateway)),
      config_(std::move(config)),
      attacks_(std::move(attacks)),
      signer_(signer),
      verifier_(verifier),
      chain_id_(chain_id_of(config_.genesis)),
      nights_(nights_of(config_.genesis)) {
  if (config_.genesis.attesters > 0)
    attesting_.emplace(config_.genesis, config_.directory, config_.room, verifier_);
  for (const GatewayMeter& m : config_.meters) {
    const std::uint32_t id = m.registration.meter.value;
    const bool omitted = std::any_of(attacks_.begin(), attacks_.end(), [&](const Attacked& a) {
      return a.attack.kind == Kind::omit_home && a.meter.value == id;
    });
    meters_.emplace(
        id, Meter{m, market::MeteredPoint(m.registration, config_.genesis, nights_), omitted, {}});
  }
}

Instant HostileGateway::next_deadline() const {
  return std::min(gateway_->next_deadline(), held_.empty() ? never : held_.begin()->first);
}

Instant HostileGateway::later(Instant now) const {
  return now + milliseconds(config_.genesis.block_ms) + seconds(1);
}

void HostileGateway::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  for (; !held_.empty() && held_.begin()->first <= now; held_.erase(held_.begin()))
    post(held_.begin()->second, outbox);
  Outbox own;
  std::vector<PeerMessage> to_gateway;
  for (const PeerMessage& m : inputs.messages)
    if (attesting_ && config_.directory.is_oracle(m.from))
      hear_oracle(now, m, outbox);
    else
      to_gateway.push_back(m);
  gateway_->step(now, Inputs{to_gateway, inputs.samples}, own);
  for (const Effect& effect : own.effects()) {
    const auto* message = std::get_if<Send>(&effect);
    const auto* kept = std::get_if<Persist>(&effect);
    if (kept && kept->kind == RecordKind::personal_opening)
      hear_opening(*kept, outbox);
    else if (judges_omitted(effect) || asks_oracles(effect))
      continue;
    else if (!message || kind_of(message->bytes) != MessageKind::transaction)
      outbox.put(effect);
    else if (message->to == config_.directory.validator(0) ||  // one copy stands for all
             config_.directory.is_concentrator(message->to))   // and it passes that one by
      change(now, *decode_transaction(message->bytes.view().subspan(1)), outbox);
  }
}

// Its node asks for what it said itself.
bool HostileGateway::asks_oracles(const Effect& effect) const {
  const auto* message = std::get_if<Send>(&effect);
  const auto* event = std::get_if<Event>(&effect);
  return (message && kind_of(message->bytes) == MessageKind::attest_request) ||
         (event && std::holds_alternative<OracleNamed>(*event));
}

void HostileGateway::ask(Instant now, const Transaction& told, const Records& records,
                         Outbox& outbox) {
  if (!attesting_) return;
  std::vector<RecordOpening> opened;
  for (const auto& [id, t] : records)
    opened.push_back(opening_of(meters_.at(id).config.personal_key, t.record, t.readings, t.each));
  attesting_->ask(*attested_entry(told), encode(AttestRequest{told, {}, std::move(opened)}), now,
                  outbox);
}

void HostileGateway::hear_oracle(Instant now, const PeerMessage& message, Outbox& outbox) {
  auto tx = attesting_->take(now, message.from, message.bytes, outbox);
  if (!tx) return;
  sign_entry(*tx, chain_id_, signer_);
  post(*tx, outbox);
}

// What its node finds of a home that it omits is not what its batches say.
bool HostileGateway::judges_omitted(const Effect& effect) const {
  const auto* event = std::get_if<Event>(&effect);
  const auto* judged = event ? std::get_if<Judged>(event) : nullptr;
  const auto meter = judged ? meters_.find(judged->meter) : meters_.end();
  return meter != meters_.end() && meter->second.omitted;
}

// Account 16, gateway, epoch, then a sealed record: its length, gateway, epoch and meter.
void HostileGateway::hear_opening(const Persist& persist, Outbox& outbox) {
  ByteReader r(persist.record);
  r.raw(16 + 4 + 4);
  const BytesView sealed = BytesView(persist.record).subspan(16 + 4 + 4);
  r.raw(4 + 4 + 4);
  const auto meter = meters_.find(r.u32());
  if (r.failed() || meter == meters_.end()) return outbox.put(persist);
  const auto opened = unseal_personal_file(chain_id_, meter->second.config.personal_key, sealed);
  if (!opened || opened->size() != 1) return outbox.put(persist);
  heard_[meter->first] = opened->front();
}

void HostileGateway::change(Instant now, const Transaction& tx, Outbox& outbox) {
  if (const auto at = told_.find(leaf_of(tx)); at != told_.end()) return post(at->second, outbox);
  if (tx.kind == TransactionKind::batch) return change_batch(now, tx, outbox);
  if (tx.kind == TransactionKind::marks) return change_marks(now, tx, outbox);
  post(tx, outbox);
}

const Attack* HostileGateway::acting(Kind kind, std::uint32_t meter, std::int64_t time_ms,
                                     const char* how) const {
  for (const Attacked& a : attacks_)
    if (a.attack.kind == kind && a.meter.value == meter && a.attack.how == how &&
        a.attack.acts(milliseconds(time_ms)))
      return &a.attack;
  return nullptr;
}

void HostileGateway::change_batch(Instant now, const Transaction& tx, Outbox& outbox) {
  Batch batch = *decode_batch(tx.body);
  batch.previous = last_entry_;
  const std::int64_t end_ms = std::int64_t{batch.epoch} * config_.genesis.batch_ms;
  Records told, without, absent;
  std::uint32_t uncounted = 0;
  bool counts_less = false, tells_twice = false;
  for (const auto& [id, heard] : heard_) {
    Meter& m = meters_.at(id);
    const Told nothing{m.point.absence(batch.epoch), {}, {}};
    const bool less = acting(Kind::omit_home, id, end_ms, "count");
    const bool twice = acting(Kind::two_roots, id, end_ms);
    counts_less |= less;
    tells_twice |= twice;
    const bool listed = !acting(Kind::omit_home, id, end_ms, "list");
    uncounted += listed ? 0 : 1;
    if (!listed) continue;
    told[id] = acting(Kind::omit_home, id, end_ms, "absence") ? nothing : retold(m, heard);
    if (!less) without[id] = told[id];
    absent[id] = twice ? nothing : told[id];
  }
  Meters as_they_were = meters_;
  if (counts_less) post(batch_of(batch, without, as_they_were), outbox);
  as_they_were = meters_;
  if (tells_twice) held_.emplace(later(now), batch_of(batch, absent, as_they_were));
  for (const auto& [id, t] : told) {
    persist(t, outbox);
    if (meters_.at(id).omitted && t.record.verdict != 0)
      outbox.event(Judged{id, t.record.verdict, t.record.count});
  }
  const Transaction whole = batch_of(batch, told, meters_, uncounted);
  last_entry_ = sha256(whole.entry());
  tell(tx, whole, outbox);
  ask(now, whole, told, outbox);
  heard_.clear();
}

void HostileGateway::tell(const Transaction& honest, const Transaction& told, Outbox& outbox) {
  told_[leaf_of(honest)] = told;
  post(told, outbox);
}

// What an honest gateway would say of the minute, had it told of the home what this one told.
HostileGateway::Told HostileGateway::retold(Meter& m, const PersonalRecord& heard) const {
  const MeterRecord& r = heard.record;
  if (!m.omitted) return {r, heard.readings, heard.each};
  if (heard.readings.empty()) return {m.point.absence(r.epoch), {}, {}};
  const std::int64_t end_ms = std::int64_t{r.epoch} * config_.genesis.batch_ms;
  const Slot slot{static_cast<std::uint32_t>((end_ms - 1) / config_.genesis.slot_ms)};
  const market::SignedBy by = m.point.signer_of(
      word_of(chain_id_, r, m.config.personal_key, heard.readings, heard.each), slot, verifier_);
  Told out{
      m.point
          .take({r.first_sequence, heard.readings, r.readings_root, r.signature, by, std::nullopt},
                r.epoch)
          .record,
      heard.readings, heard.each};
  out.record.verdict |= r.verdict & on_arrival;
  return out;
}

// Adds the records to the meters' sums.
Transaction HostileGateway::batch_of(const Batch& like, const Records& records, Meters& meters,
                                     std::uint32_t uncounted) {
  Batch batch = like;
  batch.records = batch.count = batch.first_sequence = batch.last_sequence = 0;
  std::vector<Hash> leaves, quarantined;
  std::vector<std::int64_t> imports, exports;
  for (const auto& [id, told] : records) {
    Meter& m = meters.at(id);
    leaves.push_back(leaf_hash(record_commitment(m.config.personal_key, told.record)));
    if (quarantines(told.record.verdict)) quarantined.push_back(leaves.back());
    count_record(batch, told.record);
    const auto rises = m.point.add(told.record);
    if (!rises || m.config.registration.kind != market::MeterKind::home) continue;
    imports.push_back(rises->import_mwh);
    exports.push_back(rises->export_mwh);
  }
  batch.records += uncounted;
  batch.import_sum = {public_gateway_sum(imports, config_.genesis.gateways.size())};
  batch.export_sum = {public_gateway_sum(exports, config_.genesis.gateways.size())};
  batch.quarantine_root = root_of(quarantined);
  Transaction tx;
  tx.kind = TransactionKind::batch;
  tx.root = root_of(leaves);
  tx.body = encode(batch);
  sign_entry(tx, chain_id_, signer_);
  return tx;
}

void HostileGateway::change_marks(Instant now, const Transaction& tx, Outbox& outbox) {
  const market::MarksBody body = *market::decode_marks_body(tx.body);
  const std::int64_t end_ms = (std::int64_t{body.slot.value} + 1) * config_.genesis.slot_ms;
  std::vector<market::Mark> told, again;
  bool marks_again = false;
  for (const Opening& o : tx.openings) {
    const market::Mark honest = *market::decode_mark(o.data);
    const std::uint32_t id = honest.meter.value;
    Meter& m = meters_.at(id);
    if (const Attack* more = acting(Kind::double_mint, id, end_ms, "more"))
      m.more_exported += more->energy;
    const auto mark = told_mark(m, honest);
    if (!mark) continue;
    told.push_back(*mark);
    again.push_back(*mark);
    if (const Attack* twice = acting(Kind::double_mint, id, end_ms, "again")) {
      again.back().export_register += twice->energy;
      marks_again = true;
    }
  }
  const Transaction marks = marks_of(body, told);
  tell(tx, marks, outbox);
  ask(now, marks, {}, outbox);
  if (marks_again) held_.emplace(later(now), marks_of(body, again));
}

std::optional<market::Mark> HostileGateway::told_mark(Meter& m, const market::Mark& honest) {
  std::optional<market::Mark> out = honest;
  if (m.omitted) out = m.point.mark(honest.slot);
  if (out) out->export_register += m.more_exported;
  return out;
}

Transaction HostileGateway::marks_of(market::MarksBody body, std::vector<market::Mark> marks) {
  Transaction tx;
  tx.kind = TransactionKind::marks;
  for (const market::Mark& mark : marks)
    tx.openings.push_back(
        market::opening_of(meters_.at(mark.meter.value).config.restricted_key, mark));
  body.count = static_cast<std::uint32_t>(tx.openings.size());
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(body);
  sign_entry(tx, chain_id_, signer_);
  return tx;
}

void HostileGateway::persist(const Told& told, Outbox& outbox) const {
  const SubjectKey& key = meters_.at(told.record.meter.value).config.personal_key;
  outbox.persist(
      RecordKind::personal_opening,
      personal_opening(chain_id_, key, config_.gateway, told.record, told.readings, told.each),
      true);
}

void HostileGateway::post(const Transaction& tx, Outbox& outbox) const {
  const Bytes message = frame(MessageKind::transaction, tx.encode());
  for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
    outbox.send(config_.directory.validator(v), message);
}

}  // namespace twin
