#include "twin/store/run_writer.hpp"

#include <filesystem>
#include <utility>

#include "ledger/base/bytes.hpp"
#include "ledger/base/invariant.hpp"
#include "twin/store/sqlite.hpp"

namespace twin {
namespace {

constexpr const char* settings = R"sql(
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -16000;
)sql";

// Removes what a failed creation has left.
void discard(const std::string& path) {
  std::error_code ignored;  // the failure that led here is what the caller is told
  for (const char* suffix : {"", "-wal", "-shm", "-journal"})
    std::filesystem::remove(path + suffix, ignored);
}

}  // namespace

struct RunWriter::Open {
  Database database;
  Statement snapshot, minute, slot, statement, block, posting, alert, clear_alert, grid_event,
      branch_figure, supply;
  std::size_t buses = 0, branches = 0, homes = 0;
  bool in_transaction = false;
  std::optional<StoreError> failure;

  Stored<void> prepare();
  Stored<void> describe(const RunDescription& description);
  Stored<void> describe_meta(const RunMeta& meta);
  Stored<void> describe_buses(const std::vector<BusRow>& rows);
  Stored<void> describe_branches(const std::vector<BranchRow>& rows);
  Stored<void> describe_homes(const std::vector<HomeRow>& rows);
  Stored<void> describe_faults(const std::vector<FaultRow>& rows);
  Stored<void> begin();
  Stored<void> end();
  Stored<void> remember(Stored<void> result);

  // Inserts one row inside the running transaction, or starts one.
  template <class... Values>
  Stored<void> insert(Statement& into, const Values&... values) {
    if (failure) return tl::unexpected(*failure);
    if (auto begun = begin(); !begun) return remember(begun);
    return remember(into.bind(values...).run());
  }
};

Stored<void> RunWriter::Open::remember(Stored<void> result) {
  if (!result) failure = result.error();
  return result;
}

Stored<void> RunWriter::Open::begin() {
  if (in_transaction) return {};
  in_transaction = true;
  return database.execute("BEGIN IMMEDIATE");
}

Stored<void> RunWriter::Open::end() {
  if (failure) return tl::unexpected(*failure);
  if (!std::exchange(in_transaction, false)) return {};
  return remember(database.execute("COMMIT"));
}

Stored<void> RunWriter::Open::prepare() {
  const std::pair<Statement*, const char*> all[] = {
      {&snapshot, "INSERT INTO snapshot VALUES (?,?,?,?,?,?,?,?,?)"},
      {&minute, "INSERT INTO feeder_minute VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"},
      {&slot, "INSERT INTO slot VALUES (?,?,?,?,?,?,?,?,?,?,?)"},
      {&statement, "INSERT INTO statement VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
      {&block, "INSERT INTO block VALUES (?,?,?,?,?,?,?,?,?,?)"},
      {&posting, "INSERT INTO posting VALUES (NULL,?,?,?,?,?,?)"},
      {&grid_event, "INSERT INTO grid_event VALUES (?,?,?,?,?,?,?)"},
      {&branch_figure, "INSERT INTO branch_figure VALUES (?,?,?,?,?)"},
      {&supply, "INSERT INTO supply VALUES (?,?,?,?,?,?,?,?,?)"},
      {&alert, "INSERT INTO alert VALUES (NULL,?,?,?,?,?,?,?)"},
      {&clear_alert, "UPDATE alert SET cleared_ms = ? WHERE id = ?"}};
  for (const auto& [into, sql] : all) {
    auto prepared = database.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    *into = std::move(*prepared);
  }
  return {};
}

Stored<void> RunWriter::Open::describe_meta(const RunMeta& meta) {
  auto into = database.prepare("INSERT INTO meta VALUES (1,?,?,?,?,?,?,?,?,?,?,?)");
  if (!into) return tl::unexpected(into.error());
  return insert(*into, meta.scenario, ledger::to_rfc3339(meta.epoch), std::to_string(meta.seed),
                meta.duration.whole_ms(), meta.slot.whole_ms(), meta.v_min_pu, meta.v_max_pu,
                meta.max_loading, meta.mechanism, meta.retail_buy_micro_eur_per_kwh,
                meta.retail_sell_micro_eur_per_kwh);
}

Stored<void> RunWriter::Open::describe_buses(const std::vector<BusRow>& rows) {
  auto into = database.prepare("INSERT INTO bus VALUES (?,?,?,?,?)");
  if (!into) return tl::unexpected(into.error());
  for (const BusRow& row : rows) {
    auto done = insert(*into, buses++, row.name, row.x_m, row.y_m, row.nominal_v);
    if (!done) return done;
  }
  return {};
}

Stored<void> RunWriter::Open::describe_branches(const std::vector<BranchRow>& rows) {
  auto into = database.prepare("INSERT INTO branch VALUES (?,?,?,?,?,?)");
  if (!into) return tl::unexpected(into.error());
  for (const BranchRow& row : rows) {
    const std::string_view kind = row.kind == BranchKind::line ? "line" : "transformer";
    auto done = insert(*into, branches++, kind, row.name, row.from_bus, row.to_bus, row.rated);
    if (!done) return done;
  }
  return {};
}

Stored<void> RunWriter::Open::describe_homes(const std::vector<HomeRow>& rows) {
  auto into = database.prepare("INSERT INTO home VALUES (?,?,?,?,?,?,?,?)");
  if (!into) return tl::unexpected(into.error());
  for (const HomeRow& row : rows) {
    auto done = insert(*into, homes++, row.name, row.bus, int{row.phases}, row.pv_peak_w,
                       row.battery_wh, int{row.has_ev}, int{row.has_heat_pump});
    if (!done) return done;
  }
  return {};
}

Stored<void> RunWriter::Open::describe_faults(const std::vector<FaultRow>& rows) {
  auto into = database.prepare("INSERT INTO fault VALUES (?,?,?,?)");
  if (!into) return tl::unexpected(into.error());
  for (const FaultRow& row : rows) {
    auto done = insert(*into, row.start.whole_ms(), row.end.whole_ms(), row.kind, row.targets);
    if (!done) return done;
  }
  return {};
}

Stored<void> RunWriter::Open::describe(const RunDescription& description) {
  return describe_meta(description.meta)
      .and_then([&] { return describe_buses(description.buses); })
      .and_then([&] { return describe_branches(description.branches); })
      .and_then([&] { return describe_homes(description.homes); })
      .and_then([&] { return describe_faults(description.faults); })
      .and_then([&] { return end(); });
}

RunWriter::RunWriter(std::unique_ptr<Open> open) : open_(std::move(open)) {}
RunWriter::RunWriter(RunWriter&&) noexcept = default;
RunWriter& RunWriter::operator=(RunWriter&&) noexcept = default;
RunWriter::~RunWriter() = default;

Stored<RunWriter> RunWriter::create(const std::string& path, const RunDescription& description) {
  std::error_code error;
  if (std::filesystem::exists(path, error))
    return tl::unexpected(StoreError{
        StoreFailure::exists, path + ": exists already; a run is never written over another"});
  auto database = Database::open(path, Database::Mode::create);
  if (!database) return tl::unexpected(database.error());
  auto open = std::make_unique<Open>();
  open->database = std::move(*database);
  const std::string stamps = "PRAGMA application_id = " + std::to_string(run_application_id) +
                             "; PRAGMA user_version = " + std::to_string(run_format_version) + ";";
  auto done = open->database.execute(settings)
                  .and_then([&] { return open->database.execute(stamps.c_str()); })
                  .and_then([&] { return open->database.execute(run_schema()); })
                  .and_then([&] { return open->prepare(); })
                  .and_then([&] { return open->describe(description); });
  if (done) return RunWriter(std::move(open));
  open.reset();
  discard(path);
  return tl::unexpected(done.error());
}

Stored<void> RunWriter::snapshot(const Snapshot& s) {
  ledger::invariant(s.bus_v_pu.size() == 3 * open_->buses &&
                        s.branch_loading.size() == open_->branches &&
                        s.home_w.size() == open_->homes && s.home_pv_w.size() == open_->homes &&
                        s.home_battery.size() == open_->homes,
                    "a snapshot has the sizes of the run's description");
  return open_->insert(open_->snapshot, s.time.whole_ms(), s.bus_v_pu, s.branch_loading, s.home_w,
                       s.home_pv_w, s.home_battery, s.price_eur_per_kwh, s.traded_kwh, s.height);
}

Stored<void> RunWriter::minute(const FeederMinute& row) {
  return open_->insert(open_->minute, row.time.whole_ms(), row.load_w, row.ev_w, row.heat_pump_w,
                       row.pv_w, row.battery_w, row.import_w, row.losses_w, row.max_loading,
                       row.transformer_loading, row.v_min_pu, row.v_max_pu);
}

Stored<void> RunWriter::slot(const SlotRow& row) {
  return open_->insert(open_->slot, row.slot, row.start.whole_ms(), row.price_micro_eur_per_kwh,
                       row.traded_wh, row.turnover_micro_eur, row.orders_buy_wh, row.orders_sell_wh,
                       row.import_wh, row.export_wh, row.forecast_wh, row.actual_wh);
}

Stored<void> RunWriter::statement(const StatementRow& row) {
  return open_->insert(open_->statement, ledger::to_hex(row.account.bytes), row.home, row.slot,
                       row.import_wh, row.export_wh, row.bought_wh, row.sold_wh,
                       row.trade_micro_eur, row.retail_micro_eur, row.fees_micro_eur,
                       row.capacity_micro_eur, row.peak_wh, row.total_micro_eur,
                       row.baseline_micro_eur);
}

Stored<void> RunWriter::block(const BlockRow& row) {
  return open_->insert(open_->block, row.height, row.time.whole_ms(), row.transactions, row.rounds,
                       row.finality_ms, row.bytes, row.due.whole_ms(), row.decided.whole_ms(),
                       row.messages, row.message_bytes);
}

Stored<void> RunWriter::posting(const PostingRow& row) {
  return open_->insert(open_->posting, row.time.whole_ms(), row.slot, row.kind, row.debit,
                       row.credit, row.amount_micro_eur);
}

Stored<void> RunWriter::grid_event(const GridEventRow& row) {
  return open_->insert(open_->grid_event, row.start.whole_ms(), row.end.whole_ms(), row.kind,
                       row.element, row.depth, row.deepest.whole_ms(), row.cause);
}

Stored<void> RunWriter::branch_figure(const BranchFigureRow& row) {
  return open_->insert(open_->branch_figure, row.branch, row.max_loading, row.overload_minutes,
                       row.overload_kwh, row.losses_kwh);
}

Stored<void> RunWriter::supply(const SupplyRow& row) {
  return open_->insert(open_->supply, row.connection, row.v_min_pu, row.v_max_pu,
                       row.minutes_outside, row.ten_minutes, row.ten_minutes_inside,
                       row.ten_minute_min_pu, row.ten_minute_max_pu, row.max_unbalance);
}

Stored<std::int64_t> RunWriter::alert(const AlertRow& row) {
  std::optional<std::int64_t> cleared_ms;
  if (row.cleared) cleared_ms = row.cleared->whole_ms();
  auto done = open_->insert(open_->alert, row.time.whole_ms(), row.kind, row.subject, row.value,
                            row.limit_value, row.words, cleared_ms);
  if (!done) return tl::unexpected(done.error());
  return open_->database.last_row();
}

Stored<void> RunWriter::clear_alert(std::int64_t number, ledger::Instant time) {
  return open_->insert(open_->clear_alert, time.whole_ms(), number);
}

Stored<void> RunWriter::commit() { return open_->end(); }

Stored<void> RunWriter::finish() {
  return open_->end().and_then([&] {
    for (Statement* statement :
         {&open_->snapshot, &open_->minute, &open_->slot, &open_->statement, &open_->block,
          &open_->posting, &open_->grid_event, &open_->branch_figure, &open_->supply, &open_->alert,
          &open_->clear_alert})
      *statement = {};
    return open_->remember(open_->database.execute("PRAGMA journal_mode = DELETE"));
  });
}

}  // namespace twin
