#include "twin/store/run_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "ledger/base/codec.hpp"
#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/seal.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/tlog/policy.hpp"
#include "ledger/tlog/tiles.hpp"
#include "market/audit/public_log.hpp"

namespace twin {

using namespace ledger;
namespace fs = std::filesystem;

namespace {

Result<void> put_file(const fs::path& path, BytesView bytes, std::ios::openmode mode) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream out(path, std::ios::binary | mode);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.flush();
  if (!out) return failure(path.string() + ": cannot be written: " + std::strerror(errno));
  return {};
}

// A wrapped key's ephemeral secret: derived, so that runs repeat; bound to what it wraps.
std::array<std::uint8_t, 32> ephemeral_of(const SubjectKey& key) {
  return sha256({bytes_of("aipchain wrap 1"), key});
}

}  // namespace

Result<RunDirectory> RunDirectory::create(const std::string& path, const Genesis& genesis,
                                          const Identities& identities) {
  std::error_code error;
  if (fs::exists(path, error) && (!fs::is_directory(path, error) || !fs::is_empty(path, error)))
    return failure(path + ": exists already and is not an empty directory");
  fs::create_directories(path, error);
  if (error) return failure(path + ": cannot be made: " + error.message());
  RunDirectory dir(path);
  if (auto ok = dir.write("log/genesis", bytes_of(encode(genesis))); !ok)
    return failure(ok.error());
  if (auto ok = dir.write("log/policy", bytes_of(policy_text(genesis))); !ok)
    return failure(ok.error());
  if (auto ok = dir.write_keys(genesis, identities); !ok) return failure(ok.error());
  return dir;
}

Result<void> RunDirectory::write_keys(const Genesis& genesis, const Identities& identities) {
  std::vector<std::string> lines;
  for (const MeterIdentity& m : identities.meters) {
    const auto wrap = [&](const SubjectKey& key) {
      return to_hex(wrap_key(key, genesis.auditor_box, ephemeral_of(key)));
    };
    lines.push_back(to_hex(m.account.bytes) + " " + wrap(m.restricted_key) + " " +
                    wrap(m.personal_key) + "\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string keys;
  for (const std::string& line : lines) keys += line;
  if (auto ok = write("openings/keys", bytes_of(keys)); !ok) return ok;
  return write("openings/auditor", bytes_of(to_hex(identities.auditor_seed) + "\n"));
}

Result<void> RunDirectory::write(const std::string& name, BytesView bytes) const {
  return put_file(fs::path(path_) / name, bytes, std::ios::trunc);
}

Result<void> RunDirectory::append(const std::string& name, BytesView bytes) const {
  return put_file(fs::path(path_) / name, bytes, std::ios::app);
}

void RunDirectory::add_block(std::uint64_t height, BytesView header, BytesView certificate,
                             const std::vector<Bytes>& entries) {
  invariant(height == blocks_.size() + 1, "blocks are added in their order");
  blocks_.push_back(ByteWriter().raw(header).sized(certificate).take());
  for (const Bytes& entry : entries) {
    const auto tx = decode_entry(entry);
    if (tx && tx->kind == TransactionKind::batch)
      if (const auto batch = decode_batch(tx->body))
        batch_entries_.emplace(entries_.size(), std::pair{batch->gateway.value, batch->epoch});
    entries_.push_back(entry);
    tree_.append(leaf_hash(entry));
  }
}

void RunDirectory::add_restricted(const AccountId& account, std::uint64_t entry, Bytes sealed) {
  restricted_.emplace(entry,
                      Waiting{"openings/restricted/" + to_hex(account.bytes), std::move(sealed)});
}

void RunDirectory::add_personal(const AccountId& account, GatewayId gateway, std::uint32_t epoch,
                                Bytes sealed) {
  // A gateway that restarts hands over its last batch's openings again.
  std::vector<Waiting>& waiting = personal_[{gateway.value, epoch}];
  std::string file = "openings/personal/" + to_hex(account.bytes);
  const auto same = [&](const Waiting& w) { return w.file == file; };
  if (std::none_of(waiting.begin(), waiting.end(), same))
    waiting.push_back({std::move(file), std::move(sealed)});
}

Result<void> RunDirectory::publish(const std::string& checkpoint, std::uint64_t log_size,
                                   std::uint64_t height) {
  if (auto ok = publish_blocks(height); !ok) return ok;
  if (auto ok = publish_openings(log_size); !ok) return ok;
  if (auto ok = publish_tiles(log_size); !ok) return ok;
  if (auto ok = write("log/checkpoint.new", bytes_of(checkpoint)); !ok) return ok;
  std::error_code error;
  fs::rename(fs::path(path_) / "log/checkpoint.new", fs::path(path_) / "log/checkpoint", error);
  if (error) return failure(path_ + "/log/checkpoint: " + error.message());
  for (const std::string& old : obsolete_tiles(published_size_, log_size)) {
    const fs::path file = fs::path(path_) / "log" / old;
    fs::remove(file, error);
    fs::remove(file.parent_path(), error);  // a partial tile's folder, once it is empty
  }
  published_size_ = log_size;
  published_height_ = height;
  return {};
}

Result<void> RunDirectory::publish_blocks(std::uint64_t height) {
  std::map<std::string, Bytes> more;
  for (std::uint64_t h = published_height_ + 1; h <= height; ++h)
    ledger::append(more[market::block_file_path(h)], blocks_[h - 1]);
  for (const auto& [file, bytes] : more)
    if (auto ok = append("log/" + file, bytes); !ok) return ok;
  return {};
}

Result<void> RunDirectory::publish_tiles(std::uint64_t log_size) {
  for (const auto& [file, bytes] : changed_tiles(entries_, tree_, published_size_, log_size))
    if (auto ok = write("log/" + file, bytes); !ok) return ok;
  return {};
}

Result<void> RunDirectory::publish_openings(std::uint64_t log_size) {
  std::map<std::string, Bytes> more;
  const auto restricted_end = restricted_.lower_bound(log_size);
  for (auto it = restricted_.begin(); it != restricted_end; ++it)
    ledger::append(more[it->second.file], it->second.sealed);
  restricted_.erase(restricted_.begin(), restricted_end);
  const auto batches_end = batch_entries_.lower_bound(log_size);
  for (auto it = batch_entries_.begin(); it != batches_end; ++it) {
    for (const Waiting& w : personal_[it->second]) ledger::append(more[w.file], w.sealed);
    personal_.erase(it->second);
  }
  batch_entries_.erase(batch_entries_.begin(), batches_end);
  for (const auto& [file, bytes] : more)
    if (auto ok = append(file, bytes); !ok) return ok;
  return {};
}

}  // namespace twin
