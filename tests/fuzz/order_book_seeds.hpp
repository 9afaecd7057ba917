#pragma once
// Small order books to grow inputs from, and what has to hold for any text that is read as one.

#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

std::vector<std::string> order_book_seeds();

// What of the reader's promises the text breaks; empty: nothing. Orders that were read are within
// their bounds, have ids of their own, and clear by every mechanism; every line is in the book or
// refused once; a refusal of the whole begins with the file's name.
std::string problem_of_book(std::string_view text);

}  // namespace fuzz
