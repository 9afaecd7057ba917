#pragma once
// The vault below a directory: who holds which shares of subjects' root keys. In the field each
// holder has its own file, a household one of its own line; a twin's directory holds all three:
// vault/household, vault/operator and vault/trustee (twin/node/base/key_shares.hpp).

#include <array>

#include "twin/node/base/key_shares.hpp"

namespace twin {

inline constexpr std::array share_holders{"household", "operator", "trustee"};

// Splits root keys and writes the holders' files, which their owner alone may read. The keys
// themselves make what is random about it, so that runs repeat.
ledger::Result<void> write_shares(const std::string& directory,
                                  const std::map<ledger::AccountId, ledger::SubjectKey>& root_keys);

// Every share of the account that lies in the directory; nothing where there are none.
ledger::Result<void> destroy_shares(const std::string& directory, const ledger::AccountId& account);

}  // namespace twin
