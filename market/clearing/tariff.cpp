#include "market/clearing/tariff.hpp"

namespace market {

using namespace ledger;

Result<void> check_terms(const Genesis& g) {
  constexpr std::int64_t day_ms = 86'400'000, minute_ms = 60'000;
  const auto acting = acting_named(g.mechanism);
  if (!acting) {
    std::string known;
    for (const std::string& name : acting_names()) known += (known.empty() ? "" : ", ") + name;
    return failure("genesis: mechanism is \"" + g.mechanism + "\"; a chain settles by " + known);
  }
  if (needs_feeder(acting->mechanism) && g.grid_operator == PublicKey{})
    return failure("genesis: mechanism " + g.mechanism + " needs a grid_operator");
  if (acting->mechanism == Mechanism::fee_tree && g.local_grid_fee.value != 0)
    return failure("genesis: local_grid_fee is " + std::to_string(g.local_grid_fee.value) +
                   "; with a fee-tree it must be 0, since the tree's fees take its place");
  for (const auto& [key, price] : {std::pair{"retail_buy", g.retail_buy},
                                   {"retail_sell", g.retail_sell},
                                   {"grid_fee", g.grid_fee},
                                   {"local_grid_fee", g.local_grid_fee},
                                   {"levies", g.levies}})
    if (price.value < 0 || price > max_order_price)
      return failure(std::string("genesis: ") + key + " is " + std::to_string(price.value) +
                     "; 0 to " + std::to_string(max_order_price.value) + " is allowed");
  if (g.capacity_price.value < 0 || g.capacity_price > max_capacity_price)
    return failure("genesis: capacity_price is " + std::to_string(g.capacity_price.value) +
                   "; 0 to " + std::to_string(max_capacity_price.value) + " is allowed");
  if (g.capacity_price.value > 0 && g.slot_ms < minute_ms)
    return failure("genesis: slot_ms is " + std::to_string(g.slot_ms) +
                   "; with a capacity_price a minute at least is allowed");
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
