// One home out of run.db: nothing of it in any byte of the file, its log or its free pages, also
// where a run was interrupted; the other home's rows as they were.

#include <algorithm>
#include <array>
#include <cstring>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "twin/store/run_eraser.hpp"
#include "twin/store/run_reader.hpp"
#include "twin/store/run_writer.hpp"

using namespace twin;
using ledger::Instant;
using ledger::minutes;
namespace fs = std::filesystem;

namespace {

struct HomeFolder {
  fs::path path = fs::temp_directory_path() / ("home-eraser-" + std::to_string(getpid()));
  HomeFolder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~HomeFolder() { fs::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
};

constexpr float watts = 4321.125f, volts = 0.98765f, loading = 0.54321f, charge = 0.67891f;
const std::string name = "villa-of-somebody", other = "house-next-door";

ledger::AccountId account_of(std::uint8_t home) {
  ledger::AccountId out;
  out.bytes.fill(static_cast<std::uint8_t>(0xa0 + home));
  return out;
}

// Bus 2 and branch 0 serve the first home alone; the second one hangs at bus 1.
RunWriter written(const std::string& path) {
  RunDescription d;
  d.meta.scenario = "two";
  d.meta.epoch = *ledger::from_rfc3339("2026-06-21T00:00:00+02:00");
  d.meta.duration = ledger::hours(1);
  d.meta.slot = minutes(15);
  d.meta.mechanism = "uniform";
  d.buses = {{"mv", 0, 0, 11547}, {"joint", 0, 0, 230.9}, {"end", 5, 5, 230.9}};
  d.branches = {{BranchKind::line, "service", 1, 2, 142},
                {BranchKind::transformer, "t", 0, 1, 160e3}};
  d.homes = {{name, 2, 0b111, 5000, 7000, true, false}, {other, 1, 0b111, 0, 0, false, true}};
  auto writer = RunWriter::create(path, d);
  REQUIRE(writer);
  for (int minute = 1; minute <= 40; ++minute) {
    Snapshot s;
    s.time = Instant{} + minutes(minute);
    s.bus_v_pu = {1, 1, 1, 1, 1, 1, volts, volts, volts};
    s.branch_loading = {loading, 0.25f};
    s.home_w = {watts, 77};
    s.home_pv_w = {watts, 0};
    s.home_battery = {charge, -1};
    REQUIRE(writer->snapshot(s));
  }
  for (std::uint32_t slot = 0; slot < 4; ++slot) {
    REQUIRE(writer->slot({slot, Instant{} + minutes(15 * slot), {}, 0, 0, 0, 0, 0, {}, 0}));
    for (std::uint8_t home = 0; home < 2; ++home) {
      StatementRow row;
      row.account = account_of(home);
      row.home = home;
      row.slot = slot;
      row.import_wh = 100 + home;
      REQUIRE(writer->statement(row));
      REQUIRE(writer->posting({Instant{}, slot, "trade", home == 0 ? name : other, "exchange", 7}));
    }
  }
  REQUIRE(writer->alert({Instant{}, "voltage", name, 1.12, 1.10, name + ": too high", {}}));
  REQUIRE(writer->alert({Instant{}, "voltage", other, 1.12, 1.10, other + ": too high", {}}));
  REQUIRE(writer->commit());
  return std::move(*writer);
}

std::string bytes_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string bits(float value) {
  std::array<char, sizeof value> out{};
  std::memcpy(out.data(), &value, sizeof value);
  return {out.begin(), out.end()};
}

// What of the first home is found, in any file of the folder.
std::string found(const HomeFolder& folder) {
  const std::string account = ledger::to_hex(account_of(0).bytes);
  for (const auto& entry : fs::directory_iterator(folder.path)) {
    const std::string bytes = bytes_of_file(entry.path().string());
    for (const std::string& what :
         {name, account, bits(watts), bits(volts), bits(loading), bits(charge)})
      if (bytes.find(what) != std::string::npos) return what + " in " + entry.path().string();
  }
  return {};
}

void check_erased(const HomeFolder& folder) {
  CHECK(found(folder) == "");
  auto reader = RunReader::open(folder.file("run.db"));
  REQUIRE_MESSAGE(reader, (reader ? "" : reader.error().message));
  CHECK(reader->description().homes[0].name == "erased-0");
  CHECK(reader->description().homes[0].pv_peak_w == 0);
  CHECK(reader->description().homes[1].name == other);
  const auto bills = reader->bills();
  REQUIRE(bills);
  REQUIRE(bills->size() == 1);
  CHECK(bills->front().home == 1);
  CHECK(bills->front().import_wh == 4 * 101);
  const auto snapshot = reader->snapshot_at(Instant{} + minutes(20));
  REQUIRE(snapshot);
  CHECK((*snapshot)->home_w == std::vector<float>{0, 77});
  CHECK((*snapshot)->branch_loading == std::vector<float>{0, 0.25f});
}

}  // namespace

TEST_CASE("a home is erased from a finished run's database") {
  const HomeFolder folder;
  {
    RunWriter writer = written(folder.file("run.db"));
    REQUIRE(writer.finish());
  }
  CHECK(found(folder) != "");
  REQUIRE(erase_home(folder.file("run.db"), account_of(0), 0));
  check_erased(folder);
  REQUIRE(erase_home(folder.file("run.db"), account_of(0), 0));
  check_erased(folder);
}

TEST_CASE("a home is erased from an interrupted run's database, whose log still holds it") {
  const HomeFolder folder;
  {
    RunWriter writer = written(folder.file("live.db"));
    for (const char* suffix : {"", "-wal"})
      fs::copy_file(folder.file("live.db") + suffix, folder.file("run.db") + suffix);
  }
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(folder.file("live.db") + suffix);
  REQUIRE(fs::exists(folder.file("run.db-wal")));
  CHECK(found(folder) != "");
  REQUIRE(erase_home(folder.file("run.db"), account_of(0), 0));
  CHECK_FALSE(fs::exists(folder.file("run.db-wal")));
  check_erased(folder);
}

TEST_CASE("what is no run's database, or has no such home, is left as it is") {
  const HomeFolder folder;
  {
    RunWriter writer = written(folder.file("run.db"));
    REQUIRE(writer.finish());
  }
  const std::string before = bytes_of_file(folder.file("run.db"));
  CHECK_FALSE(erase_home(folder.file("run.db"), account_of(7), 7));
  CHECK(bytes_of_file(folder.file("run.db")) == before);
  std::ofstream(folder.file("text.db")) << "no database";
  CHECK_FALSE(erase_home(folder.file("text.db"), account_of(0), 0));
  CHECK(erase_home(folder.file("nowhere.db"), account_of(0), 0));
}
