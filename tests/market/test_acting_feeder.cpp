// Chains that are settled by what the grid operator told of the feeder: grid-aware clearing as the
// block's maker proposes it, and the tree of fees.

#include <doctest/doctest.h>

#include "ledger/chain/chain.hpp"
#include "market/audit/clearing_audit.hpp"
#include "market/audit/replay.hpp"
#include "market/clearing/grid_clearing.hpp"
#include "market/settlement/clearing_proposal.hpp"
#include "market/settlement/feeder_clearing.hpp"
#include "market/settlement/slot_clearing.hpp"
#include "tests/market/feeder_support.hpp"
#include "tests/support/village_chain.hpp"

using namespace market;
using namespace market_test;

namespace {

// Home 1 behind a line of which 300 Wh may come; the others on the busbar.
TradeLimits one_line() { return {2, {{{{1, 1}}, 300}}}; }

// A village's first slot, in blocks: registrations, grid and orders, then batches and marks of
// homes that move a kWh each way.
class GridSlot {
 public:
  explicit GridSlot(const std::string& mechanism = "grid-aware",
                    std::optional<FeederTerms> feeder = one_line(),
                    std::vector<Opening> homes = places(0, {{1, 1}, {2, 0}, {3, 0}}))
      : settled_by_(mechanism),
        genesis_(village_genesis()),
        chain_(std::make_unique<MarketState>(genesis_, verifier_)) {
    add(Village::registration(0, {1, 2}));
    add(Village::registration(1, {3, 4}));
    if (feeder)
      add(*trading_grid_of(chain_id_of(genesis_), {0}, *feeder, std::move(homes), operator_key(),
                           signer_of("grid operator")));
  }
  void order(std::uint32_t home, Side side, std::int64_t wh, std::int64_t limit) {
    add(Village::order(home, 0, side, wh, limit, next_id_++));
  }
  // The block that closes the slot, as an honest maker builds it.
  Block closing() {
    put(0);
    for (const std::uint32_t g : {0u, 1u}) {
      Hash last{};
      for (std::uint32_t epoch = 1; epoch <= 2; ++epoch) {
        Transaction tx = Village::batch(g, epoch, last);
        last = sha256(tx.entry());
        add(std::move(tx));
      }
    }
    put(60'000 + 60'000);
    for (const std::uint32_t g : {0u, 1u})
      add(Village::marks(g, 0,
                         {Village::mark(2 * g + 1, 0, 1'000'000, 1'000'500),
                          Village::mark(2 * g + 2, 0, 1'000'000, 1'000'500)}));
    put(closing_ms - 1);
    return chain_.build(closing_ms, {0}, {}, 1 << 20).tried.block;
  }
  // "" where the block holds.
  std::string refused(Block block) const {
    block.leaves.clear();
    for (const Transaction& tx : block.transactions) block.leaves.push_back(leaf_of(tx));
    block.header.entries = static_cast<std::uint32_t>(block.transactions.size());
    block.header.entries_root = entries_root(block.transactions);
    const auto tried = chain_.try_block(encode(block));
    return tried ? "" : tried.error();
  }
  const ClosedSlot& close() {
    const Block block = closing();
    const bool proposed = made_by_maker(block.transactions.at(0).kind);
    CHECK(proposed ==
          (village_mechanism() == "grid-aware" && state().trading_grid({0}) != nullptr));
    auto tried = chain_.try_block(encode(block));
    REQUIRE_MESSAGE(tried, tried.error());
    chain_.commit(std::move(*tried));
    REQUIRE(state().last_closed() != nullptr);
    return *state().last_closed();
  }
  const MarketState& state() const { return static_cast<const MarketState&>(chain_.state()); }
  static constexpr std::int64_t closing_ms = 125'000;

 private:
  void add(Transaction tx) { pool_.add(std::move(tx), chain_.height()); }
  void put(std::int64_t time_ms) {
    Chain::Built built = chain_.build(time_ms, {0}, pool_.ordered(), 1 << 20);
    REQUIRE_MESSAGE(built.never.empty(), built.never[0].second);
    REQUIRE(built.tried.block.transactions.size() == pool_.size());
    for (const Hash& leaf : built.tried.block.leaves) pool_.remove(leaf);
    chain_.commit(std::move(built.tried));
  }
  WithMechanism settled_by_;
  Ed25519Verifier verifier_;
  Genesis genesis_;
  Chain chain_;
  Mempool pool_;
  std::uint8_t next_id_ = 1;
};

// Buyers behind the line, sellers before it.
void order_over_the_line(GridSlot& s) {
  s.order(1, Side::buy, 500, 200'000);
  s.order(2, Side::sell, 250, 100'000);
  s.order(3, Side::sell, 250, 90'000);
}

MicroEuros rent_of(const ClosedSlot& closed) {
  MicroEuros out;
  for (const Posting& p : closed.settlement.postings)
    if (p.kind == PostingKind::congestion_rent) out += p.to == grid_operator ? p.amount : -p.amount;
  return out;
}

}  // namespace

TEST_CASE(
    "acting, grid-aware: who buys behind a full line pays its bus's price, the operator has the "
    "rent") {
  GridSlot s;
  order_over_the_line(s);
  const ClosedSlot& closed = s.close();
  CHECK(closed.clearing.volume == WattHours{300});
  CHECK(closed.clearing.price == std::nullopt);
  const auto& all = closed.settlement.statements;
  CHECK(all[0].bought == WattHours{300});
  CHECK(all[0].trade_paid == MicroEuros{300 * 200});  // served in part, at its own limit
  CHECK(all[1].sold == WattHours{50});
  CHECK(all[2].sold == WattHours{250});
  CHECK(all[1].trade_earned == MicroEuros{50 * 100});  // the seller in part sets the busbar's price
  CHECK(all[2].trade_earned == MicroEuros{250 * 100});
  CHECK(rent_of(closed) == MicroEuros{300 * 100});
  CHECK(!closed.unsolved);
  CHECK(s.state().broken_invariant() == "");
}

TEST_CASE("acting, grid-aware: without a full row the prices are the auction's") {
  GridSlot s("grid-aware", TradeLimits{2, {{{{1, 1}}, 500}}});
  order_over_the_line(s);
  const ClosedSlot& closed = s.close();
  CHECK(closed.clearing.volume == WattHours{500});
  CHECK(closed.settlement.statements[0].trade_paid == MicroEuros{500 * 150});
  CHECK(rent_of(closed) == MicroEuros{});
}

TEST_CASE(
    "acting, grid-aware: the closing block begins with its maker's proposal, and with one alone") {
  GridSlot s;
  order_over_the_line(s);
  const Block block = s.closing();
  REQUIRE(block.transactions.size() > 2);
  REQUIRE(block.transactions[0].kind == TransactionKind::clearing_proposal);
  CHECK(block.transactions[1].kind == TransactionKind::settlement);
  CHECK(s.refused(block) == "");
  Block without = block;
  without.transactions.erase(without.transactions.begin());
  CHECK(s.refused(without) == "does not begin with the proposal that its maker owes");
  Block empty = block;
  empty.transactions.clear();
  CHECK(s.refused(empty) == "does not begin with the proposal that its maker owes");
  Block twice = block;
  twice.transactions.insert(twice.transactions.begin(), twice.transactions[0]);
  CHECK(s.refused(twice) == "transaction 1 is not the one that is due");
  Block behind = block;
  behind.transactions.push_back(behind.transactions[0]);
  CHECK(s.refused(behind).find("is never sent") != std::string::npos);
  Block alone = block;
  alone.transactions.resize(1);
  CHECK(s.refused(alone) == "transaction 1 is not the one that is due");
}

TEST_CASE("acting, grid-aware: a proposal with any number changed is no block's") {
  GridSlot s;
  order_over_the_line(s);
  const Block block = s.closing();
  const Transaction honest = block.transactions[0];
  const auto grid = s.state().trading_grid({0});
  const auto& limits = std::get<TradeLimits>(grid->feeder);
  const auto numbers = decode_clearing_proposal(honest, {0}, {0}, 3, limits, operator_key());
  REQUIRE(numbers);
  REQUIRE(*numbers);
  REQUIRE((*numbers)->multipliers.size() == 1);
  const auto with = [&](const std::function<void(GridProposal&)>& change) {
    GridProposal other = **numbers;
    change(other);
    Block changed = block;
    changed.transactions[0] = clearing_proposal_of({0}, {0}, 3, other, operator_key());
    return s.refused(changed);
  };
  CHECK(with([](GridProposal&) {}) == "");
  for (std::size_t i = 0; i < 3; ++i)
    for (const std::int64_t by : {1, -1})
      CHECK(with([&](GridProposal& p) {
              p.fills[i].value += by;
            }).starts_with("transaction 0: a clearing proposal that does not hold: "));
  CHECK(with([](GridProposal& p) { p.balance += value_scale * 1'000; }) != "");
  CHECK(with([](GridProposal& p) { p.balance -= value_scale * 1'000; }) != "");
  CHECK(with([](GridProposal& p) { p.multipliers[0].value /= 2; }) != "");
  CHECK(with([](GridProposal& p) { p.multipliers.clear(); }) != "");
  // By exchanges there are neither multipliers nor a balance.
  const auto by_exchanges = [](GridProposal& p) {
    p.guarantee = Guarantee::exchanges;
    p.balance = 0;
    p.multipliers.clear();
  };
  CHECK(with(by_exchanges) == "transaction 1 is not the one that is due");  // it holds
  for (const bool priced : {false, true})
    CHECK(with([&](GridProposal& p) {
            const std::vector<RowMultiplier> kept = p.multipliers;
            by_exchanges(p);
            if (priced) p.multipliers = kept;
            if (!priced) p.balance = 1;
          }).find("is not in its canonical form") != std::string::npos);
  CHECK(with([](GridProposal& p) { p.multipliers[0].row = 1; }).find("is of no row") !=
        std::string::npos);
  CHECK(with([](GridProposal& p) {
          p.multipliers[0].value = max_multiplier + 1;
        }).find("out of bounds") != std::string::npos);
  CHECK(with([](GridProposal& p) { p.balance = max_value + 1; }).find("out of bounds") !=
        std::string::npos);
  // A maker that says nothing was found is taken at its word; the slot then trades nothing, and so
  // the settlement of a solved one does not follow.
  Block lazy = block;
  lazy.transactions[0] = clearing_proposal_of({0}, {0}, 3, std::nullopt, operator_key());
  CHECK(s.refused(lazy) == "transaction 1 is not the one that is due");
  SubjectKey other = operator_key();
  other[0] ^= 1;
  Block salted = block;
  salted.transactions[0] = clearing_proposal_of({0}, {0}, 3, *numbers, other);
  CHECK(s.refused(salted).find("not salted as they have to be") != std::string::npos);
  for (const auto& [slot, from, orders] : {std::tuple{1u, 0u, 3u}, {0u, 1u, 3u}, {0u, 0u, 2u}}) {
    Block moved = block;
    GridProposal fewer = **numbers;
    fewer.fills.resize(orders);
    moved.transactions[0] = clearing_proposal_of({slot}, {from}, orders, fewer, operator_key());
    CHECK(s.refused(moved).find("of another slot, grid or number of orders") != std::string::npos);
  }
}

TEST_CASE("acting, grid-aware: a home without a place, and a slot without a grid, trade nothing") {
  GridSlot s("grid-aware", one_line(), places(0, {{1, 1}, {2, 0}}));
  order_over_the_line(s);
  const ClosedSlot& closed = s.close();
  CHECK(closed.clearing.volume == WattHours{250});
  CHECK(closed.settlement.statements[2].sold == WattHours{});
  GridSlot none("grid-aware", std::nullopt);
  order_over_the_line(none);
  CHECK(none.close().clearing.volume == WattHours{});
  GridSlot nobody("grid-aware", one_line(), {});
  order_over_the_line(nobody);
  CHECK(nobody.closing().transactions[0].kind == TransactionKind::settlement);
}

TEST_CASE(
    "acting, grid-aware: a maker who finds nothing is seen on the log, and named by an auditor") {
  VillageChain honest = village_chain(7, 12, "grid-aware");
  VillageChain lazy = village_chain(7, 12, "grid-aware", ProposalMaker::lazy);
  Ed25519Verifier verifier;
  const auto unsolved = [](const PublicLog& log) {
    std::size_t solved = 0, out = 0;
    for (const Bytes& entry : log.entries)
      if (const auto view = view_entry(entry); view->kind == TransactionKind::clearing_proposal)
        ++(decode_clearing_proposal_body(view->body)->trades() ? solved : out);
    return std::pair(solved, out);
  };
  CHECK(unsolved(honest.log).first >= 6);
  CHECK(unsolved(honest.log).second == 0);
  CHECK(unsolved(lazy.log).second > 1);
  std::string broken;
  REQUIRE(check_execution(honest.log, honest.openings, verifier, broken));
  CHECK(broken == "");
  REQUIRE(check_execution(lazy.log, lazy.openings, verifier, broken));
  CHECK(broken.find("its maker, validator 0, said that no proven clearing of slot ") !=
        std::string::npos);
  VillageChain modest = village_chain(7, 12, "grid-aware", ProposalMaker::modest);
  CHECK(unsolved(modest.log).second == 0);
  broken.clear();
  REQUIRE(check_execution(modest.log, modest.openings, verifier, broken));
  CHECK(broken.find("its maker, validator 0, said that no proven clearing of slot ") !=
        std::string::npos);
}

TEST_CASE("acting, grid-aware: how far two honest makers may lie apart, and no farther") {
  // A line without room to two homes behind it, who may trade with each other.
  const TradeLimits limits{3, {{{{1, 1000}, {2, 1000}}, 0}}};
  Order sell, buy;
  sell.side = Side::sell;
  sell.energy = buy.energy = {5000};
  sell.limit = {80'000};
  buy.limit = {220'000};
  buy.id.bytes[0] = 1;
  const std::vector<Order> orders{sell, buy};
  const std::vector<std::uint32_t> buses{1, 2};
  const auto found = propose_grid_clearing(orders, buses, limits);
  REQUIRE(found);
  const auto cleared = check_proposal(orders, buses, limits, *found);
  REQUIRE(cleared);
  CHECK(cleared->welfare.value == 700'000);
  const MicroEuros apart = makers_apart(orders, *found, *cleared);
  CHECK(apart.value >= 440);      // two Wh at the highest bid
  CHECK(apart.value <= 3 * 440);  // so that who proposes no trade at all is named
}

TEST_CASE(
    "acting, grid-aware: a proposal that fits no entry is unsolved, for its maker and an auditor") {
  // Two fills, shared by so many orders that an entry does not hold them.
  TradingGrid grid;
  grid.feeder = TradeLimits{1, {}};
  PlacedOrders placed;
  Rng rng(3);
  for (std::uint32_t i = 0; i < 270'000; ++i) {
    Order o = i % 2 ? buy(1, 1, 300) : sell(1, 1, 200);
    const auto id = rng.bytes32();
    std::copy_n(id.begin(), o.id.bytes.size(), o.id.bytes.begin());
    placed.rows.push_back(i);
    placed.orders.push_back(o);
    placed.buses.push_back(0);
  }
  const auto said = [&] {
    const Transaction tx = solved_proposal({0}, grid, placed, operator_key());
    return decode_clearing_proposal_body(tx.body)->trades();
  };
  CHECK(solved(grid, placed).has_value());
  CHECK_FALSE(said());
  placed.rows.resize(250'000);
  placed.orders.resize(250'000);
  placed.buses.resize(250'000);
  CHECK(said());
}

TEST_CASE("acting, fee tree: a trade's way costs its fees, which are the grid operator's") {
  // Home 1 at node 2, whose way to the busbar costs 24,000 downwards and 6,000 upwards.
  GridSlot s("fee-tree", example_tree(), places(0, {{1, 2}, {2, 0}, {3, 2}}));
  s.order(1, Side::buy, 500, 200'000);
  s.order(2, Side::sell, 400, 100'000);
  s.order(3, Side::sell, 200, 110'000);
  const ClosedSlot& closed = s.close();
  CHECK(closed.clearing.volume == WattHours{500});
  const auto& all = closed.settlement.statements;
  // 200 from the neighbour on its node, 300 from the busbar, whose seller sets the price.
  CHECK(all[2].sold == WattHours{200});
  CHECK(all[1].sold == WattHours{300});
  CHECK(all[1].trade_earned == MicroEuros{300 * 100});
  CHECK(all[2].trade_earned == MicroEuros{200 * 124});
  // The buyer's bill: what its neighbours got, and the grid's fee, which is no rent.
  CHECK(all[0].trade_paid == MicroEuros{200 * 124 + 300 * 100});
  CHECK(all[0].local_grid_fee == MicroEuros{300 * 24});
  CHECK(rent_of(closed) == MicroEuros{});
  for (const DealLine& d : all[0].deals) CHECK(d.price + d.fee == Price{124'000});
  CHECK(s.state().broken_invariant() == "");
}

TEST_CASE(
    "acting, fee tree: rows' prices come to what the tree's trades come to, and no deal costs less "
    "than nothing") {
  std::size_t paying = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    std::vector<Order> book = random_book(rng, 14, 400, 300'000);
    std::sort(book.begin(), book.end(), [](const Order& a, const Order& b) { return a.id < b.id; });
    TradingGrid grid;
    FeeTree tree{{}};
    for (std::uint32_t n = 1; n < 5; ++n)
      tree.push_back({static_cast<std::uint32_t>(rng.below(n)),
                      {static_cast<std::int64_t>(rng.below(30'000))},
                      {static_cast<std::int64_t>(rng.below(30'000))}});
    for (const Order& o : book)
      grid.homes.push_back({o.account, {}, {}, static_cast<std::uint32_t>(rng.below(5))});
    grid.feeder = tree;
    const PlacedOrders placed = placed_in(grid, book);
    REQUIRE(placed.orders.size() == book.size());
    std::vector<BookRow> rows = rows_of(BookForm::results, book);
    fill_rows(placed, fills_by_fees(grid, placed), rows);
    REQUIRE(broken_book(BookForm::results, rows) == "");
    const FeeTreeClearing cleared = clear_fee_tree(placed.orders, placed.buses, tree);
    Wide fees = 0, rent = 0;
    std::vector<std::int64_t> paid(book.size()), by_row(book.size());
    for (const Trade& t : cleared.trades) {
      fees += static_cast<Wide>(t.fee.value) * t.energy.value;
      paid[t.buyer] += (t.price + t.fee).value * t.energy.value;
      paid[t.seller] += t.price.value * t.energy.value;
    }
    Genesis genesis = feeder_genesis("fee-tree");
    for (const Trade& t : clear_rows(genesis, tariff_of(genesis), rows).trades) {
      REQUIRE(t.fee.value >= 0);
      REQUIRE(t.beside.value == 0);
      rent += static_cast<Wide>(t.fee.value) * t.energy.value;
      by_row[t.buyer] += (t.price + t.fee).value * t.energy.value;
      by_row[t.seller] += t.price.value * t.energy.value;
    }
    REQUIRE(paid == by_row);
    REQUIRE(fees == rent);
    paying += rent > 0;
  }
  CHECK(paying > 50);
}

TEST_CASE("acting: rows with results are paired within one price first, then by rising price") {
  const auto row = [](Order o, std::int64_t fill, std::int64_t price) {
    return BookRow{std::move(o), {fill}, {price}};
  };
  const std::vector<BookRow> rows{row(buy(1, 10, 300), 10, 200), row(buy(2, 10, 300), 10, 100),
                                  row(sell(3, 10, 50), 8, 100), row(sell(4, 20, 50), 12, 150)};
  const auto trades = clear_rows(feeder_genesis("grid-aware"), {}, rows).trades;
  CHECK(trades == std::vector<Trade>{{1, 2, {8}, {100}, {0}},
                                     {1, 3, {2}, {150}, {-50}},
                                     {0, 3, {10}, {150}, {50}}});
}

TEST_CASE(
    "acting: genesis of a chain that heeds a feeder names who tells of it, and no second fee") {
  CHECK(check_terms(feeder_genesis("grid-aware")));
  CHECK(check_terms(feeder_genesis("fee-tree")));
  CHECK(check_terms(feeder_genesis("grid-aware", false)).error() ==
        "genesis: mechanism grid-aware needs a grid_operator");
  Genesis fees = feeder_genesis("fee-tree");
  fees.local_grid_fee = {1};
  CHECK(
      check_terms(fees).error() ==
      "genesis: local_grid_fee is 1; with a fee-tree it must be 0, since the tree's fees take its "
      "place");
}
