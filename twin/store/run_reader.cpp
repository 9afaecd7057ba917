#include "twin/store/run_reader.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "ledger/base/bytes.hpp"
#include "twin/store/sqlite.hpp"

namespace twin {
namespace {

// About 285 years: an Instant of it still fits 64 bits of nanoseconds.
constexpr std::int64_t latest_ms = 9'000'000'000'000;
// More than any voltage, power or coordinate; sums and differences of such stay finite.
constexpr double largest_real = 1e15;

// Takes a row's columns from left to right and remembers the first that cannot be.
class Columns {
 public:
  explicit Columns(const Statement& row) : row_(row) {}

  bool null() const { return row_.is_null(next_); }
  void skip() { ++next_; }
  std::int64_t integer() { return row_.integer(next_++); }
  std::string text() { return row_.text(next_++); }

  double real() {
    const double value = row_.real(next_++);
    if (std::abs(value) <= largest_real) return value;
    wrong("a number that is not finite or out of range");
    return 0;
  }
  std::uint64_t count() {
    const std::int64_t value = integer();
    if (value < 0) wrong("a negative count");
    return static_cast<std::uint64_t>(value);
  }
  std::uint32_t number(std::uint64_t end = std::uint64_t{1} << 32) {
    const std::int64_t value = integer();
    if (value >= 0 && static_cast<std::uint64_t>(value) < end)
      return static_cast<std::uint32_t>(value);
    wrong("a number that is out of range");
    return 0;
  }
  ledger::Duration span() {
    const std::int64_t ms = integer();
    if (ms >= -latest_ms && ms <= latest_ms) return ledger::milliseconds(ms);
    wrong("a time that is out of range");
    return {};
  }
  ledger::Instant instant() { return ledger::Instant{} + span(); }
  std::optional<std::int64_t> maybe_integer() {
    if (!null()) return integer();
    skip();
    return std::nullopt;
  }
  std::optional<double> maybe_real() {
    if (!null()) return real();
    skip();
    return std::nullopt;
  }
  std::optional<ledger::Instant> maybe_instant() {
    if (!null()) return instant();
    skip();
    return std::nullopt;
  }
  std::vector<float> floats(std::size_t size) {
    const auto bytes = row_.blob(next_++);
    std::vector<float> out(size);
    if (bytes.size() != size * sizeof(float)) {
      wrong("an array of another length");
    } else if (size > 0) {
      std::memcpy(out.data(), bytes.data(), bytes.size());
    }
    for (float& value : out) {
      if (std::abs(value) <= largest_real) continue;
      wrong("a number that is not finite or out of range");
      value = 0;
    }
    return out;
  }
  ledger::AccountId account() {
    const auto bytes = ledger::array_from_hex<16>(text());
    if (!bytes) wrong("an account that is not 32 hexadecimal digits");
    return {bytes.value_or(std::array<std::uint8_t, 16>{})};
  }
  template <class T>
  T expect(std::optional<T> value, const char* what) {
    if (!value) wrong(what);
    return value.value_or(T{});
  }
  const std::string& problem() const { return problem_; }

 private:
  void wrong(const char* what) {
    if (problem_.empty()) problem_ = std::string(what) + " in column " + std::to_string(next_);
  }

  const Statement& row_;
  int next_ = 0;
  std::string problem_;
};

std::optional<std::uint64_t> seed_of(const std::string& text) {
  std::uint64_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || __builtin_mul_overflow(out, std::uint64_t{10}, &out) ||
        __builtin_add_overflow(out, static_cast<std::uint64_t>(c - '0'), &out))
      return std::nullopt;
  }
  if (text.empty()) return std::nullopt;
  return out;
}

RunMeta meta_of(Columns& c) {
  RunMeta out;
  out.scenario = c.text();
  out.epoch = c.expect(ledger::from_rfc3339(c.text()), "an epoch that is not RFC 3339");
  out.seed = c.expect(seed_of(c.text()), "a seed that is not a number");
  out.duration = c.span();
  out.slot = c.span();
  out.v_min_pu = c.real();
  out.v_max_pu = c.real();
  out.max_loading = c.real();
  out.mechanism = c.text();
  out.retail_buy_micro_eur_per_kwh = c.integer();
  out.retail_sell_micro_eur_per_kwh = c.integer();
  return out;
}

FeederMinute minute_of(Columns& c) {
  FeederMinute out;
  out.time = c.instant();
  for (double* value :
       {&out.load_w, &out.ev_w, &out.heat_pump_w, &out.pv_w, &out.battery_w, &out.import_w,
        &out.losses_w, &out.max_loading, &out.transformer_loading, &out.v_min_pu, &out.v_max_pu})
    *value = c.real();
  return out;
}

SlotRow slot_of(Columns& c) {
  SlotRow out;
  out.slot = c.number();
  out.start = c.instant();
  out.price_micro_eur_per_kwh = c.maybe_integer();
  for (std::int64_t* value : {&out.traded_wh, &out.turnover_micro_eur, &out.orders_buy_wh,
                              &out.orders_sell_wh, &out.import_wh, &out.export_wh})
    *value = c.integer();
  out.forecast_wh = c.maybe_integer();
  out.actual_wh = c.integer();
  return out;
}

BlockRow block_of(Columns& c) {
  BlockRow out;
  out.height = c.count();
  out.time = c.instant();
  out.transactions = c.number();
  out.rounds = c.number();
  out.finality_ms = c.real();
  out.bytes = c.count();
  out.due = c.instant();
  out.decided = c.instant();
  out.messages = c.count();
  out.message_bytes = c.count();
  return out;
}

AlertRow alert_of(Columns& c) {
  AlertRow out;
  out.time = c.instant();
  out.kind = c.text();
  out.subject = c.text();
  out.value = c.real();
  out.limit_value = c.real();
  out.words = c.text();
  out.cleared = c.maybe_instant();
  return out;
}

GridEventRow grid_event_of(Columns& c) {
  GridEventRow out;
  out.start = c.instant();
  out.end = c.instant();
  out.kind = c.text();
  out.element = c.text();
  out.depth = c.real();
  out.deepest = c.instant();
  out.cause = c.text();
  return out;
}

StatementRow statement_of(Columns& c, std::size_t homes) {
  StatementRow out;
  out.account = c.account();
  out.home = c.number(homes);
  out.slot = c.number();
  for (std::int64_t* value :
       {&out.import_wh, &out.export_wh, &out.bought_wh, &out.sold_wh, &out.trade_micro_eur,
        &out.retail_micro_eur, &out.fees_micro_eur, &out.capacity_micro_eur})
    *value = c.integer();
  out.peak_wh = c.maybe_integer();
  out.total_micro_eur = c.integer();
  out.baseline_micro_eur = c.integer();
  return out;
}

HomeBill bill_of(Columns& c, std::size_t homes) {
  HomeBill out;
  out.home = c.number(homes);
  for (std::int64_t* value :
       {&out.import_wh, &out.export_wh, &out.bought_wh, &out.sold_wh, &out.total_micro_eur,
        &out.baseline_micro_eur, &out.capacity_micro_eur})
    *value = c.integer();
  out.peak_wh = c.maybe_integer();
  return out;
}

void widen(VoltageRange& range, float v_pu) {
  if (v_pu <= 0) return;
  if (range.max_pu == 0) range = {v_pu, v_pu};
  range.min_pu = std::min(range.min_pu, v_pu);
  range.max_pu = std::max(range.max_pu, v_pu);
}

PostingRow posting_of(Columns& c) {
  PostingRow out;
  out.time = c.instant();
  out.slot = c.number();
  out.kind = c.text();
  out.debit = c.text();
  out.credit = c.text();
  out.amount_micro_eur = c.integer();
  return out;
}

}  // namespace

struct RunReader::Open {
  std::string path;
  Database database;
  RunDescription description;

  tl::unexpected<StoreError> corrupt(const std::string& what) const {
    return tl::unexpected(StoreError{StoreFailure::corrupt, path + ": " + what});
  }
  Stored<void> check_kind() const;
  Stored<void> read_description();

  // All rows of a query, each made by make(Columns&). `what` names the table in messages.
  template <class Make, class... Parameters>
  auto rows(const char* what, const char* sql, Make make, const Parameters&... parameters) const
      -> Stored<std::vector<decltype(make(std::declval<Columns&>()))>> {
    auto query = database.prepare(sql);
    if (!query) return tl::unexpected(query.error());
    query->bind(parameters...);
    std::vector<decltype(make(std::declval<Columns&>()))> out;
    for (;;) {
      const auto row = query->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) return out;
      Columns columns(*query);
      out.push_back(make(columns));
      if (!columns.problem().empty())
        return corrupt(std::string("table ") + what + ", row " + std::to_string(out.size()) + ": " +
                       columns.problem());
    }
  }
};

Stored<void> RunReader::Open::check_kind() const {
  const auto id = database.integer("PRAGMA application_id");
  if (!id) return tl::unexpected(id.error());
  if (*id != run_application_id)
    return tl::unexpected(
        StoreError{StoreFailure::not_a_run, path + ": is not a run.db of this program"});
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*version != run_format_version)
    return tl::unexpected(
        StoreError{StoreFailure::wrong_version, path + ": has format " + std::to_string(*version) +
                                                    ", this program reads " +
                                                    std::to_string(run_format_version)});
  // A view in a table's place could run for ever.
  const auto strange =
      database.integer("SELECT count(*) FROM sqlite_schema WHERE type IN ('view', 'trigger')");
  if (!strange) return tl::unexpected(strange.error());
  if (*strange > 0) return corrupt("holds views or triggers, which a run.db never has");
  return {};
}

Stored<void> RunReader::Open::read_description() {
  auto metas = rows("meta",
                    "SELECT scenario, epoch, seed, duration_ms, slot_ms, v_min_pu, v_max_pu, "
                    "max_loading, mechanism, retail_buy_micro_eur_per_kwh, "
                    "retail_sell_micro_eur_per_kwh FROM meta",
                    meta_of);
  if (!metas) return tl::unexpected(metas.error());
  if (metas->size() != 1) return corrupt("table meta does not have exactly one row");
  description.meta = std::move(metas->front());

  std::uint64_t next = 0;
  auto buses =
      rows("bus", "SELECT id, name, x_m, y_m, nominal_v FROM bus ORDER BY id", [&](Columns& c) {
        c.expect(c.count() == next++ ? std::optional(true) : std::nullopt, "a number out of order");
        return BusRow{c.text(), c.real(), c.real(), c.real()};
      });
  if (!buses) return tl::unexpected(buses.error());
  description.buses = std::move(*buses);
  const std::size_t bus_count = description.buses.size();

  next = 0;
  auto branches = rows(
      "branch", "SELECT id, kind, name, from_bus, to_bus, rated FROM branch ORDER BY id",
      [&](Columns& c) {
        c.expect(c.count() == next++ ? std::optional(true) : std::nullopt, "a number out of order");
        const auto kind = c.text() == "line" ? BranchKind::line : BranchKind::transformer;
        return BranchRow{kind, c.text(), c.number(bus_count), c.number(bus_count), c.real()};
      });
  if (!branches) return tl::unexpected(branches.error());
  description.branches = std::move(*branches);

  next = 0;
  auto homes = rows("home",
                    "SELECT id, name, bus, phases, pv_peak_w, battery_wh, has_ev, has_heat_pump "
                    "FROM home ORDER BY id",
                    [&](Columns& c) {
                      c.expect(c.count() == next++ ? std::optional(true) : std::nullopt,
                               "a number out of order");
                      return HomeRow{c.text(),
                                     c.number(bus_count),
                                     static_cast<std::uint8_t>(c.number(8)),
                                     c.real(),
                                     c.real(),
                                     c.integer() != 0,
                                     c.integer() != 0};
                    });
  if (!homes) return tl::unexpected(homes.error());
  description.homes = std::move(*homes);

  auto faults = rows("fault", "SELECT start_ms, end_ms, kind, targets FROM fault ORDER BY rowid",
                     [](Columns& c) {
                       return FaultRow{c.instant(), c.instant(), c.text(), c.text()};
                     });
  if (!faults) return tl::unexpected(faults.error());
  description.faults = std::move(*faults);
  return {};
}

RunReader::RunReader(std::unique_ptr<Open> open) : open_(std::move(open)) {}
RunReader::RunReader(RunReader&&) noexcept = default;
RunReader& RunReader::operator=(RunReader&&) noexcept = default;
RunReader::~RunReader() = default;

Stored<RunReader> RunReader::open(const std::string& path) {
  auto database = Database::open(path, Database::Mode::read);
  if (!database) return tl::unexpected(database.error());
  auto open = std::make_unique<Open>();
  open->path = path;
  open->database = std::move(*database);
  const auto done = open->check_kind().and_then([&] { return open->read_description(); });
  if (!done) return tl::unexpected(done.error());
  return RunReader(std::move(open));
}

const RunDescription& RunReader::description() const { return open_->description; }

Stored<std::vector<ledger::Instant>> RunReader::snapshot_times() {
  return open_->rows("snapshot", "SELECT time_ms FROM snapshot ORDER BY time_ms",
                     [](Columns& c) { return c.instant(); });
}

Stored<std::vector<FeederMinute>> RunReader::minutes() {
  return open_->rows("feeder_minute",
                     "SELECT time_ms, load_w, ev_w, heat_pump_w, pv_w, battery_w, import_w, "
                     "losses_w, max_loading, transformer_loading, v_min_pu, v_max_pu "
                     "FROM feeder_minute ORDER BY time_ms",
                     minute_of);
}

Stored<std::vector<SlotRow>> RunReader::slots() {
  return open_->rows(
      "slot",
      "SELECT slot, start_ms, price_micro_eur_per_kwh, traded_wh, turnover_micro_eur, "
      "orders_buy_wh, orders_sell_wh, import_wh, export_wh, forecast_wh, actual_wh "
      "FROM slot ORDER BY slot",
      slot_of);
}

Stored<std::vector<BlockRow>> RunReader::blocks() {
  return open_->rows("block",
                     "SELECT height, time_ms, transactions, rounds, finality_ms, bytes, due_ms, "
                     "decided_ms, messages, message_bytes "
                     "FROM block ORDER BY height",
                     block_of);
}

Stored<std::vector<AlertRow>> RunReader::alerts() {
  return open_->rows("alert",
                     "SELECT time_ms, kind, subject, value, limit_value, words, cleared_ms "
                     "FROM alert ORDER BY time_ms, id",
                     alert_of);
}

Stored<std::vector<GridEventRow>> RunReader::grid_events() {
  return open_->rows("grid_event",
                     "SELECT start_ms, end_ms, kind, element, depth, deepest_ms, cause "
                     "FROM grid_event ORDER BY start_ms, rowid",
                     grid_event_of);
}

Stored<std::vector<HomeBill>> RunReader::bills() {
  return open_->rows("statement",
                     "SELECT home, sum(import_wh), sum(export_wh), sum(bought_wh), sum(sold_wh), "
                     "sum(total_micro_eur), sum(baseline_micro_eur), sum(capacity_micro_eur), "
                     "max(peak_wh) "
                     "FROM statement GROUP BY home ORDER BY home",
                     [&](Columns& c) { return bill_of(c, open_->description.homes.size()); });
}

Stored<std::vector<StatementRow>> RunReader::statements(std::uint32_t home) {
  return open_->rows(
      "statement",
      "SELECT account, home, slot, import_wh, export_wh, bought_wh, sold_wh, "
      "trade_micro_eur, retail_micro_eur, fees_micro_eur, capacity_micro_eur, peak_wh, "
      "total_micro_eur, baseline_micro_eur FROM statement WHERE home = ? ORDER BY slot",
      [&](Columns& c) { return statement_of(c, open_->description.homes.size()); }, home);
}

Stored<std::vector<PostingRow>> RunReader::postings(std::uint32_t slot) {
  return open_->rows("posting",
                     "SELECT time_ms, slot, kind, debit, credit, amount_micro_eur "
                     "FROM posting WHERE slot = ? ORDER BY id",
                     posting_of, slot);
}

Stored<std::vector<VoltageRange>> RunReader::voltage_ranges() {
  std::vector<VoltageRange> out(open_->description.buses.size());
  const auto done = open_->rows("snapshot", "SELECT bus_v_pu FROM snapshot", [&](Columns& c) {
    const auto v = c.floats(3 * out.size());
    for (std::size_t i = 0; i < v.size(); ++i) widen(out[i / 3], v[i]);
    return true;
  });
  if (!done) return tl::unexpected(done.error());
  return out;
}

Stored<std::optional<Snapshot>> RunReader::snapshot_at(ledger::Instant time) {
  const RunDescription& d = open_->description;
  auto found = open_->rows(
      "snapshot",
      "SELECT time_ms, bus_v_pu, branch_loading, home_w, home_pv_w, home_battery, "
      "price_eur_per_kwh, traded_kwh, height FROM snapshot WHERE time_ms <= ? "
      "ORDER BY time_ms DESC LIMIT 1",
      [&](Columns& c) {
        return Snapshot{c.instant(),
                        c.floats(3 * d.buses.size()),
                        c.floats(d.branches.size()),
                        c.floats(d.homes.size()),
                        c.floats(d.homes.size()),
                        c.floats(d.homes.size()),
                        c.maybe_real(),
                        c.real(),
                        c.count(),
                        {}};
      },
      time.whole_ms());
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return std::nullopt;
  Snapshot& out = found->front();
  auto active = open_->rows(
      "alert",
      "SELECT words FROM alert WHERE time_ms <= ?1 AND "
      "(cleared_ms IS NULL OR cleared_ms > ?1) ORDER BY time_ms, id",
      [](Columns& c) { return c.text(); }, out.time.whole_ms());
  if (!active) return tl::unexpected(active.error());
  out.alerts = std::move(*active);
  return std::move(out);
}

}  // namespace twin
