// What a gateway believes of its homes' contracts on the ledger, and how that is said.

#include <doctest/doctest.h>

#include "ledger/base/codec.hpp"
#include "twin/node/base/contract_word.hpp"

using namespace twin;
using namespace ledger;
using market::Template;

namespace {

ContractsOnLedger one(std::uint32_t meter, Template of, std::uint32_t number) {
  return {{{{meter}, of}, number}};
}

}  // namespace

TEST_CASE("contract word: the newest number that f + 1 validators reach") {
  ContractWord word(4);
  CHECK(word.hear({0}, one(7, Template::hold_tokens, 9)).empty());
  CHECK(word.hear({0}, one(7, Template::hold_tokens, 9)).empty());  // the same liar
  CHECK(word.hear({1}, one(7, Template::sell_surplus, 9)).empty());
  CHECK(word.hear({1}, one(8, Template::hold_tokens, 9)).empty());
  CHECK(word.newest({7}, Template::hold_tokens) == 0);
  CHECK(word.hear({2}, one(7, Template::hold_tokens, 2)) == one(7, Template::hold_tokens, 2));
  CHECK(word.newest({7}, Template::hold_tokens) == 2);
  CHECK(word.hear({3}, one(7, Template::hold_tokens, 2)).empty());  // known
  CHECK(word.hear({3}, one(7, Template::hold_tokens, 1)).empty());  // an old message
  CHECK(word.hear({3}, one(7, Template::hold_tokens, 5)) == one(7, Template::hold_tokens, 5));
  ContractWord alone(1);
  CHECK(alone.hear({0}, one(7, Template::hold_tokens, 1)).size() == 1);
}

TEST_CASE("contract word: its message has one form") {
  const ContractsOnLedger two{{{{3}, Template::buy_below}, 1},
                              {{{3}, Template::hold_tokens}, 70'000}};
  const Bytes message = encode(two);
  CHECK(kind_of(message) == MessageKind::contracts);
  const BytesView body = BytesView(message).subspan(1);
  CHECK(body.size() == 2 + 2 * 9);
  REQUIRE(decode_contracts_on_ledger(body));
  CHECK(*decode_contracts_on_ledger(body) == two);
  const auto refused = [](const ByteWriter& w) { return !decode_contracts_on_ledger(w.view()); };
  CHECK(refused(ByteWriter().u16(0)));
  CHECK(refused(ByteWriter().u16(2).u32(3).u8(1).u32(1)));
  CHECK(refused(ByteWriter().u16(1).u32(3).u8(1).u32(1).u8(0)));
  CHECK(refused(ByteWriter().u16(1).u32(3).u8(0).u32(1)));
  CHECK(refused(ByteWriter().u16(1).u32(3).u8(market::templates + 1).u32(1)));
  CHECK(refused(ByteWriter().u16(2).u32(3).u8(1).u32(1).u32(3).u8(1).u32(2)));
  CHECK(refused(ByteWriter().u16(2).u32(3).u8(2).u32(1).u32(3).u8(1).u32(2)));
  CHECK(refused(ByteWriter().u16(2).u32(3).u8(1).u32(1).u32(2).u8(1).u32(2)));
}
