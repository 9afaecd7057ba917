#pragma once
// The books of closed slots, as who holds openings rebuilds them: orders that were not cancelled,
// what contracts made of the slot's statements (market/settlement/contract.hpp), and the rows whose
// openings are erased, of which no account is known.

#include <map>

#include "market/audit/openings.hpp"
#include "market/clearing/book_row.hpp"
#include "market/clearing/order.hpp"

namespace market {

struct KnownBook {
  std::vector<BookRow> rows;                // as they stand under the book root
  std::map<OrderId, AccountId> account_of;  // whose they are, where their openings are there
};
using SlotBooks = std::map<std::uint32_t, KnownBook>;  // by slot

// Of all slots that anything is known of. With openings of a few accounts alone, their rows.
SlotBooks slot_books(const PublicLog& log, const Openings& openings);

// What stays of the books when an account's openings are erased: of the plain form the account's
// own rows, of others each book that has rows at all, since what its rows hold of one account
// follows from others', too.
void keep_books(const Genesis& genesis, const SlotBooks& books, const AccountId& erased,
                ErasedOpenings& kept);

}  // namespace market
