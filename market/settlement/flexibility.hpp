#pragma once
// What passes between homes and the grid operator beside the statement, in both cases part of the
// statement's balance and no line of it.
//
// By contract, when a slot closes in which one stands. Both sides sign: the account, and the
// metering operator, who acts for the grid operator, in the contract's body; replacing or
// withdrawing one takes both as well.
//
//   flexibility offer  for each Wh that the account imported below `energy` in the slot, its
//                      baseline, the grid operator pays `price`
//   curtailment duty   for each Wh that the account exported above `energy` in the slot, the
//                      account pays `price`
//   controllable load  the grid operator may dim the account's controllable devices down to
//                      `energy` a slot (section 14a EnWG: what is guaranteed), and pays `price` for
//                      each Wh of it, slot after slot, whether or not it dims: the relief
//
// Amounts are rounded once (half a micro-euro away from zero). Of the first two a slot counts whose
// mark is its own (market/metering/mark_rules.hpp); without one nothing is paid.
//
// For a measure, what the grid operator said that it owes, in the slot that its entry names
// (market/entries/grid_measure.hpp).

#include <algorithm>
#include <array>

#include "market/entries/grid_measure.hpp"
#include "market/settlement/contract.hpp"

namespace market {

inline constexpr std::array with_the_grid_operator{
    Template::flexibility_offer, Template::curtailment_duty, Template::controllable_load};
constexpr bool with_grid_operator(Template of) {
  return std::find(with_the_grid_operator.begin(), with_the_grid_operator.end(), of) !=
         with_the_grid_operator.end();
}

struct ContractPayment {
  AccountId account;
  Template of = Template::flexibility_offer;
  MicroEuros amount;  // what the account pays; below 0: what it gets
};

// Of a contract that stands in the statement's slot; of another template nothing.
std::optional<ContractPayment> payment_of(const Contract& contract, const Statement& statement);

// One posting, or none where the amount is 0.
void add_posting(const ContractPayment& payment, std::vector<Posting>& postings);
void add_posting(const HomeMeasure& measure, std::vector<Posting>& postings);

}  // namespace market
