#pragma once
// What a slot's book comes to, for all who have its rows: state machine, auditor and the holder of
// a receipt.
//
// A book of results holds its fills and prices already (market/clearing/book_row.hpp). Deals then
// follow from them: first within each price that buyers and sellers share, then those that are left
// by rising price; of one price and side the order is that of the rows' ids, the first buyer with
// the first seller, each as far as its fill goes. A buyer pays its row's price, a seller gets its
// own; what the two differ by is the grid fee of the deal's way of the fee tree, else congestion.
// Where no seller's price is above its buyer's for some pairing, it is not for this one either:
// behind each price as many Wh are bought as sold, and taking equal prices away changes that for
// both sides alike.

#include "ledger/chain/genesis.hpp"
#include "market/clearing/book_row.hpp"
#include "market/clearing/clearing.hpp"
#include "market/clearing/tariff.hpp"

namespace market {

using namespace ledger;

// Of a genesis that check_terms accepts.
Acting acting_of(const Genesis& genesis);
BookForm book_form_of(const Genesis& genesis);

// The deals of a book of results.
std::vector<Trade> deals_of(std::span<const BookRow> rows);

// `rows` as they stand in the book; of results, ones that broken_book accepts. `tariff`: the
// slot's.
Clearing clear_rows(const Genesis& genesis, const Tariff& tariff, std::span<const BookRow> rows);

}  // namespace market
