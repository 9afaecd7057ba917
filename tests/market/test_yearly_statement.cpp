// A year is the sum of its statements' lines, by local months, days and hours.

#include <doctest/doctest.h>

#include "market/audit/replay.hpp"
#include "market/audit/yearly_statement.hpp"
#include "market/settlement/sub_meters.hpp"
#include "tests/market/village_support.hpp"
#include "tests/support/village_chain.hpp"

using namespace market_test;

namespace {

const VillageChain& year_chain() {
  static const VillageChain chain = village_chain(4, 100);
  return chain;
}

YearlyStatement year_of(const VillageChain& chain, std::uint8_t home,
                        const char* zone = "Europe/Berlin") {
  const auto year =
      yearly_statement(chain.log, chain.openings, account(home), *zone_named(zone), std::nullopt);
  REQUIRE_MESSAGE(year, year.error());
  return *year;
}

// Every statement of the account, straight from the openings.
std::vector<Statement> statements_of(const VillageChain& chain, std::uint8_t home) {
  std::vector<Statement> out;
  for (const auto& [entry, all] : chain.openings.restricted)
    for (const auto& [position, o] : all)
      if (view_entry(chain.log.entries[entry])->kind == TransactionKind::statements &&
          owner_of(o) == account(home))
        out.push_back(*decode_statement(o.data));
  return out;
}

// The village's chain as if its epoch were another, and its slots longer: the days that it covers.
VillageChain moved_to(const char* epoch, std::int64_t slot_ms) {
  VillageChain out = year_chain();
  out.log.genesis.epoch = *from_rfc3339(epoch);
  out.log.genesis.slot_ms = slot_ms;
  return out;
}

}  // namespace

TEST_CASE("yearly statement: every figure is a sum of statement lines") {
  for (const std::uint8_t home : {1, 2, 3, 5}) {
    CAPTURE(home);
    const YearlyStatement y = year_of(year_chain(), home);
    const auto all = statements_of(year_chain(), home);
    std::int64_t bought = 0, retail = 0, fed_in = 0, levies = 0, total = 0, earned = 0;
    for (const Statement& s : all) {
      bought += s.bought.value;
      retail += s.imported.value - s.bought.value;
      fed_in += s.exported.value - s.sold.value;
      levies += s.levies.value + s.trade_levies.value;
      earned += s.trade_earned.value;
      total += s.total.value;
    }
    CHECK(y.all.slots == all.size());
    CHECK(y.all.bought_wh == bought);
    CHECK(y.all.from_retailer_wh == retail);
    CHECK(y.all.fed_in_wh == fed_in);
    CHECK(y.all.levies + y.all.trade_levies == levies);
    CHECK(y.all.trade_earned == earned);
    CHECK(y.all.total == total);
    CHECK(bought > 0);
    std::int64_t in_months = 0, in_hours = 0, in_days = 0, of_feeders = 0;
    for (const auto& m : y.by_month) in_months += m.total;
    for (const auto& h : y.by_hour) in_hours += h.total;
    for (const auto& [date, d] : y.by_day) in_days += d.total;
    for (const auto& [of, wh] : y.origin_wh) {
      CHECK(of.second != unknown_feeder);
      of_feeders += wh;
    }
    CHECK(in_months == total);
    CHECK(in_hours == total);
    CHECK(in_days == total);
    CHECK(of_feeders == bought);
  }
}

TEST_CASE("yearly statement: statements, rulings, contracts, measures are what the deposit lost") {
  for (const std::uint8_t home : {1, 2, 3}) {
    const YearlyStatement y = year_of(year_chain(), home);
    const std::int64_t got = y.flexibility + y.relief + y.compensation;
    CHECK(10'000'000 - y.all.total - y.corrections.total + got - y.curtailment == y.balance);
    CHECK((y.relief > 0) == (home == 3));
    CHECK((y.compensation > 0) == (home != 2));
    CHECK((y.flexibility > 0) == (home == 1));
    CHECK((y.curtailment > 0) == (home == 3));
  }
}

TEST_CASE("yearly statement: tenants have their parts of the slots in which their contract stood") {
  const YearlyStatement y = year_of(year_chain(), 1);
  std::map<std::array<std::uint8_t, 16>, StatementSums> expected;
  StatementSums let;
  for (const Statement& s : statements_of(year_chain(), 1)) {
    if (s.slot.value < 20 || s.slot.value >= 60) continue;
    const std::vector<Tenant> tenants = s.slot.value < 40 ? std::vector<Tenant>{{{1}, 2}, {{2}, 1}}
                                                          : std::vector<Tenant>{{{2}, 1}, {{3}, 4}};
    CHECK(let.add(s));
    for (const TenantBill& b : tenant_bills(s, tenants)) CHECK(expected[b.tenant.name].add(b.part));
  }
  CHECK(y.by_tenant == expected);
  CHECK(y.let == let);
  CHECK(let.slots == 40);
  CHECK(y.by_tenant.at({1}).slots == 20);
  CHECK(y.by_tenant.at({2}).slots == 40);
  std::int64_t imported = 0, total = 0;
  for (const auto& [name, sums] : y.by_tenant) {
    imported += sums.imported_wh;
    total += sums.total;
  }
  CHECK(imported == let.imported_wh);
  CHECK(total == let.total);
  CHECK(year_of(year_chain(), 2).by_tenant.empty());
}

TEST_CASE("yearly statement: the VAT that is contained, rounded once") {
  StatementSums s;
  s.retail_energy = 700'000;
  s.grid_fee = 300'000;
  s.levies = 100'000;
  s.local_grid_fee = 60'000;
  s.trade_levies = 30'000;
  s.trade_paid = 5'000'000;  // of neighbours, without
  s.feed_in = 4'000'000;
  CHECK(vat_in(s, {}, 190) == 190'000);
  CHECK(vat_in(s, {}, 0) == 0);
  CorrectionSums less;
  less.retail_energy = -1'190'000;
  CHECK(vat_in(s, less, 190) == 0);
  less.levies = -119;
  CHECK(vat_in(s, less, 190) == -19);
  StatementSums odd;
  odd.levies = 3;  // 0.479 of a micro-euro
  CHECK(vat_in(odd, {}, 190) == 0);
  odd.levies = 4;  // 0.639
  CHECK(vat_in(odd, {}, 190) == 1);
}

TEST_CASE("yearly statement: rulings that acted after an account left belong to its year") {
  const VillageChain chain = village_chain(2, 70);  // home 5 leaves in slot 60
  std::uint32_t rulings = 0, late = 0;
  for (const auto& [entry, all] : chain.openings.restricted)
    for (const auto& [position, o] : all)
      if (view_entry(chain.log.entries[entry])->kind == TransactionKind::ruling &&
          owner_of(o) == account(5)) {
        ++rulings;
        late += decode_ruling(o.data)->slot > statements_of(chain, 5).back().slot;
      }
  CHECK(late > 0);
  CHECK(year_of(chain, 5).corrections.rulings == rulings);
}

TEST_CASE("yearly statement: CO2 by the factors, in whole mg") {
  const YearlyStatement y = year_of(year_chain(), 2);
  const Emissions co2 = emissions_of(y.all, {400, 50});
  CHECK(co2.grid_mg == 400 * y.all.from_retailer_wh);
  CHECK(co2.local_mg == 50 * y.all.bought_wh);
  CHECK(co2.avoided_mg == 350 * y.all.exported_wh);
  const Emissions by_default = emissions_of(y.all, {});
  CHECK(by_default.grid_mg == 380 * y.all.from_retailer_wh);
}

TEST_CASE("yearly statement: tokens that were held, given and retired") {
  const YearlyStatement holder = year_of(year_chain(), 2), receiver = year_of(year_chain(), 1);
  CHECK(holder.given_wh > 0);
  CHECK(holder.given_wh == receiver.received_wh);
  CHECK(holder.retired_for_consumption_wh > 0);
  CHECK(holder.all.retired_wh < holder.all.bought_wh);
  CHECK(receiver.all.retired_wh == receiver.all.bought_wh);
}

TEST_CASE("yearly statement: local days have 92, 96 or 100 quarter hours, by the zone") {
  // 100 slots from a local midnight on: what is beyond the first day is the next one's.
  for (const auto& place : {std::tuple{"2026-03-29T00:00:00+01:00", 3, 29, 92u},
                            std::tuple{"2026-10-25T00:00:00+02:00", 10, 25, 100u},
                            std::tuple{"2026-06-21T00:00:00+02:00", 6, 21, 96u}}) {
    const auto [epoch, month, day, slots] = place;
    CAPTURE(std::get<0>(place));
    const VillageChain chain = moved_to(epoch, 900'000);
    const YearlyStatement y = year_of(chain, 2);
    CHECK(y.year == 2026);
    CHECK(y.by_day.at({month, day}).slots == slots);
    CHECK(y.by_day.size() == (slots == 100 ? 1 : 2));
    CHECK(y.by_hour[2].slots == (slots == 92 ? 0 : slots == 96 ? 4 : 8));
    // The same slots by a zone that knows no summer time.
    CHECK(year_of(chain, 2, "+01:00").by_hour[2].slots == 4);
  }
}

TEST_CASE("yearly statement: a year has its own slots alone") {
  const VillageChain chain = moved_to("2026-12-31T23:00:00+01:00", 900'000);
  const auto in = [&](std::int32_t year, const char* zone) {
    const auto y = yearly_statement(chain.log, chain.openings, account(2), *zone_named(zone), year);
    return y ? y->all.slots : 0;
  };
  CHECK(in(2026, "Europe/Berlin") == 4);
  CHECK(in(2027, "Europe/Berlin") == 96);
  CHECK(in(2026, "UTC") == 8);
  const auto none = yearly_statement(chain.log, chain.openings, account(2), Zone{}, 2020);
  REQUIRE_FALSE(none);
  CHECK(none.error() == "has no settled slot in 2020, but in 2026 to 2027");
  const VillageChain far = moved_to("9990-01-01T00:00:00Z", 86'400'000 * 50ll);
  const auto beyond = yearly_statement(far.log, far.openings, account(2), Zone{}, std::nullopt);
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error() == "has a slot beyond the year 9998");
}

TEST_CASE("yearly statement: a household's own openings give the same sums, but no feeder") {
  VillageChain own = year_chain();
  for (auto& [entry, all] : own.openings.restricted)
    for (auto at = all.begin(); at != all.end();)
      if (owner_of(at->second) == account(2)) {
        ++at;
      } else {
        own.openings.erased.restricted[entry][at->first] = {
            leaf_hash(commitment(at->second.salt, at->second.data)), 0};
        at = all.erase(at);
      }
  const YearlyStatement whole = year_of(year_chain(), 2), part = year_of(own, 2);
  CHECK(part.all == whole.all);
  CHECK(part.by_month == whole.by_month);
  for (const auto& [of, wh] : part.origin_wh) CHECK(of.second == unknown_feeder);
}

TEST_CASE("yearly statement: an opening that is another than the log commits to is refused") {
  VillageChain lying = year_chain();
  for (auto& [entry, all] : lying.openings.restricted)
    if (view_entry(lying.log.entries[entry])->kind == TransactionKind::statements) {
      all.begin()->second.data.back() ^= 1;
      break;
    }
  const auto year = yearly_statement(lying.log, lying.openings, account(1), Zone{}, std::nullopt);
  REQUIRE_FALSE(year);
  CHECK(year.error().find("its openings are missing or others") != std::string::npos);
}
