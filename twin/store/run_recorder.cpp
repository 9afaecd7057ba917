#include "twin/store/run_recorder.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t accounts_shown = 10;
constexpr std::uint64_t blocks_between_publications = 60;

std::optional<NodeId> recorded_node(const Scenario& scenario, const Directory& directory) {
  const std::string& name = scenario.output.recording;
  if (name.empty()) return std::nullopt;
  if (name == "observer") return directory.observer();
  return directory.validator(
      static_cast<std::uint32_t>(std::stoul(name.substr(name.find('-') + 1))));
}

}  // namespace

Result<std::unique_ptr<RunRecorder>> RunRecorder::create(
    const std::string& directory, const Scenario& scenario, const Network& network,
    const Deployment& deployment, const std::string& resolved, const Hash& input_hash) {
  auto dir = RunDirectory::create(directory, deployment.genesis(), deployment.identities());
  if (!dir) return failure(dir.error());
  if (auto ok = dir->write("scenario.resolved.toml", bytes_of(resolved)); !ok)
    return failure(ok.error());
  RunDescription description = describe(scenario, network);
  auto shadows = ShadowFeeder::of(scenario, network);
  if (!shadows) return failure(shadows.error());
  auto writer = RunWriter::create(directory + "/run.db", description);
  if (!writer) return failure(writer.error().message);
  std::unique_ptr<RunRecorder> recorder(new RunRecorder(std::move(*dir), std::move(*writer),
                                                        scenario, std::move(description),
                                                        deployment, std::move(*shadows)));
  recorder->summary_.input_hash = input_hash;
  return recorder;
}

RunRecorder::RunRecorder(RunDirectory directory, RunWriter writer, const Scenario& scenario,
                         RunDescription description, const Deployment& deployment,
                         ShadowFeeder shadow_feeder)
    : directory_(std::move(directory)),
      writer_(std::move(writer)),
      scenario_(scenario),
      description_(std::move(description)),
      nodes_(deployment.directory()),
      observer_(nodes_.observer()),
      recorded_(recorded_node(scenario, deployment.directory())),
      openings_(scenario, deployment),
      messages_(nodes_, summary_.ledger),
      slots_(scenario_, deployment, writer_, summary_, failure_),
      shadows_(scenario_, deployment, description_, std::move(shadow_feeder), summary_),
      alerts_(scenario_, writer_, summary_.alerts, failure_),
      findings_(scenario, deployment.directory()) {
  if (!scenario.congestion.empty())
    congestion_.emplace(scenario.congestion, scenario.grid.max_loading, scenario.time.market_slot,
                        scenario.homes.size());
  summary_.scenario = scenario.name;
  summary_.seed = scenario.seed;
  for (const MeterIdentity& m : deployment.identities().meters)
    if (!m.feeder && summary_.accounts.size() < accounts_shown)
      summary_.accounts.push_back(to_hex(m.account.bytes));
}

Result<void> RunRecorder::minute(const WorldMinute& minute) {
  end_ = minute.end.since_epoch();
  summary_.readings += minute.samples.size();
  summary_.energy = minute.energy;
  summary_.grid = minute.grid;
  if (congestion_ && minute.measured)
    congestion_->minute(minute.end, minute.steered, *minute.measured, minute.feeder.import_w);
  const Snapshot ledger_side = snapshot_;
  snapshot_ = minute.snapshot;
  snapshot_.price_eur_per_kwh = ledger_side.price_eur_per_kwh;
  snapshot_.traded_kwh = ledger_side.traded_kwh;
  snapshot_.height = ledger_side.height;
  snapshot_.alerts = alerts_.active();
  failure_.keep(writer_.snapshot(snapshot_));
  failure_.keep(writer_.minute(minute.feeder));
  failure_.keep(writer_.commit());
  if (!failure_.why().empty()) return failure(failure_.why());
  return {};
}

void RunRecorder::effect(NodeId from, Instant now, const Effect& effect) {
  if (const auto* persist = std::get_if<Persist>(&effect)) take_persist(from, now, *persist);
  if (const auto* event = std::get_if<Event>(&effect)) {
    // Validators decide the same blocks and see the same evidence; the observer speaks for all.
    const bool of_validator = from < observer_;
    const bool of_all = std::holds_alternative<BlockDecided>(*event) ||
                        std::holds_alternative<EvidenceSeen>(*event);
    if (!of_validator || !of_all) take_event(from, now, *event);
  }
}

void RunRecorder::take_persist(NodeId from, Instant now, const Persist& persist) {
  ByteReader r(persist.record);
  if (persist.kind == RecordKind::personal_opening) {
    const AccountId account{r.array<16>()};
    const GatewayId gateway{r.u32()};
    const std::uint32_t epoch = r.u32();
    directory_.add_personal(account, gateway, epoch, to_bytes(r.raw(r.left())));
  }
  if (persist.kind == RecordKind::signed_twice) take_signed_twice(persist);
  if (from != observer_) return;
  if (persist.kind == RecordKind::block) take_block(now, persist);
  if (persist.kind == RecordKind::evidence)
    failure_.keep(directory_.append("evidence", ByteWriter().sized(persist.record).view()));
  if (persist.kind == RecordKind::restricted_opening) {
    const AccountId account{r.array<16>()};
    const std::uint64_t entry = r.u64();
    directory_.add_restricted(account, entry, to_bytes(r.raw(r.left())));
  }
  if (persist.kind == RecordKind::checkpoint) {
    checkpoint_height_ = r.u64();
    checkpoint_size_ = r.u64();
    checkpoint_ = text_of(r.sized());
    if (checkpoint_height_ >= published_height_ + blocks_between_publications) publish();
  }
}

// Every validator keeps them; the run's directory holds each once.
void RunRecorder::take_signed_twice(const Persist& persist) {
  const Bytes which(persist.record.begin(), persist.record.begin() + 1 + 4 + 4);
  if (signed_twice_.insert(which).second)
    failure_.keep(directory_.append("signed-twice", ByteWriter().sized(persist.record).view()));
}

void RunRecorder::take_block(Instant now, const Persist& persist) {
  ByteReader r(persist.record);
  const BytesView certificate = r.sized();
  const BytesView bytes = r.sized();
  const auto block = decode_block(bytes);
  invariant(block.has_value(), "a decided block decodes");
  directory_.add_block(*block, certificate);
  messages_.decided(now, *block);
  openings_.take(*block);
}

void RunRecorder::take_event(NodeId from, Instant now, const Event& event) {
  if (const auto* block = std::get_if<BlockDecided>(&event)) take_block_event(now, *block);
  if (const auto* alert = std::get_if<AlertRaised>(&event)) alerts_.meter(now, *alert);
  if (const auto* judged = std::get_if<Judged>(&event)) {
    findings_.judged(now, *judged);
    for (unsigned bit = 0; bit < 16; ++bit)
      if (judged->verdict >> bit & 1)
        ++summary_.oracle[rule_names(static_cast<Verdict>(1u << bit))];
  }
  if (const auto* slot = std::get_if<SlotSettled>(&event)) take_slot(*slot->slot);
  if (const auto* refused = std::get_if<Refused>(&event)) {
    ++summary_.ledger.refused;
    findings_.refused(from, now, *refused);
  }
  if (const auto* feeder = std::get_if<FeederFound>(&event)) alerts_.feeder(now, feeder->findings);
  if (const auto* feeder = std::get_if<FeederNotFound>(&event))
    alerts_.feeder_not_found(now, feeder->why);
  if (std::holds_alternative<EvidenceSeen>(event)) ++summary_.ledger.evidence;
  if (const auto* taken = std::get_if<MeasuresTaken>(&event))
    congestion_->measures(now, taken->measures);
  if (const auto* ahead = std::get_if<LoadingForecast>(&event))
    congestion_->expects(now, ahead->overloads);
  take_oracle_event(from, now, event);
}

void RunRecorder::take_oracle_event(NodeId from, Instant now, const Event& event) {
  if (const auto* refused = std::get_if<NotAttested>(&event)) {
    const std::uint32_t gateway = refused->what.gateway.value;
    findings_.not_attested(nodes_.gateway(gateway), now, refused->why);
    alerts_.not_attested(now, gateway, refused->why);
  }
  if (const auto* named = std::get_if<OracleNamed>(&event)) {
    findings_.oracle_named(named->oracle, now, named->what);
    alerts_.oracle_apart(now, named->oracle, named->what);
  }
  const auto* settled = std::get_if<SlotSettled>(&event);
  if (!settled || from != observer_) return;
  for (const market::WitnessApart& w : settled->slot->witnesses) {
    findings_.witness_apart(w.meter.value, now);
    alerts_.witness_apart(now, w);
  }
}

void RunRecorder::take_block_event(Instant now, const BlockDecided& b) {
  Summary::Ledger& l = summary_.ledger;
  l.height = b.height;
  l.transactions += b.transactions;
  l.log_size = b.log_size;
  l.log_root = b.log_root;
  l.state_root = b.state_root;
  l.content_root = b.content_root;
  const double finality_ms = b.finality.seconds() * 1000;
  l.finality_ms.push_back(finality_ms);
  l.rounds_max = std::max(l.rounds_max, b.round + 1);
  ++l.blocks_by_rounds[b.round + 1];
  const Duration interval = scenario_.ledger.block_interval;
  const Instant due = Instant{} + interval * static_cast<std::int64_t>(b.height);
  l.delay_ms.push_back((now - due).seconds() * 1000);
  snapshot_.height = b.height;
  const Summary::Ledger::Traffic traffic = messages_.take_traffic();
  failure_.keep(
      writer_.block({b.height, Instant{b.time_ms * 1'000'000}, b.transactions, b.round + 1,
                     finality_ms, b.bytes, due, now, traffic.messages, traffic.bytes}));
}

void RunRecorder::take_slot(const market::ClosedSlot& slot) {
  settled_slots_ = slot.slot.value + 1;
  const SlotRow row = slots_.take(slot, openings_.forecast_wh(slot.slot));
  shadows_.take(slot);
  if (const auto price = row.mean_price_micro_eur_per_kwh())
    snapshot_.price_eur_per_kwh = *price * 1e-6;
  snapshot_.traded_kwh = static_cast<double>(row.traded_wh) * 1e-3;
}

void RunRecorder::publish() {
  if (checkpoint_.empty() || checkpoint_height_ == published_height_) return;
  failure_.keep(directory_.publish(checkpoint_, checkpoint_size_, checkpoint_height_));
  published_height_ = checkpoint_height_;
}

void RunRecorder::recording_begins(const ValidatorConfig& config) {
  recording_.open(directory_.path() + "/recording", std::ios::binary | std::ios::trunc);
  record(recording_header(config));
}

void RunRecorder::recording_step(Instant now, const Inputs& inputs,
                                 const std::vector<Signature>& signatures,
                                 std::span<const Effect> effects) {
  record(recorded_step(now, inputs, signatures, effects));
}

void RunRecorder::recording_restarts() { record(recorded_restart()); }

void RunRecorder::recording_ends(const RecordedRoots& roots) {
  record(recorded_end(roots));
  recording_.close();
  keep_recording();
}

void RunRecorder::record(BytesView bytes) {
  recording_.write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
  keep_recording();
}

void RunRecorder::keep_recording() {
  if (recording_) return;
  failure_.keep(Result<void>(failure(directory_.path() + "/recording: cannot be written")));
}

void RunRecorder::grid_ends(const GridFigures& figures) {
  // Where a run was interrupted, the world may be a little ahead of what was recorded.
  const Instant recorded = Instant{} + end_;
  for (const GridEvent& e : figures.events())
    if (e.start < recorded)
      failure_.keep(writer_.grid_event({e.start, std::min(e.end, recorded),
                                        std::string(to_text(e.kind)), figures.element_name(e),
                                        e.depth, e.deepest, std::string(to_text(e.cause))}));
  std::uint32_t branch = 0;
  for (const BranchFigures& f : figures.branches()) {
    if (f.overload_minutes > 0) {
      const Summary::Element e{description_.branches.at(branch).name,
                               false,
                               f.max_loading,
                               f.overload_minutes,
                               f.overload_kwh,
                               0,
                               0,
                               0};
      summary_.elements.push_back(e);
    }
    failure_.keep(writer_.branch_figure(
        {branch++, f.max_loading, f.overload_minutes, f.overload_kwh, f.losses_kwh}));
  }
  std::size_t connection = 0;
  for (const SupplyFigures& f : figures.supplies()) {
    if (f.minutes_outside > 0)
      summary_.elements.push_back({figures.connection_name(connection), true, 0, 0, 0, f.v_min_pu,
                                   f.v_max_pu, f.minutes_outside});
    failure_.keep(writer_.supply({figures.connection_name(connection++), f.v_min_pu, f.v_max_pu,
                                  f.minutes_outside, f.ten_minutes, f.ten_minutes_inside,
                                  f.ten_minute_min_pu, f.ten_minute_max_pu, f.max_unbalance}));
  }
}

void RunRecorder::chain_ends(const ValidatorNode& observer) {
  publish();
  const market::MarketState& state = observer.market();
  summary_.market.money_residual_micro_eur =
      market::money_residual(openings_.statements(), state.journal()).value;
  const auto totals = state.tokens().totals();
  summary_.tokens.minted_wh = totals.minted.value;
  summary_.tokens.retired_wh = totals.retired.value;
  summary_.tokens.residual_wh =
      market::token_residual(openings_.statements(), state.tokens()).value;
}

void RunRecorder::count_missed_slots() {
  Summary::Ledger& l = summary_.ledger;
  const Duration interval = scenario_.ledger.block_interval;
  const auto ended = static_cast<std::size_t>(std::max<std::int64_t>(1, end_ / interval) - 1);
  const auto in_time = [&](double delay_ms) { return delay_ms < interval.seconds() * 1000; };
  const auto last =
      l.delay_ms.begin() + static_cast<std::ptrdiff_t>(std::min(ended, l.delay_ms.size()));
  l.missed_slots =
      ended - static_cast<std::size_t>(std::count_if(l.delay_ms.begin(), last, in_time));
}

Result<void> RunRecorder::signed_record(const AccountId& account, const std::string& record) {
  return directory_.append(signed_records_of(account), bytes_of(record + "\n"));
}

Result<std::string> RunRecorder::finish(double wall_s, const std::vector<DeviceReport>& devices) {
  summary_.simulated_s = end_.seconds();
  summary_.wall_s = wall_s;
  count_missed_slots();
  summary_.ledger.undecided = messages_.undecided();
  summary_.market.slots_due = static_cast<std::uint64_t>(end_ / scenario_.time.market_slot);
  summary_.market.slots_settled = settled_slots_;
  summary_.forecast = openings_.forecast_score();
  if (congestion_) {
    const std::int64_t relief = summary_.contracts.relief_micro_eur;
    congestion_->relief(static_cast<double>(relief) / 1e6);
    summary_.congestion = congestion_->figures();
    summary_.congestion->slots_recorded = openings_.grid_measures();
  }
  summary_.registry = openings_.registry_changes();
  summary_.contracts.taken = openings_.contracts();
  findings_.ends(end_);
  summary_.faults = findings_.faults();
  summary_.honest = findings_.honest();
  const std::string text = to_json(summary_, devices);
  failure_.keep(directory_.write("summary.json", bytes_of(text)));
  failure_.keep(writer_.finish());
  if (!failure_.why().empty()) return failure(failure_.why());
  return text;
}

}  // namespace twin
