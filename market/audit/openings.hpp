#pragma once
// An auditor's copy of the openings (openings/): unsealed with the auditor's own key.

#include <map>

#include "ledger/openings/sealed_record.hpp"
#include "market/audit/files.hpp"
#include "market/audit/public_log.hpp"

namespace market {

struct Openings {
  struct Keys {
    SymmetricKey restricted{}, personal{};
  };
  std::map<AccountId, Keys> keys;
  // By entry, then position in the transaction.
  std::map<std::uint64_t, std::map<std::uint16_t, Opening>> restricted;
  // By gateway and epoch, then meter.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::map<std::uint32_t, PersonalRecord>>
      personal;
};

// Opens every record of every file. The error names the file and the record.
Result<Openings> load_openings(const PublicLog& log, const FileSet& files);

}  // namespace market
