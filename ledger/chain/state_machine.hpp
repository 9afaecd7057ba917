#pragma once
// What the ledger asks of whoever gives transactions a meaning. The ledger orders them and keeps
// them; this interface executes them. Everything is a pure function of what was executed before.

#include <memory>
#include <optional>
#include <span>

#include "ledger/chain/transaction.hpp"

namespace ledger {

// Why a transaction does not hold now.
struct Refusal {
  bool may_hold_later = false;  // it waits for another one; otherwise it never will
  std::string why;
};

// Whether `admit` found that the signature of a transaction holds; otherwise `apply` checks it.
enum class SignatureIs : std::uint8_t { unchecked, checked };

class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // A copy to try a block on; whoever decides the block keeps the copy.
  virtual std::unique_ptr<StateMachine> clone() const = 0;

  // The transactions that a block at this time must begin with: what is due by the state alone
  // (slots to close). Every validator makes them itself and refuses a block that differs.
  virtual std::vector<Transaction> due(std::int64_t time_ms) const = 0;

  // What a block at this time must begin with, before what is due, where its maker has to make it
  // and others check it as they execute it: a solver's result. What is due follows from it.
  virtual std::optional<Transaction> proposal(std::int64_t /*time_ms*/) const {
    return std::nullopt;
  }
  // Whether there must be one: what those ask who make none.
  virtual bool wants_proposal(std::int64_t /*time_ms*/) const { return false; }

  // Of each transaction, whether it may wait for a block at all: it is signed by whom it has to be,
  // and that one is registered. What `may_hold_later` waits for another transaction, its signature
  // not checked. Asked for many at once, since signatures may be checked at the same time.
  virtual std::vector<tl::expected<void, Refusal>> admit(
      std::span<const Transaction> transactions) const = 0;

  // Executes one transaction, whose entry's leaf hash is `leaf`. One that is refused changes
  // nothing; a block holds none of these.
  virtual tl::expected<void, Refusal> apply(const Transaction& tx, const Hash& leaf,
                                            SignatureIs signature, std::int64_t time_ms) = 0;

  // Ends the block: updates the state tree once and gives its root.
  virtual Hash commit() = 0;

  // What holds for the next block and stands in its header: SHA-256 of the oracle's rule set, and
  // of the validator set of the height after it (ledger/chain/genesis.hpp).
  virtual Hash rules() const = 0;
  virtual Hash validators() const = 0;

  // Content of the slots that are closed: batches, marks, trades, balances and tokens; no height,
  // round, proposer, block time or order of arrival.
  virtual Hash content_root() const = 0;

  // The key that seals an account's restricted openings; null for an unknown account.
  virtual const SubjectKey* restricted_key(const AccountId& account) const = 0;
};

}  // namespace ledger
