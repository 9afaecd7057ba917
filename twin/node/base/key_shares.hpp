#pragma once
// Shares of subjects' root keys as their holder keeps them: each key split 2 of 3
// (ledger/crypto/secret_sharing.hpp). Two shares give the key back, one tells nothing of it.
//
// A line an account, sorted: account, the share's number (1 to 3), 64 hexadecimal digits, with a
// space between. A share is its holder's secret, like a key.

#include <map>
#include <string>
#include <string_view>

#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/crypto/secret_sharing.hpp"

namespace twin {

using HeldShares = std::map<ledger::AccountId, ledger::KeyShare>;

std::string encode(const HeldShares& shares);
// The error begins with the line.
ledger::Result<HeldShares> decode_shares(std::string_view text);

}  // namespace twin
