#pragma once
// A statement's deals, from the book of its slot: which they are follows from the clearing, and how
// much of each the account could deliver or take from its own meter
// (market/settlement/deal_settlement.hpp). How much its partner could is the validators' word, as
// it is where there is one price.

#include "market/clearing/clearing.hpp"
#include "market/receipt/receipt_openings.hpp"

namespace market {

// `own`: the account's rows of the book.
void check_deals(const Statement& statement, std::span<const Order> own,
                 std::span<const Order> book, const Clearing& clearing);

}  // namespace market
