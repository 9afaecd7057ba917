#pragma once
// What a household signs with, in a file that only its owner can read: one line, "aipchain
// household 1", its account (32 hexadecimal digits), the account's secret and the month's
// restricted key (64 each), a blank between them.

#include <string>

#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/crypto/commitment.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace hil {

struct Household {
  ledger::AccountId account;
  ledger::KeySeed secret{};
  ledger::SubjectKey restricted_key{};
};

// Refuses to replace a file.
ledger::Result<void> write_household(const std::string& path, const Household& household);
// Refuses a file that others can read.
ledger::Result<Household> read_household(const std::string& path);

}  // namespace hil
