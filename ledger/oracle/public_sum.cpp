#include "ledger/oracle/public_sum.hpp"

#include <algorithm>
#include <cstdlib>

#include "ledger/base/amounts.hpp"

namespace ledger {

bool may_be_public(std::span<const std::int64_t> contributions) {
  std::size_t homes = 0;
  Wide sum = 0, most = 0;
  for (const std::int64_t c : contributions) {
    const Wide magnitude = c < 0 ? -static_cast<Wide>(c) : static_cast<Wide>(c);
    homes += magnitude > 0 ? 1 : 0;
    sum += magnitude;
    most = std::max(most, magnitude);
  }
  return homes >= least_contributions && 2 * most <= sum;
}

std::int64_t public_sum(std::span<const std::int64_t> contributions) {
  if (!may_be_public(contributions)) return hidden_sum;
  WattHours sum;  // of whatever unit: the sum is checked
  for (const std::int64_t c : contributions) sum += WattHours{c};
  return sum.value;
}

std::int64_t public_gateway_sum(std::span<const std::int64_t> contributions, std::size_t gateways) {
  return gateways == 1 ? public_sum(contributions) : hidden_sum;
}

}  // namespace ledger
