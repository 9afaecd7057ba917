// Prices and rent at the buses of a grid-aware clearing: the range of each, and the step that keeps
// the grid operator from paying.

#include <doctest/doctest.h>

#include "market/clearing/grid_proposal.hpp"
#include "market/clearing/nodal_prices.hpp"

using namespace market;
using ledger::Price;
using ledger::WattHours;
using ledger::Wide;

namespace {

// Each order at its bus, filled as given; values in micro-euro per kWh, a half more.
struct Priced {
  std::vector<Order> orders;
  std::vector<std::uint32_t> buses;
  std::vector<WattHours> fills;

  void add(std::uint32_t bus, Side side, std::int64_t limit, std::int64_t fill) {
    Order o;
    o.side = side;
    o.energy = {1000};
    o.limit = {limit};
    orders.push_back(o);
    buses.push_back(bus);
    fills.push_back({fill});
  }
  ledger::Result<NodalPrices> at(std::vector<std::int64_t> values) const {
    std::vector<Wide> exact;
    for (const std::int64_t v : values) exact.push_back(v * Wide{value_scale} + value_scale / 2);
    std::vector<std::int64_t> net(values.size());
    for (std::size_t i = 0; i < orders.size(); ++i)
      net[buses[i]] += (orders[i].side == Side::buy ? 1 : -1) * fills[i].value;
    return nodal_prices(orders, buses, fills, exact, net);
  }
  std::vector<std::int64_t> prices(std::vector<std::int64_t> values) const {
    const auto found = at(std::move(values));
    REQUIRE(found);
    std::vector<std::int64_t> out;
    for (const Price p : found->by_bus) out.push_back(p.value);
    return out;
  }
};

using Prices = std::vector<std::int64_t>;

// Bus 0 sells to bus 1.
Priced over_a_line() {
  Priced p;
  p.add(0, Side::sell, 10, 100);
  p.add(1, Side::buy, 30, 100);
  return p;
}

}  // namespace

TEST_CASE("nodal prices: values are rounded down and brought between the limits filled there") {
  const Priced p = over_a_line();
  CHECK(p.prices({12, 25}) == Prices{12, 25});
  CHECK(p.prices({9, 31}) == Prices{10, 30});
  CHECK(p.prices({-5, 25}) == Prices{10, 25});
  CHECK(p.at({12, 25})->rent.value == 1);  // 13 micro-euro a kWh for 100 Wh
  Priced none;
  CHECK(none.prices({-1, -7, 3}) == Prices{0, 0, 3});
  Priced crossed = over_a_line();
  crossed.add(1, Side::sell, 31, 1);
  const auto refused = crossed.at({12, 25});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == "no price suits all that trade at bus 1");
}

TEST_CASE("nodal prices: no price is above the highest that an order may name") {
  const std::int64_t most = max_order_price.value;
  const Priced p = over_a_line();
  CHECK(p.prices({10, 4 * most}) == Prices{10, 30});
  Priced dear;
  dear.add(0, Side::sell, most, 5);
  dear.add(1, Side::buy, most, 5);
  CHECK(dear.prices({most + 7, most}) == Prices{most, most});
  CHECK(dear.prices({most + 7, most, 3 * most}) == Prices{most, most, most});  // one without orders
}

TEST_CASE("nodal prices: a rent below 0 moves prices by the least step that ends it") {
  const Priced p = over_a_line();
  CHECK(p.prices({25, 20}) == Prices{22, 23});  // 3 each way
  CHECK(p.at({25, 20})->rent.value == 0);
  CHECK(p.prices({25, 21}) == Prices{23, 23});
  CHECK(p.prices({20, 20}) == Prices{20, 20});
  // Who has no room to move stays where its limit is; the others move for it.
  Priced held = over_a_line();
  held.add(0, Side::sell, 25, 100);
  held.add(2, Side::buy, 40, 100);
  CHECK(held.prices({26, 20, 27}) == Prices{25, 22, 29});
  // A bus that trades with nobody else keeps its own price.
  held.add(3, Side::buy, 50, 70);
  held.add(3, Side::sell, 5, 70);
  CHECK(held.prices({26, 20, 27, 11}) == Prices{25, 22, 29, 11});
}

TEST_CASE("nodal prices: where no price ends a deficit, it is the least that limits permit") {
  Priced p;
  p.add(0, Side::sell, 24, 1000);
  p.add(1, Side::buy, 21, 1000);
  CHECK(p.prices({30, 20}) == Prices{24, 21});
  CHECK(p.at({30, 20})->rent.value == -3);
}

TEST_CASE("nodal prices: from fills alone they begin in the middle of what is filled") {
  const auto middle = [](const Priced& p, std::size_t buses) {
    std::vector<std::int64_t> net(buses);
    for (std::size_t i = 0; i < p.orders.size(); ++i)
      net[p.buses[i]] += (p.orders[i].side == Side::buy ? 1 : -1) * p.fills[i].value;
    const auto found = middle_prices(p.orders, p.buses, p.fills, net);
    REQUIRE(found);
    CHECK(found->rent.value >= 0);
    std::vector<std::int64_t> out;
    for (const Price price : found->by_bus) out.push_back(price.value);
    return out;
  };
  CHECK(middle(Priced{}, 2) == Prices{0, 0});
  Priced p = over_a_line();
  CHECK(middle(p, 3) == Prices{20, 20, 20});
  // A bus with both limits has its own middle; of one with a single one the other is the book's.
  p.add(2, Side::buy, 70, 8);
  p.add(2, Side::sell, 21, 8);
  CHECK(middle(p, 4) == Prices{20, 25, 45, 25});
  // And its own, where these would cross.
  p.add(3, Side::sell, 31, 100);
  p.add(1, Side::buy, 90, 100);
  CHECK(middle(p, 4) == Prices{20, 30, 45, 31});
}
