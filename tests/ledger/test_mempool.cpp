// Who waits for a block, in what order, and how much of it there may be.

#include <doctest/doctest.h>

#include "ledger/chain/mempool.hpp"

using namespace ledger;

namespace {

Transaction order(std::uint32_t slot, std::uint8_t salt, std::size_t bytes = 20) {
  Transaction tx;
  tx.kind = TransactionKind::order;
  Opening o;
  o.salt[0] = salt;
  o.data = Bytes(bytes, 7);
  tx.openings.push_back(o);
  tx.root = openings_root(tx.openings);
  tx.body = {0, 0, 0, static_cast<std::uint8_t>(slot)};
  return tx;
}

constexpr NodeId one{5}, two{6};

}  // namespace

TEST_CASE("the order of waiting says nothing about the order of arrival") {
  std::vector<Hash> rising, falling;
  for (auto* ids : {&rising, &falling}) {
    Mempool pool;
    for (int i = 0; i < 40; ++i) {
      const int k = ids == &rising ? i : 39 - i;
      REQUIRE(pool.add(order(static_cast<std::uint32_t>(1 + k % 2), static_cast<std::uint8_t>(k)),
                       0, k % 3 ? one : two) == Mempool::Added::yes);
    }
    for (const auto* p : pool.ordered()) ids->push_back(p->id);
  }
  CHECK(rising == falling);
}

TEST_CASE("by kind, then body, then hash") {
  Mempool pool;
  Transaction batch = order(9, 1);
  batch.kind = TransactionKind::batch;
  pool.add(order(2, 1), 0);
  pool.add(order(1, 2), 0);
  pool.add(batch, 0);
  const auto all = pool.ordered();
  CHECK(all[0]->transaction.kind == TransactionKind::batch);
  CHECK(all[1]->transaction.body.back() == 1);
  CHECK(all[2]->transaction.body.back() == 2);
}

TEST_CASE(
    "each sender has its share of count, bytes and of those that wait "
    "for others") {
  MempoolLimits limits;
  limits.count = 10;
  limits.bytes = 5000;
  limits.sender_count = 6;
  limits.sender_bytes = 2000;
  limits.sender_waiting = 2;
  using Added = Mempool::Added;
  SUBCASE("count") {
    Mempool pool(limits);
    for (std::uint8_t i = 0; i < 20; ++i)
      CHECK(pool.add(order(1, i), 0, one) == (i < 6 ? Added::yes : Added::no_room));
    CHECK(pool.add(order(1, 0), 0, two) == Added::known);
    for (std::uint8_t i = 20; i < 30; ++i)
      CHECK(pool.add(order(1, i), 0, two) == (i < 24 ? Added::yes : Added::no_room));
    CHECK(pool.size() == 10);
  }
  SUBCASE("bytes") {
    Mempool pool(limits);
    CHECK(pool.add(order(1, 0, 1500), 0, one) == Added::yes);
    CHECK(pool.add(order(1, 1, 1500), 0, one) == Added::no_room);
    CHECK(pool.add(order(1, 1, 1500), 0, two) == Added::yes);
    CHECK(pool.bytes() == 2 * order(1, 0, 1500).encode().size());
    pool.remove(pool.ordered()[0]->id);
    pool.remove(pool.ordered()[0]->id);
    CHECK(pool.bytes() == 0);
    CHECK(pool.add(order(1, 1, 1500), 0, one) == Added::yes);
  }
  SUBCASE("waiting") {
    Mempool pool(limits);
    for (std::uint8_t i = 0; i < 4; ++i)
      CHECK(pool.add(order(1, i), 0, one, true) == (i < 2 ? Added::yes : Added::no_room));
    CHECK(pool.add(order(1, 9), 0, one) == Added::yes);
    CHECK(pool.add(order(1, 3), 0, two, true) == Added::yes);
  }
}

TEST_CASE("a transaction has at most a mebibyte with its openings") {
  Transaction tx = order(1, 0);
  tx.openings.clear();
  for (int i = 0; i < 16; ++i) tx.openings.push_back({{}, Bytes(65'000, 1)});
  tx.root = openings_root(tx.openings);
  CHECK(decode_transaction(tx.encode()).has_value());
  tx.openings.push_back({{}, Bytes(65'000, 1)});
  tx.root = openings_root(tx.openings);
  REQUIRE_FALSE(decode_transaction(tx.encode()).has_value());
  CHECK(decode_transaction(tx.encode()).error().find("1,048,576") != std::string::npos);
}
