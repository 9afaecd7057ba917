#include "twin/node/base/contract_word.hpp"

#include <algorithm>

namespace twin {

using namespace ledger;

ContractsOnLedger ContractWord::hear(ValidatorId by, const ContractsOnLedger& said) {
  const std::size_t liars = (validators_ - 1) / 3;
  ContractsOnLedger fresh;
  for (const auto& [place, number] : said) {
    auto& by_whom = said_[place];
    by_whom[by] = std::max(by_whom[by], number);
    std::vector<std::uint32_t> all;
    for (const auto& [validator, its] : by_whom) all.push_back(its);
    if (all.size() <= liars) continue;
    std::sort(all.rbegin(), all.rend());
    std::uint32_t& known = known_[place];
    if (all[liars] > known) fresh[place] = known = all[liars];
  }
  return fresh;
}

std::uint32_t ContractWord::newest(MeterId meter, market::Template of) const {
  const auto at = known_.find({meter, of});
  return at == known_.end() ? 0 : at->second;
}

}  // namespace twin
