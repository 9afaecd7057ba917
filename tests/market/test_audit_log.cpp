// R2's order of entries and R5's invariants against logs and states that break them.

#include <doctest/doctest.h>
#include <functional>

#include "ledger/chain/mempool.hpp"
#include "market/audit/invariants.hpp"
#include "market/audit/public_log.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

std::string order_verdict(const std::vector<Transaction>& block) {
  PublicLog log;
  PublicLog::Certified c;
  c.header.height = 1;
  c.header.entries = static_cast<std::uint32_t>(block.size());
  c.header.entries_root = entries_root(block);
  c.header.log_root = log.tree.root();
  for (const Transaction& tx : block) {
    log.entries.push_back(tx.entry());
    log.tree.append(leaf_hash(log.entries.back()));
  }
  log.blocks.push_back(c);
  const auto ok = check_consistency(log);
  return ok ? "" : ok.error();
}

bool tells(const std::string& verdict, const char* words) {
  INFO(verdict);
  return verdict.find(words) != std::string::npos;
}

// A village that has closed slot 0 with a trade, and the blocks that led there.
struct Played {
  Village village;
  std::vector<Transaction> before, closing;

  Played() {
    take(Village::registration(0, {1, 2}), 0);
    take(Village::registration(1, {3, 4}), 0);
    take(Village::order(1, 0, Side::buy, 1000, 220'000, 1), 0);
    take(Village::order(3, 0, Side::sell, 800, 100'000, 2), 0);
    for (std::uint32_t g : {0u, 1u}) village.batches_until(g, 2);
    take(Village::marks(0, 0, {Village::mark(1, 0, 900'400, 500)}), 120'000);
    take(Village::marks(1, 0, {Village::mark(3, 0, 0, 750'499)}), 120'000);
    closing = village.state().due(125'000);
    for (const Transaction& tx : closing) REQUIRE(village.refusal(tx, 125'000).empty());
  }
  void take(const Transaction& tx, std::int64_t time_ms) {
    REQUIRE(village.refusal(tx, time_ms).empty());
    before.push_back(tx);
  }

  // What is broken once the statement of a home was bent, in a log that is otherwise this one.
  std::string broken(std::size_t home, const std::function<void(Statement&)>& bend) {
    InvariantWatch watch;
    std::vector<Transaction> all = before;
    for (Transaction tx : closing) {
      for (Opening& o : tx.openings) {
        Statement s = *decode_statement(o.data);
        if (s.meter.value == home) bend(s);
        o.data = encode(s);
      }
      all.push_back(tx);
    }
    return watch.broken_by(all, village.state());
  }
};

}  // namespace

TEST_CASE("entries of a block that stand in an order of their own are found") {
  std::vector<Transaction> orders;
  for (const std::uint32_t meter : {1u, 2u, 3u})
    orders.push_back(Village::order(meter, 5, Side::buy, 10, 10, static_cast<std::uint8_t>(meter)));
  std::sort(orders.begin(), orders.end(), [](const Transaction& a, const Transaction& b) {
    return leaf_hash(a.entry()) < leaf_hash(b.entry());
  });
  const auto batch = Village::batch(0, 1, {}), later = Village::batch(0, 2, {});
  CHECK(order_verdict({batch, later, orders[0], orders[1], orders[2]}) == "");
  CHECK(tells(order_verdict({orders[1], orders[0]}), "entry 1: is not in its block's canonical"));
  CHECK(tells(order_verdict({orders[0], orders[2], orders[1]}), "entry 2"));
  CHECK(tells(order_verdict({orders[0], orders[0]}), "entry 1"));
  CHECK(tells(order_verdict({orders[0], batch}), "entry 1"));
  CHECK(tells(order_verdict({later, batch}), "entry 1"));
  Village v;
  v.register_all();
  const auto due = v.state().due(150'000);
  CHECK(order_verdict({due[0], due[1], due[2], batch}) == "");
  CHECK(tells(order_verdict({batch, due[0]}), "entry 1"));
}

TEST_CASE("a pool gives orders in an order that does not tell how they came") {
  Mempool forwards, backwards;
  std::vector<Transaction> all;
  for (std::uint8_t i = 0; i < 20; ++i) all.push_back(Village::order(1, 5, Side::buy, 10, 10, i));
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(forwards.add(all[i], 0) == Mempool::Added::yes);
    CHECK(backwards.add(all[all.size() - 1 - i], 0) == Mempool::Added::yes);
  }
  const auto a = forwards.ordered(), b = backwards.ordered();
  REQUIRE(a.size() == 20);
  REQUIRE(b.size() == 20);
  for (std::size_t i = 0; i < 20; ++i) CHECK(a[i]->id == b[i]->id);
}

TEST_CASE("an honest slot breaks no invariant") {
  CHECK(Played().broken(1, [](Statement&) {}) == "");
}

TEST_CASE("each invariant of money, energy and tokens is found when it breaks") {
  struct Case {
    const char* words;
    std::size_t home;
    std::function<void(Statement&)> bend;
  };
  Played played;
  for (const Case& c : std::vector<Case>{
           {"bought Wh", 1, [](Statement& s) { s.bought.value = s.imported.value + 1; }},
           {"bought Wh", 1, [](Statement& s) { s.standing = Standing::recovering; }},
           {"sold Wh", 3, [](Statement& s) { ++s.sold.value; }},
           {"sold Wh", 3, [](Statement& s) { s.standing = Standing::spanning; }},
           {"without a mark", 2,
            [](Statement& s) {
              s.standing = Standing::fell;
              s.imported = {1};
            }},
           {"minted Wh", 3, [](Statement& s) { ++s.minted.value; }},
           {"minted Wh", 3, [](Statement& s) { --s.minted.value; }},
           {"retired Wh", 1, [](Statement& s) { ++s.retired.value; }},
           {"of its export", 3, [](Statement& s) { s.minted.value = ++s.exported.value; }},
           {"its balance is not", 1, [](Statement& s) { ++s.balance.value; }},
           {"its balance is not", 1, [](Statement& s) { ++s.trade_paid.value; }},
           {"its balance is not", 1, [](Statement& s) { s.account = account(2); }},
           {"sold Wh: 750, allowed 749", 1,
            [](Statement& s) { --s.bought.value, --s.retired.value; }},
       }) {
    CAPTURE(c.words);
    CHECK(tells(played.broken(c.home, c.bend), c.words));
  }
}

TEST_CASE("a slot without one of its statements, or with one twice, is found") {
  Played played;
  auto& closing = played.closing;
  const Transaction near = closing[1];
  closing.erase(closing.begin() + 1);
  CHECK(tells(played.broken(9, [](Statement&) {}), "slot 0: "));
  closing.insert(closing.begin() + 1, {near, near});
  CHECK(!played.broken(9, [](Statement&) {}).empty());
}
