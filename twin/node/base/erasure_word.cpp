#include "twin/node/base/erasure_word.hpp"

#include "ledger/base/codec.hpp"

namespace twin {

using namespace ledger;

ErasedAccounts ErasureWord::hear(ValidatorId by, const ErasedAccounts& said) {
  const std::size_t liars = (validators_ - 1) / 3;
  ErasedAccounts fresh;
  for (const AccountId& account : said) {
    if (!own_.contains(account) || known_.contains(account)) continue;
    std::set<ValidatorId>& by_whom = said_[account];
    by_whom.insert(by);
    if (by_whom.size() > liars) fresh.insert(account);
  }
  for (const AccountId& account : fresh) {
    said_.erase(account);
    known_.insert(account);
  }
  return fresh;
}

void ErasureWord::resume(BytesView record) { known_ = accounts_of_record(record); }

Bytes ErasureWord::record() const {
  ByteWriter w;
  for (const AccountId& account : known_) w.raw(account.bytes);
  return w.take();
}

ErasedAccounts accounts_of_record(BytesView record) {
  if (record.size() % sizeof(AccountId) != 0) return {};
  ByteReader r(record);
  ErasedAccounts out;
  while (r.left() > 0) out.insert(AccountId{r.array<16>()});
  return out;
}

}  // namespace twin
