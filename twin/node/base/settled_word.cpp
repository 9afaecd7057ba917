#include "twin/node/base/settled_word.hpp"

#include <algorithm>

namespace twin {

using namespace ledger;

Result<bool> SettledWord::hear(ValidatorId by, BytesView body) {
  const auto settlement = market::decode_settlement_body(body);
  if (!settlement) return failure(settlement.error());
  std::deque<Bytes>& own = said_[by];
  own.emplace_back(body.begin(), body.end());
  if (own.size() > words) own.pop_front();
  if (newest_ && settlement->slot <= *newest_) return false;
  const auto agree = std::count_if(said_.begin(), said_.end(), [&](const auto& said) {
    const auto& [validator, all] = said;
    return std::any_of(all.begin(), all.end(),
                       [&](const Bytes& b) { return std::ranges::equal(b, body); });
  });
  const std::size_t liars = (validators_ - 1) / 3;
  if (static_cast<std::size_t>(agree) <= liars) return false;
  newest_ = settlement->slot;
  return true;
}

}  // namespace twin
