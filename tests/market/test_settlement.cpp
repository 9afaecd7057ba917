#include <doctest/doctest.h>
#include <map>
#include <set>

#include "market/receipt/receipt.hpp"
#include "market/settlement/settlement.hpp"
#include "market/settlement/statement_ledger.hpp"
#include "tests/market/book_support.hpp"
#include "tests/support/shared_data.hpp"

using namespace ledger;
using namespace market;
using namespace market_test;

namespace {

// Micro-euro per kWh; retail_buy is all in.
constexpr Tariff tariff{{300'000}, {80'000}, {90'000}, {30'000}, {50'000}};

SlotPosition home(std::uint8_t n, std::int64_t imported, std::int64_t exported, std::int64_t buys,
                  std::int64_t sells, bool quarantined = false) {
  const Standing standing = quarantined ? Standing::recovering : Standing::metered;
  return {account(n), {n}, {imported}, {exported}, {buys}, {sells}, standing, {0}};
}

Tariff random_tariff(Rng& rng) {
  const auto draw = [&](std::uint64_t most) {
    return Price{static_cast<std::int64_t>(rng.below(most + 1))};
  };
  Tariff t{{0}, draw(200'000), draw(150'000), draw(150'000), draw(100'000)};
  t.retail_buy = t.grid_fee + t.levies + draw(300'000);
  return t;
}

std::vector<SlotPosition> random_slot(Rng& rng, std::uint64_t most_wh) {
  std::vector<SlotPosition> slot;
  const auto homes = 1 + rng.below(20);
  const auto draw = [&] {
    return rng.chance(0.3) ? 0 : static_cast<std::int64_t>(rng.below(most_wh + 1));
  };
  for (std::uint64_t n = 0; n < homes; ++n)
    slot.push_back(
        home(static_cast<std::uint8_t>(n), draw(), draw(), draw(), draw(), rng.chance(0.1)));
  return slot;
}

MicroEuros sum_of_balances(const Journal& journal) {
  MicroEuros sum;
  for (const auto& [who, balance] : journal.balances()) sum += balance;
  return sum;
}

Journal posted(const Settlement& s) {
  Journal journal;
  for (const Posting& p : s.postings) journal.post(p);
  return journal;
}

void check_delivery(const std::vector<SlotPosition>& slot, const Settlement& out) {
  std::map<AccountId, const SlotPosition*> by_account;
  for (const SlotPosition& p : slot) by_account[p.account] = &p;
  WattHours can_buy, can_sell, bought, sold;
  for (const Statement& s : out.statements) {
    const SlotPosition& p = *by_account.at(s.account);
    const WattHours most_in =
        trades(p.standing) ? std::min(p.contracted_buy, p.imported) : WattHours{};
    const WattHours most_out =
        trades(p.standing) ? std::min(p.contracted_sell, p.exported) : WattHours{};
    REQUIRE(s.bought.value >= 0);
    REQUIRE(s.sold.value >= 0);
    REQUIRE(s.bought <= most_in);
    REQUIRE(s.sold <= most_out);
    can_buy += most_in;
    can_sell += most_out;
    bought += s.bought;
    sold += s.sold;
  }
  REQUIRE(bought == sold);
  REQUIRE(bought == std::min(can_buy, can_sell));
}

void check_money(const Settlement& out, const Tariff& t, const Price& price) {
  const Journal journal = posted(out);
  REQUIRE(sum_of_balances(journal) == MicroEuros{});
  REQUIRE(journal.balance(exchange) == MicroEuros{});
  REQUIRE(journal.balance(bank) == MicroEuros{});
  MicroEuros fees, levies, energy;
  for (const Statement& s : out.statements) {
    REQUIRE(journal.balance(s.account) == -s.total);
    fees += s.grid_fee + s.local_grid_fee;
    levies += s.levies + s.trade_levies;
    energy += s.retail_energy - s.feed_in;
    REQUIRE(s.trade_paid == cost_of(s.bought, price));
    REQUIRE(s.retail_energy == cost_of(s.imported - s.bought, t.retail_energy()));
  }
  REQUIRE(journal.balance(grid_operator) == fees);
  REQUIRE(journal.balance(state_levies) == levies);
  REQUIRE(journal.balance(retailer) == energy);
  // Each home's trade is rounded by at most half a micro-euro.
  const auto rounding = std::abs(journal.balance(rounding_account).value);
  REQUIRE(rounding <= static_cast<std::int64_t>(out.statements.size()) / 2 + 1);
}

}  // namespace

TEST_CASE("the worked bill of docs/market.md is what the code computes") {
  const std::vector<Order> book{buy(1, 1000, 220'000), buy(2, 500, 180'000),
                                sell(3, 1200, 100'000)};
  const Clearing cleared = clear(Mechanism::uniform, book, {});
  REQUIRE(cleared.price == Price{180'000});
  REQUIRE(cleared.fills == std::vector<WattHours>{{1000}, {200}, {1200}});

  const Settlement out =
      settle({48}, tariff, cleared.price,
             {home(3, 0, 1000, 0, 1200), home(1, 900, 0, 1000, 0), home(2, 700, 0, 200, 0)});
  REQUIRE(out.statements.size() == 3);
  const Statement &anna = out.statements[0], &ben = out.statements[1], &cleo = out.statements[2];
  CHECK(anna.bought == WattHours{818});
  CHECK(ben.bought == WattHours{182});
  CHECK(cleo.sold == WattHours{1000});
  CHECK(anna.total == MicroEuros{237'280});  // by hand, from the text
  CHECK(posted(out).balance(rounding_account) == MicroEuros{});
  check_money(out, tariff, *cleared.price);

  const auto document =
      test::read_text(std::string(AIPCHAIN_SOURCE_DIR) + "/docs/market.md").value();
  const auto row = [&](const std::string& line, std::int64_t a, std::int64_t b, std::int64_t c) {
    return "| " + line + " | " + std::to_string(a) + " | " + std::to_string(b) + " | " +
           std::to_string(c) + " |\n";
  };
  std::string table = "| micro-EUR | Anna | Ben | Cleo |\n|---|---|---|---|\n";
  for (std::size_t line = 0; line < bill_lines(anna, 900'000, {}).size() - 1;
       ++line)  // less the balance
    table +=
        row(bill_lines(anna, 900'000, {})[line].first, bill_lines(anna, 900'000, {})[line].second,
            bill_lines(ben, 900'000, {})[line].second, bill_lines(cleo, 900'000, {})[line].second);
  table += row("with the retailer alone", retailer_bill(anna, tariff).value,
               retailer_bill(ben, tariff).value, retailer_bill(cleo, tariff).value);
  CAPTURE(table);
  CHECK(document.find(table) != std::string::npos);
}

TEST_CASE("without a trade everything is the retailer's") {
  const Settlement out =
      settle({1}, tariff, std::nullopt, {home(1, 1000, 500, 0, 0), home(2, 0, 0, 0, 0)});
  const Statement& s = out.statements[0];
  CHECK(s.bought == WattHours{});
  CHECK(s.total == MicroEuros{300'000 - 40'000});
  CHECK(s.total == retailer_bill(s, tariff));
  CHECK(s.minted == WattHours{500});
  CHECK(s.retired == WattHours{});
  CHECK(out.statements[1].total == MicroEuros{});
}

TEST_CASE("a buyer who used nothing and a seller who fed in nothing trade nothing") {
  const Price price{150'000};
  for (const auto& slot : {std::vector{home(1, 0, 0, 500, 0), home(2, 0, 800, 0, 500)},
                           std::vector{home(1, 900, 0, 500, 0), home(2, 0, 0, 0, 500)},
                           // metered, but nothing contracted
                           std::vector{home(1, 900, 0, 0, 0), home(2, 0, 800, 0, 500)},
                           // the seller imported: import does not deliver a sale
                           std::vector{home(1, 900, 0, 500, 0), home(2, 800, 0, 0, 500)}}) {
    const Settlement out = settle({1}, tariff, price, slot);
    for (const Statement& s : out.statements) {
      CHECK(s.bought == WattHours{});
      CHECK(s.sold == WattHours{});
      CHECK(s.total == retailer_bill(s, tariff));
    }
  }
}

TEST_CASE("quarantined energy is settled with the retailer and mints nothing") {
  for (const bool seller : {false, true}) {
    const Settlement out =
        settle({1}, tariff, Price{150'000},
               {home(1, 900, 0, 500, 0, !seller), home(2, 0, 800, 0, 500, seller)});
    CHECK(out.statements[0].bought == WattHours{});
    CHECK(out.statements[1].sold == WattHours{});
    CHECK(out.statements[1].minted == (seller ? WattHours{} : WattHours{800}));
    CHECK(out.statements[1].feed_in == MicroEuros{64'000});
    CHECK(out.statements[0].total == MicroEuros{270'000});
  }
}

TEST_CASE("what whole micro-euros cannot share out lies on the rounding account") {
  // 1 Wh at 0.0015 EUR/kWh is 1.5 micro-euro: two buyers pay 2 each, the seller earns 3.
  const Settlement out = settle({1}, tariff, Price{1500},
                                {home(1, 1, 0, 1, 0), home(2, 1, 0, 1, 0), home(3, 0, 2, 0, 2)});
  CHECK(out.statements[0].trade_paid == MicroEuros{2});
  CHECK(out.statements[2].trade_earned == MicroEuros{3});
  CHECK(posted(out).balance(rounding_account) == MicroEuros{1});
  // The other way round the rounding account pays.
  const Settlement other = settle({1}, tariff, Price{1500},
                                  {home(1, 2, 0, 2, 0), home(2, 0, 1, 0, 1), home(3, 0, 1, 0, 1)});
  CHECK(posted(other).balance(rounding_account) == MicroEuros{-1});
  CHECK(posted(other).balance(exchange) == MicroEuros{});
}

TEST_CASE("2,000 random slots: delivery, money and tokens add up to the last unit") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const auto slot = random_slot(rng, rng.chance(0.5) ? 5 : 20'000);
    const Tariff t = random_tariff(rng);
    const Price price{static_cast<std::int64_t>(rng.below(400'000))};
    const Settlement out = settle({7}, t, price, slot);
    REQUIRE(out.statements.size() == slot.size());
    check_delivery(slot, out);
    check_money(out, t, price);
    WattHours minted, retired, exported;
    for (const Statement& s : out.statements) {
      minted += s.minted;
      retired += s.retired;
      exported += s.exported;
    }
    REQUIRE(minted <= exported);
    REQUIRE(retired <= minted);
  }
}

TEST_CASE("the order of positions changes nothing") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    auto slot = random_slot(rng, 50);
    const Settlement a = settle({7}, tariff, Price{123'457}, slot);
    std::reverse(slot.begin(), slot.end());
    const Settlement b = settle({7}, tariff, Price{123'457}, slot);
    REQUIRE(a.statements == b.statements);
  }
}

TEST_CASE("a trade between the feed-in tariff and the break-even price makes nobody worse off") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const Price price{rng.chance(0.1)
                          ? tariff.break_even().value
                          : tariff.retail_sell.value +
                                static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(
                                    tariff.break_even().value - tariff.retail_sell.value + 1)))};
    for (const Statement& s : settle({7}, tariff, price, random_slot(rng, 5000)).statements)
      REQUIRE(s.total.value <= retailer_bill(s, tariff).value + 4);  // lines round on their own
  }
}

TEST_CASE("a statement has one encoding; every other length or flag is refused") {
  Statement s = settle({9}, tariff, Price{100'001}, {home(1, 77, 5, 50, 3), home(2, 1, 60, 0, 55)})
                    .statements[1];
  s.balance = {-12};
  const Bytes bytes = encode(s);
  REQUIRE(decode_statement(bytes));
  CHECK(*decode_statement(bytes) == s);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_statement(BytesView(bytes).first(size)));
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(decode_statement(longer));
  Bytes flag = bytes;
  flag[29] = standings;
  CHECK_FALSE(decode_statement(flag));
  // No byte is without meaning: each flip is either refused or another statement.
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes other = bytes;
    other[i] ^= 0x10;
    const auto decoded = decode_statement(other);
    CHECK((!decoded || *decoded != s));
  }
}

TEST_CASE("two paths to the same money and tokens: a planted 1 micro-euro or 1 Wh shows") {
  Rng rng(5);
  Journal journal;
  TokenBook tokens;
  StatementLedger ledger;
  std::map<std::uint32_t, std::int64_t> export_register;
  std::set<AccountId> registered;
  std::vector<Statement> all;
  for (std::uint32_t slot = 0; slot < 50; ++slot) {
    Settlement out = settle({slot}, tariff, Price{150'000}, random_slot(rng, 3000));
    for (const Posting& p : out.postings) journal.post(p);
    for (const Statement& s : out.statements) {
      if (registered.insert(s.account).second) {
        Registration r;
        r.account = s.account;
        r.deposit = {50'000'000};
        ledger.add(r);
        journal.post({PostingKind::deposit, bank, s.account, r.deposit});
      }
      auto& reg = export_register[s.meter.value];
      reg += s.exported.value * 1000;
      if (!mints(s.standing))
        tokens.move_mark(s.meter, {reg});
      else
        REQUIRE(tokens.mint(s.meter, {reg}, s.account, s.slot) == s.minted);
      REQUIRE(tokens.escrow(s.account, s.slot, s.sold));
      REQUIRE(tokens.transfer(s.account, retailer, s.slot, s.minted - s.sold));
    }
    for (const Statement& s : out.statements) {
      REQUIRE(tokens.release(s.account, s.slot, s.bought));
      REQUIRE(tokens.retire(s.account, s.slot, s.bought));
      ledger.add(s);
      all.push_back(s);
    }
  }
  REQUIRE(money_residual(ledger, journal) == MicroEuros{});
  REQUIRE(token_residual(ledger, tokens) == WattHours{});
  REQUIRE(tokens.broken_invariant().empty());

  SUBCASE("a posting of 1 micro-euro that no statement knows") {
    journal.post({PostingKind::trade, all[0].account, retailer, {1}});
    CHECK(money_residual(ledger, journal) == MicroEuros{2});
  }
  SUBCASE("a rounding of 1 micro-euro to the wrong account") {
    journal.post({PostingKind::rounding, rounding_account, exchange, {1}});
    CHECK(money_residual(ledger, journal).value > 0);
  }
  SUBCASE("a statement whose line is off by 1 micro-euro") {
    for (auto field : {&Statement::trade_paid, &Statement::trade_earned, &Statement::local_grid_fee,
                       &Statement::trade_levies, &Statement::retail_energy, &Statement::grid_fee,
                       &Statement::levies, &Statement::feed_in}) {
      StatementLedger other = ledger;
      Statement defect;
      defect.account = all[3].account;
      defect.*field = {1};
      other.add(defect);
      CHECK(money_residual(other, journal).value > 0);
    }
  }
  SUBCASE("a deposit that the journal never saw") {
    Registration r;
    r.account = account(1);
    r.deposit = {1};
    ledger.add(r);
    CHECK(money_residual(ledger, journal) == MicroEuros{2});
  }
  SUBCASE("money out of nothing on both paths") {
    auto a = ledger.balances(), b = journal.balances();
    a[account(1)] += MicroEuros{1};
    b[account(1)] += MicroEuros{1};
    CHECK(money_residual(a, b) == MicroEuros{2});
  }
  SUBCASE("1 Wh minted, sold, bought or retired beside the statements") {
    for (auto field : {&Statement::minted, &Statement::retired, &Statement::sold}) {
      StatementLedger other = ledger;
      Statement defect;
      defect.*field = {1};
      other.add(defect);
      CHECK(token_residual(other, tokens).value > 0);
    }
    REQUIRE(tokens.mint({999}, {1000}, account(1), {3}) == WattHours{1});
    CHECK(token_residual(ledger, tokens) == WattHours{2});
  }
}
