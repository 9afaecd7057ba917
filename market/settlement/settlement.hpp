#pragma once
// Settlement of one slot: what was traded against what was metered, to the last micro-euro.
//
// Delivery. A seller can deliver min(contracted, exported), a buyer can take min(contracted,
//   imported); a home whose mark is not its slot's alone (market/metering/mark_rules.hpp) neither.
//   The shorter side decides the quantity Q; the longer side shares Q in proportion to what it
//   could, rounded down, the remaining Wh one each by largest remainder, ties by rising account. So
//   allocated out = allocated in <= metered.
//   Where a mechanism makes pairs, each at its own price: market/settlement/deal_settlement.hpp.
// Money. Each line is rounded once (half a micro-euro away from zero):
//   trade            price x bought, to the exchange;  price x sold, from the exchange
//   local grid fee   local_grid_fee x bought, and what deals have of their own
//   trade levies     levies x bought
//   retail energy    retail_energy x rest of import    grid fee       grid_fee x rest of import
//   levies           levies x rest of import           feed-in        retail_sell x rest of export
//   What rounding leaves at the exchange goes to the rounding account. Where genesis has a capacity
//   price, a line for the month's highest import (market/settlement/capacity.hpp) goes to the grid
//   operator.
// Tokens. Every exported Wh whose mark mints is minted for its home, at the slot as vintage;
//   sold Wh move to the buyers and are retired there against the slot's consumption, or held where
//   the buyer's contract says so; the rest of the export goes to the retailer with the energy.

#include <optional>
#include <span>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"
#include "market/clearing/clearing.hpp"
#include "market/clearing/tariff.hpp"
#include "market/entries/journal.hpp"
#include "market/metering/mark_rules.hpp"
#include "market/settlement/capacity.hpp"

namespace market {

// What one home's meter moved in the slot, and what it had contracted.
struct SlotPosition {
  ledger::AccountId account;
  ledger::MeterId meter;
  ledger::WattHours imported, exported;               // metered, >= 0
  ledger::WattHours contracted_buy, contracted_sell;  // filled orders, >= 0
  Standing standing = Standing::metered;
  ledger::Slot since;         // the first slot whose energy this is
  bool holds_tokens = false;  // its contract keeps tokens of what it buys from retiring
  // The highest import of the month so far, where genesis has a capacity price.
  std::optional<ledger::WattHours> peak_before = std::nullopt;
};

inline constexpr std::int64_t max_energy_wh = std::int64_t{1} << 40;  // beyond any register

// One deal in the statement of a party (market/settlement/deal_settlement.hpp).
struct DealLine {
  Side side = Side::buy;  // the account's own
  // The row id of the partner's order in the slot's book; zeros: all further deals of the side.
  OrderId partner;
  ledger::WattHours contracted, delivered;
  ledger::Price price;        // what this side pays or gets; 0 of the further ones
  ledger::MicroEuros amount;  // delivered at the price, >= 0
  // Of bought ones, the grid fee of the deal's way (market/settlement/deal_settlement.hpp); 0 of
  // the further ones. Its amount is part of the statement's local grid fee, >= 0.
  ledger::Price fee{};
  ledger::MicroEuros fee_amount{};

  bool has_fee() const { return fee.value != 0 || fee_amount.value != 0; }
  bool of_the_rest() const { return partner == OrderId{}; }
  auto operator<=>(const DealLine&) const = default;
};
// Of one side of a statement, the line of all further ones beside them.
inline constexpr std::size_t max_deal_lines = 512;

// One home's slot, line by line. Amounts are what the home pays; income is negative.
struct Statement {
  ledger::AccountId account;
  ledger::MeterId meter;
  ledger::Slot slot;
  ledger::Slot since;  // the first slot whose energy it settles; not above slot
  Standing standing = Standing::metered;
  ledger::WattHours imported, exported, contracted_buy, contracted_sell, bought, sold;
  ledger::MicroEuros trade_paid, trade_earned, local_grid_fee, trade_levies;
  ledger::MicroEuros retail_energy, grid_fee, levies, feed_in;
  ledger::MicroEuros total;  // paid - earned, all lines
  ledger::WattHours minted, retired;
  ledger::MicroEuros balance;   // after the slot
  std::vector<DealLine> deals;  // where the mechanism makes pairs: bought ones, then sold ones
  std::optional<CapacityLine> capacity{};  // where genesis has a capacity price

  auto operator<=>(const Statement&) const = default;
};

// A statement as a restricted opening: account 16, version u8, meter u32, slot u32, since u32,
// standing u8, then the other fields in their order above, i64 each. Energies are
// within 0 and 2^40 Wh (contracted ones 2^44), amounts within 2^62 micro-euro, so that what a
// stranger made can be computed with. Version 1 where it has no deals; version 2 goes on with
// count u16 (1 to 1,026) and for each deal side u8, partner 16, contracted, delivered, price and
// amount i64 each, which sum to the statement's: contracted, bought and trade paid of those bought,
// and so of those sold. A bought one with a fee has 2 as side, and fee and fee amount, i64 each,
// behind the amount. Version 3 where it has a line of the capacity tariff: peak before, peak (0
// to 2^32 Wh) and charge, i64 each, then count u16 (0 to 1,026) and deals. The peak is the one that
// follows from import and standing; where it does not rise, the charge is 0.
ledger::Bytes encode(const Statement& statement);
ledger::Result<Statement> decode_statement(ledger::BytesView opening);

// The amounts follow from quantities, prices and tariff alone: what a receipt's reader recomputes.
// Fills every amount but the balance, of the capacity tariff from the peak before, those of deals
// by their own prices, but for the lines of further deals, which hold theirs already. What is
// retired is all that is bought, unless the account holds its tokens.
void price_statement(Statement& statement, std::optional<ledger::Price> price, const Tariff& tariff,
                     bool holds_tokens = false);

// What the retailer alone would have billed for the same metered energy; the capacity charge is in
// both bills alike.
ledger::MicroEuros retailer_bill(const Statement& statement, const Tariff& tariff);

struct Settlement {
  std::vector<Statement> statements;  // in order of accounts; balances not yet filled
  std::vector<Posting> postings;
};

// Of what a home contracted, what it can take by its import, and deliver by its export.
ledger::WattHours can_take(const SlotPosition& position);
ledger::WattHours can_deliver(const SlotPosition& position);

// What `settle` and `settle_deals` share: statements with what was metered and contracted, by
// account, and the postings of a statement.
std::vector<Statement> begin_statements(ledger::Slot slot, std::vector<SlotPosition>& positions);
void add_postings(const Statement& statement, std::vector<Posting>& postings);
// What is left at the exchange goes to this account, or comes from it.
void empty_exchange(const std::vector<Statement>& statements, PostingKind kind,
                    const ledger::AccountId& account, std::vector<Posting>& postings);

// `positions`: one an account.
Settlement settle(ledger::Slot slot, const Tariff& tariff, std::optional<ledger::Price> price,
                  std::vector<SlotPosition> positions);

}  // namespace market
