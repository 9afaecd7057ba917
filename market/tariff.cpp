#include "market/tariff.hpp"

#include "ledger/base/invariant.hpp"

namespace market {

using namespace ledger;

Clearing clear_under(const Genesis& g, std::span<const Order> orders) {
  const auto mechanism = mechanism_named(g.mechanism);
  invariant(mechanism && can_act(*mechanism), "a mechanism that genesis allows");
  return clear(*mechanism, orders, terms_of(tariff_of(g)));
}

Result<void> check_terms(const Genesis& g) {
  constexpr std::int64_t day_ms = 86'400'000;
  if (const auto mechanism = mechanism_named(g.mechanism); !mechanism || !can_act(*mechanism)) {
    std::string known;
    for (const std::string& name : acting_names()) known += (known.empty() ? "" : ", ") + name;
    return failure("genesis: mechanism is \"" + g.mechanism + "\"; a chain settles by " + known);
  }
  for (const auto& [key, price] : {std::pair{"retail_buy", g.retail_buy},
                                   {"retail_sell", g.retail_sell},
                                   {"grid_fee", g.grid_fee},
                                   {"local_grid_fee", g.local_grid_fee},
                                   {"levies", g.levies}})
    if (price.value < 0 || price > max_order_price)
      return failure(std::string("genesis: ") + key + " is " + std::to_string(price.value) +
                     "; 0 to " + std::to_string(max_order_price.value) + " is allowed");
  for (const auto& [key, ms] : {std::pair{"slot_ms", g.slot_ms},
                                {"batch_ms", g.batch_ms},
                                {"block_ms", g.block_ms},
                                {"metering_ms", g.metering_ms},
                                {"close_grace_ms", g.close_grace_ms}})
    if (ms < 0 || ms > day_ms)
      return failure(std::string("genesis: ") + key + " is " + std::to_string(ms) +
                     "; a day at most is allowed");
  return {};
}

}  // namespace market
