#pragma once
// A book of orders whose buses are nodes of a grid-fee tree, cleared and printed.

#include "market/clearing/fee_tree_reader.hpp"
#include "market/clearing/order_book_reader.hpp"

namespace app {

// By order its node. An order at none is refused in its book, which clears without it.
std::vector<std::uint32_t> nodes_of(market::OrderBook& book, const market::NamedFeeTree& tree,
                                    const std::string& file);

void print_fee_tree_book(const market::OrderBook& book, const market::NamedFeeTree& tree,
                         std::span<const std::uint32_t> nodes,
                         const market::FeeTreeClearing& cleared, bool json);

}  // namespace app
