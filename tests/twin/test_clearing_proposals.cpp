// A block's maker whose clearing proposal does not hold is not voted for, and the next proposer
// closes the slot.

#include "ledger/consensus/validator_set.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/entries/entries.hpp"
#include "market/settlement/clearing_proposal.hpp"
#include "tests/support/validator_net.hpp"

using namespace twin_test;

namespace {

Ed25519Signer signer(std::uint64_t number) { return Ed25519Signer(Rng(number).bytes32()); }

ledger::SubjectKey key_of(std::uint32_t meter) {
  ledger::SubjectKey key{};
  key[0] = static_cast<std::uint8_t>(meter);
  return key;
}

ledger::AccountId account_of(std::uint32_t meter) {
  ledger::AccountId out;
  out.bytes.fill(static_cast<std::uint8_t>(meter));
  return out;
}

Genesis grid_genesis() {
  Genesis g = net_genesis();
  g.slot_ms = g.batch_ms = 60'000;
  g.close_grace_ms = 0;
  g.retail_buy = {300'000};
  g.mechanism = "grid-aware";
  g.grid_operator = signer(6).public_key();
  return g;
}

ledger::Transaction homes_of(const Genesis& g) {
  ledger::Transaction tx;
  tx.kind = ledger::TransactionKind::registration;
  for (const std::uint32_t meter : {1u, 2u}) {
    market::Registration r;
    r.account = account_of(meter);
    r.meter = {meter};
    r.meter_key = signer(100 + meter).public_key();
    r.account_key = signer(200 + meter).public_key();
    r.max_power_w = 43'000;
    market::add_openings(tx.openings, {r, key_of(meter)});
  }
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(market::RegistrationBody{{0}, 2, {}});
  Ed25519Signer registrar = signer(7);
  sign_entry(tx, chain_id_of(g), registrar);
  return tx;
}

ledger::Transaction order_of(const Genesis& g, std::uint32_t meter, market::Side side,
                             std::int64_t limit) {
  market::SignedOrder o;
  o.order = {{}, account_of(meter), {1}, side, {500}, {limit}};
  o.meter = {meter};
  o.signature =
      signer(200 + meter).sign(market::order_signed_bytes(chain_id_of(g), market::encode(o)));
  ledger::Transaction tx;
  tx.kind = ledger::TransactionKind::order;
  tx.openings = {{market::order_salt(key_of(meter), o), market::encode(o)}};
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(market::OrderBody{{1}});
  return tx;
}

// 300 Wh may come to home 1; from slot 1 on.
ledger::Transaction grid_of(const Genesis& g) {
  std::vector<ledger::Opening> places;
  for (const std::uint32_t meter : {1u, 2u})
    places.push_back(market::opening_of(
        key_of(meter), market::HomePlace{account_of(meter), {meter}, {1}, meter - 1}));
  Ed25519Signer by = signer(6);
  return *market::trading_grid_of(chain_id_of(g), {1}, market::TradeLimits{2, {{{{0, 1}}, 300}}},
                                  std::move(places), key_of(9), by);
}

// With another fill of the first order, and all that follows as the maker pleases.
Bytes with_another_fill(const ledger::Block& honest, const market::TradeLimits& limits) {
  ledger::Block block = honest;
  const auto proposal =
      *market::decode_clearing_proposal(block.transactions.at(0), {1}, {1}, 2, limits, key_of(9));
  market::GridProposal wrong = *proposal;
  wrong.fills[0].value -= 1;
  block.transactions[0] = market::clearing_proposal_of({1}, {1}, 2, wrong, key_of(9));
  block.header.entries_root = entries_root(block.transactions);
  return encode(block);
}

}  // namespace

TEST_CASE(
    "a proposal that does not hold refuses its block, and the next proposer closes the slot") {
  const Genesis g = grid_genesis();
  ValidatorNet net(g);
  const NodeId gateway = net.directory().gateway(0);
  for (std::uint32_t v = 0; v < 4; ++v)
    for (const ledger::Transaction& tx :
         {homes_of(g), grid_of(g), order_of(g, 1, market::Side::buy, 200'000),
          order_of(g, 2, market::Side::sell, 100'000)})
      net.post(gateway, {v}, frame(MessageKind::transaction, tx.encode()));
  net.run_until(Instant{} + seconds(118));
  const auto& state = static_cast<const market::MarketState&>(net.node(0).chain().state());
  REQUIRE(state.trading_grid({1}) != nullptr);
  REQUIRE(state.last_closed()->slot == Slot{0});
  const auto limits = std::get<market::TradeLimits>(state.trading_grid({1})->feeder);
  const std::uint64_t height = net.height(0) + 1;
  const ValidatorId maker = ValidatorSet(g.validators).proposer(height, 0);
  const std::uint32_t other = (maker.value + 1) % 4;

  net.down(maker.value);
  const std::int64_t time_ms = 120'000;
  const auto& chain = net.node(other).chain();
  const ledger::Block honest = chain.build(time_ms, maker, {}, 1 << 20).tried.block;
  REQUIRE(honest.transactions.at(0).kind == ledger::TransactionKind::clearing_proposal);
  ledger::Proposal p;
  p.height = height;
  p.proposer = maker;
  p.value = with_another_fill(honest, limits);
  p.value_id = block_id(p.value);
  p.signature = net.signer(maker.value).sign(signed_bytes(net.chain_id(), statement_of(p)));
  for (std::uint32_t v = 0; v < 4; ++v)
    if (v != maker.value)
      net.post({maker.value}, {v}, frame(MessageKind::consensus, encode(p)), milliseconds(2'020));
  net.run_until(Instant{} + seconds(150));

  std::set<std::uint32_t> refused_by;
  for (const auto& [n, why] : net.refusals)
    if (why.find("a clearing proposal that does not hold") != std::string::npos)
      refused_by.insert(n);
  CHECK(refused_by.size() == 3);  // all who were shown it
  for (std::uint32_t v = 0; v < 4; ++v) {
    if (v == maker.value) continue;
    const auto& after = static_cast<const market::MarketState&>(net.node(v).chain().state());
    REQUIRE(after.last_closed()->slot >= Slot{1});
    CHECK(net.height(v) > height);
  }
  std::size_t closed = 0;
  for (const auto& [n, event] : net.events)
    if (const auto* settled = std::get_if<SlotSettled>(&event);
        settled && settled->slot->slot == Slot{1}) {
      ++closed;
      CHECK(settled->slot->clearing.volume == WattHours{300});
      CHECK(!settled->slot->unsolved);
    }
  CHECK(closed == 1);
  std::uint32_t round = 0;
  for (const auto& [n, event] : net.events)
    if (const auto* decided = std::get_if<BlockDecided>(&event);
        decided && decided->height == height)
      round = decided->round;
  CHECK(round > 0);
  CHECK(net.equivocations.empty());
}

TEST_CASE("nobody sends a clearing proposal") {
  ValidatorNet net(grid_genesis());
  const auto tx = market::clearing_proposal_of({1}, {1}, 2, std::nullopt, key_of(9));
  net.post(net.directory().gateway(0), {0}, frame(MessageKind::transaction, tx.encode()));
  net.run_for(milliseconds(100));
  CHECK(net.node(0).mempool().size() == 0);
  REQUIRE(net.refusals.size() == 1);
  CHECK(net.refusals[0].second == "is never sent");
}
