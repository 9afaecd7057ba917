// Chains that are settled by mechanisms whose books hold more than their orders: execution, audit,
// receipts and erasure, and the rules of what each book holds.

#include <doctest/doctest.h>

#include "market/audit/replay.hpp"
#include "market/audit/slot_books.hpp"
#include "market/receipt/receipt.hpp"
#include "market/settlement/deal_settlement.hpp"
#include "market/settlement/slot_clearing.hpp"
#include "tests/market/village_support.hpp"
#include "tests/support/village_chain.hpp"

using namespace market;
using namespace market_test;

namespace {

constexpr std::uint32_t slots = 14;
const std::vector<std::string> all_books{"continuous", "bilateral", "bill-sharing-static",
                                         "grid-aware", "fee-tree"};

const VillageChain& chain_of(const std::string& mechanism) {
  static std::map<std::string, VillageChain> all;
  const auto [at, fresh] = all.try_emplace(mechanism);
  if (fresh) at->second = village_chain(7, slots, mechanism);
  return at->second;
}

std::string first_wrong(const std::string& receipt, const VillageChain& made) {
  Ed25519Verifier verifier;
  for (const ReceiptCheck& check : verify_receipt(receipt, made.log.policy_text, verifier))
    if (!check.ok) return std::string(check.name) + ": " + check.detail;
  return "";
}

// A village's first slot: what its homes order, and meters that move a kWh each way.
struct OneSlot {
  explicit OneSlot(const std::string& mechanism, std::uint32_t generation_w = 0)
      : settled_by(mechanism), v(village_genesis()) {
    for (const std::uint32_t g : {0u, 1u}) {
      std::vector<Registration> all;
      for (const std::uint32_t m : {2 * g + 1, 2 * g + 2}) {
        all.push_back(Village::registered(m));
        all.back().generation_w = generation_w;
      }
      accept(Village::registration(g, std::move(all)));
    }
  }
  void accept(const Transaction& tx, std::int64_t time_ms = 0) {
    const std::string why = v.refusal(tx, time_ms);
    REQUIRE_MESSAGE(why.empty(), why);
  }
  const ClosedSlot& close() {
    for (const std::uint32_t g : {0u, 1u}) {
      v.batches_until(g, 2);
      accept(Village::marks(g, 0,
                            {Village::mark(2 * g + 1, 0, 1'000'000, 1'000'500),
                             Village::mark(2 * g + 2, 0, 1'000'000, 1'000'500)}),
             120'000);
    }
    REQUIRE(v.close(120'000) == 1);
    return *v.state().last_closed();
  }
  // From whom a home bought what.
  std::vector<std::pair<std::uint32_t, std::int64_t>> bought_of(std::uint32_t home) {
    std::vector<std::pair<std::uint32_t, std::int64_t>> out;
    for (const DealLine& d : v.state().last_closed()->settlement.statements[home - 1].deals)
      for (const Order& o : v.state().last_closed()->orders)
        if (o.id == d.partner && d.side == Side::buy)
          out.emplace_back(o.account.bytes.back(), d.delivered.value);
    std::sort(out.begin(), out.end());
    return out;
  }
  WithMechanism settled_by;
  Village v;
};
using Bought = std::vector<std::pair<std::uint32_t, std::int64_t>>;

}  // namespace

TEST_CASE("acting: chains of all forms of books execute, and all their receipts verify") {
  for (const std::string& mechanism : all_books) {
    CAPTURE(mechanism);
    const VillageChain& made = chain_of(mechanism);
    Ed25519Verifier verifier;
    std::string broken;
    const auto executed = check_execution(made.log, made.openings, verifier, broken);
    CHECK_MESSAGE(executed, executed.error());
    CHECK(broken == "");
    std::size_t traded = 0;
    for (const std::uint8_t home : {1, 2, 3, 5})
      for (std::uint32_t slot = 3; slot < slots; ++slot) {
        CAPTURE(slot);
        const auto receipt = write_receipt(made.log, made.openings, account(home), Slot{slot});
        REQUIRE_MESSAGE(receipt, receipt.error());
        CHECK(first_wrong(*receipt, made) == "");
        traded += receipt->find("\"bought from neighbours\",\"micro_eur\":0}") == std::string::npos;
      }
    CHECK(traded > 3);
  }
}

TEST_CASE("acting: a row that is moved or changed is no longer the slot's book") {
  for (const std::string& mechanism : all_books) {
    CAPTURE(mechanism);
    const VillageChain& made = chain_of(mechanism);
    const SlotBooks books = slot_books(made.log, made.openings);
    const BookForm form = book_form_of(made.log.genesis);
    std::size_t tried = 0;
    for (const auto& [slot, book] : books) {
      if (book.rows.size() < 3 || slot >= slots) continue;
      const auto receipt = write_receipt(made.log, made.openings, account(1), Slot{slot});
      REQUIRE(receipt);
      std::vector<std::string> rows;
      for (const BookRow& row : book.rows) rows.push_back(to_hex(book_row(form, row)));
      const auto with = [&](std::size_t at, const std::string& row) {
        std::string other = *receipt;
        other.replace(other.find(rows[at]), rows[at].size(), row);
        return first_wrong(other, made);
      };
      for (std::size_t i = 0; i < rows.size(); ++i) {
        std::string other = rows[i];
        other.back() = other.back() == '0' ? '1' : '0';
        CHECK(with(i, other).starts_with("clearing: book"));
      }
      std::string swapped = *receipt;
      const auto first = swapped.find(rows[0]), second = swapped.find(rows[1]);
      swapped.replace(first, rows[0].size(), rows[1]);
      swapped.replace(second, rows[1].size(), rows[0]);
      CHECK(first_wrong(swapped, made).starts_with("clearing: book"));
      ++tried;
    }
    CHECK(tried > 3);
  }
}

TEST_CASE("acting: books stay whole, and the others' receipts verify, when a home is erased") {
  for (const std::string& mechanism : all_books) {
    CAPTURE(mechanism);
    VillageChain made = chain_of(mechanism);
    Openings& o = made.openings;
    const AccountId gone = account(3);
    keep_books(made.log.genesis, slot_books(made.log, o), gone, o.erased);
    for (auto& [entry, all] : o.restricted)
      for (auto at = all.begin(); at != all.end();) {
        const bool of_it = owner_of(at->second) == gone;
        if (of_it)
          o.erased.restricted[entry][at->first] = {
              leaf_hash(commitment(at->second.salt, at->second.data)), 0};
        at = of_it ? all.erase(at) : std::next(at);
      }
    o.keys.erase(gone);
    for (std::uint32_t slot = 3; slot < slots; ++slot) {
      const auto receipt = write_receipt(made.log, o, account(1), Slot{slot});
      REQUIRE_MESSAGE(receipt, receipt.error());
      CHECK(first_wrong(*receipt, made) == "");
    }
    // As bytes, and back.
    const auto files = encode(o.erased);
    FileSet set;
    set.read = [&](const std::string& path) {
      const auto at = files.find(path);
      return at == files.end() || at->second.empty() ? std::nullopt : std::optional(at->second);
    };
    const auto again = read_erased(set, made.log.genesis);
    REQUIRE_MESSAGE(again, again.error());
    CHECK(again->book == o.erased.book);
  }
}

TEST_CASE(
    "acting, continuous: who came in an earlier block is served first, then who has the lower "
    "row") {
  const auto served = [](bool later_block) {
    OneSlot s("continuous");
    const auto offer = [&](std::uint32_t home, std::uint8_t id) {
      s.accept(Village::order(home, 0, Side::sell, 400, 100'000, id));
    };
    // The row that is higher by its id comes first.
    const bool first_is_higher = row_id(account(3), order_id(1)) > row_id(account(2), order_id(1));
    const std::uint32_t first = first_is_higher ? 3 : 2, second = first_is_higher ? 2 : 3;
    offer(first, 1);
    if (later_block) s.v.state().commit();
    offer(second, 1);
    s.v.state().commit();
    s.accept(Village::order(1, 0, Side::buy, 400, 200'000, 1));
    const ClosedSlot& closed = s.close();
    CHECK(closed.clearing.volume == WattHours{400});
    CHECK(closed.clearing.price == std::nullopt);
    return std::pair(s.bought_of(1), std::pair(first, second));
  };
  const auto apart = served(true), together = served(false);
  CHECK(apart.first == Bought{{apart.second.first, 400}});
  CHECK(together.first == Bought{{together.second.second, 400}});
}

TEST_CASE("acting, continuous: the state remembers when an order came") {
  const auto root = [](bool a_block_between) {
    OneSlot s("continuous");
    s.accept(Village::order(2, 0, Side::sell, 400, 100'000, 1));
    if (a_block_between) s.v.state().commit();
    s.accept(Village::order(3, 0, Side::sell, 400, 100'000, 1));
    return s.v.state().commit();
  };
  CHECK(root(false) != root(true));
}

TEST_CASE(
    "acting, bilateral: a partner comes before a better price, and green energy before the rest") {
  OneSlot s("bilateral", 5'000);
  s.accept(Village::order(2, 0, Side::sell, 300, 90'000, 1));
  s.accept(Village::order(3, 0, Side::sell, 300, 150'000, 2));
  s.accept(Village::order(1, 0, Side::buy, 300, 200'000, 3, {}, account(3)));
  s.close();
  CHECK(s.bought_of(1) == Bought{{3, 300}});

  OneSlot green("bilateral", 5'000);
  green.accept(Village::order(2, 0, Side::sell, 300, 90'000, 1));
  green.accept(Village::order(3, 0, Side::sell, 300, 150'000, 2, {}, {}, true));
  green.accept(Village::order(1, 0, Side::buy, 400, 200'000, 3, {}, {}, true));
  const ClosedSlot& closed = green.close();
  CHECK(green.bought_of(1) == Bought{{2, 100}, {3, 300}});
  CHECK(closed.rows[0].order.account == party_account(0));  // no row names an account
  for (const BookRow& row : closed.rows) CHECK(row.order.account.bytes[15] == 0);
}

TEST_CASE(
    "acting: preferences are for mechanisms that heed them, and green offers for generators") {
  const auto refusal = [](const std::string& mechanism, Side side, std::optional<AccountId> partner,
                          bool green, std::uint32_t generation_w = 0) {
    OneSlot s(mechanism, generation_w);
    return s.v.refusal(Village::order(1, 0, side, 10, 100'000, 1, {}, partner, green), 0);
  };
  CHECK(refusal("bilateral", Side::buy, account(2), true) == "");
  CHECK(refusal("bilateral", Side::buy, account(77), false) == "");  // nobody that there is
  CHECK(refusal("bilateral", Side::sell, {}, true, 5'000) == "");
  CHECK(refusal("bilateral", Side::sell, {}, true) == "green offer of a meter without generation");
  CHECK(refusal("bilateral", Side::buy, account(1), false) ==
        "order whose partner is its own account");
  for (const std::string mechanism : {"uniform", "continuous", "bill-sharing-static"}) {
    CHECK(refusal(mechanism, Side::buy, account(2), false) ==
          "order with a preference that this chain's mechanism does not heed");
    CHECK(refusal(mechanism, Side::buy, {}, true) ==
          "order with a preference that this chain's mechanism does not heed");
  }
}

TEST_CASE("acting: an order with a preference has one encoding, and one without keeps its own") {
  const auto data = [](std::optional<AccountId> partner, bool green) {
    return Village::order(1, 0, Side::buy, 10, 100'000, 1, {}, partner, green).openings[0].data;
  };
  const Bytes plain = data({}, false), full = data(account(2), true);
  CHECK(plain.size() == 16 + 1 + 4 + 4 + 1 + 8 + 8 + 16 + 64);
  CHECK(full.size() == plain.size() + 17);
  for (const Bytes& bytes : {plain, data(account(2), false), data({}, true), full}) {
    const auto order = decode_order(bytes);
    REQUIRE(order);
    CHECK(encode(*order) == bytes);
    CHECK(!decode_order(BytesView(bytes).first(bytes.size() - 1)));
  }
  const auto changed = [&](std::size_t at, std::uint8_t to, Bytes bytes) {
    bytes[at] = to;
    return decode_order(bytes).has_value();
  };
  CHECK(!changed(16, 3, plain));
  CHECK(!changed(16, 2, plain));
  CHECK(!changed(16, 1, full));
  CHECK(!changed(full.size() - 65, 2, full));  // green is 0 or 1
  Bytes neither = data({}, true);
  neither[neither.size() - 65] = 0;  // no partner and not green is version 1
  CHECK(!decode_order(neither));
}

TEST_CASE("acting, static key: equal shares of the buying accounts, odd Wh to the first rows") {
  OneSlot s("bill-sharing-static");
  s.accept(Village::order(1, 0, Side::buy, 900, 200'000, 1));
  s.accept(Village::order(2, 0, Side::buy, 300, 200'000, 2));
  s.accept(Village::order(3, 0, Side::sell, 801, 100'000, 3));
  const ClosedSlot& closed = s.close();
  std::map<AccountId, std::int64_t> bought;
  for (const Statement& st : closed.settlement.statements) bought[st.account] = st.bought.value;
  const bool first_is_1 = row_id(account(1), order_id(1)) < row_id(account(2), order_id(2));
  CHECK(bought[account(1)] == (first_is_1 ? 401 : 400));
  CHECK(bought[account(2)] == 300);  // what it leaves nobody else gets
  OneSlot dynamic("bill-sharing");
  dynamic.accept(Village::order(1, 0, Side::buy, 900, 200'000, 1));
  dynamic.accept(Village::order(2, 0, Side::buy, 300, 200'000, 2));
  dynamic.accept(Village::order(3, 0, Side::sell, 801, 100'000, 3));
  CHECK(dynamic.close().settlement.statements[0].bought == WattHours{601});
}

TEST_CASE("acting: what is wrong with a book is found by name") {
  const auto row = [](std::uint8_t id, std::uint32_t party, std::optional<std::uint32_t> partner) {
    BookRow out{buy(id, 10, 100), {}, {}};
    out.order.account = party_account(party);
    if (partner) out.order.partner = party_account(*partner);
    return out;
  };
  const auto parties = [](std::vector<BookRow> rows) {
    return broken_book(BookForm::parties, rows);
  };
  CHECK(parties({row(1, 0, {}), row(2, 1, 0), row(3, 0, 1)}) == "");
  CHECK(parties({row(1, 1, {}), row(2, 0, {})}) ==
        "does not number its parties by their first rows");
  CHECK(parties({row(1, 0, {}), row(2, 2, {})}) ==
        "does not number its parties by their first rows");
  CHECK(parties({row(1, 0, 1)}) == "names a partner that is none of its other parties");
  CHECK(parties({row(1, 0, 0)}) == "names a partner that is none of its other parties");
  CHECK(parties({row(2, 0, {}), row(1, 1, {})}) == "is not in order of ids");
  CHECK(broken_book(BookForm::arrivals, std::vector{row(2, 0, {}), row(1, 0, {})}) == "");
  CHECK(broken_book(BookForm::arrivals, std::vector{row(2, 0, {}), row(2, 0, {})}) ==
        "holds an id twice");
  const auto results = [](std::int64_t bought, std::int64_t paid, std::int64_t sold,
                          std::int64_t earned) {
    const std::vector<BookRow> rows{{buy(1, 10, 100), {bought}, {paid}},
                                    {sell(2, 10, 50), {sold}, {earned}}};
    return broken_book(BookForm::results, rows);
  };
  CHECK(results(10, 100, 10, 50) == "");
  CHECK(results(0, 0, 0, 0) == "");
  CHECK(results(11, 60, 10, 60) == "fills an order beyond its energy");
  CHECK(results(-1, 60, -1, 60) == "fills an order beyond its energy");
  CHECK(results(10, 101, 10, 60) == "has a price that is worse than a limit, or one of nothing");
  CHECK(results(10, 60, 10, 49) == "has a price that is worse than a limit, or one of nothing");
  CHECK(results(0, 60, 0, 0) == "has a price that is worse than a limit, or one of nothing");
  CHECK(results(10, -1, 10, 60) == "has a price that is worse than a limit, or one of nothing");
  CHECK(results(9, 60, 10, 60) == "sells another energy than it buys");
}

TEST_CASE("acting: rows of parties and of results have one form each") {
  const std::vector<Order> orders{buy(1, 10, 100), sell(2, 20, 50)};
  for (const auto& [form, size] :
       {std::pair{BookForm::parties, std::size_t{42}}, {BookForm::results, std::size_t{49}}}) {
    const Bytes row = book_row(form, rows_of(form, orders)[1]);
    REQUIRE(row.size() == size);
    CHECK(row_size(form) == size);
    const auto back = decode_book_row(form, row);
    REQUIRE(back);
    CHECK(book_row(form, *back) == row);
    CHECK(!decode_book_row(form, BytesView(row).first(size - 1)));
    CHECK(!decode_book_row(BookForm::plain, row));
  }
  Bytes green = book_row(BookForm::parties, rows_of(BookForm::parties, orders)[0]);
  green.back() = 2;
  CHECK(!decode_book_row(BookForm::parties, green));
}
