#include "ledger/chain/chain.hpp"

#include "ledger/base/invariant.hpp"

namespace ledger {
namespace {

// A pending transaction that waited this many blocks for another one waits no more.
constexpr std::uint64_t patience_blocks = 100;

bool in_canonical_order(const Block& block, std::size_t from) {
  for (std::size_t i = from + 1; i < block.transactions.size(); ++i)
    if (!in_order(block.transactions[i - 1], block.leaves[i - 1], block.transactions[i],
                  block.leaves[i]))
      return false;
  return true;
}

// What the block's maker proposes, at its beginning.
Result<void> take_proposal(Chain::Tried& tried) {
  const auto& all = tried.block.transactions;
  if (all.empty() || !made_by_maker(all[0].kind))
    return failure("does not begin with the proposal that its maker owes");
  const auto applied = tried.state->apply(all[0], tried.block.leaves[0], SignatureIs::unchecked,
                                          tried.block.header.time_ms);
  if (!applied) return failure("transaction 0: " + applied.error().why);
  return {};
}

void add(Block& block, Transaction tx, const Hash& leaf) {
  block.transactions.push_back(std::move(tx));
  block.leaves.push_back(leaf);
}

}  // namespace

Chain::Chain(std::unique_ptr<StateMachine> genesis_state) : state_(std::move(genesis_state)) {
  state_root_ = state_->commit();
}

BlockHeader Chain::next_header(std::int64_t time_ms, ValidatorId proposer) const {
  BlockHeader h;
  h.height = height_ + 1;
  h.time_ms = time_ms;
  h.proposer = proposer;
  h.previous = last_id_;
  h.log_size = log_.size();
  h.log_root = log_.root();
  h.state_root = state_root_;
  h.rules = state_->rules();
  h.validators = state_->validators();
  h.evidence_root = root_of({});
  return h;
}

Chain::Built Chain::build(std::int64_t time_ms, ValidatorId proposer,
                          const std::vector<const Mempool::Pending*>& pending,
                          std::size_t max_bytes) const {
  Built built;
  Tried& tried = built.tried;
  tried.state = state_->clone();
  std::size_t size = header_size + 4;
  const auto add_own = [&](Transaction tx) {
    const Hash leaf = leaf_of(tx);
    const auto applied = tried.state->apply(tx, leaf, SignatureIs::unchecked, time_ms);
    invariant(applied.has_value(), "what follows from the state holds in the state");
    size += tx.encoded_size() + 4;
    add(tried.block, std::move(tx), leaf);
  };
  if (auto proposal = tried.state->proposal(time_ms)) add_own(std::move(*proposal));
  for (Transaction& due : tried.state->due(time_ms)) add_own(std::move(due));
  for (const Mempool::Pending* p : pending) {
    if (size + p->size + 4 > max_bytes) continue;
    const auto applied = tried.state->apply(
        p->transaction, p->id, p->waits ? SignatureIs::unchecked : SignatureIs::checked, time_ms);
    if (applied) {
      size += p->size + 4;
      add(tried.block, p->transaction, p->id);
    } else if (!applied.error().may_hold_later || p->since_height + patience_blocks < height_) {
      built.never.emplace_back(p->id, applied.error().why);
    }
  }
  BlockHeader& h = tried.block.header = next_header(time_ms, proposer);
  h.entries = static_cast<std::uint32_t>(tried.block.transactions.size());
  h.entries_root = root_of(tried.block.leaves);
  tried.id = block_id(encode(h));
  return built;
}

Result<Chain::Tried> Chain::try_block(BytesView bytes, const Mempool& pool) const {
  auto block = decode_block(bytes);
  if (!block) return failure(block.error());
  const BlockHeader& h = block->header;
  if (h.time_ms <= time_ms_) return failure("block time does not rise");
  BlockHeader expected = next_header(h.time_ms, h.proposer);
  expected.entries = h.entries;
  expected.entries_root = h.entries_root;
  if (encode(expected) != encode(h))
    return failure("header does not continue this chain at height " +
                   std::to_string(expected.height));
  Tried tried{block_id(bytes), std::move(*block), state_->clone()};
  std::size_t at = 0;
  if (tried.state->wants_proposal(h.time_ms)) {
    if (auto ok = take_proposal(tried); !ok) return failure(ok.error());
    ++at;
  }
  const std::size_t executed = at;
  for (const Transaction& due : tried.state->due(h.time_ms)) {
    if (at >= tried.block.transactions.size() ||
        tried.block.transactions[at].encode() != due.encode())
      return failure("transaction " + std::to_string(at) + " is not the one that is due");
    ++at;
  }
  if (!in_canonical_order(tried.block, at))
    return failure("transactions are not in canonical order, or one is there twice");
  const auto signatures = check_signatures(tried.block, at, pool);
  if (!signatures) return failure(signatures.error());
  for (std::size_t i = executed; i < tried.block.transactions.size(); ++i) {
    const TransactionKind kind = tried.block.transactions[i].kind;
    if (i >= at && (made_by_state(kind) || made_by_maker(kind)))
      return failure("transaction " + std::to_string(i) +
                     " is a settlement or proposal that is not due");
    const auto applied = tried.state->apply(tried.block.transactions[i], tried.block.leaves[i],
                                            (*signatures)[i], h.time_ms);
    if (!applied) return failure("transaction " + std::to_string(i) + ": " + applied.error().why);
  }
  return tried;
}

// Of the transactions that others sent, those that the pool does not hold.
Result<std::vector<SignatureIs>> Chain::check_signatures(const Block& block, std::size_t from,
                                                         const Mempool& pool) const {
  std::vector<SignatureIs> out(block.transactions.size(), SignatureIs::checked);
  std::vector<std::size_t> places;
  std::vector<Transaction> unknown;
  for (std::size_t i = from; i < out.size(); ++i) {
    if (pool.admitted(block.leaves[i])) continue;
    places.push_back(i);
    unknown.push_back(block.transactions[i]);
  }
  const auto admitted = state_->admit(unknown);
  for (std::size_t k = 0; k < places.size(); ++k) {
    if (admitted[k]) continue;
    if (!admitted[k].error().may_hold_later)
      return failure("transaction " + std::to_string(places[k]) + ": " + admitted[k].error().why);
    out[places[k]] = SignatureIs::unchecked;
  }
  return out;
}

Block Chain::commit(Tried tried) {
  invariant(tried.block.header.height == height_ + 1, "a chain grows by one block");
  for (const Hash& leaf : tried.block.leaves) log_.append(leaf);
  state_ = std::move(tried.state);
  state_root_ = state_->commit();
  height_ = tried.block.header.height;
  time_ms_ = tried.block.header.time_ms;
  last_id_ = tried.id;
  return std::move(tried.block);
}

}  // namespace ledger
