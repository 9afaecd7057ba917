#pragma once
// What a gateway has said to the validators and has no word of yet that it is on the ledger. It is
// kept, on disk with the gateway's record, and said again until at least one honest validator says
// that the ledger has gone beyond it: f + 1 of them say so.
//
// A validator tells how far the ledger has come with a gateway: the epoch of its last batch, and
// the slot before which all are marked or closed. Batches and marks come in order, so two numbers
// answer for all that was sent.

#include <deque>
#include <map>
#include <vector>

#include "ledger/base/ids.hpp"
#include "ledger/base/shared_bytes.hpp"
#include "ledger/base/time.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

struct Sent {
  LedgerProgress until;  // on the ledger, or too late for it, once the ledger has come so far
  ledger::SharedBytes message;
  ledger::Instant at;  // of the last time
  bool paper = false;  // of the registry: the ledger may never take it
};

class Unconfirmed {
 public:
  explicit Unconfirmed(std::uint32_t validators) : validators_(validators) {}

  void add(Sent sent);
  // Nothing where it is not there.
  void remove(const ledger::SharedBytes& message);
  bool has(const ledger::SharedBytes& message) const;
  // What is new of one validator's word. Numbers only rise: a lower one is an old message.
  void told(ledger::ValidatorId by, const LedgerProgress& progress);
  // Those sent before `then`: they count as sent now. At most `most` papers, those first that were
  // not said for longest, and at most `most` others, oldest first: neither keeps the other waiting,
  // for batches may be nothing without a paper, and papers that are never taken may be many.
  std::vector<ledger::SharedBytes> again(ledger::Instant now, ledger::Instant then,
                                         std::size_t most);

  // How far the ledger is, by at least one honest validator's word.
  LedgerProgress confirmed() const;

  const std::deque<Sent>& all() const { return sent_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::uint32_t validators_;
  std::map<ledger::ValidatorId, LedgerProgress> told_;
  std::deque<Sent> sent_;
  std::size_t bytes_ = 0;  // of their messages
};

}  // namespace twin
