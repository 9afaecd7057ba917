#pragma once
// The market mechanisms, by the names that scenarios, genesis and the command line give them.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace market {

enum class Mechanism : std::uint8_t {
  retailer,       // no trade among neighbours: the baseline
  uniform,        // call double auction, one price
  pay_as_bid,     // call double auction, each pays what it bid
  continuous,     // double auction by price and time
  bilateral,      // pairs by preference: partner, local, green
  mid_market,     // community sharing at the middle of the retailer's two prices
  supply_demand,  // community sharing, priced by the ratio of supply to demand
  bill_sharing,   // community sharing, the community's saving spread over all energy
  grid_aware,     // nodal prices within the feeder's limits
  fee_tree,       // grid fees by a trade's way through the feeder's tree
};

inline constexpr std::array<std::string_view, 10> mechanism_names{
    "retailer",   "uniform",       "pay-as-bid",   "continuous", "bilateral",
    "mid-market", "supply-demand", "bill-sharing", "grid-aware", "fee-tree"};

constexpr std::string_view name_of(Mechanism m) {
  return mechanism_names[static_cast<std::size_t>(m)];
}
std::optional<Mechanism> mechanism_named(std::string_view name);

// Whether it needs more than a book says: a feeder's limits or fees
// (market/clearing/grid_clearing.hpp, market/clearing/fee_tree.hpp). The others clear by `clear`.
constexpr bool needs_feeder(Mechanism m) {
  return m == Mechanism::grid_aware || m == Mechanism::fee_tree;
}

// Who gets how much of the community's own generation (bill-sharing): by the energy that each
// ordered, or in equal shares of each buying account.
enum class SharingKey : std::uint8_t { dynamic_key, static_key };

// What settles a chain's slots. Its names are the mechanisms', and "bill-sharing-static".
struct Acting {
  Mechanism mechanism = Mechanism::uniform;
  SharingKey key = SharingKey::dynamic_key;
};
std::optional<Acting> acting_named(std::string_view name);
std::vector<std::string> acting_names();

}  // namespace market
