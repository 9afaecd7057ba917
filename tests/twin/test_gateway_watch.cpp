#include <doctest/doctest.h>

#include "ledger/base/codec.hpp"
#include "twin/node/validator/gateway_watch.hpp"

using namespace ledger;
using twin::GatewayWatch;

namespace {

Transaction said(TransactionKind kind, std::uint32_t gateway, std::uint32_t number,
                 std::uint8_t more) {
  Transaction tx;
  tx.kind = kind;
  tx.body = ByteWriter().u32(gateway).u32(number).u8(more).take();
  return tx;
}

const TransactionKind batch = TransactionKind::batch, marks = TransactionKind::marks;

}  // namespace

TEST_CASE("the second of two batches of an epoch is told, once, with both entries") {
  GatewayWatch watch;
  const Transaction first = said(batch, 3, 7, 1), second = said(batch, 3, 7, 2);
  CHECK(!watch.see(first));
  CHECK(!watch.contradicts(first));
  CHECK(!watch.see(first));
  REQUIRE(watch.contradicts(second));
  const auto twice = watch.see(second);
  REQUIRE(twice);
  CHECK(twice->kind == batch);
  CHECK(twice->gateway == GatewayId{3});
  CHECK(twice->number == 7);
  CHECK(twice->first == first.entry());
  CHECK(twice->second == second.entry());
  CHECK(encode(*twice) ==
        ByteWriter().u8(2).u32(3).u32(7).sized(first.entry()).sized(second.entry()).take());
  CHECK(!watch.contradicts(said(batch, 3, 7, 3)));
  CHECK(!watch.see(said(batch, 3, 7, 3)));
}

TEST_CASE("what is no contradiction: other epochs, gateways, kinds, and what is long ago") {
  GatewayWatch watch;
  CHECK(!watch.see(said(batch, 3, 7, 1)));
  for (const Transaction& tx :
       {said(batch, 3, 8, 2), said(batch, 4, 7, 2), said(marks, 3, 7, 2),
        said(TransactionKind::order, 3, 7, 2), said(TransactionKind::forecast, 3, 7, 2)}) {
    CHECK(!watch.contradicts(tx));
    CHECK(!watch.see(tx));
  }
  CHECK(watch.contradicts(said(marks, 3, 7, 3)));
  Transaction short_one = said(batch, 3, 7, 2);
  short_one.body.resize(7);
  CHECK(!watch.contradicts(short_one));
  CHECK(!watch.see(short_one));
  for (std::uint32_t e = 100; e < 100 + GatewayWatch::kept; ++e)
    CHECK(!watch.see(said(batch, 3, e, 1)));
  CHECK(!watch.contradicts(said(batch, 3, 7, 2)));
  CHECK(watch.contradicts(said(batch, 3, 107, 2)));
}
