#pragma once
// Which contracts of a gateway's homes are on the ledger, by at least one honest validator's word:
// of each meter and template the newest number that f + 1 of them reach. It is kept in memory
// alone: who asks again is told again.

#include "twin/node/base/messages.hpp"

namespace twin {

class ContractWord {
 public:
  explicit ContractWord(std::uint32_t validators) : validators_(validators) {}

  // One validator's word of meters that are the gateway's; what is known by it that was not before.
  ContractsOnLedger hear(ledger::ValidatorId by, const ContractsOnLedger& said);
  // 0 where nothing is known.
  std::uint32_t newest(ledger::MeterId meter, market::Template of) const;

 private:
  std::uint32_t validators_;
  ContractsOnLedger known_;
  std::map<ContractsOnLedger::key_type, std::map<ledger::ValidatorId, std::uint32_t>> said_;
};

}  // namespace twin
