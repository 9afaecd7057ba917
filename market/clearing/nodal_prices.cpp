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
  bool buys = false, sells = false;  // anybody is filled

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

// By bus; the error names one that no price suits.
Result<std::vector<PriceRange>> ranges_of(std::span<const Order> orders,
                                          std::span<const std::uint32_t> buses,
                                          std::span<const WattHours> fills,
                                          std::span<const std::int64_t> net_wh) {
  std::vector<PriceRange> ranges(net_wh.size());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (fills[i].value == 0) continue;
    PriceRange& r = ranges[buses[i]];
    if (orders[i].side == Side::buy)
      r.high = std::min(r.high, orders[i].limit);
    else
      r.low = std::max(r.low, orders[i].limit);
    (orders[i].side == Side::buy ? r.buys : r.sells) = true;
  }
  for (std::size_t b = 0; b < ranges.size(); ++b) {
    if (ranges[b].low > ranges[b].high)
      return ledger::failure("no price suits all that trade at bus " + std::to_string(b));
    ranges[b].net_wh = net_wh[b];
  }
  return ranges;
}

NodalPrices stepped(std::span<const PriceRange> ranges) {
  const std::int64_t step = least_step(ranges);
  NodalPrices out{{}, from_thousandths(rent_at(ranges, step))};
  for (const PriceRange& r : ranges) out.by_bus.push_back(r.moved(step));
  return out;
}

// What is missing on one side is the whole book's.
void begin_in_the_middle(std::vector<PriceRange>& ranges) {
  Price asked{0}, bid = max_order_price;
  bool traded = false;
  for (const PriceRange& r : ranges) {
    if (r.sells) asked = std::max(asked, r.low);
    if (r.buys) bid = std::min(bid, r.high);
    traded = traded || r.buys || r.sells;
  }
  for (PriceRange& r : ranges) {
    const Price low = r.sells ? r.low : std::min(asked, r.high);
    const Price high = r.buys ? r.high : std::max(bid, r.low);
    r.price = {traded ? (low.value + high.value) / 2 : 0};
  }
}

}  // namespace

Result<NodalPrices> nodal_prices(std::span<const Order> orders,
                                 std::span<const std::uint32_t> buses,
                                 std::span<const WattHours> fills, std::span<const Wide> values,
                                 std::span<const std::int64_t> net_wh) {
  auto ranges = ranges_of(orders, buses, fills, net_wh);
  if (!ranges) return ledger::failure(ranges.error());
  for (std::size_t b = 0; b < ranges->size(); ++b) {
    PriceRange& r = (*ranges)[b];
    r.price = {static_cast<std::int64_t>(
        std::clamp<Wide>(floor_of(values[b]), r.low.value, r.high.value))};
  }
  return stepped(*ranges);
}

Result<NodalPrices> middle_prices(std::span<const Order> orders,
                                  std::span<const std::uint32_t> buses,
                                  std::span<const WattHours> fills,
                                  std::span<const std::int64_t> net_wh) {
  auto ranges = ranges_of(orders, buses, fills, net_wh);
  if (!ranges) return ledger::failure(ranges.error());
  begin_in_the_middle(*ranges);
  return stepped(*ranges);
}

}  // namespace market
