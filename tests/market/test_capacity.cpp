// The capacity tariff: what a month's highest import costs, slot by slot, to the micro-euro.

#include <doctest/doctest.h>

#include "market/audit/invariants.hpp"
#include "market/receipt/receipt.hpp"
#include "market/settlement/settlement_check.hpp"
#include "tests/market/metered_village.hpp"

using namespace market_test;

namespace {

Tariff tariff_at(MicroEuros price, std::int64_t slot_ms = 900'000) {
  Tariff out{{300'000}, {80'000}, {90'000}, {30'000}, {50'000}};
  out.capacity_price = price;
  out.slot_ms = slot_ms;
  return out;
}

SlotPosition position(std::uint8_t home, std::int64_t imported, WattHours before,
                      Standing standing = Standing::metered) {
  return {account(home), {home}, {imported}, {}, {}, {}, standing, {5}, false, before};
}

// As a reader would, without the market's own functions: in micro-euro, half up.
std::int64_t naive_cost(std::int64_t peak_wh, std::int64_t price, std::int64_t slot_ms) {
  const Wide twice = Wide{2} * peak_wh * 3600 * price;
  return static_cast<std::int64_t>((twice + slot_ms) / (2 * slot_ms));
}

const Statement& of_home(const ClosedSlot& closed, std::uint8_t home) {
  return closed.settlement.statements.at(home - 1u);
}

Genesis berlin_genesis(const char* epoch) {
  Genesis g;
  g.epoch = *from_rfc3339(epoch);
  g.zone = *zone_named("Europe/Berlin");
  return g;
}

}  // namespace

TEST_CASE("capacity tariff: 1.2 kWh in a quarter of an hour are 4.8 kW") {
  CHECK(capacity_cost({1200}, tariff_at({4'000'000})) == MicroEuros{19'200'000});
  CHECK(power_text({1200}, 900'000) == "4.8 kW");
  CHECK(power_text({0}, 900'000) == "0.0 kW");
  CHECK(power_text({1203}, 900'000) == "4.812 kW");
  CHECK(power_text({1}, 3'600'000) == "0.001 kW");
  CHECK(power_text({1}, 420'000) == "0.009 kW");  // 8.57 W
  CHECK(power_text({25'000'000}, 900'000) == "100000.0 kW");
  // Half a micro-euro goes up: 1 Wh of an hour at 500 and 1500 micro-euro a kW.
  CHECK(capacity_cost({1}, tariff_at({499}, 3'600'000)) == MicroEuros{0});
  CHECK(capacity_cost({1}, tariff_at({500}, 3'600'000)) == MicroEuros{1});
  CHECK(capacity_cost({1}, tariff_at({1500}, 3'600'000)) == MicroEuros{2});
  // The most that terms allow.
  CHECK(capacity_cost({max_peak_wh}, tariff_at(max_capacity_price, 60'000)).value ==
        naive_cost(max_peak_wh, max_capacity_price.value, 60'000));
}

TEST_CASE("capacity tariff: charges of rising peaks sum to the last one's cost exactly") {
  Rng rng(7);
  for (int round = 0; round < 200; ++round) {
    const Tariff tariff = tariff_at({1 + static_cast<std::int64_t>(rng.below(9'999'999))},
                                    60'000 + static_cast<std::int64_t>(rng.below(7'000'000)));
    WattHours peak;
    std::int64_t charged = 0, highest = 0;
    for (int slot = 0; slot < 50; ++slot) {
      const auto imported = static_cast<std::int64_t>(rng.below(1 + rng.below(5'000)));
      const bool own = rng.chance(0.8);
      const CapacityLine line =
          capacity_line(peak, {imported}, own ? Standing::metered : Standing::spanning, tariff);
      if (own) highest = std::max(highest, imported);
      REQUIRE(line.peak_before == peak);
      REQUIRE(line.peak == WattHours{highest});
      REQUIRE(line.charge.value >= 0);
      REQUIRE((line.peak > line.peak_before || line.charge.value == 0));
      charged += line.charge.value;
      peak = line.peak;
      REQUIRE(charged == naive_cost(highest, tariff.capacity_price.value, tariff.slot_ms));
    }
  }
}

TEST_CASE("capacity tariff: a month is the zone's, over the days on which clocks change") {
  // Quarters of an hour from the beginning of March and of October, local time.
  for (const auto& [begin, days, quarters_more] :
       {std::tuple{"2026-02-28T23:00:00Z", 31, -4}, {"2026-09-30T22:00:00Z", 31, 4}}) {
    const Genesis g = berlin_genesis(begin);
    const auto slots = static_cast<std::uint32_t>(96 * days + quarters_more);
    const std::int32_t month = month_of(g, {0});
    CHECK(month % 12 + 1 == fields_of(local_time(g.zone, g.epoch.unix_ms)).month);
    std::uint32_t counted = 0;
    for (std::uint32_t s = 0; s < slots + 96; ++s) counted += month_of(g, {s}) == month;
    CHECK(counted == slots);
    CHECK(month_of(g, {slots - 1}) == month);
    CHECK(month_of(g, {slots}) == month + 1);
  }
  CHECK(month_of(berlin_genesis("2026-12-31T22:59:59Z"), {0}) == 12 * 2026 + 11);
  CHECK(month_of(berlin_genesis("2026-12-31T23:00:00Z"), {0}) == 12 * 2027);
  // A stranger's log may say any slot.
  Genesis far = berlin_genesis("9999-12-31T23:59:59Z");
  far.slot_ms = 86'400'000;
  CHECK(month_of(far, {UINT32_MAX}) > 12 * 11'000'000);
}

TEST_CASE("capacity tariff: which peaks go on from the slot before") {
  const WithCapacityPrice priced({4'000'000});
  const Genesis g = village_genesis();
  CHECK_FALSE(peak_goes_on(g, {0}, {0}));
  CHECK(peak_goes_on(g, {1}, {0}));
  CHECK(peak_goes_on(g, {april_slot - 1}, {0}));
  CHECK_FALSE(peak_goes_on(g, {april_slot}, {0}));
  CHECK(peak_goes_on(g, {april_slot + 1}, {0}));
  CHECK_FALSE(peak_goes_on(g, {7}, {7}));  // the account's first slot
}

TEST_CASE(
    "capacity tariff: a month's charges are its highest import's cost; the next begins at 0") {
  const WithCapacityPrice priced({4'321'000});
  MeteredVillage v;
  InvariantWatch watch;
  const MicroEuros operator_before = v.v.state().journal().balance(grid_operator);
  std::map<std::int32_t, std::pair<std::int64_t, std::int64_t>> months;  // peak, charged
  std::int64_t fees = 0, before = 0;
  Rng rng(3);
  for (std::uint32_t slot = 0; slot < 2 * april_slot; ++slot) {
    const auto imported = static_cast<std::int64_t>(rng.below(1400));
    const ClosedSlot& closed = v.close(imported, 300);
    const Statement& s = of_home(closed, 1);
    REQUIRE(s.capacity.has_value());
    auto& [peak, charged] = months[slot < april_slot ? 3 : 4];
    if (slot == april_slot) before = 0;
    CHECK(s.capacity->peak_before.value == before);
    peak = std::max(peak, imported);
    CHECK(s.capacity->peak.value == peak);
    charged += s.capacity->charge.value;
    CHECK(charged == naive_cost(peak, 4'321'000, 120'000));
    before = peak;
    // It is one line of the total, and the retailer's bill alone has it as well.
    CHECK(s.total.value == s.trade_paid.value - s.trade_earned.value + s.local_grid_fee.value +
                               s.trade_levies.value + s.retail_energy.value + s.grid_fee.value +
                               s.levies.value - s.feed_in.value + s.capacity->charge.value);
    CHECK(retailer_bill(s, closed.tariff) == s.total);  // nobody trades here
    for (const Statement& each : closed.settlement.statements)
      fees += (each.grid_fee + each.local_grid_fee).value;
    CHECK(broken_invariant(closed.settlement) == "");
  }
  CHECK(months.at(3).first > 0);
  CHECK(months.at(4).first > 0);
  CHECK((v.v.state().journal().balance(grid_operator) - operator_before).value ==
        fees + months.at(3).second + months.at(4).second);
}

TEST_CASE(
    "capacity tariff: quarantined, late and missing energy raises no peak, and no ruling does") {
  const WithCapacityPrice priced({1'000'000});
  MeteredVillage v;
  const auto peak = [](const ClosedSlot& closed) { return of_home(closed, 1).capacity->peak; };
  CHECK(peak(v.close(100, 0)) == WattHours{100});
  // Quarantined, then recovering: its 900 Wh are billed as energy and are nobody's peak.
  const Statement quarantined = of_home(v.close(700, 0, Quarantined::home_1), 1);
  CHECK(quarantined.standing == Standing::quarantined);
  CHECK(*quarantined.capacity == CapacityLine{{100}, {100}, {}});
  const Statement recovering = of_home(v.close(200, 0), 1);
  CHECK(recovering.standing == Standing::recovering);
  CHECK(recovering.imported == WattHours{900});
  CHECK(*recovering.capacity == CapacityLine{{100}, {100}, {}});
  // A replacement corrects the bill, and leaves the peak and its charges as they were.
  Ruling r = Village::ruling(1, v.slot, 2, Outcome::replacement, 900, 0);
  r.import_in_place = {1200};
  v.accept(Village::rulings(v.slot, {r}), v.slot * 120'000);
  const ClosedSlot ruled = v.close(150, 0);
  CHECK(ruled.corrections.size() == 1);
  CHECK(ruled.corrections[0].total == cost_of({300}, {300'000}));
  const std::int64_t rise =
      naive_cost(150, 1'000'000, 120'000) - naive_cost(100, 1'000'000, 120'000);
  CHECK(*of_home(ruled, 1).capacity == CapacityLine{{100}, {150}, {rise}});
  CHECK(peak(v.close(140, 0)) == WattHours{150});
}

TEST_CASE("capacity tariff: a swapped meter's account keeps its peak") {
  const WithCapacityPrice priced({1'000'000});
  MeteredVillage v;
  v.close(400, 0);
  v.accept(Village::papers(0, {Village::swap(1, 1, {400'000, 1000, 7000, 0})}), 130'000);
  for (std::uint32_t g : {0u, 1u}) v.v.batches_until(g, 4);
  v.accept(Village::marks(
               0, 1, {Village::mark(1, 1, 307'000, 0, false, true), Village::mark(2, 1, 0, 500)}),
           240'000);
  v.accept(Village::marks(1, 1, {Village::mark(3, 1, 0, 500), Village::mark(4, 1, 0, 500)}),
           240'000);
  REQUIRE(v.v.close(240'000) == 1);
  const Statement& s = of_home(*v.v.state().last_closed(), 1);
  CHECK(s.standing == Standing::metered);
  CHECK(s.imported == WattHours{300});
  CHECK(*s.capacity == CapacityLine{{400}, {400}, {}});
}

TEST_CASE("capacity tariff: without a price no statement has a line") {
  CHECK(tariff_of(village_genesis()).capacity_price.value == 0);
  MeteredVillage v;
  CHECK_FALSE(of_home(v.close(300, 0), 1).capacity.has_value());
}

TEST_CASE("capacity tariff: a copy of the state goes on where the state was") {
  const WithCapacityPrice priced({1'000'000});
  MeteredVillage v;
  v.close(400, 0);
  const auto copy = v.v.state().clone();
  v.close(600, 0);
  const auto& before = static_cast<const MarketState&>(*copy);
  CHECK(before.meters().at(1).month_peak.peak == WattHours{400});
  CHECK(v.v.state().meters().at(1).month_peak.peak == WattHours{600});
}

TEST_CASE("capacity tariff: a statement's line reads back, with and without deals; others do not") {
  const Tariff tariff = tariff_at({4'000'000});
  Statement s = settle({5}, tariff, std::nullopt, {position(1, 1200, {1025})}).statements[0];
  CHECK(s.capacity->charge == MicroEuros{2'800'000});
  s.balance = {-77};
  const Bytes bytes = encode(s);
  CHECK(bytes[16] == 3);
  REQUIRE(decode_statement(bytes));
  CHECK(*decode_statement(bytes) == s);
  Statement with_deals = s;
  with_deals.deals = {{Side::buy, order_id(1), {300}, {200}, {100'000}, {}}};
  with_deals.contracted_buy = {300};
  with_deals.bought = {200};
  price_statement(with_deals, std::nullopt, tariff);
  REQUIRE(decode_statement(encode(with_deals)));
  CHECK(*decode_statement(encode(with_deals)) == with_deals);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_statement(BytesView(bytes).first(size)));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes other = bytes;
    other[i] ^= 1;
    const auto decoded = decode_statement(other);
    CHECK((!decoded || encode(*decoded) == other));
  }
  const auto refused = [&](auto change) {
    Statement other = s;
    change(other);
    return !decode_statement(encode(other));
  };
  CHECK_FALSE(refused([](Statement&) {}));
  CHECK(refused([](Statement& o) { o.capacity->peak = {1199}; }));
  CHECK(refused([](Statement& o) { o.capacity->peak = {1201}; }));
  CHECK(refused([](Statement& o) { o.capacity->peak_before = {-1}; }));
  CHECK(refused([](Statement& o) { o.capacity->peak_before = {1201}; }));
  CHECK(refused([](Statement& o) { o.capacity->peak_before = {1200}; }));  // a charge for no rise
  CHECK(refused([](Statement& o) { o.capacity->charge = {-1}; }));
  CHECK(refused([](Statement& o) { o.capacity->charge = {INT64_MAX}; }));
  CHECK(refused([](Statement& o) { o.standing = Standing::spanning; }));
  CHECK(refused([](Statement& o) { o.imported = o.capacity->peak = {max_peak_wh + 1}; }));
  CHECK_FALSE(refused([](Statement& o) { o.imported = o.capacity->peak = {max_peak_wh}; }));
  // Without a line a statement is encoded as ever.
  s.capacity.reset();
  CHECK(encode(s)[16] == 1);
}

TEST_CASE("capacity tariff: the bill says both peaks") {
  const Statement s =
      settle({5}, tariff_at({4'000'000}), std::nullopt, {position(1, 1200, {1025})}).statements[0];
  const auto lines = bill_lines(s, 900'000, {});
  const auto at = std::find_if(lines.begin(), lines.end(), [](const auto& line) {
    return line.first.starts_with("highest import");
  });
  REQUIRE(at != lines.end());
  CHECK(at->first == "highest import of the month 4.8 kW, before 4.1 kW");
  CHECK(at->second == 2'800'000);
  std::int64_t sum = 0;
  for (const auto& [line, amount] : lines)
    if (line != "total" && line != "balance after") sum += amount;
  CHECK(sum == s.total.value);
}

TEST_CASE("capacity tariff: it is in both bills, so that savings are what they were") {
  std::vector<SlotPosition> slot{position(1, 800, {100}), position(2, 0, {0})};
  slot[0].contracted_buy = slot[1].contracted_sell = {500};
  slot[1].exported = {500};
  std::vector<SlotPosition> without = slot;
  for (SlotPosition& p : without) p.peak_before.reset();
  const Tariff tariff = tariff_at({4'000'000});
  const Settlement a = settle({5}, tariff, Price{120'000}, slot);
  const Settlement b = settle({5}, tariff, Price{120'000}, without);
  CHECK(broken_invariant(a) == "");
  for (std::size_t i = 0; i < slot.size(); ++i)
    CHECK(retailer_bill(a.statements[i], tariff) - a.statements[i].total ==
          retailer_bill(b.statements[i], tariff) - b.statements[i].total);
  CHECK(a.statements[0].total - b.statements[0].total == a.statements[0].capacity->charge);
  CHECK(a.statements[0].capacity->charge == MicroEuros{11'200'000});
}

TEST_CASE("capacity tariff: a settlement with a charge that is none is found") {
  const auto broken = [](auto change) {
    Settlement s = settle({5}, tariff_at({4'000'000}), std::nullopt,
                          {position(1, 1200, {1025}), position(2, 3, {7}, Standing::spanning)});
    change(s);
    return broken_invariant(s);
  };
  CHECK(broken([](Settlement&) {}) == "");
  const std::string none = "a capacity charge is not of a peak that rose";
  CHECK(broken([](Settlement& s) { s.statements[0].capacity->peak = {1100}; }) == none);
  CHECK(broken([](Settlement& s) { s.statements[1].capacity->charge = {1}; }) == none);
  CHECK(broken([](Settlement& s) { s.statements[0].capacity->charge = {-1}; }) == none);
  CHECK(broken([](Settlement& s) { s.statements[0].capacity->charge += {1}; }) ==
        "a total is not the sum of its lines");
  CHECK(broken([](Settlement& s) {
          std::erase_if(s.postings,
                        [](const Posting& p) { return p.kind == PostingKind::capacity; });
        }) == "postings move another amount than a statement says");
}
