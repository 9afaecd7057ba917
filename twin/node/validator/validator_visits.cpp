// Who is no node and brings one transaction: the part of ValidatorNode that answers visitors.

#include <algorithm>

#include "ledger/tlog/tlog_proof.hpp"
#include "twin/node/base/visit_answer.hpp"
#include "twin/node/validator/validator_node.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t max_visits = 64;  // of a node, that wait

// All of one sender, where the mempool bounds each one's share.
constexpr NodeId all_visitors{Directory::first_visitor};

// What would contradict what a gateway says of its homes goes through the gateway.
bool may_visit(TransactionKind kind) {
  switch (kind) {
    case TransactionKind::consent:
    case TransactionKind::erasure:
    case TransactionKind::order:
    case TransactionKind::cancellation:
    case TransactionKind::transfer:
    case TransactionKind::retirement:
    case TransactionKind::contract:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<void> ValidatorNode::take_visit(NodeId visitor, Transaction tx) {
  if (!may_visit(tx.kind))
    return failure(
        "a visitor brings what an account signs, or an erasure; all else goes through a gateway");
  Visit visit{visitor, std::move(tx), {}, {}, 0};
  visit.id = leaf_of(visit.tx);
  if (const auto at = entry_of_visit_.find(visit.id); at != entry_of_visit_.end())
    visit.entry = at->second;
  if (visit.entry) {
    visit.height = height_of_entry(*visit.entry);
  } else {
    if (auto ok = check_visit(visit.tx, visit.id); !ok) return ok;
    if (mempool_.add(visit.tx, chain_.height(), all_visitors) == Mempool::Added::no_room)
      return failure("no room for another visitor's transaction; try again later");
  }
  if (visits_.size() >= max_visits) visits_.pop_front();
  visits_.push_back(std::move(visit));
  return {};
}

void ValidatorNode::receive_visit(const PeerMessage& message, Outbox& outbox) {
  const auto taken = [&]() -> Result<Hash> {
    if (kind_of(message.bytes) != MessageKind::visit)
      return failure("a visitor says a visit alone");
    auto tx = decode_transaction(message.bytes.view().subspan(1));
    if (!tx) return failure(tx.error());
    const Hash id = leaf_of(*tx);
    if (auto ok = take_visit(message.from, std::move(*tx)); !ok) return failure(ok.error());
    return id;
  }();
  VisitAnswer answer;
  answer.status = VisitAnswer::Status::taken;
  if (taken) answer.id = *taken;
  outbox.send(message.from, encode(taken ? answer : refusal(taken.error())));
}

// As of the state now, whatever waits for a block already.
Result<void> ValidatorNode::check_visit(const Transaction& tx, const Hash& id) const {
  const std::int64_t time_ms = std::max<std::int64_t>(chain_.time_ms(), 0) + 1;
  const auto ok = chain_.state().clone()->apply(tx, id, SignatureIs::unchecked, time_ms);
  return ok ? Result<void>() : failure(ok.error().why);
}

void ValidatorNode::note_visited(const ledger::Block& block, std::uint64_t first_entry) {
  for (std::size_t t = 0; t < block.transactions.size(); ++t)
    if (may_visit(block.transactions[t].kind)) entry_of_visit_[block.leaves[t]] = first_entry + t;
}

// By this node's own records: the highest block that begins with the entry or before it.
std::uint64_t ValidatorNode::height_of_entry(std::uint64_t entry) const {
  std::uint64_t low = 1, high = chain_.height();
  while (low < high) {
    const std::uint64_t middle = low + (high - low + 1) / 2;
    const auto bytes = records_.block(middle);
    const auto record = bytes ? decode_block_record(*bytes) : std::nullopt;
    const auto block = record ? decode_header(BytesView(record->block).first(header_size))
                              : failure("is not there");
    if (block && block->log_size <= entry)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

// What a block brought that others of them contradict never holds any more.
void ValidatorNode::see_visits(const ledger::Block& block, std::uint64_t first_entry,
                               Outbox& outbox) {
  const auto& leaves = block.leaves;
  for (Visit& v : visits_) {
    const auto at = std::find(leaves.begin(), leaves.end(), v.id);
    if (v.entry || at == leaves.end()) continue;
    v.entry = first_entry + static_cast<std::uint64_t>(at - leaves.begin());
    v.height = block.header.height;
  }
  if (block.transactions.empty()) return;
  std::erase_if(visits_, [&](const Visit& v) {
    if (v.entry) return !observes();
    const auto ok = check_visit(v.tx, v.id);
    if (ok) return false;
    mempool_.remove(v.id);
    outbox.send(v.visitor, encode(refusal(ok.error())));
    return true;
  });
}

void ValidatorNode::prove_visits(const std::string& checkpoint, Outbox& outbox) {
  const LogTree& log = chain_.log();
  std::erase_if(visits_, [&](const Visit& v) {
    if (!v.entry) return false;
    VisitAnswer answer;
    answer.status = VisitAnswer::Status::final;
    answer.id = v.id;
    answer.height = v.height;
    answer.proof =
        write_tlog_proof({*v.entry, log.inclusion_proof(*v.entry, log.size()), checkpoint});
    outbox.send(v.visitor, encode(answer));
    return true;
  });
}

}  // namespace twin
