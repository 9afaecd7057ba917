#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "twin/store/run_reader.hpp"
#include "twin/store/run_writer.hpp"

using namespace twin;
using ledger::Instant;
using ledger::minutes;

namespace {

// A folder of its own, removed with what is in it.
struct RunFolder {
  std::filesystem::path path;
  RunFolder() {
    path = std::filesystem::temp_directory_path() / ("run-store-" + std::to_string(getpid()));
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~RunFolder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
};

const std::string hostile = "O'Brien\"; DROP TABLE home; -- <b>\n\t€";

RunDescription two_homes() {
  RunDescription out;
  out.meta.scenario = "two_homes";
  out.meta.epoch = *ledger::from_rfc3339("2026-06-21T00:00:00+02:00");
  out.meta.seed = UINT64_MAX;
  out.meta.duration = ledger::hours(24);
  out.meta.slot = minutes(15);
  out.meta.mechanism = "uniform";
  out.meta.retail_buy_micro_eur_per_kwh = 320'000;
  out.buses = {{"mv", -5.5, 0, 11547}, {hostile, 0, 0, 230.9}, {"b", 25, 3, 230.9}};
  out.branches = {{BranchKind::line, "l", 1, 2, 142}, {BranchKind::transformer, "t", 0, 1, 160e3}};
  out.homes = {{hostile, 1, 0b111, 5000, 0, true, false},
               {"home-2", 2, 0b010, 0, 7000, false, true}};
  return out;
}

Snapshot snapshot_of(Instant time, float v) {
  Snapshot out;
  out.time = time;
  out.bus_v_pu.assign(9, v);
  out.branch_loading = {0.1f, 0.4f};
  out.home_w = {100, -2000};
  out.home_pv_w = {0, 2100};
  out.home_battery = {-1, 0.5f};
  out.price_eur_per_kwh = 0.2;
  out.traded_kwh = 1.5;
  out.height = 7;
  return out;
}

StatementRow statement_of(std::uint32_t home, std::uint32_t slot) {
  StatementRow out;
  out.account.bytes[0] = 0xab;
  out.home = home;
  out.slot = slot;
  out.import_wh = 120;
  out.bought_wh = 100;
  out.total_micro_eur = 30'000;
  out.baseline_micro_eur = 38'400;
  return out;
}

Instant at(std::int64_t minute) { return Instant{} + minutes(minute); }

void write_everything(const std::string& path) {
  auto writer = RunWriter::create(path, two_homes());
  REQUIRE(writer);
  for (int minute = 1; minute <= 3; ++minute) {
    REQUIRE(writer->snapshot(snapshot_of(at(minute), 1.0f + 0.01f * static_cast<float>(minute))));
    FeederMinute row;
    row.time = at(minute);
    row.load_w = 100.0 * minute;
    row.v_max_pu = 1.03;
    REQUIRE(writer->minute(row));
  }
  SlotRow priced;
  priced.start = at(0);
  priced.price_micro_eur_per_kwh = 201'000;
  priced.traded_wh = 400;
  priced.turnover_micro_eur = 80'400;
  priced.forecast_wh = -50;
  SlotRow silent;
  silent.slot = 1;
  silent.start = at(15);
  REQUIRE(writer->slot(priced));
  REQUIRE(writer->slot(silent));
  for (std::uint32_t slot = 0; slot < 4; ++slot)
    for (std::uint32_t home = 0; home < 2; ++home)
      REQUIRE(writer->statement(statement_of(home, slot)));
  REQUIRE(writer->block({1, at(1), 5, 1, 60.5, 1200, at(1), at(2), 27, 9000}));
  REQUIRE(writer->posting({at(15), 0, "trade", "a", hostile, 77}));
  const auto first = writer->alert({at(1), "voltage", "b", 1.12, 1.10, hostile, {}});
  const auto second = writer->alert({at(2), "overload", "t", 1.2, 1.0, "hot", {}});
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(writer->clear_alert(*first, at(3)));
  REQUIRE(writer->finish());
}

StoreFailure kind_of(const StoreError& error) { return error.kind; }

// Runs one SQL text on the file as a stranger with the sqlite3 library would.
void tamper(const std::string& path, const std::string& sql) {
  const std::string command = "sqlite3 '" + path + "' \"" + sql + "\"";
  REQUIRE(std::system(command.c_str()) == 0);
}

void overwrite(const std::string& path, std::streamoff offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << bytes;
}

}  // namespace

TEST_CASE("what was written is read back") {
  RunFolder folder;
  const auto path = folder.file("run.db");
  write_everything(path);
  CHECK_FALSE(std::filesystem::exists(path + "-wal"));
  auto reader = RunReader::open(path);
  REQUIRE(reader);

  const RunDescription& d = reader->description();
  CHECK(d.meta.scenario == "two_homes");
  CHECK(d.meta.seed == UINT64_MAX);
  CHECK(d.meta.epoch.offset_minutes == 120);
  CHECK(d.meta.slot == minutes(15));
  REQUIRE(d.buses.size() == 3);
  CHECK(d.buses[1].name == hostile);
  CHECK(d.buses[0].x_m == -5.5);
  CHECK(d.branches[1].kind == BranchKind::transformer);
  CHECK(d.branches[0].kind == BranchKind::line);
  CHECK(d.homes[0].name == hostile);
  CHECK(d.homes[1].phases == 0b010);
  CHECK(d.homes[1].has_heat_pump);

  CHECK(reader->snapshot_times()->size() == 3);
  CHECK(reader->minutes()->at(2).load_w == 300);
  const auto slots = reader->slots();
  CHECK(slots->at(0).price_micro_eur_per_kwh == 201'000);
  CHECK(slots->at(0).traded_wh == 400);
  CHECK(slots->at(0).turnover_micro_eur == 80'400);
  CHECK(slots->at(0).forecast_wh == -50);
  CHECK_FALSE(slots->at(1).price_micro_eur_per_kwh);
  const auto bills = reader->bills();
  REQUIRE(bills->size() == 2);
  CHECK(bills->at(1).total_micro_eur == 120'000);
  CHECK(bills->at(1).baseline_micro_eur == 153'600);
  CHECK(reader->statements(1)->size() == 4);
  CHECK(reader->statements(1)->front().account.bytes[0] == 0xab);
  CHECK(reader->blocks()->front().finality_ms == 60.5);
  CHECK(reader->blocks()->front().due == at(1));
  CHECK(reader->blocks()->front().decided == at(2));
  CHECK(reader->blocks()->front().messages == 27);
  CHECK(reader->blocks()->front().message_bytes == 9000);
  CHECK(reader->postings(0)->front().credit == hostile);
  CHECK(reader->postings(1)->empty());
  CHECK(reader->alerts()->at(0).cleared == at(3));
  CHECK_FALSE(reader->alerts()->at(1).cleared);
}

TEST_CASE("a snapshot is the last at or before a time, with the alerts then active") {
  RunFolder folder;
  write_everything(folder.file("run.db"));
  auto reader = RunReader::open(folder.file("run.db"));
  REQUIRE(reader);
  CHECK_FALSE(reader->snapshot_at(at(0))->has_value());
  const auto second = reader->snapshot_at(at(3) - ledger::milliseconds(1));
  REQUIRE(second->has_value());
  CHECK((*second)->time == at(2));
  CHECK((*second)->bus_v_pu[0] == doctest::Approx(1.02));
  CHECK((*second)->home_w[1] == -2000);
  CHECK((*second)->alerts == std::vector<std::string>{hostile, "hot"});
  CHECK(reader->snapshot_at(ledger::never).value()->alerts == std::vector<std::string>{"hot"});
}

TEST_CASE("voltage ranges are over time and connected phases") {
  RunFolder folder;
  auto writer = RunWriter::create(folder.file("run.db"), two_homes());
  REQUIRE(writer);
  Snapshot s = snapshot_of(at(1), 1.0f);
  s.bus_v_pu = {1, 0, 0, 0.97f, 0.98f, 1.02f, 0, 0, 0};
  REQUIRE(writer->snapshot(s));
  s.time = at(2);
  s.bus_v_pu = {1.01f, 0, 0, 0.99f, 0.93f, 0.99f, 0, 0, 0};
  REQUIRE(writer->snapshot(s));
  REQUIRE(writer->commit());
  const auto ranges = RunReader::open(folder.file("run.db"))->voltage_ranges();
  REQUIRE(ranges);
  CHECK(ranges->at(0).min_pu == 1.0f);
  CHECK(ranges->at(0).max_pu == 1.01f);
  CHECK(ranges->at(1).min_pu == 0.93f);
  CHECK(ranges->at(1).max_pu == 1.02f);
  CHECK(ranges->at(2).max_pu == 0.0f);
}

TEST_CASE("arrays have the bytes of the format's page") {
  RunFolder folder;
  auto writer = RunWriter::create(folder.file("run.db"), two_homes());
  REQUIRE(writer);
  Snapshot s = snapshot_of(at(1), 0);
  s.bus_v_pu = {1, 0.5f, 0, 0, 0, 0, 0, 0, 0};
  REQUIRE(writer->snapshot(s));
  REQUIRE(writer->finish());
  tamper(folder.file("run.db"),
         "CREATE TABLE probe(n CHECK (n = 1)); INSERT INTO probe SELECT count(*) FROM snapshot "
         "WHERE hex(substr(bus_v_pu, 1, 12)) = '0000803F0000003F00000000'");
}

TEST_CASE("committed rows are seen while the run goes on, others are not") {
  RunFolder folder;
  auto writer = RunWriter::create(folder.file("run.db"), two_homes());
  REQUIRE(writer);
  REQUIRE(writer->block({1, at(1), 0, 1, 1, 1, at(1), at(1), 1, 1}));
  REQUIRE(writer->commit());
  REQUIRE(writer->block({2, at(2), 0, 1, 1, 1, at(2), at(2), 1, 1}));
  auto reader = RunReader::open(folder.file("run.db"));
  REQUIRE(reader);
  CHECK(reader->blocks()->size() == 1);
  REQUIRE(writer->commit());
  CHECK(reader->blocks()->size() == 2);
}

TEST_CASE("a run is never written over, and nothing is left where none can be made") {
  RunFolder folder;
  write_everything(folder.file("run.db"));
  const auto again = RunWriter::create(folder.file("run.db"), two_homes());
  REQUIRE_FALSE(again);
  CHECK(kind_of(again.error()) == StoreFailure::exists);
  CHECK(RunReader::open(folder.file("run.db")).has_value());

  const auto nowhere = RunWriter::create(folder.file("no/such/run.db"), two_homes());
  REQUIRE_FALSE(nowhere);
  CHECK(kind_of(nowhere.error()) == StoreFailure::cannot_open);

  RunDescription wrong = two_homes();
  wrong.buses[0].x_m = std::numeric_limits<double>::quiet_NaN();
  REQUIRE_FALSE(RunWriter::create(folder.file("wrong.db"), wrong));
  CHECK_FALSE(std::filesystem::exists(folder.file("wrong.db")));
}

TEST_CASE("a full disk is an error value, and what was committed stays") {
  RunFolder folder;
  const auto path = folder.file("run.db");
  auto writer = RunWriter::create(path, two_homes());
  REQUIRE(writer);
  REQUIRE(writer->block({1, at(1), 0, 1, 1, 1, at(1), at(1), 1, 1}));
  REQUIRE(writer->commit());

  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{std::filesystem::file_size(path + "-wal"), before.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  REQUIRE(writer->block({2, at(2), 0, 1, 1, 1, at(2), at(2), 1, 1}));
  const auto failed = writer->commit();
  const auto later = writer->block({3, at(3), 0, 1, 1, 1, at(3), at(3), 1, 1});
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);

  REQUIRE_FALSE(failed);
  CHECK(failed.error().message.find("run.db") != std::string::npos);
  CHECK_FALSE(later);
  CHECK_FALSE(writer->finish());
  auto reader = RunReader::open(path);
  REQUIRE(reader);
  CHECK(reader->blocks()->size() == 1);
}

TEST_CASE("files that are no run") {
  RunFolder folder;
  const auto missing = RunReader::open(folder.file("missing.db"));
  REQUIRE_FALSE(missing);
  CHECK(kind_of(missing.error()) == StoreFailure::cannot_open);
  CHECK_FALSE(std::filesystem::exists(folder.file("missing.db")));

  std::ofstream(folder.file("text.db")) << std::string(5000, 'x');
  const auto text = RunReader::open(folder.file("text.db"));
  REQUIRE_FALSE(text);
  CHECK(kind_of(text.error()) == StoreFailure::not_a_run);

  std::ofstream(folder.file("empty.db")).flush();
  const auto empty = RunReader::open(folder.file("empty.db"));
  REQUIRE_FALSE(empty);
  CHECK(kind_of(empty.error()) == StoreFailure::not_a_run);
}

TEST_CASE("a tampered run is an error value") {
  struct Probe {
    const char* what;
    const char* sql;
    StoreFailure expected;
  };
  const Probe probes[] = {
      {"another version", "PRAGMA user_version = 1", StoreFailure::wrong_version},
      {"another program", "PRAGMA application_id = 5", StoreFailure::not_a_run},
      {"no meta row", "DELETE FROM meta", StoreFailure::corrupt},
      {"no home table", "DROP TABLE home", StoreFailure::corrupt},
      {"epoch in words", "UPDATE meta SET epoch = 'noon'", StoreFailure::corrupt},
      {"seed too large", "UPDATE meta SET seed = '18446744073709551616'", StoreFailure::corrupt},
      {"seed empty", "UPDATE meta SET seed = ''", StoreFailure::corrupt},
      {"slot beyond time", "UPDATE meta SET slot_ms = 9223372036854775807", StoreFailure::corrupt},
      {"infinite coordinate", "UPDATE bus SET x_m = 9e999", StoreFailure::corrupt},
      {"a bus missing", "DELETE FROM bus WHERE id = 1", StoreFailure::corrupt},
      {"branch to nowhere", "UPDATE branch SET to_bus = 3", StoreFailure::corrupt},
      {"branch from below", "UPDATE branch SET from_bus = -1", StoreFailure::corrupt},
      {"home nowhere", "UPDATE home SET bus = 99", StoreFailure::corrupt},
      {"home on phase 4", "UPDATE home SET phases = 8", StoreFailure::corrupt},
      {"a view for a table",
       "DROP TABLE home; CREATE VIEW home AS WITH RECURSIVE r(id) AS (SELECT 0 UNION ALL SELECT "
       "id + 1 FROM r) SELECT id, 'x' AS name, 0 AS bus, 7 AS phases, 0 AS pv_peak_w, 0 AS "
       "battery_wh, 0 AS has_ev, 0 AS has_heat_pump FROM r",
       StoreFailure::corrupt}};
  for (const Probe& probe : probes) {
    CAPTURE(probe.what);
    RunFolder folder;
    const auto path = folder.file("run.db");
    write_everything(path);
    tamper(path, probe.sql);
    const auto reader = RunReader::open(path);
    REQUIRE_FALSE(reader);
    CHECK(kind_of(reader.error()) == probe.expected);
    CHECK(reader.error().message.find(path) != std::string::npos);
  }
}

TEST_CASE("a tampered row is an error value of the question that meets it") {
  RunFolder folder;
  const auto path = folder.file("run.db");
  write_everything(path);
  tamper(path,
         "UPDATE snapshot SET bus_v_pu = x'00' WHERE time_ms = 180000;"
         "UPDATE snapshot SET home_w = x'0000c07f0000c07f' WHERE time_ms = 120000;"
         "UPDATE statement SET home = 2; UPDATE block SET transactions = -1;"
         "UPDATE slot SET start_ms = 9223372036854775807; DROP TABLE posting;"
         "UPDATE feeder_minute SET load_w = -9e999");
  auto reader = RunReader::open(path);
  REQUIRE(reader);
  CHECK(kind_of(reader->snapshot_at(at(3)).error()) == StoreFailure::corrupt);
  CHECK(kind_of(reader->snapshot_at(at(2)).error()) == StoreFailure::corrupt);  // NaN
  CHECK(reader->snapshot_at(at(1)).has_value());
  CHECK(kind_of(reader->bills().error()) == StoreFailure::corrupt);
  CHECK(kind_of(reader->blocks().error()) == StoreFailure::corrupt);
  CHECK(kind_of(reader->slots().error()) == StoreFailure::corrupt);
  CHECK(kind_of(reader->postings(0).error()) == StoreFailure::corrupt);
  CHECK(kind_of(reader->minutes().error()) == StoreFailure::corrupt);
}

TEST_CASE("bytes overwritten anywhere give values or errors, never a crash") {
  RunFolder folder;
  const auto path = folder.file("run.db");
  write_everything(path);
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  int refused = 0;
  for (std::streamoff offset = 0; offset < size; offset += 509) {
    std::filesystem::copy_file(path, folder.file("bad.db"),
                               std::filesystem::copy_options::overwrite_existing);
    overwrite(folder.file("bad.db"), offset, std::string(64, '\xff'));
    auto reader = RunReader::open(folder.file("bad.db"));
    if (!reader) {
      ++refused;
      continue;
    }
    const bool all = reader->minutes() && reader->slots() && reader->blocks() && reader->alerts() &&
                     reader->bills() && reader->statements(0) && reader->postings(0) &&
                     reader->snapshot_at(ledger::never);
    if (!all) ++refused;
  }
  CHECK(refused > 0);
}
