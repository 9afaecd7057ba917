#pragma once
// The keys of a home's account in a run's directory: the secrets follow from the scenario that lies
// there, and which of them holds in a slot from the log's registration and key changes.

#include <vector>

#include "ledger/crypto/ed25519.hpp"
#include "market/entries/key_line.hpp"
#include "twin/store/run_ledger.hpp"

namespace app {

class AccountKeys {
 public:
  // The error names the directory, which has no such home or another one's registration.
  static ledger::Result<AccountKeys> load(const std::string& directory,
                                          const twin::RunLedger& ledger,
                                          const ledger::AccountId& account);

  // Of the key that holds in the slot; an error where it is none of the home's.
  ledger::Result<ledger::KeySeed> in(ledger::Slot slot) const;
  // The account's first one, however often it changed.
  const ledger::KeySeed& first() const { return seeds_.front(); }

 private:
  AccountKeys(market::KeyLine line, std::vector<ledger::KeySeed> seeds)
      : line_(std::move(line)), seeds_(std::move(seeds)) {}

  market::KeyLine line_;
  std::vector<ledger::KeySeed> seeds_;
};

}  // namespace app
