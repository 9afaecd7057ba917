// One home out of run.db (docs/formats/run_db.md).

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "twin/store/run_eraser.hpp"
#include "twin/store/sqlite.hpp"

namespace twin {

using namespace ledger;

namespace {

// What serves one home alone shows its load.
struct OwnGrid {
  std::optional<std::size_t> bus;
  std::vector<std::size_t> branches;
};

class HomeEraser {
 public:
  HomeEraser(Database database, const AccountId& account, std::uint32_t home)
      : database_(std::move(database)), account_(to_hex(account.bytes)), home_(home) {}
  Stored<void> run();

 private:
  template <class... Values>
  Stored<void> change(const char* sql, const Values&... values) {
    auto statement = database_.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    return statement->bind(values...).run();
  }
  Stored<std::int64_t> number(const char* sql, std::int64_t value) const;
  Stored<void> find();
  Stored<void> find_own_grid(std::int64_t bus);
  Stored<void> erase_rows();
  Stored<void> erase_figures();
  Stored<void> erase_snapshots();
  Stored<void> rewrite();

  Database database_;
  std::string account_;
  std::uint32_t home_;
  std::string name_;
  OwnGrid grid_;
};

Stored<std::int64_t> HomeEraser::number(const char* sql, std::int64_t value) const {
  auto statement = database_.prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->bind(value).step();
  if (!row) return tl::unexpected(row.error());
  return *row ? statement->integer(0) : 0;
}

Stored<void> HomeEraser::find() {
  auto statement = database_.prepare("SELECT name, bus FROM home WHERE id = ?");
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->bind(home_).step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return tl::unexpected(StoreError{StoreFailure::corrupt, "run.db: has no such home"});
  name_ = statement->text(0);
  return find_own_grid(statement->integer(1));
}

Stored<void> HomeEraser::find_own_grid(std::int64_t bus) {
  const auto homes = number("SELECT count(*) FROM home WHERE bus = ?", bus);
  if (!homes) return tl::unexpected(homes.error());
  auto branches =
      database_.prepare("SELECT id FROM branch WHERE from_bus = ?1 OR to_bus = ?1 ORDER BY id");
  if (!branches) return tl::unexpected(branches.error());
  branches->bind(bus);
  std::vector<std::size_t> found;
  for (;;) {
    const auto row = branches->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    found.push_back(static_cast<std::size_t>(branches->integer(0)));
  }
  if (*homes != 1 || found.size() != 1) return {};
  grid_ = {static_cast<std::size_t>(bus), found};
  return {};
}

Stored<void> HomeEraser::erase_rows() {
  const std::string erased = "erased-" + std::to_string(home_);
  return change("DELETE FROM statement WHERE account = ? OR home = ?", account_, home_)
      .and_then(
          [&] { return change("DELETE FROM posting WHERE debit = ?1 OR credit = ?1", name_); })
      .and_then([&] { return change("DELETE FROM alert WHERE subject = ?", name_); })
      .and_then([&] {
        return change(
            "UPDATE home SET name = ?, pv_peak_w = 0, battery_wh = 0, has_ev = 0, "
            "has_heat_pump = 0 WHERE id = ?",
            erased, home_);
      });
}

// Figures of what serves it alone. A connection has its bus's name, or its home's.
Stored<void> HomeEraser::erase_figures() {
  std::vector<std::string> names{name_};
  const auto add = [&](const char* sql, std::size_t id) -> Stored<void> {
    auto statement = database_.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->bind(std::uint64_t{id}).step();
    if (!row) return tl::unexpected(row.error());
    if (*row) names.push_back(statement->text(0));
    return {};
  };
  if (grid_.bus)
    if (auto ok = add("SELECT name FROM bus WHERE id = ?", *grid_.bus); !ok) return ok;
  for (const std::size_t branch : grid_.branches) {
    if (auto ok = add("SELECT name FROM branch WHERE id = ?", branch); !ok) return ok;
    if (auto ok = change("UPDATE branch_figure SET max_loading = 0, overload_minutes = 0, "
                         "overload_kwh = 0, losses_kwh = 0 WHERE branch = ?",
                         std::uint64_t{branch});
        !ok)
      return ok;
  }
  for (const std::string& name : names) {
    if (auto ok = change("DELETE FROM supply WHERE connection = ?", name); !ok) return ok;
    if (auto ok = change("DELETE FROM grid_event WHERE element = ?", name); !ok) return ok;
  }
  return {};
}

std::vector<float> floats_of(std::span<const std::uint8_t> blob) {
  std::vector<float> out(blob.size() / sizeof(float));
  if (!out.empty()) std::memcpy(out.data(), blob.data(), out.size() * sizeof(float));
  return out;
}

void set(std::vector<float>& values, std::size_t at, float value) {
  if (at < values.size()) values[at] = value;
}

Stored<void> HomeEraser::erase_snapshots() {
  auto read = database_.prepare(
      "SELECT time_ms, bus_v_pu, branch_loading, home_w, home_pv_w, home_battery FROM snapshot "
      "WHERE time_ms > ? ORDER BY time_ms LIMIT 1");
  if (!read) return tl::unexpected(read.error());
  auto write = database_.prepare(
      "UPDATE snapshot SET bus_v_pu = ?, branch_loading = ?, home_w = ?, home_pv_w = ?, "
      "home_battery = ? WHERE time_ms = ?");
  if (!write) return tl::unexpected(write.error());
  for (std::int64_t time = -1;;) {
    const auto row = read->bind(time).step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    time = read->integer(0);
    auto volts = floats_of(read->blob(1)), loading = floats_of(read->blob(2));
    auto watts = floats_of(read->blob(3)), pv = floats_of(read->blob(4));
    auto battery = floats_of(read->blob(5));
    if (auto ok = read->run(); !ok) return ok;  // to its end, ready for the next time
    if (grid_.bus)
      for (std::size_t phase = 0; phase < 3; ++phase) set(volts, 3 * *grid_.bus + phase, 0);
    for (const std::size_t branch : grid_.branches) set(loading, branch, 0);
    set(watts, home_, 0);
    set(pv, home_, 0);
    set(battery, home_, -1);
    if (auto ok = write->bind(volts, loading, watts, pv, battery, time).run(); !ok) return ok;
  }
}

// Pages that were freed or changed are overwritten, and the file is written anew.
Stored<void> HomeEraser::rewrite() {
  return database_.execute("COMMIT")
      .and_then([&] { return database_.execute("VACUUM"); })
      .and_then([&] { return database_.execute("PRAGMA wal_checkpoint(TRUNCATE)"); })
      .and_then([&] { return database_.execute("PRAGMA journal_mode = DELETE"); });
}

Stored<void> HomeEraser::run() {
  return database_.execute("PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; BEGIN IMMEDIATE")
      .and_then([&] { return find(); })
      .and_then([&] { return erase_rows(); })
      .and_then([&] { return erase_figures(); })
      .and_then([&] { return erase_snapshots(); })
      .and_then([&] { return rewrite(); });
}

}  // namespace

Result<void> erase_home(const std::string& path, const AccountId& account, std::uint32_t home) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  auto database = Database::open(path, Database::Mode::create);
  if (!database) return failure(database.error().message);
  const auto found = database->integer("PRAGMA application_id");
  if (!found || *found != run_application_id) return failure(path + ": is not a run's database");
  if (auto ok = HomeEraser(std::move(*database), account, home).run(); !ok)
    return failure(ok.error().message);
  return {};
}

}  // namespace twin
