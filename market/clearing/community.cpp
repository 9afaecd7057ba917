#include "market/clearing/community.hpp"

#include <algorithm>
#include <map>

#include "market/clearing/merit_order.hpp"

namespace market {

using namespace ledger;

namespace {

WattHours energy_of(std::span<const Order> orders, std::span<const std::uint32_t> at) {
  WattHours sum;
  for (const std::uint32_t i : at) sum += orders[i].energy;
  return sum;
}

std::vector<std::uint32_t> who_accepts(std::span<const Order> orders, Side side, Price price) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < orders.size(); ++i)
    if (orders[i].side == side &&
        (side == Side::buy ? orders[i].limit >= price : orders[i].limit <= price))
      out.push_back(i);
  return out;
}

// By a static key; gives what was taken.
WattHours share_equally(std::span<const Order> orders, std::span<const std::uint32_t> buyers,
                        WattHours offered, std::vector<WattHours>& fills) {
  std::map<AccountId, std::vector<std::uint32_t>> by_account;
  for (const std::uint32_t i : buyers) by_account[orders[i].account].push_back(i);
  const auto accounts = static_cast<std::int64_t>(by_account.size());
  std::int64_t left = accounts == 0 ? 0 : offered.value % accounts;
  WattHours taken;
  for (const auto& [account, at] : by_account) {
    const WattHours share{offered.value / accounts + (left-- > 0 ? 1 : 0)};
    const WattHours takes = std::min(share, energy_of(orders, at));
    share_by_energy(orders, at, takes, fills);
    taken += takes;
  }
  return taken;
}

}  // namespace

CommunityEnergy community_energy(std::span<const Order> orders, const ClearingTerms& terms) {
  CommunityEnergy out;
  for (const Order& o : orders) {
    if (o.side == Side::sell && o.limit <= terms.ceiling) out.supply += o.energy;
    if (o.side == Side::buy && o.limit >= terms.floor) out.demand += o.energy;
  }
  return out;
}

Clearing shared_at(Price price, std::span<const Order> orders, SharingKey key) {
  Clearing out;
  out.fills.resize(orders.size());
  const auto buyers = who_accepts(orders, Side::buy, price);
  const auto sellers = who_accepts(orders, Side::sell, price);
  const WattHours offered = energy_of(orders, sellers);
  if (key == SharingKey::static_key) {
    out.volume = share_equally(orders, buyers, offered, out.fills);
  } else {
    out.volume = std::min(offered, energy_of(orders, buyers));
    share_by_energy(orders, buyers, out.volume, out.fills);
  }
  share_by_energy(orders, sellers, out.volume, out.fills);
  if (out.volume.value > 0) out.price = price;
  return out;
}

}  // namespace market
