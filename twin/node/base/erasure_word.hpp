#pragma once
// Which of a gateway's accounts are erased, by at least one honest validator's word: f + 1 of them
// said so. What is known is kept as a record (RecordKind::erased: accounts 16 each, rising) and
// never taken back.

#include "ledger/base/ids.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

class ErasureWord {
 public:
  ErasureWord(std::uint32_t validators, ErasedAccounts own)
      : validators_(validators), own_(std::move(own)) {}

  // One validator's word; what is known by it that was not before. Accounts of others count
  // nothing.
  ErasedAccounts hear(ledger::ValidatorId by, const ErasedAccounts& said);

  // Of a life before. A record that is none leaves nothing known: validators say it again.
  void resume(ledger::BytesView record);
  ledger::Bytes record() const;
  const ErasedAccounts& known() const { return known_; }

 private:
  std::uint32_t validators_;
  ErasedAccounts own_, known_;
  std::map<ledger::AccountId, std::set<ledger::ValidatorId>> said_;
};

// The accounts of such a record; none where it is none.
ErasedAccounts accounts_of_record(ledger::BytesView record);

}  // namespace twin
