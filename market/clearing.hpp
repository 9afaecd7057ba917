#pragma once
// The uniform-price call double auction of one slot (and "no trade", the retailer's baseline).
//
// Volume: the largest at which every matched buyer's limit is at least every matched seller's.
//   Buy orders by falling limit, sell orders by rising limit; ties by rising order id.
// Price: the middle of [low, high], rounded down, where
//   low  = max(limit of the last matched seller, limit of the first unmatched buyer)
//   high = min(limit of the last matched buyer,  limit of the first unmatched seller)
//   an order that is matched in part is matched and unmatched at once. No trade: no price.
// Fills: orders better than the marginal limit of their side in full; those at the marginal limit
//   share what is left in proportion to their energy, rounded down, the remaining Wh one each by
//   largest remainder, ties by rising order id.
// Everything is a function of the set of orders: their order of arrival does not matter.
// Economics: McAfee (1992), "A dominant strategy double auction", section 2 (the k-double auction
// with k = 1/2).

#include <optional>
#include <span>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"
#include "market/order.hpp"

namespace market {

struct Clearing {
  std::optional<ledger::Price> price;
  ledger::WattHours volume;
  std::vector<ledger::WattHours> fills;  // in the order of the orders given
  // Sum over fills of limit x energy, buyers minus sellers, micro-euro.
  ledger::MicroEuros welfare, optimal_welfare;
};

bool known_mechanism(std::string_view name);  // "uniform" and "retailer"

// `mechanism`: a known one. `orders`: within the bounds of market/order.hpp, each id once. Both
// were checked where they came in; anything else is a broken invariant.
Clearing clear(std::string_view mechanism, std::span<const Order> orders);

// The largest welfare that any matching of these orders has, found by merit order in steps of the
// limits: independent of `clear`.
ledger::MicroEuros optimal_welfare(std::span<const Order> orders);

// A row of a slot's anonymous book, 33 bytes: side u8, energy i64 (Wh), limit i64, id 16. Its leaf
// stands under the settlement's book root; the random id blinds it.
ledger::Bytes book_row(const Order& order);
ledger::Result<Order> decode_book_row(ledger::BytesView row);  // account and slot are not in it
// RFC 6962 root over the rows in order of their ids.
ledger::Hash book_root(std::span<const Order> orders);

}  // namespace market
