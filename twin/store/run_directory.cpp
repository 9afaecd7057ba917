#include "twin/store/run_directory.hpp"

#include <algorithm>
#include <filesystem>

#include "ledger/base/codec.hpp"
#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/seal.hpp"
#include "ledger/crypto/sha256.hpp"
#include "market/clearing/mechanism.hpp"
#include "market/entries/journal.hpp"
#include "market/settlement/concentration.hpp"
#include "twin/store/vault.hpp"

namespace twin {

using namespace ledger;
namespace fs = std::filesystem;

namespace {

// The grid operator has openings where trade heeds a feeder, and no personal data: a key stands in
// the place of theirs because a line has two.
bool has_operator_openings(const Genesis& genesis) {
  const auto acting = market::acting_named(genesis.mechanism);
  return acting && market::needs_feeder(acting->mechanism);
}

SubjectKey key_of_nothing(const SubjectKey& restricted_key) {
  return sha256({bytes_of("aipchain no personal data 1"), restricted_key});
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
  auto log = LogDirectory::open(path + "/log", genesis);
  if (!log) return failure(log.error());
  RunDirectory dir(path, std::move(*log));
  if (auto ok = dir.write_keys(genesis, identities); !ok) return failure(ok.error());
  return dir;
}

Result<void> RunDirectory::write_keys(const Genesis& genesis, const Identities& identities) {
  std::vector<std::string> lines;
  std::map<AccountId, SubjectKey> root_keys;
  const auto wrap = [&](const SubjectKey& key) {
    return to_hex(wrap_key(key, genesis.auditor_box, ephemeral_of(key)));
  };
  const auto add = [&](const AccountId& account, const SubjectKey& restricted,
                       const SubjectKey& personal) {
    lines.push_back(to_hex(account.bytes) + " " + wrap(restricted) + " " + wrap(personal) + "\n");
  };
  for (const MeterIdentity& m : identities.meters) {
    root_keys.emplace(m.account, m.root_key);
    add(m.account, m.restricted_key, m.personal_key);
  }
  if (has_operator_openings(genesis))
    add(market::grid_operator, identities.grid_operator_key,
        key_of_nothing(identities.grid_operator_key));
  std::sort(lines.begin(), lines.end());
  std::string keys;
  for (const std::string& line : lines) keys += line;
  if (auto ok = write_shares(path_, root_keys); !ok) return ok;
  if (auto ok = write("openings/keys", bytes_of(keys)); !ok) return ok;
  return write("openings/auditor", bytes_of(to_hex(identities.auditor_seed) + "\n"));
}

Result<void> RunDirectory::write(const std::string& name, BytesView bytes) const {
  return put_file(path_ + "/" + name, bytes, false);
}

Result<void> RunDirectory::append(const std::string& name, BytesView bytes) const {
  return put_file(path_ + "/" + name, bytes, true);
}

void RunDirectory::add_block(const Block& block, BytesView certificate) {
  for (std::size_t k = 0; k < block.transactions.size(); ++k) {
    if (const auto batches = market::batches_of(block.transactions[k]))
      for (const market::BatchEntry& b : *batches)
        batch_entries_.emplace(log_.entries() + k, std::pair{b.batch.gateway.value, b.batch.epoch});
  }
  log_.add_block(block, certificate);
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

// Openings first: who sees the checkpoint finds those of its entries.
Result<void> RunDirectory::publish(const std::string& checkpoint, std::uint64_t log_size,
                                   std::uint64_t height) {
  if (auto ok = publish_openings(log_size); !ok) return ok;
  return log_.publish(checkpoint, log_size, height);
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
