#include "market/audit/replay.hpp"

#include "ledger/chain/chain.hpp"
#include "market/audit/invariants.hpp"

namespace market {
Result<Transaction> whole_transaction(const PublicLog& log, const Openings& openings,
                                      std::uint64_t entry) {
  auto tx = decode_entry(log.entries[entry]);
  if (!tx) return failure("entry " + std::to_string(entry) + ": " + tx.error());
  if (const auto at = openings.restricted.find(entry); at != openings.restricted.end())
    for (const auto& [position, opening] : at->second) {
      if (position != tx->openings.size())
        return failure("entry " + std::to_string(entry) + ": an opening is missing or misplaced");
      tx->openings.push_back(opening);
    }
  if (tx->kind == TransactionKind::batch) {
    if (!tx->openings.empty())
      return failure("entry " + std::to_string(entry) + ": a batch has no restricted openings");
    return tx;
  }
  if (openings_root(tx->openings) != tx->root)
    return failure("entry " + std::to_string(entry) + ": its openings are missing or others");
  return tx;
}

Result<void> check_execution(const PublicLog& log, const Openings& openings, Verifier& verifier,
                             std::string& broken) {
  Chain chain(std::make_unique<MarketState>(log.genesis, verifier));
  InvariantWatch watch;
  for (const auto& certified : log.blocks) {
    Block block{certified.header, {}, {}};
    const BlockHeader& h = certified.header;
    for (std::uint64_t i = h.log_size; i < h.log_size + h.entries; ++i) {
      auto tx = whole_transaction(log, openings, i);
      if (!tx) return failure(tx.error());
      block.transactions.push_back(std::move(*tx));
    }
    auto tried = chain.try_block(encode(block));
    if (!tried) return failure("block " + std::to_string(h.height) + ": " + tried.error());
    chain.commit(std::move(*tried));
    const auto& state = static_cast<const MarketState&>(chain.state());
    if (broken.empty())
      if (const std::string what = watch.broken_by(block.transactions, state); !what.empty())
        broken = "block " + std::to_string(h.height) + ": " + what;
  }
  if (chain.state_root() != log.checkpoint.state_root)
    return failure("checkpoint: its state root is not the one that execution gives");
  return {};
}

}  // namespace market
