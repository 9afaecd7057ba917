#include "twin/store/run_recorder.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t accounts_shown = 10;
constexpr int feeder_kinds = 100;  // of alerts, behind those of ai/alerts.hpp
constexpr std::uint64_t blocks_between_publications = 60;

std::optional<NodeId> recorded_node(const Scenario& scenario, const Directory& directory) {
  const std::string& name = scenario.output.recording;
  if (name.empty()) return std::nullopt;
  if (name == "observer") return directory.observer();
  return directory.validator(
      static_cast<std::uint32_t>(std::stoul(name.substr(name.find('-') + 1))));
}

// Whether a gateway says it until it is on the ledger.
bool is_said_again(BytesView transaction) {
  const auto entry = view_entry(entry_in(transaction));
  return entry && entry->kind != TransactionKind::order && entry->kind != TransactionKind::forecast;
}

// What a message is about; a consensus message's kind is its third byte (ledger/consensus/
// messages.hpp).
std::string name_of_kind(BytesView message) {
  static const std::map<std::uint8_t, std::string> consensus{
      {1, "proposal"},    {2, "prevote"},  {3, "precommit"},       {4, "certificate"},
      {5, "certificate"}, {6, "decision"}, {7, "decision_request"}};
  switch (static_cast<MessageKind>(message[0])) {
    case MessageKind::consensus:
      return consensus.at(message[2]);
    case MessageKind::transaction:
      return "transaction";
    case MessageKind::cosignature:
      return "cosignature";
    case MessageKind::evidence:
      return "evidence";
    default:
      return "other";
  }
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
  auto writer = RunWriter::create(directory + "/run.db", description);
  if (!writer) return failure(writer.error().message);
  std::unique_ptr<RunRecorder> recorder(new RunRecorder(
      std::move(*dir), std::move(*writer), scenario, std::move(description), deployment));
  recorder->summary_.input_hash = input_hash;
  return recorder;
}

RunRecorder::RunRecorder(RunDirectory directory, RunWriter writer, const Scenario& scenario,
                         RunDescription description, const Deployment& deployment)
    : directory_(std::move(directory)),
      writer_(std::move(writer)),
      scenario_(scenario),
      description_(std::move(description)),
      observer_(deployment.directory().observer()),
      first_fleet_(deployment.directory().fleet(0)),
      nodes_(deployment.directory()),
      recorded_(recorded_node(scenario, deployment.directory())),
      tariff_(market::tariff_of(deployment.genesis())),
      findings_(scenario, deployment.directory()) {
  summary_.scenario = scenario.name;
  summary_.seed = scenario.seed;
  summary_.market.mechanism = scenario.market.mechanism;
  if (scenario.ledger.masked_sums) {
    masked_totals_.emplace(deployment.identities(), chain_id_of(deployment.genesis()), verifier_);
    summary_.masked_sums.emplace().groups = masked_totals_->groups();
  }
  const auto slots_a_day = static_cast<std::size_t>(hours(24) / scenario.time.market_slot);
  for (const MeterIdentity& m : deployment.identities().meters) {
    if (m.feeder) continue;
    home_of_account_[m.account] = m.meter.value;
    yesterday_of_meter_[m.meter.value] =
        ai::persistence(deployment.history_wh(m.meter.value), slots_a_day);
    if (summary_.accounts.size() < accounts_shown)
      summary_.accounts.push_back(to_hex(m.account.bytes));
  }
  summary_.market.savings_micro_eur.resize(scenario.homes.size());
}

void RunRecorder::keep(const Stored<void>& stored) {
  if (!stored && failure_.empty()) failure_ = stored.error().message;
}

void RunRecorder::keep(const Result<void>& result) {
  if (!result && failure_.empty()) failure_ = result.error();
}

std::string RunRecorder::name_of_meter(std::uint32_t meter) const {
  const bool one = meter >= scenario_.homes.size() && scenario_.oracle.witnesses == 1;
  return one ? "feeder meter" : scenario_.name_of_meter(meter);
}

std::string RunRecorder::name_of_account(const AccountId& account) const {
  if (const auto at = home_of_account_.find(account); at != home_of_account_.end())
    return scenario_.homes[at->second].name;
  const auto end = std::find(account.bytes.begin(), account.bytes.end(), 0);
  return {account.bytes.begin(), end};
}

Result<void> RunRecorder::minute(const WorldMinute& minute) {
  end_ = minute.end.since_epoch();
  summary_.readings += minute.samples.size();
  summary_.energy = minute.energy;
  summary_.grid = minute.grid;
  const Snapshot ledger_side = snapshot_;
  snapshot_ = minute.snapshot;
  snapshot_.price_eur_per_kwh = ledger_side.price_eur_per_kwh;
  snapshot_.traded_kwh = ledger_side.traded_kwh;
  snapshot_.height = ledger_side.height;
  snapshot_.alerts = active_alerts_;
  keep(writer_.snapshot(snapshot_));
  keep(writer_.minute(minute.feeder));
  keep(writer_.commit());
  if (!failure_.empty()) return failure(failure_);
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

void RunRecorder::message(NodeId from, Instant now, const Send& message, bool arrives) {
  if (from >= first_fleet_) return;
  Summary::Ledger& l = summary_.ledger;
  for (Summary::Ledger::Traffic* t : {&l.traffic[name_of_kind(message.bytes)], &traffic_}) {
    ++t->messages;
    t->bytes += message.bytes.size();
  }
  if (!arrives) ++l.messages_lost;
  // Gateways post to every validator; the first one's copy stands for all.
  const bool posts = from > observer_ && message.to == NodeId{0};
  if (!posts) return;
  const BytesView tx = BytesView(message.bytes).subspan(1);
  const Hash id = sha256(tx);
  if (is_said_again(tx) && !said_.insert(id).second) return;
  ++l.posted;
  posted_.emplace(id, now);
}

void RunRecorder::take_posted(Instant now, const Block& block) {
  for (const Transaction& tx : block.transactions) {
    const auto at = posted_.find(sha256(tx.encode()));
    if (at == posted_.end()) continue;
    summary_.ledger.post_to_decision_ms.push_back((now - at->second).seconds() * 1000);
    posted_.erase(at);
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
    keep(directory_.append("evidence", ByteWriter().sized(persist.record).view()));
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
    keep(directory_.append("signed-twice", ByteWriter().sized(persist.record).view()));
}

void RunRecorder::take_block(Instant now, const Persist& persist) {
  ByteReader r(persist.record);
  const BytesView certificate = r.sized();
  const BytesView bytes = r.sized();
  const auto block = decode_block(bytes);
  invariant(block.has_value(), "a decided block decodes");
  directory_.add_block(*block, certificate);
  take_posted(now, *block);
  take_openings(*block);
}

void RunRecorder::take_openings(const Block& block) {
  for (const Transaction& tx : block.transactions) {
    if (tx.kind == TransactionKind::settlement) {
      settlement_height_ = block.header.height;
      const std::uint32_t slot = market::decode_settlement_body(tx.body)->slot.value;
      for (const market::Correction& c : std::exchange(corrections_[slot], {})) statements_.add(c);
    }
    if (tx.kind == TransactionKind::registration) {
      const auto meters = market::decode_registrations(tx.openings);
      invariant(meters.has_value(), "an executed registration decodes");
      for (const market::Registered& m : *meters) statements_.add(m.registration);
    }
    for (const Opening& o : tx.openings) {
      if (tx.kind == TransactionKind::statements) {
        const market::Statement s = *market::decode_statement(o.data);
        statements_.add(s);
        score_forecast(s);
      } else if (tx.kind == TransactionKind::ruling) {
        const market::Ruling r = *market::decode_ruling(o.data);
        corrections_[r.slot.value].push_back(market::correction_of(r, tariff_));
      } else if (tx.kind == TransactionKind::forecast) {
        const market::Forecast f = *market::decode_forecast(o.data);
        for (std::size_t k = 0; k < f.net_wh.size(); ++k)
          feeder_forecast_wh_[f.first_slot.value + static_cast<std::uint32_t>(k)] += f.net_wh[k];
        forecast_of_meter_.try_emplace(f.meter.value, f);  // the first day's
      }
    }
  }
}

// The first day alone has a day before that the twin knows for persistence.
void RunRecorder::score_forecast(const market::Statement& s) {
  const auto f = forecast_of_meter_.find(s.meter.value);
  const auto y = yesterday_of_meter_.find(s.meter.value);
  const std::uint32_t slot = s.slot.value;
  if (f == forecast_of_meter_.end() || y == yesterday_of_meter_.end() || slot >= y->second.size())
    return;
  const std::uint32_t first = f->second.first_slot.value;
  if (slot < first || slot - first >= f->second.net_wh.size()) return;
  const std::int64_t actual = (s.imported - s.exported).value;
  score_.add(f->second.net_wh[slot - first], actual);
  persistence_score_.add(y->second[slot], actual);
}

void RunRecorder::take_event(NodeId from, Instant now, const Event& event) {
  if (const auto* block = std::get_if<BlockDecided>(&event)) take_block_event(now, *block);
  if (const auto* alert = std::get_if<AlertRaised>(&event)) take_alert(now, *alert);
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
  if (const auto* feeder = std::get_if<FeederFound>(&event)) take_findings(now, feeder->findings);
  if (const auto* feeder = std::get_if<FeederNotFound>(&event))
    take_feeder_alert(now, feeder_kinds,
                      {now, "feeder without findings", "feeder", 0, 0, feeder->why, std::nullopt},
                      true);
  if (std::holds_alternative<EvidenceSeen>(event)) ++summary_.ledger.evidence;
  take_oracle_event(from, now, event);
}

// Told once of each gateway, oracle and feeder meter: none of them is cleared of it.
void RunRecorder::take_oracle_event(NodeId from, Instant now, const Event& event) {
  const auto alert = [&](int kind, const char* name, const std::string& who, std::uint32_t which,
                         const std::string& words) {
    take_feeder_alert(now, feeder_kinds + kind, {now, name, who, 0, 0, words, std::nullopt}, true,
                      which);
  };
  if (const auto* refused = std::get_if<NotAttested>(&event)) {
    const std::uint32_t g = refused->what.gateway.value;
    findings_.not_attested(nodes_.gateway(g), now, refused->why);
    alert(4, "not attested", "gateway-" + std::to_string(g), g, refused->why);
  }
  if (const auto* named = std::get_if<OracleNamed>(&event)) {
    findings_.oracle_named(named->oracle, now, named->what);
    alert(5, "oracle apart", "oracle-" + std::to_string(named->oracle), named->oracle, named->what);
  }
  const auto* settled = std::get_if<SlotSettled>(&event);
  if (!settled || from != observer_) return;
  for (const market::WitnessApart& w : settled->slot->witnesses) {
    findings_.witness_apart(w.meter.value, now);
    alert(6, "witness apart", name_of_meter(w.meter.value), w.meter.value,
          "measures " + std::to_string(w.net.value / 1000) + " Wh where most feeder meters have " +
              std::to_string(w.median.value / 1000) + " Wh");
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
  keep(writer_.block({b.height, Instant{b.time_ms * 1'000'000}, b.transactions, b.round + 1,
                      finality_ms, b.bytes, due, now, traffic_.messages, traffic_.bytes}));
  traffic_ = {};
}

void RunRecorder::take_alert(Instant now, const AlertRaised& a) {
  const std::pair key{static_cast<int>(a.alert.kind), a.alert.meter};
  const std::string words = name_of_meter(a.alert.meter) + ": " + a.alert.words;
  if (a.cleared) {
    if (const auto at = open_alerts_.find(key); at != open_alerts_.end()) {
      keep(writer_.clear_alert(at->second, now));
      open_alerts_.erase(at);
    }
    std::erase(active_alerts_, words);
    return;
  }
  ++summary_.alerts[ai::name_of(a.alert.kind)];
  const auto row =
      writer_.alert({a.alert.since, ai::name_of(a.alert.kind), name_of_meter(a.alert.meter),
                     a.alert.value, a.alert.limit, a.alert.words, std::nullopt});
  if (row)
    open_alerts_[key] = *row;
  else
    keep(Stored<void>(tl::unexpected(row.error())));
  active_alerts_.push_back(words);
}

void RunRecorder::take_findings(Instant now, const FeederFindings& f) {
  const auto thousandths = [](std::int64_t v) { return static_cast<double>(v) / 1000; };
  const auto wh = [](MilliWattHours e) { return static_cast<double>(e.value) / 1000; };
  const auto row = [&](const char* kind, double value, double limit, const std::string& words) {
    return AlertRow{now, kind, "feeder", value, limit, words, std::nullopt};
  };
  const auto has = [&](FeederRule rule) { return (f.verdict & bit(rule)) != 0; };
  take_feeder_alert(now, feeder_kinds + 1,
                    row("feeder balance", wh(f.balance), 3 * wh(f.sigma),
                        "homes, losses and the feeder meter do not add up"),
                    has(FeederRule::balance));
  take_feeder_alert(now, feeder_kinds + 2,
                    row("feeder chi-square", thousandths(f.chi_square), thousandths(f.threshold),
                        "no state of the feeder fits its meters"),
                    has(FeederRule::chi_square));
  take_feeder_alert(now, feeder_kinds + 3,
                    row("feeder residual", thousandths(f.largest_residual), 3,
                        name_of_meter(f.suspect.value) + " fits the others least"),
                    has(FeederRule::residual));
  take_feeder_alert(now, feeder_kinds, {}, false);
}

void RunRecorder::take_feeder_alert(Instant now, int kind, AlertRow row, bool raised,
                                    std::uint32_t which) {
  const auto open = open_alerts_.find({kind, which});
  if (raised == (open != open_alerts_.end())) return;
  if (!raised) {
    keep(writer_.clear_alert(open->second, now));
    open_alerts_.erase(open);
    return;
  }
  ++summary_.alerts[row.kind];
  const auto written = writer_.alert(row);
  if (written)
    open_alerts_[{kind, which}] = *written;
  else
    keep(Stored<void>(tl::unexpected(written.error())));
}

void RunRecorder::take_slot(const market::ClosedSlot& slot) {
  settled_slots_ = slot.slot.value + 1;
  Summary::Market& m = summary_.market;
  SlotRow row;
  row.slot = slot.slot.value;
  row.start = Instant{} + scenario_.time.market_slot * slot.slot.value;
  if (slot.clearing.price) row.price_micro_eur_per_kwh = slot.clearing.price->value;
  std::int64_t trade_micro_eur = 0;
  for (const market::Order& o : slot.orders)
    (o.side == market::Side::buy ? row.orders_buy_wh : row.orders_sell_wh) += o.energy.value;
  for (const market::Statement& s : slot.settlement.statements) {
    row.import_wh += s.imported.value;
    row.export_wh += s.exported.value;
    row.traded_wh += s.bought.value;
    trade_micro_eur += s.trade_paid.value;
  }
  row.actual_wh = row.import_wh - row.export_wh;
  if (const auto f = feeder_forecast_wh_.find(row.slot); f != feeder_forecast_wh_.end())
    row.forecast_wh = f->second;
  m.traded_wh += row.traded_wh;
  m.turnover_micro_eur += trade_micro_eur;
  m.welfare_micro_eur += slot.clearing.welfare.value;
  m.optimal_welfare_micro_eur += slot.clearing.optimal_welfare.value;
  snapshot_.price_eur_per_kwh =
      slot.clearing.price ? static_cast<double>(slot.clearing.price->value) * 1e-6 : 0;
  snapshot_.traded_kwh = static_cast<double>(row.traded_wh) * 1e-3;
  keep(writer_.slot(row));
  write_statements(slot);
  write_postings(slot);
  if (masked_totals_) sum_masked(slot);
}

void RunRecorder::sum_masked(const market::ClosedSlot& slot) {
  std::map<AccountId, std::int64_t> net_wh;
  for (const market::Statement& s : slot.settlement.statements)
    if (market::carries_energy(s.standing)) net_wh[s.account] = (s.imported - s.exported).value;
  const MaskedTotal total = masked_totals_->total(slot.slot, net_wh);
  Summary::MaskedSums& m = *summary_.masked_sums;
  ++m.slots;
  m.homes += total.homes.size();
  m.hidden_homes += total.hidden;
  m.net_wh += total.net_wh;
  m.difference_wh += total.net_wh;
  for (const AccountId& home : total.homes) m.difference_wh -= net_wh.at(home);
  m.bytes += total.bytes;
}

void RunRecorder::write_statements(const market::ClosedSlot& slot) {
  for (const market::Statement& s : slot.settlement.statements) {
    const MicroEuros alone = market::retailer_bill(s, tariff_);
    summary_.market.savings_micro_eur[s.meter.value] += (alone - s.total).value;
    StatementRow row;
    row.account = s.account;
    row.home = s.meter.value;
    row.slot = s.slot.value;
    row.import_wh = s.imported.value;
    row.export_wh = s.exported.value;
    row.bought_wh = s.bought.value;
    row.sold_wh = s.sold.value;
    row.trade_micro_eur = (s.trade_paid - s.trade_earned).value;
    row.retail_micro_eur = (s.retail_energy + s.grid_fee + s.levies - s.feed_in).value;
    row.fees_micro_eur = (s.local_grid_fee + s.trade_levies).value;
    row.total_micro_eur = s.total.value;
    row.baseline_micro_eur = alone.value;
    keep(writer_.statement(row));
  }
}

void RunRecorder::write_postings(const market::ClosedSlot& slot) {
  const Instant end = Instant{} + scenario_.time.market_slot * (slot.slot.value + 1);
  for (const market::Posting& p : slot.settlement.postings)
    keep(writer_.posting({end, slot.slot.value, std::string(market::name_of(p.kind)),
                          name_of_account(p.from), name_of_account(p.to), p.amount.value}));
}

void RunRecorder::publish() {
  if (checkpoint_.empty() || checkpoint_height_ == published_height_) return;
  keep(directory_.publish(checkpoint_, checkpoint_size_, checkpoint_height_));
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
  keep(Result<void>(failure(directory_.path() + "/recording: cannot be written")));
}

void RunRecorder::grid_ends(const GridFigures& figures) {
  // Where a run was interrupted, the world may be a little ahead of what was recorded.
  const Instant recorded = Instant{} + end_;
  for (const GridEvent& e : figures.events())
    if (e.start < recorded)
      keep(writer_.grid_event({e.start, std::min(e.end, recorded), std::string(to_text(e.kind)),
                               figures.element_name(e), e.depth, e.deepest,
                               std::string(to_text(e.cause))}));
  std::uint32_t branch = 0;
  for (const BranchFigures& f : figures.branches())
    keep(writer_.branch_figure(
        {branch++, f.max_loading, f.overload_minutes, f.overload_kwh, f.losses_kwh}));
  std::size_t connection = 0;
  for (const SupplyFigures& f : figures.supplies())
    keep(writer_.supply({figures.connection_name(connection++), f.v_min_pu, f.v_max_pu,
                         f.minutes_outside, f.ten_minutes, f.ten_minutes_inside,
                         f.ten_minute_min_pu, f.ten_minute_max_pu, f.max_unbalance}));
}

void RunRecorder::chain_ends(const ValidatorNode& observer) {
  publish();
  const market::MarketState& state = observer.market();
  summary_.market.money_residual_micro_eur =
      market::money_residual(statements_, state.journal()).value;
  const auto totals = state.tokens().totals();
  summary_.tokens.minted_wh = totals.minted.value;
  summary_.tokens.retired_wh = totals.retired.value;
  summary_.tokens.residual_wh = market::token_residual(statements_, state.tokens()).value;
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

Result<std::string> RunRecorder::finish(double wall_s, const std::vector<DeviceReport>& devices) {
  summary_.simulated_s = end_.seconds();
  summary_.wall_s = wall_s;
  count_missed_slots();
  summary_.ledger.undecided = posted_.size();
  summary_.market.slots_due = static_cast<std::uint64_t>(end_ / scenario_.time.market_slot);
  summary_.market.slots_settled = settled_slots_;
  summary_.forecast = {score_.mae(), persistence_score_.mae(), score_.n};
  findings_.ends(end_);
  summary_.faults = findings_.faults();
  summary_.honest = findings_.honest();
  const std::string text = to_json(summary_, devices);
  keep(directory_.write("summary.json", bytes_of(text)));
  keep(writer_.finish());
  if (!failure_.empty()) return failure(failure_);
  return text;
}

}  // namespace twin
