#include "twin/store/sqlite.hpp"

#include <bit>
#include <sqlite3.h>

namespace twin {
namespace {

static_assert(std::endian::native == std::endian::little, "blobs of float32 are little-endian");

constexpr int busy_timeout_ms = 5000;
constexpr int longest_value_bytes = 1 << 28;

StoreFailure failure_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return StoreFailure::disk_full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return StoreFailure::locked;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return StoreFailure::cannot_open;
    case SQLITE_NOTADB:
      return StoreFailure::not_a_run;
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:  // our own statements are right: a table or a column is missing
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
      return StoreFailure::corrupt;
    default:
      return StoreFailure::io;
  }
}

tl::unexpected<StoreError> failed(sqlite3* database, int code) {
  const char* file = database ? sqlite3_db_filename(database, "main") : nullptr;
  const char* words = database ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  return tl::unexpected(StoreError{failure_of(code), std::string(file ? file : "run.db") + ": " +
                                                         words + " (SQLite " +
                                                         std::to_string(code) + ")"});
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);  // repeats the last step's error, which was returned then
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

void Statement::put(int index, std::int64_t value) {
  if (int code = sqlite3_bind_int64(statement_.get(), index, value)) bind_error_ = code;
}

void Statement::put(int index, double value) {
  if (int code = sqlite3_bind_double(statement_.get(), index, value)) bind_error_ = code;
}

void Statement::put(int index, std::string_view value) {
  const int code = sqlite3_bind_text64(statement_.get(), index, value.data(), value.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  if (code) bind_error_ = code;
}

void Statement::put(int index, std::span<const float> value) {
  put(index, std::span(reinterpret_cast<const std::uint8_t*>(value.data()), value.size_bytes()));
}

// A null pointer would bind NULL.
void Statement::put(int index, std::span<const std::uint8_t> value) {
  const void* bytes = value.empty() ? static_cast<const void*>("") : value.data();
  const int code = sqlite3_bind_blob64(statement_.get(), index, bytes, value.size(), SQLITE_STATIC);
  if (code) bind_error_ = code;
}

Stored<bool> Statement::step() {
  if (bind_error_) return failed(sqlite3_db_handle(statement_.get()), bind_error_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto error = failed(sqlite3_db_handle(statement_.get()), code);
  sqlite3_reset(statement_.get());
  return error;
}

Stored<void> Statement::run() {
  for (;;) {
    const auto row = step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return rewind();
  }
}

Stored<void> Statement::rewind() {
  sqlite3_clear_bindings(statement_.get());
  if (int code = sqlite3_reset(statement_.get()))
    return failed(sqlite3_db_handle(statement_.get()), code);
  return {};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string Statement::text(int column) const {
  const auto* words = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return words ? std::string(words, static_cast<std::size_t>(size)) : std::string();
}

std::span<const std::uint8_t> Statement::blob(int column) const {
  const auto* bytes =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {bytes, bytes ? static_cast<std::size_t>(size) : 0};
}

Stored<Database> Database::open(const std::string& path, Mode mode) {
  const int flags =
      mode == Mode::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  Database out;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  out.database_.reset(raw);
  if (code != SQLITE_OK) {
    const char* why = raw ? sqlite3_errmsg(raw) : sqlite3_errstr(code);
    return tl::unexpected(StoreError{StoreFailure::cannot_open, path + ": " + why});
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, longest_value_bytes);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return out;
}

Stored<void> Database::execute(const char* sql) {
  if (int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr))
    return failed(database_.get(), code);
  return {};
}

Stored<Statement> Database::prepare(const char* sql) const {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement out;
  out.statement_.reset(raw);
  if (code) return failed(database_.get(), code);
  return out;
}

Stored<std::int64_t> Database::integer(const char* sql) const {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? statement->integer(0) : 0;
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(database_.get()); }

}  // namespace twin
