// The fee tree against brute force over all whole fills, and against the uniform auction.

#include <algorithm>
#include <cstdio>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "market/clearing/clearing.hpp"
#include "market/clearing/fee_tree.hpp"
#include "tests/market/every_fill.hpp"
#include "tests/support/setting.hpp"

using namespace market;
using ledger::Price;
using ledger::Rng;

namespace {

struct FeeCase {
  std::vector<Order> orders;
  std::vector<std::uint32_t> nodes;
  FeeTree tree;
};

FeeCase random_fee_case(Rng& rng, std::size_t orders, std::size_t nodes, std::uint64_t most_wh,
                        std::uint64_t most_fee) {
  FeeCase c;
  c.tree.resize(1);
  for (std::uint32_t n = 1; n < nodes; ++n)
    c.tree.push_back({static_cast<std::uint32_t>(rng.below(n)),
                      {static_cast<std::int64_t>(1000 * rng.below(most_fee + 1))},
                      {static_cast<std::int64_t>(1000 * rng.below(most_fee + 1))}});
  for (std::size_t i = 0; i < orders; ++i) {
    Order o;
    const auto bytes = rng.bytes32();
    std::copy_n(bytes.begin(), o.id.bytes.size(), o.id.bytes.begin());
    o.side = rng.chance(0.5) ? Side::buy : Side::sell;
    o.energy = {1 + static_cast<std::int64_t>(rng.below(most_wh))};
    o.limit = {static_cast<std::int64_t>(1000 * rng.below(12))};
    c.orders.push_back(o);
    c.nodes.push_back(static_cast<std::uint32_t>(rng.below(nodes)));
  }
  return c;
}

// Thousandths of a micro-euro of these net purchases' ways.
std::int64_t fees_of(const FeeTree& tree, std::vector<std::int64_t> net) {
  std::int64_t fees = 0;
  for (std::size_t n = tree.size(); n-- > 1;) {
    fees += net[n] > 0 ? net[n] * tree[n].down.value : -net[n] * tree[n].up.value;
    net[tree[n].parent] += net[n];
  }
  return fees;
}

std::int64_t best_by_trying(const FeeCase& c) {
  const auto value = [&](std::span<const std::int64_t> net, std::int64_t worth) {
    return worth - fees_of(c.tree, {net.begin(), net.end()});
  };
  return market_test::EveryFill(c.orders, c.nodes, c.tree.size(), value).best();
}

// The fee of one kWh from the seller's node to the buyer's.
std::int64_t way(const FeeTree& tree, std::uint32_t seller, std::uint32_t buyer) {
  std::int64_t fee = 0;
  while (seller != buyer) {
    if (seller > buyer) {
      fee += tree[seller].up.value;
      seller = tree[seller].parent;
    } else {
      fee += tree[buyer].down.value;
      buyer = tree[buyer].parent;
    }
  }
  return fee;
}

// Duality of linear programs: prices that differ by no more than the edges' fees bound all welfare,
// thousandths of a micro-euro, from above.
std::int64_t bound_of(const FeeCase& c, const std::vector<Price>& prices) {
  for (std::size_t n = 1; n < c.tree.size(); ++n) {
    const Price above = prices[c.tree[n].parent];
    CHECK(prices[n] <= above + c.tree[n].down);
    CHECK(prices[n] >= above - c.tree[n].up);
  }
  std::int64_t bound = 0;
  for (std::size_t i = 0; i < c.orders.size(); ++i) {
    const std::int64_t beyond = c.orders[i].limit.value - prices[c.nodes[i]].value;
    const bool buys = c.orders[i].side == Side::buy;
    bound += c.orders[i].energy.value * std::max<std::int64_t>(buys ? beyond : -beyond, 0);
  }
  return bound;
}

// What every result holds, and that there is no better one.
void check_fee_result(const FeeCase& c, const FeeTreeClearing& r) {
  std::vector<std::int64_t> net(c.tree.size()), traded(c.orders.size());
  std::int64_t balance = 0, paid = 0;
  for (std::size_t i = 0; i < c.orders.size(); ++i) {
    const std::int64_t wh = r.fills[i].value, price = r.prices[c.nodes[i]].value;
    const std::int64_t sign = c.orders[i].side == Side::buy ? 1 : -1;
    CHECK((wh >= 0 && wh <= c.orders[i].energy.value));
    if (wh > 0) CHECK(sign * (c.orders[i].limit.value - price) >= 0);
    net[c.nodes[i]] += sign * wh;
    balance += sign * wh;
    paid += sign * wh * price;
  }
  CHECK(balance == 0);
  CHECK(r.welfare == welfare_of(c.orders, r.fills));
  CHECK((r.welfare - r.fees).value == bound_of(c, r.prices) / 1000);
  CHECK(paid == fees_of(c.tree, net));
  for (const Trade& t : r.trades) {
    CHECK(t.fee.value == way(c.tree, c.nodes[t.seller], c.nodes[t.buyer]));
    CHECK(t.price + t.fee == r.prices[c.nodes[t.buyer]]);
    traded[t.buyer] += t.energy.value;
    traded[t.seller] += t.energy.value;
  }
  for (std::size_t i = 0; i < c.orders.size(); ++i) CHECK(traded[i] == r.fills[i].value);
}

// scripts/campaign nodal asks for ten times as many.
std::uint64_t fee_rounds(std::uint64_t few) {
  return few * test::setting("AIPCHAIN_BOOKS", 1000) / 1000;
}

}  // namespace

TEST_CASE("fee tree: welfare is brute force's") {
  int with_fees = 0;
  for (std::uint64_t seed = 1; seed <= fee_rounds(1000); ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const FeeCase c = random_fee_case(rng, 1 + rng.below(8), 1 + rng.below(6), 3, seed % 4);
    const FeeTreeClearing r = clear_fee_tree(c.orders, c.nodes, c.tree);
    check_fee_result(c, r);
    CHECK((r.welfare - r.fees).value == best_by_trying(c) / 1000);
    with_fees += r.fees.value > 0;
  }
  std::printf("fee tree: in %d of %d books trades pay fees\n", with_fees,
              static_cast<int>(fee_rounds(1000)));
  CHECK(with_fees > 100);
}

TEST_CASE("fee tree: larger books in deeper trees hold every limit, and fees add up") {
  for (std::uint64_t seed = 1; seed <= fee_rounds(100); ++seed) {
    CAPTURE(seed);
    Rng rng = Rng(seed).fork("large");
    const FeeCase c = random_fee_case(rng, 300, 60, 2000, 2);
    check_fee_result(c, clear_fee_tree(c.orders, c.nodes, c.tree));
  }
}

TEST_CASE("fee tree: without fees it is the uniform auction") {
  for (std::uint64_t seed = 1; seed <= fee_rounds(300); ++seed) {
    CAPTURE(seed);
    Rng rng = Rng(seed).fork("uniform");
    const FeeCase c = random_fee_case(rng, rng.below(40), 5, 500, 0);
    const FeeTreeClearing r = clear_fee_tree(c.orders, c.nodes, c.tree);
    const Clearing uniform = clear(Mechanism::uniform, c.orders, {});
    CHECK(r.volume == uniform.volume);
    CHECK(r.welfare == uniform.welfare);
    if (uniform.price)
      for (const Price p : r.prices) CHECK(p == *uniform.price);
  }
}

TEST_CASE("fee tree: a trade that relieves pays less, and one between streets more") {
  // A transformer with two streets. Street 1 feeds in (up), street 2 draws.
  FeeTree tree{{0, {}, {}}, {0, {}, {}}, {0, {}, {}}};
  set_directional_fees(tree, std::vector<Price>{{0}, {40'000}, {40'000}},
                       std::vector<std::int64_t>{0, -5000, 5000}, 25);
  CHECK(tree[1].up.value == 40'000);
  CHECK(tree[1].down.value == 10'000);
  CHECK(tree[2].up.value == 10'000);
  CHECK(tree[2].down.value == 40'000);
  std::vector<Order> orders(2);
  orders[0].side = Side::sell;
  orders[0].energy = orders[1].energy = {1000};
  orders[0].limit = {100'000};
  orders[1].limit = {170'000};
  orders[1].id.bytes[0] = 1;
  const auto fees = [&](std::uint32_t seller, std::uint32_t buyer) {
    const std::vector<std::uint32_t> nodes{seller, buyer};
    return clear_fee_tree(orders, nodes, tree);
  };
  CHECK(fees(1, 1).fees.value == 0);       // in one street
  CHECK(fees(2, 1).fees.value == 20'000);  // against both flows
  CHECK(fees(1, 2).volume.value == 0);     // with both: 0.08 EUR/kWh, and only 0.07 to be had
  orders[1].limit = {180'000};
  const FeeTreeClearing with = fees(1, 2);
  REQUIRE(with.trades.size() == 1);
  CHECK(with.trades[0].price.value == 100'000);
  CHECK(with.trades[0].fee.value == 80'000);
}

TEST_CASE("fee tree: what is out of form is named") {
  CHECK(check_fee_tree({{0, {}, {}}}).empty());
  CHECK(check_fee_tree({}).find("nodes") != std::string::npos);
  CHECK(check_fee_tree({{0, {1}, {}}}).find("root") != std::string::npos);
  CHECK(check_fee_tree({{0, {}, {}}, {1, {}, {}}}).find("parent") != std::string::npos);
  CHECK(check_fee_tree({{0, {}, {}}, {0, {-1}, {}}}).find("fee of") != std::string::npos);
}
