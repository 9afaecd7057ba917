// Where the grid fee differs by slot, agents bid by the slot's own: no trade is worse than what the
// retailer asks and pays in that slot.

#include <algorithm>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"

using nlohmann::json;

namespace {

// Prices of docs/scenario.md: 0.32 from the retailer, 0.08 to it, 0.06 and 0.04 on traded energy.
constexpr std::int64_t retail = 320'000, feed_in = 80'000, beside = 100'000;

struct FeeRun {
  // Added at noon, EUR/kWh and micro-EUR/kWh. Nothing is before slot 2, whose fee the grid operator
  // fixes in its first minute.
  FeeRun(const std::string& eur, std::int64_t micro) : added(micro) {
    folder.write("scenario.toml",
                 test::short_scenario +
                     std::string("strategy = { truthful = 0.3, linear = 0.2, adaptive = 0.2 }\n"
                                 "[[congestion]]\nrung = \"time-of-use\"\nlow_from_h = 10\n"
                                 "low_until_h = 14\nhigh_eur_per_kwh = 0.2\nlow_eur_per_kwh = ") +
                     eur + "\n");
    const test::Outcome ran = test::aipchain(
        {"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--json", "--quiet"});
    REQUIRE_MESSAGE(ran.code == 0, ran.errors);
    const json summary = json::parse(ran.output);
    for (const auto& account : summary.at("accounts")) {
      const test::Outcome out =
          test::aipchain({"export", folder.at("out"), "--account", account.get<std::string>()});
      REQUIRE_MESSAGE(out.code == 0, out.errors);
      homes.push_back(json::parse(out.output));
    }
  }
  std::int64_t added_in(const json& of_slot) const { return of_slot.at("slot") < 2 ? 0 : added; }
  // Of buy orders behind slot 1.
  std::int64_t highest_limit() const {
    std::int64_t out = 0;
    for (const json& home : homes)
      for (const json& order : home.at("orders"))
        if (order.at("side") == "buy" && order.at("slot") >= 2)
          out = std::max(out, order.at("limit_micro_eur_per_kwh").get<std::int64_t>());
    return out;
  }
  // In micro-EUR x 1000; a bill's lines are rounded to the micro-EUR each.
  void check_rational() const {
    std::int64_t bought_in_all = 0;
    for (const json& home : homes)
      for (const json& bill : home.at("bills")) {
        const auto of = [&](const char* key) { return bill.at(key).get<std::int64_t>(); };
        const std::int64_t bought = of("bought_wh"), sold = of("sold_wh");
        const std::int64_t paid = of("trade_paid_micro_eur") + of("local_grid_fee_micro_eur") +
                                  of("trade_levies_micro_eur");
        CAPTURE(bill.dump());
        CHECK(1000 * paid <= (retail + added_in(bill)) * bought + 1500);
        CHECK(1000 * of("trade_earned_micro_eur") >= feed_in * sold - 500);
        // The fee that the bill has is the one that was told.
        const std::int64_t rest = of("imported_wh") - bought;
        CHECK(std::abs(1000 * of("grid_fee_micro_eur") - (90'000 + added_in(bill)) * rest) <= 500);
        bought_in_all += bought;
      }
    CHECK(bought_in_all > 0);
  }
  std::int64_t added;
  test::Folder folder;
  std::vector<json> homes;
};

}  // namespace

TEST_CASE(
    "fee limits: with a grid fee that falls or rises no home trades worse than the retailer") {
  const FeeRun low("-0.085", -85'000);
  CHECK(low.highest_limit() == retail - beside - 85'000);  // a truthful one's
  low.check_rational();
  const FeeRun high("0.1", 100'000);
  CHECK(high.highest_limit() == retail - beside + 100'000);
  high.check_rational();
}
