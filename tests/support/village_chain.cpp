#include "tests/support/village_chain.hpp"

#include "tests/market/feeder_support.hpp"
#include "tests/market/signed_checkpoint.hpp"
#include "tests/support/village_writer.hpp"

namespace market_test {

namespace village_life {

VillageWriter::VillageWriter(std::uint64_t seed, ProposalMaker maker)
    : maker_(maker),
      rng_(Rng(seed).fork("village chain")),
      genesis_(village_genesis()),
      chain_(std::make_unique<MarketState>(genesis_, verifier_)) {
  out_.log.genesis = genesis_;
  out_.log.chain_id = chain_id_of(genesis_);
  out_.log.policy = policy_of(genesis_);
  out_.log.policy_text = policy_text(genesis_);
}

VillageChain VillageWriter::write(std::uint32_t slots) {
  add_meters(0, {1, 2});
  add_meters(1, {3, feeder_meter});
  tell_grid(0, {1, 2, 3});
  plan(0);
  put_block(0);
  for (std::uint32_t minute = 1; minute <= minutes_a_slot * slots; ++minute) {
    const bool ends = minute % minutes_a_slot == 0;
    const std::uint32_t slot = (minute - 1) / minutes_a_slot;
    if (!ends) begin_slot(slot);
    if (!ends) add_rulings(slot);
    if (!ends && slot % 7 == 6) move_tokens(slot);
    if (!ends && slot % 4 == 3) add_measures(slot);
    if (!ends && slot % 5 == 1) change_fees(slot);
    if (!ends) add_findings();
    for (std::uint32_t g = 0; g < gateways; ++g) add_batch(g, minute, ends);
    if (ends) {
      for (std::uint32_t g = 0; g < gateways; ++g) add_marks(g, slot);
      if (slot + 1 == late_slot) add_meters(1, {late_home});
      if (slot == leaving_slot) meters_.erase(late_home);
      plan(slot + 1);
    }
    put_block(std::int64_t{minute} * 60'000);
  }
  put_block(std::int64_t{minutes_a_slot} * slots * 60'000 + genesis_.close_grace_ms);
  sign_checkpoint(out_.log, chain_.state_root());
  return std::move(out_);
}

// What the village's maker says in place of what it found.
Transaction VillageWriter::worse(const Transaction& honest) const {
  const auto body = *decode_clearing_proposal_body(honest.body);
  std::optional<GridProposal> said;
  if (maker_ == ProposalMaker::modest) {
    const auto grid = static_cast<const MarketState&>(chain_.state()).trading_grid(body.slot);
    said = *decode_clearing_proposal(honest, body.slot, body.grid, body.orders,
                                     std::get<TradeLimits>(grid->feeder), operator_key());
    said->guarantee = Guarantee::exchanges;
    said->balance = 0;
    said->multipliers.clear();
  }
  return clearing_proposal_of(body.slot, body.grid, body.orders, said, operator_key());
}

// The same block, whose maker says less than it found, with the settlement that follows.
Chain::Tried VillageWriter::as_dishonest_makers_do(const Block& honest) const {
  Block block{honest.header, {worse(honest.transactions[0])}, {}};
  const auto state = chain_.state().clone();
  const auto taken = state->apply(block.transactions[0], leaf_of(block.transactions[0]),
                                  SignatureIs::checked, honest.header.time_ms);
  invariant(taken.has_value(), "a maker is taken at its word");
  for (Transaction& due : state->due(honest.header.time_ms))
    block.transactions.push_back(std::move(due));
  for (const Transaction& tx : honest.transactions)
    if (!made_by_state(tx.kind) && !made_by_maker(tx.kind)) block.transactions.push_back(tx);
  block.header.entries = static_cast<std::uint32_t>(block.transactions.size());
  block.header.entries_root = entries_root(block.transactions);
  auto tried = chain_.try_block(encode(block));
  invariant(tried.has_value(), "such a maker's block holds");
  return std::move(*tried);
}

void VillageWriter::put_block(std::int64_t time_ms) {
  Chain::Built built = chain_.build(time_ms, {0}, pool_.ordered(), block_bytes);
  invariant(built.never.empty(), built.never.empty() ? "" : built.never[0].second.c_str());
  if (const auto& all = built.tried.block.transactions;
      maker_ != ProposalMaker::honest && !all.empty() && made_by_maker(all[0].kind) &&
      rng_.chance(0.5))
    built.tried = as_dishonest_makers_do(Block(built.tried.block));
  const Block& block = built.tried.block;
  out_.blocks.push_back(encode(block));
  out_.log.blocks.push_back({encode(block.header), block.header, {}});
  for (const Transaction& tx : block.transactions) {
    pool_.remove(leaf_hash(tx.entry()));
    for (std::uint16_t i = 0; i < tx.openings.size(); ++i)
      out_.openings.restricted[out_.log.entries.size()].emplace(i, tx.openings[i]);
    out_.log.entries.push_back(tx.entry());
    out_.log.tree.append(leaf_hash(out_.log.entries.back()));
  }
  invariant(pool_.size() == 0, "every transaction found its block");
  chain_.commit(std::move(built.tried));
  out_.state_roots.push_back(chain_.state_root());
  out_.content_roots.push_back(chain_.state().content_root());
}

}  // namespace village_life

VillageChain village_chain(std::uint64_t seed, std::uint32_t slots, const std::string& mechanism,
                           ProposalMaker maker) {
  const WithMechanism settled_by(mechanism);
  return village_life::VillageWriter(seed, maker).write(slots);
}

VillageChain capacity_village_chain(std::uint64_t seed, std::uint32_t slots,
                                    const std::string& mechanism) {
  const WithCapacityPrice priced({4'321'000});
  return village_chain(seed, slots, mechanism);
}

void bend_statement(VillageChain& chain, const AccountId& account, Slot slot,
                    const std::function<void(Statement&)>& change) {
  for (auto& [entry, openings] : chain.openings.restricted) {
    Transaction tx = *decode_entry(chain.log.entries[entry]);
    if (tx.kind != TransactionKind::statements) continue;
    for (auto& [position, opening] : openings) {
      auto s = decode_statement(opening.data);
      if (s->account == account && s->slot == slot) {
        change(*s);
        opening.data = encode(*s);
      }
      tx.openings.push_back(opening);
    }
    tx.root = openings_root(tx.openings);
    chain.log.entries[entry] = tx.entry();
  }
  chain.log.tree = {};
  for (const Bytes& entry : chain.log.entries) chain.log.tree.append(leaf_hash(entry));
  sign_checkpoint(chain.log, chain.state_roots.back());
}

}  // namespace market_test
