#include "twin/node/operator/fee_announcer.hpp"

#include <algorithm>

namespace twin {

using namespace ledger;

namespace {

constexpr int said_again_after = 2;  // minutes

}  // namespace

FeeAnnouncer::FeeAnnouncer(const Genesis& genesis, Signer& grid_operator)
    : chain_id_(chain_id_of(genesis)),
      grid_fee_(genesis.grid_fee),
      retail_buy_(genesis.retail_buy),
      signer_(&grid_operator) {}

std::int32_t FeeAnnouncer::within_bounds(std::int64_t fee) const {
  return static_cast<std::int32_t>(
      std::clamp(fee, -grid_fee_.value, market::max_order_price.value - retail_buy_.value));
}

std::optional<Transaction> FeeAnnouncer::announce(Slot running, std::vector<std::int64_t>& fees) {
  if (fees.empty()) return std::nullopt;
  minute_ = minute_ < 0 || running != running_ ? 0 : minute_ + 1;
  running_ = running;
  const Slot next{running.value + 1};
  if (!fixed_.has(next) && fees.size() > 1) fixed_.add({next, {within_bounds(fees[1])}, {}});
  fees[0] = fixed_.in(running);
  if (fees.size() > 1) fees[1] = fixed_.in(next);
  while (!fixed_.all().empty() && fixed_.all().begin()->first < running.value)
    fixed_.drop({fixed_.all().begin()->first});
  if (fixed_.in(next) == 0 || (minute_ != 0 && minute_ != said_again_after)) return std::nullopt;
  return market::fee_change_of(chain_id_, next, {fixed_.in(next)}, *signer_);
}

}  // namespace twin
