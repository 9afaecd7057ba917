#pragma once
// What the public log's settlements say of price and volume, on its way to homes, which read no
// log: each validator tells its gateways the body of a settlement that it has executed. A gateway
// believes it on at least one honest validator's word, f + 1 that say the same, and passes it on
// once. Slots come in rising order; one that arrives behind a later one is not passed on, nor is
// one that a gateway missed while it was down: homes then know less, and nothing wrong.

#include <deque>
#include <map>
#include <optional>

#include "ledger/base/shared_bytes.hpp"
#include "market/entries/slot_entries.hpp"

namespace twin {

class SettledWord {
 public:
  explicit SettledWord(std::uint32_t validators) : validators_(validators) {}

  // Whether a settlement is known by one validator's word that was not before. Of a validator the
  // last `words` count.
  ledger::Result<bool> hear(ledger::ValidatorId by, ledger::BytesView body);

 private:
  static constexpr std::size_t words = 4;

  std::uint32_t validators_;
  std::optional<ledger::Slot> newest_;  // that is known
  std::map<ledger::ValidatorId, std::deque<ledger::Bytes>> said_;
};

}  // namespace twin
