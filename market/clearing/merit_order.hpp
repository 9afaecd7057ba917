#pragma once
// What the mechanisms share: the order of merit, and shares of a quantity that has too many takers.

#include <cstdint>
#include <span>
#include <vector>

#include "market/clearing/order.hpp"

namespace market {

// Positions of one side's orders, best limit first: buyers by falling, sellers by rising limit;
// ties by rising id.
std::vector<std::uint32_t> merit_order(std::span<const Order> orders, Side side);

// Gives `total` to the orders at the positions `at` in proportion to their energy, rounded down;
// the Wh that remain go one each by largest remainder, ties by rising id. 0 <= total <= their sum.
void share_by_energy(std::span<const Order> orders, std::span<const std::uint32_t> at,
                     ledger::WattHours total, std::vector<ledger::WattHours>& fills);

}  // namespace market
