#pragma once
// A household's proof for one slot: readings, trade and bill, checkable offline against a policy.
//
// Canonical JSON (keys sorted, no spaces, no floats), one line and a newline. Bytes are lower-case
// hexadecimal, proofs are C2SP tlog-proofs, whose checkpoint is the same in all.
//
//   format           "aipchain receipt 1"
//   account, slot, meter
//   genesis, policy  texts as published
//   settlement       {entry, proof}
//   registration     {entry, proof, opening{data, of, path[], position, salt}}: an opened entry
//   statement        an opened entry
//   mark             an opened entry, null where the slot has none
//   before           the mark that the statement's energy begins at, of the slot before its
//                    `since`; null: it begins at the registration's registers
//   statement_before where there is one: the opened statement of the slot before, whose
//                    balance this one goes on from, and its peak where the chain has a capacity
//                    price
//   swaps[]          opened, of the account's meter, up to the slot
//   keys[]           where there are any: opened key changes of meter and account, up to the slot
//   contracts[]      where there are any: opened, those of the account that stand in the slot, by
//                    template
//   certificates[]   where there are any: opened ones that hold in the slot
//   fees[]           where there are any: {entry, proof} of tariff changes that name the slot, or
//                    one that a ruling is of (market/entries/fee_change.hpp)
//   measures[]       where there are any: opened, what the grid operator did to the account's home
//                    in the slot, or paid in it, by slot and measure
//                    (market/entries/grid_measure.hpp)
//   gateway[]        where there are any: {entry, proof} of the gateway's registration beyond
//                    genesis and of its key changes up to the slot
//   rulings[]        opened, of the account, that act in the slot, by what they are of
//   orders[]         the account's own that were not cancelled, opened, in their order on the log
//   book[]           rows of the slot's anonymous book, by id
//   batches[]        opened, with readings[{data, salt}] each: every one of the slot where it has
//                    a mark
//   bill[]           {line, micro_eur}: recomputed and compared by a reader
//
// A batch that a concentrator posted has `within` in the place of `proof`: {entry, of, path,
// position, proof}, the concentrator's entry and the batch entry's place under its openings root.
//
// `path` is the RFC 6962 inclusion proof of the opening's commitment under the entry's openings
// root, in a tree of `of` leaves. The registration's sealing key is no part of a receipt.

#include "market/audit/openings.hpp"
#include "market/settlement/capacity.hpp"
#include "market/settlement/flexibility.hpp"
#include "market/settlement/ruling.hpp"
#include "market/settlement/settlement.hpp"

namespace market {

inline constexpr std::string_view receipt_format = "aipchain receipt 1";

// What is posted for an account beside its statement when a slot closes, each in its order.
struct BesideStatement {
  std::vector<Correction> corrections;  // of earlier slots
  std::vector<ToldMeasure> measures;    // a line for each that is owed something and paid here
  std::vector<ContractPayment> payments;
};

// The lines of a bill, in order: what a person reads, in micro-euro. What stands beside the
// statement comes behind its total and before the balance. `slot_ms` makes power of the energies of
// the capacity tariff.
std::vector<std::pair<std::string, std::int64_t>> bill_lines(const Statement& statement,
                                                             std::int64_t slot_ms,
                                                             const BesideStatement& beside);

// The account's receipt for a slot, or for its last settled one; where its data are erased, the
// proof of that (market/receipt/erasure_receipt.hpp). The error says what there is none of:
// account, slot, openings.
Result<std::string> write_receipt(const PublicLog& log, const Openings& openings,
                                  const AccountId& account, std::optional<Slot> slot);

struct ReceiptCheck {
  std::string name;
  bool ok = false;
  std::string detail;                        // what holds, or the first thing that differs
  std::optional<std::uint64_t> erased_by{};  // the record that erased what a receipt would show
};

// In order; those after the first failure that they rest on are left out.
std::vector<ReceiptCheck> verify_receipt(std::string_view text, const std::string& trusted_policy,
                                         Verifier& verifier);

}  // namespace market
