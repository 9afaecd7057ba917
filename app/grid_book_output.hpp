#pragma once
// What a grid-aware clearing came to, for people and for programs.

#include "app/grid_book.hpp"
#include "market/clearing/order_book_reader.hpp"

namespace app {

// `grid_file` empty: cleared without a feeder, which the output says.
void print_grid_book(const market::OrderBook& orders, const GridBook& book,
                     const std::string& grid_file, bool json);

}  // namespace app
