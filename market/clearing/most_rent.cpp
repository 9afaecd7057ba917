#include "market/clearing/most_rent.hpp"

#include "market/clearing/thousandths.hpp"

namespace market {

using ledger::Wide;

MostRent::MostRent(std::span<const OrderGroup> groups, std::uint32_t buses,
                   std::span<const std::int64_t> fills)
    : groups_(groups), at_(buses) {
  for (std::size_t g = 0; g < groups.size(); ++g) {
    AtBus& at = at_[groups[g].bus];
    if (at.end == 0) at.first = g;
    at.end = g + 1;
    at.net_wh += groups[g].side == Side::buy ? fills[g] : -fills[g];
  }
  for (AtBus& at : at_) {
    find(at, fills);
    count(at, 1);
  }
}

// The filled buyer that bids least, and the filled seller that asks most.
std::int64_t MostRent::find(AtBus& at, std::span<const std::int64_t> fills) const {
  std::size_t buyer = at.first, seller = at.end;
  const auto buys = [&](std::size_t g) { return groups_[g].side == Side::buy; };
  while (buyer < at.end && buys(buyer) && fills[buyer] == 0) ++buyer;
  while (seller > at.first && !buys(seller - 1) && fills[seller - 1] == 0) --seller;
  std::int64_t low = 0, high = max_order_price.value;
  if (buyer < at.end && buys(buyer)) high = groups_[buyer].limit.value;
  if (seller > at.first && !buys(seller - 1)) low = groups_[seller - 1].limit.value;
  at.crossed = low > high;
  at.rent = Wide{at.net_wh > 0 ? high : low} * at.net_wh;
  return static_cast<std::int64_t>(buyer - at.first + (at.end - seller) + 1);
}

void MostRent::count(const AtBus& at, int sign) {
  rent_ += sign * at.rent;
  crossed_ += at.crossed ? sign : 0;
}

std::int64_t MostRent::update(std::uint32_t bus, std::int64_t more_wh,
                              std::span<const std::int64_t> fills) {
  AtBus& at = at_[bus];
  count(at, -1);
  at.net_wh += more_wh;
  const std::int64_t looked = find(at, fills);
  count(at, 1);
  return looked;
}

bool MostRent::pays() const { return crossed_ == 0 && from_thousandths(rent_).value >= 0; }

}  // namespace market
