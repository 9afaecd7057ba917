#include "market/audit/replay.hpp"

#include "ledger/chain/chain.hpp"
#include "market/audit/capacity_watch.hpp"
#include "market/audit/clearing_audit.hpp"
#include "market/audit/invariants.hpp"
#include "market/audit/slot_books.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/settlement/slot_clearing.hpp"

namespace market {
namespace {

bool has_public_batches(TransactionKind kind) {
  return kind == TransactionKind::batch || kind == TransactionKind::concentrated;
}

// A batch's records are at its gateway; a concentrator's openings are public, checked with R1.
Result<Transaction> with_public_batches(const PublicLog& log, Transaction tx, std::uint64_t entry) {
  if (!tx.openings.empty())
    return failure("entry " + std::to_string(entry) + ": a batch has no restricted openings");
  if (tx.kind == TransactionKind::batch) return tx;
  return with_batches(std::move(tx), batches_at(log, entry));
}

}  // namespace

Result<Transaction> opened_part(const PublicLog& log, const Openings& openings,
                                std::uint64_t entry) {
  const std::string name = "entry " + std::to_string(entry);
  auto tx = decode_entry(log.entries[entry]);
  if (!tx) return failure(name + ": " + tx.error());
  if (const auto at = openings.restricted.find(entry); at != openings.restricted.end())
    for (const auto& [position, opening] : at->second) tx->openings.push_back(opening);
  if (has_public_batches(tx->kind)) return with_public_batches(log, std::move(*tx), entry);
  if (root_of(opening_leaves(openings, entry)) != tx->root)
    return failure(name + ": its openings are missing or others");
  return tx;
}

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
  if (has_public_batches(tx->kind)) return with_public_batches(log, std::move(*tx), entry);
  if (openings_root(tx->openings) != tx->root)
    return failure("entry " + std::to_string(entry) + ": its openings are missing or others");
  return tx;
}

Result<Chain> executed_chain(const PublicLog& log, const Openings& openings, Verifier& verifier,
                             const std::function<void(const Block&, const MarketState&)>& each) {
  Chain chain(std::make_unique<MarketState>(log.genesis, verifier));
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
    if (each) each(block, static_cast<const MarketState&>(chain.state()));
  }
  if (chain.state_root() != log.checkpoint.state_root)
    return failure("checkpoint: its state root is not the one that execution gives");
  return chain;
}

Result<void> check_execution(const PublicLog& log, const Openings& openings, Verifier& verifier,
                             std::string& broken) {
  InvariantWatch watch;
  const auto chain =
      executed_chain(log, openings, verifier, [&](const Block& block, const MarketState& state) {
        if (!broken.empty()) return;
        std::string what = watch.broken_by(block.transactions, state);
        if (what.empty()) what = poorly_cleared_by(block, state);
        if (!what.empty()) broken = "block " + std::to_string(block.header.height) + ": " + what;
      });
  if (!chain) return failure(chain.error());
  return {};
}

namespace {

Result<void> check_clearing(const PublicLog& log, const AddedFees& fees,
                            const SettlementBody& settled, std::span<const BookRow> book) {
  const BookForm form = book_form_of(log.genesis);
  const std::string name = "slot " + std::to_string(settled.slot.value);
  if (book.size() != settled.orders || book_root(form, book) != settled.book_root)
    return failure(name + ": its book's rows do not hash to the settlement's root");
  if (const std::string broken = broken_book(form, book); !broken.empty())
    return failure(name + ": its book " + broken);
  const Tariff tariff = tariff_in(log.genesis, fees, settled.slot);
  const Clearing clearing = clear_rows(log.genesis, tariff, book);
  if (clearing.price != settled.price || clearing.volume != settled.volume)
    return failure(name + ": price and volume do not follow from the book");
  return {};
}

// Of the accounts whose statements are left.
Result<void> check_capacity(const Transaction& statements, CapacityWatch& watch) {
  for (const Opening& o : statements.openings) {
    const auto s = decode_statement(o.data);
    if (!s) return failure(s.error());
    if (const std::string broken = watch.broken_by(*s); !broken.empty())
      return failure("slot " + std::to_string(s->slot.value) + ", meter " +
                     std::to_string(s->meter.value) + ": " + broken);
  }
  return {};
}

const Hash& state_root_after(const PublicLog& log, std::uint64_t height) {
  return height < log.blocks.size() ? log.blocks[height].header.state_root
                                    : log.checkpoint.state_root;
}

}  // namespace

Result<BareState> state_after(const PublicLog& log, const Openings& openings, Verifier& verifier) {
  if (!openings.erased.state) return failure("openings/erased/state: missing");
  BareState state = *openings.erased.state;
  if (state.height() > log.blocks.size() ||
      state.tree().root() != state_root_after(log, state.height()))
    return failure("openings/erased/state: is not what the validators signed after block " +
                   std::to_string(state.height()));
  while (state.height() < log.blocks.size()) {
    const BlockHeader& h = log.blocks[state.height()].header;
    std::vector<Transaction> block;
    for (std::uint64_t i = h.log_size; i < h.log_size + h.entries; ++i) {
      auto tx = whole_transaction(log, openings, i);
      if (!tx) return failure(tx.error());
      block.push_back(std::move(*tx));
    }
    if (auto ok = state.execute(block, log.genesis, verifier); !ok)
      return failure("block " + std::to_string(h.height) + ": " + ok.error());
    if (state.tree().root() != state_root_after(log, state.height()))
      return failure("block " + std::to_string(h.height) + ": gives another state root");
  }
  return state;
}

Result<WhatIsLeft> check_what_is_left(const PublicLog& log, const Openings& openings,
                                      Verifier& verifier) {
  WhatIsLeft out;
  const SlotBooks books = slot_books(log, openings);
  const AddedFees fees = fees_in(log.entries);
  CapacityWatch capacity(log.genesis, true);
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) {
    const auto tx = opened_part(log, openings, i);
    if (!tx) return failure(tx.error());
    ++(openings.erased.restricted.contains(i) ? out.partly : out.whole);
    if (tx->kind == TransactionKind::statements)
      if (auto ok = check_capacity(*tx, capacity); !ok)
        return failure("entry " + std::to_string(i) + ": " + ok.error());
    if (tx->kind != TransactionKind::settlement) continue;
    const auto settled = decode_settlement_body(tx->body);
    if (!settled) return failure(settled.error());
    static const KnownBook nothing;
    const auto at = books.find(settled->slot.value);
    const KnownBook& book = at == books.end() ? nothing : at->second;
    if (auto ok = check_clearing(log, fees, *settled, book.rows); !ok)
      return failure("entry " + std::to_string(i) + ": " + ok.error());
    ++out.slots;
  }
  if (auto ok = state_after(log, openings, verifier); !ok) return failure(ok.error());
  out.state_after = openings.erased.state->height();
  out.blocks_after = log.blocks.size() - out.state_after;
  return out;
}

}  // namespace market
