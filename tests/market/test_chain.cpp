// Blocks over a market's state: what a builder takes, and what a checker
// refuses.

#include <doctest/doctest.h>

#include "ledger/chain/chain.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

constexpr std::size_t block_bytes = 4u << 20;

struct Fixture {
  Ed25519Verifier verifier;
  Chain chain{std::make_unique<MarketState>(village_genesis(), verifier)};
  Mempool pool;

  Fixture() {
    pool.add(Village::registration(0, {1, 2}), 0);
    pool.add(Village::registration(1, {3, 4}), 0);
  }
  Chain::Built build(std::int64_t time_ms, std::size_t bytes = block_bytes) {
    return chain.build(time_ms, {0}, pool.ordered(), bytes);
  }
  std::string refusal(Block block) {
    block.header.entries = static_cast<std::uint32_t>(block.transactions.size());
    block.header.entries_root = entries_root(block.transactions);
    const auto tried = chain.try_block(encode(block));
    return tried ? std::string() : tried.error();
  }
};

}  // namespace

TEST_CASE("a transaction that does not fit is passed over, not waited for") {
  Fixture f;
  Transaction large;
  large.kind = TransactionKind::registration;
  for (int i = 0; i < 14; ++i) large.openings.push_back({{}, Bytes(65'000, 1)});
  large.root = openings_root(large.openings);
  large.body = Bytes(68, 0);
  REQUIRE(decode_transaction(large.encode()));
  REQUIRE(f.pool.add(large, 0, {9}) == Mempool::Added::yes);
  REQUIRE(f.pool.ordered()[0]->transaction.openings.size() == 14);
  CHECK(f.build(60'000, 900'000).tried.block.transactions.size() == 2);
  CHECK(f.build(60'000, 900'000).never.empty());
  // Where it fits it is found to be nothing, and its bytes count for nothing.
  const auto built = f.build(60'000, 1'000'000);
  CHECK(built.tried.block.transactions.size() == 2);
  CHECK(built.never.size() == 1);
}

TEST_CASE(
    "transactions stand in canonical order, and a block in another order "
    "is refused") {
  Fixture f;
  const Block block = f.build(60'000).tried.block;
  CHECK(f.refusal(block).empty());
  Block other = block;
  std::swap(other.transactions[0], other.transactions[1]);
  CHECK(f.refusal(other).find("canonical order") != std::string::npos);
  other = block;
  other.transactions.push_back(other.transactions[1]);
  CHECK(f.refusal(other).find("canonical order") != std::string::npos);
}

TEST_CASE("orders of one block stand by hash, whoever sent them first") {
  for (const bool reverse : {false, true}) {
    Fixture f;
    f.chain.commit(std::move(f.build(0).tried));
    f.pool = Mempool();
    std::vector<Transaction> orders;
    for (std::uint8_t i = 0; i < 12; ++i)
      orders.push_back(Village::order(1 + i % 3, 1, Side::buy, 1000 + i, 200'000, i));
    if (reverse) std::reverse(orders.begin(), orders.end());
    for (const Transaction& tx : orders) f.pool.add(tx, 1);
    const Block block = f.build(60'000).tried.block;
    REQUIRE(block.transactions.size() == 12);
    for (std::size_t i = 1; i < 12; ++i)
      CHECK(leaf_hash(block.transactions[i - 1].entry()) <
            leaf_hash(block.transactions[i].entry()));
  }
}

TEST_CASE("a header names rules and validators, and no evidence yet") {
  Fixture f;
  const Block block = f.build(60'000).tried.block;
  CHECK(block.header.rules == village_genesis().rules);
  CHECK(block.header.validators == validators_hash(village_genesis().validators));
  CHECK(block.header.evidence_root == root_of({}));
  for (Hash BlockHeader::*field :
       {&BlockHeader::rules, &BlockHeader::validators, &BlockHeader::evidence_root}) {
    Block other = block;
    (other.header.*field)[3] ^= 1;
    CHECK(f.refusal(other).find("does not continue this chain") != std::string::npos);
  }
}

TEST_CASE("what may wait for a block: signed by whom it has to be, and registered") {
  Village v;
  const auto admitted = [&](const Transaction& tx) {
    const auto a = v.state().admit(std::span(&tx, 1))[0];
    return a ? std::string("yes") : a.error().may_hold_later ? "later" : "never";
  };
  CHECK(admitted(Village::order(1, 0, Side::buy, 1000, 200'000, 1)) == "later");
  v.register_all();
  CHECK(admitted(Village::order(1, 0, Side::buy, 1000, 200'000, 1)) == "yes");
  CHECK(admitted(Village::order(1, 0, Side::buy, 1000, 200'000, 1, "account 2")) == "never");
  CHECK(admitted(Village::order(9, 0, Side::buy, 1000, 200'000, 1)) == "later");
  CHECK(admitted(v.batch(0, 1, {})) == "yes");
  Transaction forged = v.batch(0, 1, {});
  forged.body.back() ^= 1;
  CHECK(admitted(forged) == "never");
  CHECK(admitted(Village::marks(0, 0, {Village::mark(1, 0, 0, 500)})) == "yes");
  CHECK(admitted(Village::registration(0, std::vector<Registration>{}, "gateway 0")) == "never");
  Transaction made_up;
  for (const auto kind : {TransactionKind::settlement, TransactionKind::statements}) {
    made_up.kind = kind;
    CHECK(admitted(made_up) == "never");
  }
}
