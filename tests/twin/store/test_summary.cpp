#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "twin/store/summary.hpp"

using namespace twin;
using nlohmann::json;

namespace {

json market_of(const Summary& s) { return json::parse(to_json(s)).at("market"); }

}  // namespace

TEST_CASE("summary: without trades there is no mean price, and without gains no efficiency") {
  Summary s;
  s.market.slots_settled = 3;
  s.market.shadows.push_back({"uniform"});
  const json idle = market_of(s);
  for (const json& m : {idle, idle.at("shadows")[0]}) {
    CHECK(m.at("mean_price_eur_per_kwh").is_null());
    CHECK(m.at("efficiency").is_null());
    CHECK(m.at("traded_kwh") == 0);
  }
  s.market.traded_wh = s.market.shadows[0].traded_wh = 2'000;
  const json free = market_of(s);  // what is given away has the price 0
  CHECK(free.at("mean_price_eur_per_kwh") == 0);
  CHECK(free.at("shadows")[0].at("mean_price_eur_per_kwh") == 0);
  s.market.earned_micro_eur = 300'000;
  s.market.optimal_welfare_micro_eur = 400'000;
  CHECK(market_of(s).at("mean_price_eur_per_kwh") == 0.15);
  CHECK(market_of(s).at("turnover_eur") == 0.3);
  CHECK(market_of(s).at("efficiency") == 0);
}

TEST_CASE("summary: the budget's balance is congestion rent and rounding, each by itself") {
  Summary s;
  s.market.paid_micro_eur = 1'000'005;
  s.market.earned_micro_eur = 900'000;
  s.market.congestion_rent_micro_eur = 100'007;
  const json m = market_of(s);
  CHECK(m.at("budget_balance_eur") == 0.100005);
  CHECK(m.at("congestion_rent_eur") == 0.100007);
  CHECK(m.at("rounding_eur") == -0.000002);
  CHECK(m.at("turnover_eur") == 0.9);
}
