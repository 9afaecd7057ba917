#include "market/clearing/book_row.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "ledger/base/codec.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace market {

using namespace ledger;

namespace {

constexpr std::uint32_t no_party = UINT32_MAX;

std::uint32_t party_of(const AccountId& account) { return ByteReader(account.bytes).u32(); }

std::string broken_ids(BookForm form, std::span<const BookRow> rows) {
  std::set<OrderId> ids;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (form == BookForm::arrivals ? !ids.insert(rows[i].order.id).second
                                   : i > 0 && rows[i].order.id <= rows[i - 1].order.id)
      return form == BookForm::arrivals ? "holds an id twice" : "is not in order of ids";
  return {};
}

std::string broken_parties(std::span<const BookRow> rows) {
  std::uint32_t parties = 0;
  for (const BookRow& row : rows) {
    const std::uint32_t party = party_of(row.order.account);
    if (party > parties) return "does not number its parties by their first rows";
    if (party == parties) ++parties;
  }
  for (const BookRow& row : rows)
    if (row.order.partner &&
        (party_of(*row.order.partner) >= parties || *row.order.partner == row.order.account))
      return "names a partner that is none of its other parties";
  return {};
}

std::string broken_results(std::span<const BookRow> rows) {
  Wide bought = 0, sold = 0;
  for (const BookRow& row : rows) {
    const Order& o = row.order;
    const bool buys = o.side == Side::buy;
    if (row.fill.value < 0 || row.fill > o.energy) return "fills an order beyond its energy";
    if (row.fill.value == 0
            ? row.price.value != 0
            : row.price.value < 0 || (buys ? row.price > o.limit : row.price < o.limit))
      return "has a price that is worse than a limit, or one of nothing";
    (buys ? bought : sold) += row.fill.value;
  }
  return bought == sold ? "" : "sells another energy than it buys";
}

}  // namespace

AccountId party_account(std::uint32_t party) {
  AccountId out;
  const Bytes number = ByteWriter().u32(party).take();
  std::copy(number.begin(), number.end(), out.bytes.begin());
  return out;
}

std::vector<BookRow> rows_of(BookForm form, std::span<const Order> orders) {
  std::vector<BookRow> out;
  out.reserve(orders.size());
  for (const Order& o : orders) out.push_back({o, {}, {}});
  if (form != BookForm::parties) return out;
  std::map<AccountId, AccountId> parties;
  for (const Order& o : orders)
    parties.try_emplace(o.account, party_account(static_cast<std::uint32_t>(parties.size())));
  for (BookRow& row : out) {
    Order& o = row.order;
    const auto partner = o.partner ? parties.find(*o.partner) : parties.end();
    o.account = parties.at(o.account);
    o.partner.reset();
    if (partner != parties.end() && partner->second != o.account) o.partner = partner->second;
  }
  return out;
}

Bytes book_row(const Order& o) {
  ByteWriter w;
  w.u8(static_cast<std::uint8_t>(o.side)).i64(o.energy.value).i64(o.limit.value);
  return w.raw(o.id.bytes).take();
}

Bytes book_row(BookForm form, const BookRow& row) {
  ByteWriter w;
  w.raw(book_row(row.order));
  if (form == BookForm::parties)
    w.u32(party_of(row.order.account))
        .u32(row.order.partner ? party_of(*row.order.partner) : no_party)
        .u8(row.order.green ? 1 : 0);
  if (form == BookForm::results) w.i64(row.fill.value).i64(row.price.value);
  return w.take();
}

Result<BookRow> decode_book_row(BookForm form, BytesView row) {
  ByteReader r(row);
  BookRow out;
  Order& o = out.order;
  const std::uint8_t side = r.u8();
  o.side = side == 1 ? Side::sell : Side::buy;
  o.energy.value = r.i64();
  o.limit.value = r.i64();
  o.id.bytes = r.array<16>();
  std::uint8_t green = 0;
  if (form == BookForm::parties) {
    o.account = party_account(r.u32());
    if (const std::uint32_t partner = r.u32(); partner != no_party)
      o.partner = party_account(partner);
    green = r.u8();
    o.green = green == 1;
  } else if (form == BookForm::results) {
    out.fill.value = r.i64();
    out.price.value = r.i64();
  }
  if (!r.done() || side > 1 || green > 1) return failure("book row is not in its canonical form");
  if (!within_bounds(o)) return failure("book row holds no energy or price that an order may have");
  return out;
}

Result<Order> decode_book_row(BytesView row) {
  auto out = decode_book_row(BookForm::plain, row);
  if (!out) return failure(out.error());
  return out->order;
}

Hash book_root(BookForm form, std::span<const BookRow> rows) {
  std::vector<Hash> leaves;
  leaves.reserve(rows.size());
  for (const BookRow& row : rows) leaves.push_back(leaf_hash(book_row(form, row)));
  return root_of(leaves);
}

Hash book_root(std::span<const Order> orders) {
  std::vector<BookRow> rows = rows_of(BookForm::plain, orders);
  std::sort(rows.begin(), rows.end(),
            [](const BookRow& a, const BookRow& b) { return a.order.id < b.order.id; });
  return book_root(BookForm::plain, rows);
}

std::string broken_book(BookForm form, std::span<const BookRow> rows) {
  std::string broken = broken_ids(form, rows);
  if (broken.empty() && form == BookForm::parties) broken = broken_parties(rows);
  if (broken.empty() && form == BookForm::results) broken = broken_results(rows);
  return broken;
}

}  // namespace market
