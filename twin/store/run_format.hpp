#pragma once
// The rows of run.db, what a run shows to its viewers: SQLite, schema in docs/formats/run_db.md.
// It is the twin's own view of its world (it knows every home), never the public ledger.
// Times are instants since the run's epoch, stored in whole milliseconds. Money and settled energy
// are integers; physics is double; snapshots are arrays of float32.

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "ledger/base/ids.hpp"
#include "ledger/base/time.hpp"

namespace twin {

struct Network;
struct Scenario;

struct BusRow {
  std::string name;
  double x_m = 0, y_m = 0;
  double nominal_v = 0;  // phase to ground
};

enum class BranchKind : std::uint8_t { line, transformer };

// Lines first, then transformers, as in Snapshot::branch_loading.
struct BranchRow {
  BranchKind kind = BranchKind::line;
  std::string name;
  std::uint32_t from_bus = 0, to_bus = 0;
  double rated = 0;  // A for a line, VA for a transformer; 0: none known
};

struct HomeRow {
  std::string name;
  std::uint32_t bus = 0;
  std::uint8_t phases = 0b111;  // bit i: phase i is used
  double pv_peak_w = 0;         // 0: none
  double battery_wh = 0;        // 0: none
  bool has_ev = false, has_heat_pump = false;
};

struct RunMeta {
  std::string scenario;
  ledger::CivilTime epoch;
  std::uint64_t seed = 0;
  ledger::Duration duration, slot;  // as planned; a market slot
  double v_min_pu = 0.90, v_max_pu = 1.10, max_loading = 1.0;
  std::string mechanism;
  std::int64_t retail_buy_micro_eur_per_kwh = 0, retail_sell_micro_eur_per_kwh = 0;
};

// A fault that the scenario plans.
struct FaultRow {
  ledger::Instant start, end;
  std::string kind;     // "source_lost", "crash", ...
  std::string targets;  // names with commas between them; empty: the grid
};

// What does not change during a run: written once, when the store is created.
struct RunDescription {
  RunMeta meta;
  std::vector<BusRow> buses;
  std::vector<BranchRow> branches;
  std::vector<HomeRow> homes;
  std::vector<FaultRow> faults;
};

// By bus, the voltage that stands for 1 pu in every figure of a run, phase to ground: what the
// customers there are promised (EN 50160), which may be another one than the bus's own in the grid
// file. A bus without customers has that of the nearest ones that lines lead to; where there are
// none, its own.
std::vector<double> customers_nominal_v(const Network& network);

RunDescription describe(const Scenario& scenario, const Network& network);

// Means over the minute that ends at `time`; extremes for the last five fields.
struct FeederMinute {
  ledger::Instant time;
  double load_w = 0;  // households, and the grid file's own loads
  double ev_w = 0, heat_pump_w = 0;
  double pv_w = 0;       // and the grid file's own plants; >= 0
  double battery_w = 0;  // charging positive
  double import_w = 0;   // at the source, import positive
  double losses_w = 0;
  double max_loading = 0, transformer_loading = 0;  // of the rating
  double v_min_pu = 0, v_max_pu = 0;                // over connected phases
};

// One market slot. Energies are of the whole community.
struct SlotRow {
  std::uint32_t slot = 0;
  ledger::Instant start;
  // The one price of all deals; none where deals have prices of their own, or nothing cleared.
  std::optional<std::int64_t> price_micro_eur_per_kwh;
  std::int64_t traded_wh = 0;
  std::int64_t turnover_micro_eur = 0;  // what sellers got for it
  std::int64_t orders_buy_wh = 0, orders_sell_wh = 0;
  std::int64_t import_wh = 0, export_wh = 0;  // summed over meters
  std::optional<std::int64_t> forecast_wh;    // of the feeder's net energy, issued the day before
  std::int64_t actual_wh = 0;                 // the feeder's net energy, import positive

  // The one price, or what sellers got by energy; none where nothing was traded.
  std::optional<double> mean_price_micro_eur_per_kwh() const;
};

// One home's settled slot. Amounts are what the home pays; income is negative.
struct StatementRow {
  ledger::AccountId account;
  std::uint32_t home = 0;  // index
  std::uint32_t slot = 0;
  std::int64_t import_wh = 0, export_wh = 0;  // metered
  std::int64_t bought_wh = 0, sold_wh = 0;    // traded in the community
  std::int64_t trade_micro_eur = 0;           // with neighbours
  std::int64_t retail_micro_eur = 0;          // with the retailer, all in
  std::int64_t fees_micro_eur = 0;            // grid fees and levies due beside these
  std::int64_t capacity_micro_eur = 0;        // of the capacity tariff, where there is one
  std::optional<std::int64_t> peak_wh;        // of a slot: the month's highest import until then
  std::int64_t total_micro_eur = 0;           // the slot's bill
  std::int64_t baseline_micro_eur = 0;        // what the retailer alone would have billed
};

struct BlockRow {
  std::uint64_t height = 0;
  ledger::Instant time;
  std::uint32_t transactions = 0;
  std::uint32_t rounds = 1;  // that consensus needed
  double finality_ms = 0;    // from the proposal's making to the observer's decision
  std::uint64_t bytes = 0;
  ledger::Instant due, decided;  // the beginning of its place on the grid of block times
  std::uint64_t messages = 0, message_bytes = 0;  // sent since the block before was decided
};

struct AlertRow {
  ledger::Instant time;
  std::string kind;     // "overload", "voltage", ...
  std::string subject;  // the element's name
  double value = 0, limit_value = 0;
  std::string words;
  std::optional<ledger::Instant> cleared;  // none: still active
};

// A time outside a limit of the grid. Written, like the two after it, when a run ends.
struct GridEventRow {
  ledger::Instant start, end;
  std::string kind, element;  // "overload", "low_voltage", ...
  double depth = 0;           // loading, pu or |V2| / |V1|
  ledger::Instant deepest;
  std::string cause;  // "feed-in", "cars", ...
};

struct BranchFigureRow {
  std::uint32_t branch = 0;
  double max_loading = 0, overload_minutes = 0, overload_kwh = 0, losses_kwh = 0;
};

// A connection's voltage, per unit of its own nominal one.
struct SupplyRow {
  std::string connection;
  double v_min_pu = 0, v_max_pu = 0, minutes_outside = 0;
  std::uint32_t ten_minutes = 0, ten_minutes_inside = 0;
  double ten_minute_min_pu = 0, ten_minute_max_pu = 0, max_unbalance = 0;
};

// One entry of the journal: the amount moves from `debit` to `credit`.
struct PostingRow {
  ledger::Instant time;
  std::uint32_t slot = 0;
  std::string kind;
  std::string debit, credit;
  std::int64_t amount_micro_eur = 0;
};

enum class StoreFailure : std::uint8_t {
  cannot_open,  // path, permission
  exists,       // a run is never written over
  not_a_run,    // another kind of file
  wrong_version,
  corrupt,  // pages, types, sizes or indices that cannot be
  disk_full,
  locked,  // another process held it for longer than five seconds
  io,
};

struct StoreError {
  StoreFailure kind = StoreFailure::io;
  std::string message;  // names the file
};

template <class T>
using Stored = tl::expected<T, StoreError>;

inline constexpr std::int64_t run_format_version = 4;           // PRAGMA user_version
inline constexpr std::int64_t run_application_id = 0x41495043;  // PRAGMA application_id, "AIPC"

// The statements that make an empty run.db.
const char* run_schema();

}  // namespace twin
