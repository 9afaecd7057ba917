#pragma once
// An auditor's copy of the openings (openings/): unsealed with the auditor's own key.

#include <map>

#include "ledger/openings/sealed_record.hpp"
#include "market/audit/access_record.hpp"
#include "market/audit/erased_openings.hpp"
#include "market/audit/files.hpp"
#include "market/audit/public_log.hpp"

namespace market {

struct Openings {
  struct Keys {
    SymmetricKey restricted{}, personal{};
    bool personal_destroyed = false;
  };
  std::map<AccountId, Keys> keys;
  // By entry, then position in the transaction.
  std::map<std::uint64_t, std::map<std::uint16_t, Opening>> restricted;
  // By gateway and epoch, then meter.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::map<std::uint32_t, PersonalRecord>>
      personal;
  ErasedOpenings erased;
  std::vector<Access> accesses;
};

// The leaves of a transaction's openings by position, those of erased ones among them.
std::vector<Hash> opening_leaves(const Openings& openings, std::uint64_t entry);
// The leaves of a batch's meter records by rising meter, those of erased ones among them.
std::map<std::uint32_t, Hash> record_leaves(const Openings& openings, GatewayId gateway,
                                            std::uint32_t epoch);

// Opens every record of every file. The error names the file and the record.
Result<Openings> load_openings(const PublicLog& log, const FileSet& files);

}  // namespace market
