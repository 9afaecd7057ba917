#pragma once
// The market mechanisms once more, by the definitions in their headers and nothing cleverer: every
// Wh by itself, every pair looked at, every step a search through all orders. For small books.

#include "market/clearing/clearing.hpp"

namespace market_test {

// Without welfare.
market::Clearing naive_clearing(market::Mechanism mechanism,
                                const std::vector<market::Order>& orders,
                                const market::ClearingTerms& terms);

// The largest welfare of any matching by the dual of its linear program: the least, over a price p,
// of what buyers would gain above p and sellers below it. A limit is among the best p.
ledger::MicroEuros dual_welfare(const std::vector<market::Order>& orders);

}  // namespace market_test
