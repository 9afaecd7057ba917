#include <algorithm>
#include <doctest/doctest.h>
#include <set>

#include "market/clearing/proportional_shares.hpp"
#include "market/settlement/deal_settlement.hpp"
#include "market/settlement/statement_ledger.hpp"
#include "tests/market/book_support.hpp"

using namespace ledger;
using namespace market;
using namespace market_test;

namespace {

constexpr Tariff fees{{300'000}, {80'000}, {90'000}, {30'000}, {50'000}};

Deal deal(std::uint8_t buyer, std::uint8_t seller, std::int64_t wh, std::int64_t price,
          std::int64_t seller_price = -1) {
  const auto of_seller = static_cast<std::uint8_t>(100 + seller);
  return {order_id(static_cast<std::uint8_t>(1 + buyer)),
          order_id(of_seller),
          account(buyer),
          account(seller),
          {wh},
          {price},
          {seller_price < 0 ? price : seller_price}};
}

// Positions of accounts 0 to n-1, contracted as the deals say.
std::vector<SlotPosition> positions_for(
    const std::vector<Deal>& deals, std::vector<std::pair<std::int64_t, std::int64_t>> metered) {
  std::vector<SlotPosition> out;
  for (std::uint8_t n = 0; n < metered.size(); ++n) {
    SlotPosition p{account(n), {n}, {metered[n].first}, {metered[n].second},
                   {},         {},  Standing::metered,  {7}};
    for (const Deal& d : deals) {
      if (d.buyer == p.account) p.contracted_buy += d.energy;
      if (d.seller == p.account) p.contracted_sell += d.energy;
    }
    out.push_back(p);
  }
  return out;
}

Journal posted_by(const Settlement& s) {
  Journal journal;
  for (const Posting& p : s.postings) journal.post(p);
  return journal;
}

struct RandomSlot {
  std::vector<Deal> deals;
  std::vector<SlotPosition> positions;
};

RandomSlot random_deals(Rng& rng, bool equal_prices) {
  RandomSlot out;
  const auto homes = static_cast<std::uint8_t>(2 + rng.below(9));
  std::vector<std::pair<std::int64_t, std::int64_t>> metered;
  const auto most = rng.chance(0.5) ? 4u : 5'000u;
  const auto draw = [&](std::uint64_t below) {
    return static_cast<std::int64_t>(rng.below(below));
  };
  for (std::uint8_t n = 0; n < homes; ++n) metered.emplace_back(draw(most), draw(most));
  for (auto n = rng.below(25); n > 0; --n) {
    const auto buyer = static_cast<std::uint8_t>(rng.below(homes));
    const auto seller = static_cast<std::uint8_t>(rng.below(homes));
    const std::int64_t price = draw(400'000);
    out.deals.push_back(
        deal(buyer, seller, 1 + draw(most), price, equal_prices ? price : draw(400'000)));
    if (rng.chance(0.5)) out.deals.back().fee = {draw(60'000)};
  }
  out.positions = positions_for(out.deals, metered);
  for (SlotPosition& p : out.positions)
    if (rng.chance(0.15)) p.standing = Standing::recovering;
  return out;
}

// Largest remainder by giving one unit after the other: slow, and written another way.
std::vector<std::int64_t> shares_by_units(const std::vector<std::int64_t>& weights,
                                          std::int64_t total) {
  std::vector<std::int64_t> out(weights.size());
  std::int64_t sum = 0, given = 0;
  for (const auto w : weights) sum += w;
  if (sum == 0) return out;
  for (std::size_t i = 0; i < weights.size(); ++i) given += out[i] = weights[i] * total / sum;
  std::vector<bool> had(weights.size());
  for (; given < total; ++given) {
    std::size_t best = weights.size();
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (!had[i] &&
          (best == weights.size() || weights[i] * total % sum > weights[best] * total % sum))
        best = i;
    had[best] = true;
    ++out[best];
  }
  return out;
}

}  // namespace

TEST_CASE("shares in proportion: sums hold, nobody gets more than its weight, ties go first") {
  CHECK(proportional_shares(std::vector<std::int64_t>{1, 1, 1}, 2) ==
        std::vector<std::int64_t>{1, 1, 0});
  CHECK(proportional_shares(std::vector<std::int64_t>{900, 200}, 1000) ==
        std::vector<std::int64_t>{818, 182});
  CHECK(proportional_shares(std::vector<std::int64_t>{0, 0}, 5) == std::vector<std::int64_t>{0, 0});
  CHECK(proportional_shares({}, 0).empty());
  const std::int64_t huge = INT64_MAX / 2;
  CHECK(proportional_shares(std::vector<std::int64_t>{huge, huge, 1}, INT64_MAX) ==
        std::vector<std::int64_t>{huge, huge, 1});
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    std::vector<std::int64_t> weights(1 + rng.below(12));
    std::int64_t sum = 0;
    for (auto& w : weights)
      sum += w = static_cast<std::int64_t>(rng.below(rng.chance(0.5) ? 4 : 900));
    const auto total = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(sum) + 1));
    const auto shares = proportional_shares(weights, total);
    REQUIRE(shares == shares_by_units(weights, total));
    for (std::size_t i = 0; i < shares.size(); ++i) REQUIRE(shares[i] <= weights[i]);
  }
}

TEST_CASE("deals: delivery is the smaller share of both sides, each deal at its own price") {
  // Account 2 sells 600 to 0 and 400 to 1, and exports 500: 300 and 200. Account 0 imports 250.
  const std::vector<Deal> deals{deal(0, 2, 600, 200'000), deal(1, 2, 400, 150'001, 140'000)};
  const Settlement out =
      settle_deals({7}, fees, deals, positions_for(deals, {{250, 0}, {1'000, 0}, {0, 500}}));
  const Statement &first = out.statements[0], &second = out.statements[1],
                  &seller = out.statements[2];
  CHECK(first.bought == WattHours{250});
  CHECK(second.bought == WattHours{200});
  CHECK(seller.sold == WattHours{450});
  CHECK(seller.contracted_sell == WattHours{1'000});
  CHECK(first.trade_paid == MicroEuros{50'000});
  CHECK(second.trade_paid == MicroEuros{30'000});  // 30,000.2
  CHECK(seller.trade_earned == MicroEuros{50'000 + 28'000});
  CHECK(seller.feed_in == MicroEuros{50 * 80});  // what was not taken is the retailer's
  CHECK(second.retail_energy == MicroEuros{800 * 160});
  REQUIRE(seller.deals.size() == 2);
  CHECK(seller.deals[0] == DealLine{Side::sell, order_id(1), {600}, {250}, {200'000}, {50'000}});
  CHECK(seller.deals[1] == DealLine{Side::sell, order_id(2), {400}, {200}, {140'000}, {28'000}});
  CHECK(first.deals[0].partner == order_id(102));
  const Journal journal = posted_by(out);
  CHECK(journal.balance(exchange) == MicroEuros{});
  CHECK(journal.balance(rounding_account) == MicroEuros{});
  CHECK(journal.balance(grid_operator) ==
        MicroEuros{2'000} + first.local_grid_fee + second.local_grid_fee + second.grid_fee);
}

TEST_CASE("deals: a seller that gets more than its buyer pays is paid by the grid operator") {
  const std::vector<Deal> deals{deal(0, 1, 100, 50'000, 80'000)};
  const Settlement out = settle_deals({7}, fees, deals, positions_for(deals, {{100, 0}, {0, 100}}));
  REQUIRE(out.postings.back().kind == PostingKind::congestion_rent);
  CHECK(out.postings.back().from == grid_operator);
  CHECK(out.postings.back().amount == MicroEuros{3'000});
  CHECK(posted_by(out).balance(exchange) == MicroEuros{});
}

TEST_CASE("deals: the fee of a trade's way is a line of the buyer's and the grid operator's") {
  constexpr Tariff no_local_fee{{300'000}, {80'000}, {90'000}, {}, {50'000}};
  std::vector<Deal> deals{deal(0, 1, 600, 100'000), deal(0, 2, 200, 124'000)};
  deals[0].fee = {24'001};
  const Settlement out =
      settle_deals({7}, no_local_fee, deals, positions_for(deals, {{500, 0}, {0, 600}, {0, 200}}));
  const Statement& buyer = out.statements[0];
  CHECK(buyer.deals[0] ==
        DealLine{Side::buy, order_id(101), {600}, {375}, {100'000}, {37'500}, {24'001}, {9'000}});
  CHECK_FALSE(buyer.deals[1].has_fee());
  CHECK(buyer.trade_paid == MicroEuros{37'500 + 15'500});
  CHECK(buyer.local_grid_fee == MicroEuros{9'000});
  CHECK(buyer.total == MicroEuros{37'500 + 15'500 + 9'000 + 25'000});
  CHECK(out.statements[1].trade_earned == MicroEuros{37'500});
  CHECK_FALSE(out.statements[1].deals[0].has_fee());
  const Journal journal = posted_by(out);
  CHECK(journal.balance(grid_operator) == MicroEuros{9'000});
  CHECK(journal.balance(exchange) == MicroEuros{});
  for (const Posting& p : out.postings) CHECK(p.kind != PostingKind::congestion_rent);
  CHECK(*decode_statement(encode(buyer)) == buyer);
  Statement s = buyer;
  s.deals[0].fee_amount = {-1};
  CHECK_FALSE(decode_statement(encode(s)));
  Bytes none = encode(buyer);
  const auto at = static_cast<std::ptrdiff_t>(none.size()) - 49 - 16;
  std::fill(none.begin() + at, none.begin() + at + 16, std::uint8_t{0});
  CHECK_FALSE(decode_statement(none));
}

TEST_CASE("deals: 3,000 random slots deliver, pay and retire to the last unit, on both paths") {
  std::int64_t delivered_in_all = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const bool equal_prices = rng.chance(0.5);
    const RandomSlot slot = random_deals(rng, equal_prices);
    const Settlement out = settle_deals({7}, fees, slot.deals, slot.positions);
    REQUIRE(out.statements.size() == slot.positions.size());
    WattHours bought, sold;
    StatementLedger second_path;
    for (const Statement& s : out.statements) {
      const SlotPosition& p =
          *std::find_if(slot.positions.begin(), slot.positions.end(),
                        [&](const auto& any) { return any.account == s.account; });
      REQUIRE(s.bought <= can_take(p));
      REQUIRE(s.sold <= can_deliver(p));
      bought += s.bought;
      sold += s.sold;
      std::size_t lines = 0;
      for (const Deal& d : slot.deals) lines += (d.buyer == s.account) + (d.seller == s.account);
      REQUIRE(s.deals.size() == lines);
      MicroEuros of_ways;
      for (const DealLine& line : s.deals) {
        REQUIRE(line.amount == cost_of(line.delivered, line.price));
        REQUIRE(line.fee_amount == cost_of(line.delivered, line.fee));
        of_ways += line.fee_amount;
      }
      REQUIRE(s.local_grid_fee == cost_of(s.bought, fees.local_grid_fee) + of_ways);
      REQUIRE(decode_statement(encode(s)));
      REQUIRE(*decode_statement(encode(s)) == s);
      second_path.add(s);
    }
    REQUIRE(bought == sold);
    delivered_in_all += bought.value;
    const Journal journal = posted_by(out);
    REQUIRE(journal.balance(exchange) == MicroEuros{});
    REQUIRE(journal.balance(rounding_account) == MicroEuros{});
    REQUIRE(money_residual(second_path, journal) == MicroEuros{});
    auto turned = slot;
    std::reverse(turned.positions.begin(), turned.positions.end());
    if (std::set<std::pair<OrderId, OrderId>> pairs; [&] {
          for (const Deal& d : slot.deals) pairs.emplace(d.buyer_row, d.seller_row);
          return pairs.size() == slot.deals.size();
        }())
      std::reverse(turned.deals.begin(), turned.deals.end());
    REQUIRE(settle_deals({7}, fees, turned.deals, turned.positions).statements == out.statements);
  }
  CHECK(delivered_in_all > 100'000);
}

TEST_CASE("deals: what can be delivered in full is, at every deal") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    RandomSlot slot = random_deals(rng, true);
    for (SlotPosition& p : slot.positions) {
      p.standing = Standing::metered;
      p.imported = p.contracted_buy + WattHours{static_cast<std::int64_t>(rng.below(2))};
      p.exported = p.contracted_sell + WattHours{static_cast<std::int64_t>(rng.below(2))};
    }
    for (const Statement& s : settle_deals({7}, fees, slot.deals, slot.positions).statements) {
      REQUIRE(s.bought == s.contracted_buy);
      REQUIRE(s.sold == s.contracted_sell);
    }
  }
}

TEST_CASE("deals: beyond 512 of a side one line holds all further ones, and still adds up") {
  std::vector<Deal> deals;
  for (std::uint32_t n = 0; n < 700; ++n) {
    Deal d = deal(0, 1, 10, 100'000 + n);
    d.seller_row.bytes = {0xff, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
    d.fee = {5'000};
    deals.push_back(d);
  }
  const Settlement out =
      settle_deals({7}, fees, deals, positions_for(deals, {{6'000, 0}, {0, 9'000}}));
  const Statement& buyer = out.statements[0];
  REQUIRE(buyer.deals.size() == max_deal_lines + 1);
  const DealLine& rest = buyer.deals.back();
  CHECK(rest.of_the_rest());
  CHECK(rest.contracted == WattHours{(700 - 512) * 10});
  CHECK(buyer.bought == WattHours{6'000});
  CHECK(rest.amount.value > 0);
  CHECK(rest.fee_amount.value > 0);
  const Bytes bytes = encode(buyer);
  CHECK(bytes.size() < 65'535);
  REQUIRE(decode_statement(bytes));
  CHECK(*decode_statement(bytes) == buyer);
  Statement early = buyer;  // a line of further ones before there are so many
  early.deals.erase(early.deals.begin());
  CHECK_FALSE(decode_statement(encode(early)));
}

TEST_CASE(
    "deals: a statement that is not the sum of its deals, or holds them otherwise, is refused") {
  const std::vector<Deal> deals{deal(0, 1, 600, 200'000), deal(1, 0, 400, 150'000)};
  const Statement good =
      settle_deals({7}, fees, deals, positions_for(deals, {{900, 900}, {900, 900}})).statements[0];
  REQUIRE(decode_statement(encode(good)));
  const auto refused = [](const Statement& s) { return !decode_statement(encode(s)); };
  for (auto field : {&Statement::contracted_buy, &Statement::contracted_sell, &Statement::bought,
                     &Statement::sold}) {
    Statement s = good;
    s.*field -= WattHours{1};
    CHECK(refused(s));
  }
  for (auto field : {&Statement::trade_paid, &Statement::trade_earned}) {
    Statement s = good;
    s.*field += MicroEuros{1};
    CHECK(refused(s));
  }
  Statement s = good;
  std::swap(s.deals[0], s.deals[1]);
  CHECK(refused(s));
  s = good;
  s.deals[0].delivered = s.bought = {601};
  CHECK(refused(s));
  const Bytes bytes = encode(good);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_statement(BytesView(bytes).first(size)));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes other = bytes;
    other[i] ^= 0x10;
    const auto decoded = decode_statement(other);
    CHECK((!decoded || *decoded != good));
  }
}
