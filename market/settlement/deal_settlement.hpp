#pragma once
// Settlement of a slot whose mechanism makes pairs: each deal at its own price, delivered against
// payment.
//
// Deals stand in order of the row ids of the buyer's order, then of the seller's.
// Delivery. What an account can deliver, min(sold in all its deals, exported), it shares over its
//   deals in proportion to their energies by largest remainder, ties by the deals' order; what it
//   can take, min(bought in all its deals, imported), likewise. Of each deal the smaller of the
//   seller's and the buyer's share is delivered. What one side's share leaves open moves to no
//   other deal, so that nobody's delivery hangs on strangers. An account whose mark is not its
//   slot's alone delivers and takes nothing (market/metering/mark_rules.hpp).
// Money. The buyer pays its price for what is delivered, the seller gets its own, each rounded
//   once a deal (half a micro-euro away from zero). Where congestion stands between the two, the
//   difference of all deals is the grid operator's congestion rent; below 0 it pays.
//   Equal prices give equal amounts, so that there is no rounding. A grid fee of the trade's own
//   way stands beside both prices: a line of the deal, and part of the buyer's local grid fee,
//   which the grid operator gets. All else, and tokens, as in market/settlement/settlement.hpp:
//   what is not delivered is imbalance, the retailer's.
// Lines. Each party's statement has a line a deal, in the deals' order, those that it buys before
//   those that it sells; behind `max_deal_lines` of a side, one line sums all further ones.

#include "market/settlement/settlement.hpp"

namespace market {

struct Deal {
  OrderId buyer_row, seller_row;  // of the orders in the slot's book
  ledger::AccountId buyer, seller;
  ledger::WattHours energy;                 // contracted, > 0
  ledger::Price buyer_price, seller_price;  // >= 0
  ledger::Price fee{};                      // the buyer's besides, >= 0
};

// A slot's trades with who stands behind them; `orders` with their row ids.
std::vector<Deal> deals_of(std::span<const Order> orders, std::span<const Trade> trades);

// The order that settlement takes deals in; the same pair twice stays as it is.
void sort_deals(std::vector<Deal>& deals);

// What an account that can take or deliver `able` gives each of its deals on that side, in their
// order.
std::vector<ledger::WattHours> shares_of_deals(std::span<const ledger::WattHours> energies,
                                               ledger::WattHours able);

// Adds a deal to an account's lines, or to its side's last one where there are enough.
void add_line(std::vector<DealLine>& lines, const DealLine& line);

// `positions`: one an account, every party of a deal among them; what each has contracted is the
// sum of its deals.
Settlement settle_deals(ledger::Slot slot, const Tariff& tariff, std::vector<Deal> deals,
                        std::vector<SlotPosition> positions);

}  // namespace market
