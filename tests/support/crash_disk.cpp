#include "tests/support/crash_disk.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sqlite3.h>

#include "ledger/base/rng.hpp"

namespace test {
namespace {

struct Journal {
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs ours{};
  std::vector<CrashDisk::Operation> operations;
  std::optional<std::size_t> fail_from;
  int code = 0;

  // SQLITE_OK where the operation may go on.
  int note(CrashDisk::Operation operation) {
    operations.push_back(std::move(operation));
    return fail_from && operations.size() > *fail_from ? code : SQLITE_OK;
  }
};
Journal* journal = nullptr;

struct File {
  sqlite3_file base;
  std::string* name;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return of(file)->real(); }

using Kind = CrashDisk::Kind;

int do_close(sqlite3_file* f) {
  const int code = real_of(f)->pMethods ? real_of(f)->pMethods->xClose(real_of(f)) : SQLITE_OK;
  delete of(f)->name;
  return code;
}
int do_read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  return real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}
int do_write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  const std::string bytes(static_cast<const char*>(from), static_cast<std::size_t>(n));
  if (int code = journal->note({Kind::write, *of(f)->name, at, bytes})) return code;
  return real_of(f)->pMethods->xWrite(real_of(f), from, n, at);
}
int do_truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (int code = journal->note({Kind::truncate, *of(f)->name, size, {}})) return code;
  return real_of(f)->pMethods->xTruncate(real_of(f), size);
}
int do_sync(sqlite3_file* f, int flags) {
  if (int code = journal->note({Kind::sync, *of(f)->name, 0, {}})) return code;
  return real_of(f)->pMethods->xSync(real_of(f), flags);
}
int do_size(sqlite3_file* f, sqlite3_int64* size) {
  return real_of(f)->pMethods->xFileSize(real_of(f), size);
}
int do_lock(sqlite3_file* f, int kind) { return real_of(f)->pMethods->xLock(real_of(f), kind); }
int do_unlock(sqlite3_file* f, int kind) { return real_of(f)->pMethods->xUnlock(real_of(f), kind); }
int do_check(sqlite3_file* f, int* held) {
  return real_of(f)->pMethods->xCheckReservedLock(real_of(f), held);
}
int do_control(sqlite3_file* f, int op, void* argument) {
  return real_of(f)->pMethods->xFileControl(real_of(f), op, argument);
}
int do_sector(sqlite3_file*) { return 512; }
// Nothing is promised of the order or the wholeness of writes.
int do_characteristics(sqlite3_file*) { return 0; }

// Version 1: without shared memory, which an exclusively locked database does not need.
const sqlite3_io_methods methods{
    1,         do_close, do_read,    do_write,  do_truncate,        do_sync, do_size, do_lock,
    do_unlock, do_check, do_control, do_sector, do_characteristics, nullptr, nullptr, nullptr,
    nullptr,   nullptr,  nullptr};

int do_open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
  of(f)->base.pMethods = nullptr;
  const int code = journal->real->xOpen(journal->real, name, real_of(f), flags, out);
  if (code != SQLITE_OK) return code;
  of(f)->name = new std::string(name ? std::filesystem::path(name).filename().string() : "");
  of(f)->base.pMethods = &methods;
  return SQLITE_OK;
}
int do_delete(sqlite3_vfs*, const char* name, int sync) {
  const std::string file = std::filesystem::path(name).filename().string();
  if (int code = journal->note({Kind::remove, file, 0, {}})) return code;
  return journal->real->xDelete(journal->real, name, sync);
}

struct Image {
  std::string bytes;
  bool there = false;
};

void apply(Image& image, const CrashDisk::Operation& o) {
  image.there = o.kind != Kind::remove;
  if (o.kind == Kind::remove) image.bytes.clear();
  if (o.kind == Kind::truncate) image.bytes.resize(static_cast<std::size_t>(o.offset), '\0');
  if (o.kind != Kind::write) return;
  const auto at = static_cast<std::size_t>(o.offset);
  if (image.bytes.size() < at + o.bytes.size()) image.bytes.resize(at + o.bytes.size(), '\0');
  image.bytes.replace(at, o.bytes.size(), o.bytes);
}

}  // namespace

CrashDisk::CrashDisk() {
  if (journal) std::abort();
  journal = new Journal;
  journal->real = sqlite3_vfs_find(nullptr);
  journal->ours = *journal->real;
  journal->ours.zName = "crash-disk";
  journal->ours.szOsFile = static_cast<int>(sizeof(File)) + journal->real->szOsFile;
  journal->ours.xOpen = do_open;
  journal->ours.xDelete = do_delete;
  sqlite3_vfs_register(&journal->ours, 1);
}

CrashDisk::~CrashDisk() {
  sqlite3_vfs_unregister(&journal->ours);
  sqlite3_vfs_register(journal->real, 1);
  delete journal;
  journal = nullptr;
}

const std::vector<CrashDisk::Operation>& CrashDisk::operations() const {
  return journal->operations;
}

void CrashDisk::fail_from(std::size_t operation, int sqlite_code) {
  journal->fail_from = operation;
  journal->code = sqlite_code;
}

void CrashDisk::lay_out(const std::string& folder, std::size_t done, Unsynced unsynced,
                        std::uint64_t seed) const {
  ledger::Rng rng(seed);
  const auto& all = journal->operations;
  std::map<std::string, std::size_t> synced;  // by file: operations before it are on the disk
  std::size_t last_write = done;
  for (std::size_t k = 0; k < done; ++k) {
    if (all[k].kind == Kind::sync || all[k].kind == Kind::remove) synced[all[k].file] = k + 1;
    if (all[k].kind == Kind::write) last_write = k;
  }
  std::map<std::string, Image> images;
  for (std::size_t k = 0; k < done; ++k) {
    Operation o = all[k];
    const bool safe = synced.contains(o.file) && k < synced[o.file];
    if (!safe && unsynced == Unsynced::lost) continue;
    if (!safe && unsynced == Unsynced::torn && k == last_write) o.bytes.resize(o.bytes.size() / 2);
    if (safe || unsynced != Unsynced::reordered || o.kind != Kind::write) {
      apply(images[o.file], o);
      continue;
    }
    for (std::size_t at = 0; at < o.bytes.size(); at += 512)
      if (rng.chance(0.5))
        apply(images[o.file], {Kind::write, o.file, o.offset + static_cast<std::int64_t>(at),
                               o.bytes.substr(at, 512)});
  }
  for (const auto& [name, image] : images)
    if (image.there) std::ofstream(folder + "/" + name, std::ios::binary) << image.bytes;
}

}  // namespace test
