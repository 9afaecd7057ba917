#pragma once
// The books of closed slots, as who holds openings rebuilds them: orders that were not cancelled,
// what contracts made of the slot's statements (market/contract.hpp), and the rows whose openings
// are erased, of which no account is known.

#include <map>

#include "market/audit/openings.hpp"
#include "market/order.hpp"

namespace market {

// By slot; the rows by their ids, under which they stand.
using SlotBooks = std::map<std::uint32_t, std::map<OrderId, Order>>;

// Of all slots that anything is known of. With openings of a few accounts alone, their rows.
SlotBooks slot_books(const PublicLog& log, const Openings& openings);

}  // namespace market
