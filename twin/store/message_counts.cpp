#include "twin/store/message_counts.hpp"

#include <utility>

#include "ledger/crypto/sha256.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

using namespace ledger;

namespace {

// Whether a gateway says it until it is on the ledger.
bool is_said_again(BytesView transaction) {
  const auto entry = view_entry(entry_in(transaction));
  return entry && entry->kind != TransactionKind::order && entry->kind != TransactionKind::forecast;
}

// What a message is about; a consensus message's kind is its third byte (ledger/consensus/
// messages.hpp).
std::string name_of_kind(BytesView message) {
  static const std::map<std::uint8_t, std::string> consensus{
      {1, "proposal"},    {2, "prevote"},  {3, "precommit"},       {4, "certificate"},
      {5, "certificate"}, {6, "decision"}, {7, "decision_request"}};
  switch (static_cast<MessageKind>(message[0])) {
    case MessageKind::consensus:
      return consensus.at(message[2]);
    case MessageKind::transaction:
      return "transaction";
    case MessageKind::cosignature:
      return "cosignature";
    case MessageKind::evidence:
      return "evidence";
    default:
      return "other";
  }
}

}  // namespace

void MessageCounts::take(NodeId from, Instant now, const Send& message, bool arrives) {
  if (from >= nodes_.fleet(0) && !nodes_.is_concentrator(from)) return;
  for (Summary::Ledger::Traffic* t : {&summary_.traffic[name_of_kind(message.bytes)], &traffic_}) {
    ++t->messages;
    t->bytes += message.bytes.size();
  }
  if (!arrives) ++summary_.messages_lost;
  // Gateways and concentrators post to every validator; the first one's copy stands for all.
  const bool posts = from > nodes_.observer() && message.to == NodeId{0};
  if (!posts) return;
  const BytesView tx = BytesView(message.bytes).subspan(1);
  const Hash id = sha256(tx);
  if (is_said_again(tx) && !said_.insert(id).second) return;
  ++summary_.posted;
  posted_.emplace(id, now);
}

void MessageCounts::decided(Instant now, const Block& block) {
  for (const Transaction& tx : block.transactions) {
    const auto at = posted_.find(sha256(tx.encode()));
    if (at == posted_.end()) continue;
    summary_.post_to_decision_ms.push_back((now - at->second).seconds() * 1000);
    posted_.erase(at);
  }
}

Summary::Ledger::Traffic MessageCounts::take_traffic() { return std::exchange(traffic_, {}); }

}  // namespace twin
