#include "market/clearing/nodal_prices.hpp"

#include <algorithm>
#include <string>

#include "market/clearing/grid_proposal.hpp"
#include "market/clearing/thousandths.hpp"

namespace market {

using ledger::Price;
using ledger::Result;
using ledger::WattHours;
using ledger::Wide;

namespace {

Wide floor_of(Wide value) {
  return value / value_scale - (value % value_scale != 0 && value < 0 ? 1 : 0);
}

// What one bus's price may be, and where it begins.
struct PriceRange {
  Price low{0}, high = max_order_price, price;
  std::int64_t net_wh = 0;

  Price moved(std::int64_t step) const {
    if (net_wh > 0) return {std::min(price.value + step, high.value)};
    if (net_wh < 0) return {std::max(price.value - step, low.value)};
    return price;
  }
};

Wide rent_at(std::span<const PriceRange> ranges, std::int64_t step) {
  Wide out = 0;
  for (const PriceRange& r : ranges) out += static_cast<Wide>(r.moved(step).value) * r.net_wh;
  return out;
}

// The least step at which there is no deficit; the widest one where there is none.
std::int64_t least_step(std::span<const PriceRange> ranges) {
  std::int64_t low = 0, high = max_order_price.value;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (rent_at(ranges, middle) >= 0)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

}  // namespace

Result<NodalPrices> nodal_prices(std::span<const Order> orders,
                                 std::span<const std::uint32_t> buses,
                                 std::span<const WattHours> fills, std::span<const Wide> values,
                                 std::span<const std::int64_t> net_wh) {
  std::vector<PriceRange> ranges(values.size());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (fills[i].value == 0) continue;
    PriceRange& r = ranges[buses[i]];
    if (orders[i].side == Side::buy)
      r.high = std::min(r.high, orders[i].limit);
    else
      r.low = std::max(r.low, orders[i].limit);
  }
  for (std::size_t b = 0; b < ranges.size(); ++b) {
    PriceRange& r = ranges[b];
    if (r.low > r.high)
      return ledger::failure("no price suits all that trade at bus " + std::to_string(b));
    r.net_wh = net_wh[b];
    r.price = {static_cast<std::int64_t>(
        std::clamp<Wide>(floor_of(values[b]), r.low.value, r.high.value))};
  }
  const std::int64_t step = least_step(ranges);
  NodalPrices out{{}, from_thousandths(rent_at(ranges, step))};
  for (const PriceRange& r : ranges) out.by_bus.push_back(r.moved(step));
  return out;
}

}  // namespace market
