#pragma once
// SQLite as values: a connection and a prepared statement, each closed by its destructor, and
// every failure a StoreError. Strings and blobs only ever enter as bound parameters.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "twin/store/run_format.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace twin {

class Statement {
 public:
  Statement() = default;

  // Binds the values to ?1, ?2, ... in order. Text and blobs are read before the next call of
  // step(), and must live until then.
  template <class... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (put(++index, values), ...);
    return *this;
  }
  Stored<bool> step();  // true: a row stands ready
  Stored<void> run();   // step to the end, ready to be bound again

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::span<const std::uint8_t> blob(int column) const;  // until the next step

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void put(int index, std::int64_t value);
  void put(int index, std::uint64_t value) { put(index, static_cast<std::int64_t>(value)); }
  void put(int index, std::uint32_t value) { put(index, static_cast<std::int64_t>(value)); }
  void put(int index, int value) { put(index, static_cast<std::int64_t>(value)); }
  void put(int index, double value);
  void put(int index, std::string_view value);
  void put(int index, const std::string& value) { put(index, std::string_view(value)); }
  void put(int index, std::span<const std::uint8_t> value);
  void put(int index, std::span<const float> value);
  void put(int index, const std::vector<float>& value) { put(index, std::span(value)); }
  template <class T>
  void put(int index, const std::optional<T>& value) {
    if (value) put(index, *value);
  }
  Stored<void> rewind();

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = 0;  // the first since the last run
};

class Database {
 public:
  enum class Mode : std::uint8_t { create, read };
  static Stored<Database> open(const std::string& path, Mode mode);

  Stored<void> execute(const char* sql);  // constant text alone
  Stored<Statement> prepare(const char* sql) const;
  Stored<std::int64_t> integer(const char* sql) const;  // of a query's first row; 0 where none
  std::int64_t last_row() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace twin
