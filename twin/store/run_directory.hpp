#pragma once
// A run's directory on disk: the public ledger under log/ (log_directory.hpp), sealed openings
// under openings/, and the files beside them.
//
//   openings/auditor       hexadecimal secret of the auditor's box: this directory is their copy
//   openings/keys          a line an account, sorted: account, wrapped restricted and personal key
//   vault/...                            root keys in shares: twin/store/vault.hpp
//   records/<account>.ocmf               what its charging station signed, a record a line, not
//   sealed openings/restricted/<account>, openings/personal/<account>
//   ledger/openings/sealed_record.hpp

#include <map>
#include <string>
#include <vector>

#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/oracle/batch.hpp"
#include "twin/node/base/identity.hpp"
#include "twin/store/log_directory.hpp"

namespace twin {

inline std::string signed_records_of(const ledger::AccountId& account) {
  return "records/" + ledger::to_hex(account.bytes) + ".ocmf";
}

class RunDirectory {
 public:
  // `path` must not exist or be empty. Writes what stands before the first block.
  static ledger::Result<RunDirectory> create(const std::string& path,
                                             const ledger::Genesis& genesis,
                                             const Identities& identities);

  const std::string& path() const { return path_; }

  // A decided block and its certificate.
  void add_block(const ledger::Block& block, ledger::BytesView certificate);
  // A record for an account's file; it is written once its entry is published.
  void add_restricted(const ledger::AccountId& account, std::uint64_t entry, ledger::Bytes sealed);
  void add_personal(const ledger::AccountId& account, ledger::GatewayId gateway,
                    std::uint32_t epoch, ledger::Bytes sealed);

  // Writes the log up to this checkpoint and the openings of its entries.
  ledger::Result<void> publish(const std::string& checkpoint, std::uint64_t log_size,
                               std::uint64_t height);

  ledger::Result<void> write(const std::string& name, ledger::BytesView bytes) const;
  ledger::Result<void> append(const std::string& name, ledger::BytesView bytes) const;

 private:
  RunDirectory(std::string path, LogDirectory log) : path_(std::move(path)), log_(std::move(log)) {}
  ledger::Result<void> write_keys(const ledger::Genesis& genesis, const Identities& identities);
  ledger::Result<void> publish_openings(std::uint64_t log_size);

  struct Waiting {
    std::string file;
    ledger::Bytes sealed;
  };
  std::string path_;
  LogDirectory log_;
  std::multimap<std::uint64_t, Waiting> restricted_;  // by entry
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Waiting>> personal_;
  std::multimap<std::uint64_t, std::pair<std::uint32_t, std::uint32_t>> batch_entries_;
};

}  // namespace twin
