#pragma once
// What nodes say to each other in a run: traffic by kind, and how long what gateways post takes to
// be decided.

#include <map>
#include <set>

#include "ledger/chain/block.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/node.hpp"
#include "twin/store/summary.hpp"

namespace twin {

class MessageCounts {
 public:
  // All outlive it; of the summary's ledger it fills traffic and what is posted.
  MessageCounts(const Directory& nodes, Summary::Ledger& summary)
      : nodes_(nodes), summary_(summary) {}

  // One that leaves, or is lost on its way. Those of homes to their gateway do not count.
  void take(NodeId from, Instant now, const Send& message, bool arrives);
  void decided(Instant now, const ledger::Block& block);
  // Since the last call.
  Summary::Ledger::Traffic take_traffic();
  std::size_t undecided() const { return posted_.size(); }

 private:
  const Directory& nodes_;
  Summary::Ledger& summary_;
  std::set<Hash> said_;             // by gateways, of what they say again
  std::map<Hash, Instant> posted_;  // not decided yet: SHA-256 of its encoding, when it was posted
  Summary::Ledger::Traffic traffic_;
};

}  // namespace twin
