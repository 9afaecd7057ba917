#pragma once
// The ledger of a finished run, taken up again from its directory: what erases and consents do to
// it. It grows by blocks that the twin's validators decide (twin/node/validator/next_block.hpp).

#include <functional>

#include "market/audit/openings.hpp"
#include "twin/node/validator/next_block.hpp"

namespace twin {

class RunLedger {
 public:
  // Reads log/ and openings/ below the directory, by the file sets that the host made of them.
  // The error names the file.
  static ledger::Result<RunLedger> load(const std::string& directory, const market::FileSet& log,
                                        const market::FileSet& openings,
                                        ledger::Verifier& verifier);

  const market::PublicLog& log() const { return log_; }
  const market::Openings& openings() const { return openings_; }

  struct Decided {
    std::uint64_t entry = 0, height = 0;
    std::map<ledger::Hash, ledger::Hash> state;  // after its block
  };
  // Decides a block with the transaction, publishes the grown log and archives the block's
  // openings, sealed for their accounts; those of `not_kept` stay in memory alone.
  tl::expected<Decided, NotDecided> decide(const ledger::Transaction& tx, const OperatorKeys& keys,
                                           const std::optional<ledger::AccountId>& not_kept = {});

  // What an interrupted erasure has left out: its opening follows from the record on the log.
  void put_back(std::uint64_t entry, ledger::Opening opening);
  // The state after the last block, as hashes.
  ledger::Result<std::map<ledger::Hash, ledger::Hash>> state() const;

  // Writes a restricted opening behind its account's others, once.
  ledger::Result<void> archive(const ledger::RestrictedContext& at,
                               const ledger::Opening& opening) const;

 private:
  RunLedger(std::string directory, ledger::Verifier& verifier)
      : directory_(std::move(directory)), verifier_(&verifier) {}
  ledger::Result<void> publish(const NextBlock& next) const;

  std::string directory_;
  ledger::Verifier* verifier_;
  market::PublicLog log_;
  market::Openings openings_;
};

}  // namespace twin
