#include <doctest/doctest.h>

#include "ledger/consensus/proposal_book.hpp"

using namespace ledger;

TEST_CASE("proposal book: an invalid value keeps its verdict and its place, not its bytes") {
  ProposalBook book;
  const Hash bad{1}, good{2};
  CHECK(book.add_value(bad, Bytes(1000, 7), 3));
  CHECK(book.add_value(good, Bytes(1000, 8), 3));
  book.judge(bad, false);
  book.judge(good, true);
  CHECK(book.content(bad)->bytes.capacity() == 0);
  CHECK(book.content(good)->bytes == Bytes(1000, 8));
  CHECK(book.validity(bad) == Validity::invalid);
  CHECK_FALSE(book.has_room(3));
  CHECK_FALSE(book.add_value(bad, Bytes(1000, 7), 4));  // the same value takes no memory again
  CHECK(book.content(bad)->bytes.empty());
}
