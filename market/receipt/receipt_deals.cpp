#include "market/receipt/receipt_deals.hpp"

#include <algorithm>
#include <set>

#include "market/receipt/receipt_checks.hpp"
#include "market/settlement/deal_settlement.hpp"

namespace market {

namespace {

// One side's lines with the most that this account's own meter lets it deliver or take of each.
void add_expected(const Statement& s, Side side, std::span<const Deal> deals,
                  std::vector<DealLine>& lines) {
  const bool buys = side == Side::buy;
  const SlotPosition p{s.account,        s.meter,           s.imported, s.exported,
                       s.contracted_buy, s.contracted_sell, s.standing, s.since};
  std::vector<WattHours> energies;
  for (const Deal& d : deals) energies.push_back(d.energy);
  const auto most = shares_of_deals(energies, buys ? can_take(p) : can_deliver(p));
  for (std::size_t i = 0; i < deals.size(); ++i) {
    const Deal& d = deals[i];
    add_line(lines, {side,
                     buys ? d.seller_row : d.buyer_row,
                     d.energy,
                     most[i],
                     buys ? d.buyer_price : d.seller_price,
                     {},
                     buys ? d.fee : Price{}});
  }
}

// Of the line that sums further deals: at prices between the lowest and the highest of the side,
// each deal rounded once.
bool amount_fits(const DealLine& line, MicroEuros amount, Price Deal::*price,
                 std::span<const Deal> deals) {
  Price low = max_order_price, high{};
  for (const Deal& d : deals) {
    low = std::min(low, d.*price);
    high = std::max(high, d.*price);
  }
  const MicroEuros rounding{static_cast<std::int64_t>(deals.size())};
  return cost_of(line.delivered, low) - rounding <= amount &&
         amount <= cost_of(line.delivered, high) + rounding;
}

bool amounts_fit(const DealLine& line, std::span<const Deal> deals) {
  if (line.side == Side::sell)
    return amount_fits(line, line.amount, &Deal::seller_price, deals) && !line.has_fee();
  return amount_fits(line, line.amount, &Deal::buyer_price, deals) &&
         amount_fits(line, line.fee_amount, &Deal::fee, deals);
}

void check_side(const Statement& s, Side side, std::span<const Deal> deals) {
  std::vector<DealLine> expected, found;
  add_expected(s, side, deals, expected);
  for (const DealLine& line : s.deals)
    if (line.side == side) found.push_back(line);
  want(found.size() == expected.size(), "the statement has another number of deals");
  for (std::size_t i = 0; i < found.size(); ++i) {
    const DealLine &f = found[i], &e = expected[i];
    want(f.partner == e.partner && f.contracted == e.contracted && f.price == e.price &&
             f.fee == e.fee,
         "a deal does not follow from the book");
    want(f.delivered <= e.delivered, "a deal delivers more than the account's share of it");
    want(!f.of_the_rest() || amounts_fit(f, deals), "further deals cost what no price makes");
  }
}

}  // namespace

void check_deals(const Statement& statement, std::span<const Order> own,
                 std::span<const Order> book, const Clearing& clearing) {
  std::set<OrderId> rows;
  for (const Order& o : own) rows.insert(o.id);
  std::vector<Deal> bought, sold;
  for (const Deal& d : deals_of(book, clearing.trades)) {
    if (rows.contains(d.buyer_row)) bought.push_back(d);
    if (rows.contains(d.seller_row)) sold.push_back(d);
  }
  sort_deals(bought);
  sort_deals(sold);
  check_side(statement, Side::buy, bought);
  check_side(statement, Side::sell, sold);
}

}  // namespace market
