#include "market/settlement/slot_clearing.hpp"

#include <algorithm>
#include <map>

#include "ledger/base/invariant.hpp"

namespace market {
namespace {

// A side's rows that are filled, by price and then by their place in the book.
struct Filled {
  std::uint32_t row = 0;
  WattHours left;
};
using FilledByPrice = std::map<Price, std::vector<Filled>>;

FilledByPrice filled_of(std::span<const BookRow> rows, Side side) {
  FilledByPrice out;
  for (std::uint32_t i = 0; i < rows.size(); ++i)
    if (rows[i].order.side == side && rows[i].fill.value > 0)
      out[rows[i].price].push_back({i, rows[i].fill});
  return out;
}

// The first with the first, until one side has nothing left.
void pair_in_order(std::span<const BookRow> rows, std::vector<Filled>& buys,
                   std::vector<Filled>& sells, std::vector<Trade>& out) {
  std::size_t b = 0, s = 0;
  while (b < buys.size() && s < sells.size()) {
    const WattHours energy = std::min(buys[b].left, sells[s].left);
    const Price paid = rows[buys[b].row].price, earned = rows[sells[s].row].price;
    out.push_back({buys[b].row, sells[s].row, energy, earned, paid - earned});
    if ((buys[b].left -= energy).value == 0) ++b;
    if ((sells[s].left -= energy).value == 0) ++s;
  }
  buys.erase(buys.begin(), buys.begin() + static_cast<std::ptrdiff_t>(b));
  sells.erase(sells.begin(), sells.begin() + static_cast<std::ptrdiff_t>(s));
}

std::vector<Filled> all_of(const FilledByPrice& by_price) {
  std::vector<Filled> out;
  for (const auto& [price, filled] : by_price) out.insert(out.end(), filled.begin(), filled.end());
  return out;
}

Clearing clearing_of_results(std::span<const BookRow> rows, std::span<const Order> orders,
                             Mechanism mechanism) {
  Clearing out;
  for (const BookRow& row : rows) {
    out.fills.push_back(row.fill);
    if (row.order.side == Side::buy) out.volume += row.fill;
  }
  out.trades = deals_of(rows);
  if (mechanism == Mechanism::fee_tree)
    for (Trade& t : out.trades) std::swap(t.beside, t.fee);
  out.welfare = welfare_of(orders, out.fills);
  out.optimal_welfare = optimal_welfare(orders);
  return out;
}

}  // namespace

std::vector<Trade> deals_of(std::span<const BookRow> rows) {
  FilledByPrice buys = filled_of(rows, Side::buy), sells = filled_of(rows, Side::sell);
  std::vector<Trade> out;
  for (auto& [price, buyers] : buys)
    if (const auto at = sells.find(price); at != sells.end())
      pair_in_order(rows, buyers, at->second, out);
  std::vector<Filled> rest_of_buys = all_of(buys), rest_of_sells = all_of(sells);
  pair_in_order(rows, rest_of_buys, rest_of_sells, out);
  invariant(rest_of_buys.empty() && rest_of_sells.empty(), "what is sold is what is bought");
  return out;
}

Acting acting_of(const Genesis& genesis) {
  const auto acting = acting_named(genesis.mechanism);
  invariant(acting.has_value(), "a mechanism that genesis allows");
  return *acting;
}

BookForm book_form_of(const Genesis& genesis) { return book_form(acting_of(genesis)); }

Clearing clear_rows(const Genesis& genesis, const Tariff& tariff, std::span<const BookRow> rows) {
  std::vector<Order> orders;
  orders.reserve(rows.size());
  for (const BookRow& row : rows) orders.push_back(row.order);
  const Acting acting = acting_of(genesis);
  if (book_form(acting) == BookForm::results)
    return clearing_of_results(rows, orders, acting.mechanism);
  ClearingTerms terms = terms_of(tariff);
  terms.key = acting.key;
  return clear(acting.mechanism, orders, terms);
}

}  // namespace market
