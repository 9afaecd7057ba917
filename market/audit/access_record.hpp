#pragma once
// One record of openings/access: market/audit/access_log.hpp says what it means.

#include "ledger/base/amounts.hpp"
#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace market {

struct Access {
  ledger::AccountId account;
  ledger::PublicKey reader{};
  std::uint8_t purpose = 0;
  ledger::Slot first_slot, end_slot;
  std::uint64_t log_size = 0;
  std::uint32_t readings = 0;
};

ledger::Bytes encode(const std::vector<Access>& accesses);
// The error names the record by number.
ledger::Result<std::vector<Access>> decode_accesses(ledger::BytesView file);

}  // namespace market
