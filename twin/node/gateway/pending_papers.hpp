#pragma once
// A gateway's key changes and departures between being said and being on the ledger. What the
// validators say is there acts, on at least one honest one's word: f + 1 of them. The rest waits,
// and the gateway commits nothing that hangs on it: a minute is taken only where it is the meter's
// with the paper and without.
//
// A key change that the ledger never takes waits for good: the next one of its kind and meter that
// is taken ends it. A departure waits as long as it is said.

#include <deque>
#include <map>
#include <set>
#include <vector>

#include "ledger/base/shared_bytes.hpp"
#include "market/metering/metered_point.hpp"
#include "twin/node/base/unconfirmed.hpp"

namespace twin {

// What a key change of a meter or an account, or a departure, says.
struct Paper {
  ledger::MeterId meter;
  std::optional<market::KeyOf> of;  // none: a departure
  ledger::Slot slot;                // from which the key holds, or the last one
  ledger::PublicKey next_key{};
  ledger::SharedBytes message;
};
// Nothing of other transactions.
std::optional<Paper> paper_of(const ledger::Transaction& tx);

class PendingPapers {
 public:
  static constexpr std::size_t most = 4;  // of a meter
  explicit PendingPapers(std::uint32_t validators) : validators_(validators) {}

  void add(Paper paper) { waiting_.push_back(std::move(paper)); }
  bool has_room(ledger::MeterId meter) const;
  bool changes_key(ledger::MeterId meter) const;  // one that waits does
  // The last slot of a departure that waits.
  std::optional<ledger::Slot> last_slot(ledger::MeterId meter) const;
  // Whether the minute's standing in the slot hangs on a paper that waits. `by`: without it.
  bool hangs_on_one(ledger::MeterId meter, ledger::Slot slot, market::SignedBy by,
                    const ledger::MeterWord& word, ledger::Verifier& verifier) const;

  // Whether enough validators have said so by now, for the first time. A validator's word of an
  // entry counts while it is among its last `words`.
  bool told(ledger::ValidatorId by, const ledger::Hash& leaf);
  void set_acted(const ledger::Hash& leaf) { acted_.insert(leaf); }  // in a life before
  bool acted(const ledger::Hash& leaf) const { return acted_.contains(leaf); }
  // Departures that are no longer said are over: the ledger did not take them.
  void end_departures(const Unconfirmed& said);
  // Those that its acting ends, itself among them.
  std::vector<Paper> end(const Paper& acts);

 private:
  static constexpr std::size_t words = 64;

  std::uint32_t validators_;
  std::vector<Paper> waiting_;
  std::map<ledger::ValidatorId, std::deque<ledger::Hash>> told_;
  std::set<ledger::Hash> acted_;
};

}  // namespace twin
