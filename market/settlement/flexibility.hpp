#pragma once
// Contracts with the grid operator, carried out when a slot closes. Both sides sign: the account,
// and the metering operator, who acts for the grid operator, in the contract's body; replacing or
// withdrawing one takes both as well.
//
//   flexibility offer  for each Wh that the account imported below `energy` in the slot, its
//                      baseline, the grid operator pays `price`
//   curtailment duty   for each Wh that the account exported above `energy` in the slot, the
//                      account pays `price`
//
// Amounts are rounded once (half a micro-euro away from zero). A slot counts whose mark is its own
// (market/metering/mark_rules.hpp); without one nothing is paid. A payment is no line of the
// statement, and part of its balance.

#include "market/settlement/contract.hpp"

namespace market {

constexpr bool with_grid_operator(Template of) {
  return of == Template::flexibility_offer || of == Template::curtailment_duty;
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

}  // namespace market
