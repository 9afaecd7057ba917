#pragma once
// Entries of a receipt that are proven to stand on the log, and openings that are proven to stand
// under them.
//
// An entry stands at its index by a tlog-proof under a checkpoint that the policy accepts, the same
// one in the whole receipt. A batch may stand instead under the openings root of a concentrator's
// entry that does. An opening stands under its entry's openings root, in a tree of as many leaves
// as the entry itself states, and is of the receipt's account.

#include "ledger/chain/transaction.hpp"
#include "market/receipt/trust_root.hpp"

namespace market {

struct PublicLog;

struct ProvenEntry {
  Bytes entry;
  Transaction tx;
  std::uint64_t index = 0;  // on the log; of a concentrated batch its concentrator's entry's
  Opening opening;          // where it was asked for
};

// Each name begins the error.
class EntryReader {
 public:
  EntryReader(const TrustRoot& trust, const AccountId& account)
      : trust_(trust), account_(account) {}

  // {entry, proof} and more: without an opening.
  ProvenEntry entry(const ReceiptPart& j, TransactionKind kind, const std::string& name);
  // {entry, proof, opening} exactly; of a batch {readings} as well, and {within} in place of the
  // proof where it is concentrated.
  ProvenEntry opened(const ReceiptPart& j, TransactionKind kind, const std::string& name);

 private:
  ProvenEntry concentrated_batch(const ReceiptPart& j, const std::string& name);

  const TrustRoot& trust_;
  const AccountId& account_;
  std::string checkpoint_;  // the first proof's
};

// What proves an entry of the log, as a receipt holds it.
std::string proof_of(const PublicLog& log, std::uint64_t entry);

}  // namespace market
