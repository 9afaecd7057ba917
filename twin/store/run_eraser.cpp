#include "twin/store/run_eraser.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/audit/slot_books.hpp"
#include "market/entries/entries.hpp"
#include "twin/store/run_directory.hpp"
#include "twin/store/summary.hpp"
#include "twin/store/vault.hpp"

namespace twin {

using namespace ledger;
using namespace market;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t wrapped_digits = 160;

class RunEraser {
 public:
  RunEraser(const RunErasure& erasure, const PublicLog& log, const Openings& openings)
      : e_(erasure), log_(log), openings_(openings) {}
  Result<Destroyed> run();

 private:
  bool personal() const { return e_.stages & personal_stage; }
  bool billing() const { return e_.stages & billing_stage; }
  std::string path(const std::string& name) const { return e_.directory + "/" + name; }
  Result<void> keep_leaves();
  Result<void> erase_personal(const std::string& account);
  Result<void> change_keys();
  Result<void> change_accesses();
  Result<void> change_summary();
  Result<void> replace(const std::string& name, BytesView bytes);
  Result<void> shred(const std::string& name);

  const RunErasure& e_;
  const PublicLog& log_;
  const Openings& openings_;
  Destroyed out_;
};

Result<void> RunEraser::replace(const std::string& name, BytesView bytes) {
  if (auto ok = replace_file(path(name), bytes); !ok) return ok;
  out_.files.push_back(name);
  return {};
}

Result<void> RunEraser::shred(const std::string& name) {
  std::error_code error;
  if (!fs::exists(path(name), error)) return {};
  if (auto ok = overwrite(path(name)); !ok) return ok;
  fs::remove(path(name), error);
  if (error) return failure(path(name) + ": " + error.message());
  out_.files.push_back(name);
  std::error_code not_empty;  // a folder without files would be a finding
  fs::remove(fs::path(path(name)).parent_path(), not_empty);
  return {};
}

Result<void> RunEraser::keep_leaves() {
  for (const auto& [name, bytes] : encode(after_erasure(e_, log_, openings_)))
    if (!bytes.empty())
      if (auto ok = replace("openings/" + name, bytes); !ok) return ok;
  return {};
}

// A destroyed personal key stands as zeros; an account without billing data has no line.
Result<void> RunEraser::change_keys() {
  std::ifstream in(path("openings/keys"), std::ios::binary);
  const std::string account = to_hex(e_.account.bytes);
  std::string keys, line;
  while (std::getline(in, line)) {
    if (line.starts_with(account)) {
      if (billing()) continue;
      line.replace(line.size() - wrapped_digits, wrapped_digits, wrapped_digits, '0');
    }
    keys += line + "\n";
  }
  return replace("openings/keys", bytes_of(keys));
}

// Who read what of the account is the account's as well.
Result<void> RunEraser::change_accesses() {
  std::vector<Access> left = openings_.accesses;
  std::erase_if(left, [&](const Access& a) { return a.account == e_.account; });
  if (left.size() == openings_.accesses.size()) return {};
  return left.empty() ? shred("openings/access") : replace("openings/access", encode(left));
}

Result<void> RunEraser::change_summary() {
  std::ifstream in(path("summary.json"), std::ios::binary);
  if (!in) return {};
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto changed = without_account(text, to_hex(e_.account.bytes), e_.record);
  if (!changed) return failure(path("summary.json") + ": " + changed.error());
  return replace("summary.json", bytes_of(*changed));
}

Result<Destroyed> RunEraser::run() {
  const std::string account = to_hex(e_.account.bytes);
  auto ok = keep_leaves();
  if (ok && personal()) ok = erase_personal(account);
  if (ok && billing()) ok = shred("openings/restricted/" + account);
  if (ok) ok = change_keys();
  if (!ok) return failure(ok.error());
  return out_;
}

Result<void> RunEraser::erase_personal(const std::string& account) {
  auto ok = shred("openings/personal/" + account);
  if (ok) ok = shred(signed_records_of(e_.account));
  if (ok) ok = change_accesses();
  if (ok) ok = destroy_shares(e_.directory, e_.account);
  if (ok && e_.home) ok = erase_home(path("run.db"), e_.account, *e_.home);
  if (ok) ok = shred("recording");
  if (ok) ok = change_summary();
  return ok ? shred("report.html") : ok;
}

// An open file, be it still in its folder or not.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : path_(path), file_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {}
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  bool is_open() const { return file_ >= 0; }

  // Zeros over all of its bytes, on the disk before this returns: of a file that is then removed
  // the system would write nothing.
  Result<void> zero() {
    struct stat status {};
    bool ok = is_open() && ::fstat(file_, &status) == 0;
    const std::vector<char> zeros(std::size_t{1} << 16, 0);
    for (off_t at = 0; ok && at < status.st_size;) {
      const auto part = std::min<off_t>(status.st_size - at, std::ssize(zeros));
      const ssize_t written = ::pwrite(file_, zeros.data(), static_cast<std::size_t>(part), at);
      ok = written > 0;
      at += written;
    }
    if (!ok || ::fsync(file_) != 0) return failure(path_ + ": cannot be overwritten");
    return {};
  }

 private:
  std::string path_;
  int file_;
};

}  // namespace

Result<void> overwrite(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  return OpenFile(path).zero();
}

Result<void> replace_file(const std::string& path, BytesView bytes) {
  const std::string fresh = path + unfinished;
  if (auto ok = put_file(fresh, bytes, false); !ok) return ok;
  OpenFile old(path);
  std::error_code error;
  fs::rename(fresh, path, error);
  if (error) return failure(path + ": " + error.message());
  return old.is_open() ? old.zero() : Result<void>();
}

ErasedOpenings after_erasure(const RunErasure& e, const PublicLog& log, const Openings& openings) {
  ErasedOpenings out = openings.erased;
  if (e.stages & personal_stage)
    for (const auto& [batch, records] : openings.personal)
      for (const auto& [meter, p] : records)
        if (p.record.account == e.account)
          out.personal[batch][meter] = {
              leaf_hash(record_commitment(openings.keys.at(e.account).personal, p.record)),
              e.record};
  if (!(e.stages & billing_stage)) return out;
  for (const auto& [entry, all] : openings.restricted)
    for (const auto& [position, o] : all) {
      if (owner_of(o) != e.account) continue;
      out.restricted[entry][position] = {leaf_hash(commitment(o.salt, o.data)), e.record};
    }
  market::keep_books(log.genesis, slot_books(log, openings), e.account, out);
  if (!e.state.empty()) out.state.emplace(e.height, e.state);
  return out;
}

Result<Destroyed> destroy(const RunErasure& erasure, const PublicLog& log,
                          const Openings& openings) {
  auto out = RunEraser(erasure, log, openings).run();
  if (!out) return out;
  for (const auto& [batch, records] : openings.personal)
    for (const auto& [meter, p] : records)
      out->personal += (erasure.stages & personal_stage) && p.record.account == erasure.account;
  for (const auto& [entry, all] : openings.restricted)
    for (const auto& [position, o] : all)
      out->restricted += (erasure.stages & billing_stage) && owner_of(o) == erasure.account;
  return out;
}

}  // namespace twin
