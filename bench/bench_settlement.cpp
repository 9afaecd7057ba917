// One slot's settlement of many accounts, without its hashes: delivery, statements, postings into a
// journal that has all accounts, tokens minted, escrowed, handed out and retired, and every
// invariant checked (market/settlement/settlement_check.hpp, the journal's sum, the token book's
// vintages). Beside it settle() alone, deals in the place of one price, and SHA-256 of each
// account's encoded statement once, which is the least that any chain of commitments adds: the
// ratio to it does not hang on the machine.

#include <algorithm>
#include <benchmark/benchmark.h>

#include "ledger/base/rng.hpp"
#include "ledger/crypto/sha256.hpp"
#include "market/settlement/deal_settlement.hpp"
#include "market/settlement/settlement_check.hpp"
#include "market/settlement/token_book.hpp"

namespace {

using namespace market;
using namespace ledger;

constexpr Tariff tariff{{300'000}, {80'000}, {90'000}, {30'000}, {50'000}};
constexpr Price price{150'000};

// Half of them buy, half sell; most deliver what they contracted, or nearly.
std::vector<SlotPosition> positions(std::size_t accounts) {
  Rng rng(1);
  std::vector<SlotPosition> out(accounts);
  for (std::size_t i = 0; i < accounts; ++i) {
    SlotPosition& p = out[i];
    const auto id = rng.bytes32();
    std::copy_n(id.begin(), p.account.bytes.size(), p.account.bytes.begin());
    p.meter = {static_cast<std::uint32_t>(i)};
    const WattHours contracted{1 + static_cast<std::int64_t>(rng.below(800))};
    (i % 2 == 0 ? p.contracted_buy : p.contracted_sell) = contracted;
    (i % 2 == 0 ? p.imported : p.exported) = {static_cast<std::int64_t>(rng.below(1500))};
  }
  // As the state machine hands them over.
  std::sort(out.begin(), out.end(),
            [](const SlotPosition& a, const SlotPosition& b) { return a.account < b.account; });
  return out;
}

// The first buyer with the first seller and so on, whose energies are their contracts.
std::vector<Deal> deals(std::vector<SlotPosition>& all) {
  std::vector<SlotPosition*> buyers, sellers;
  for (SlotPosition& p : all) (p.contracted_buy.value > 0 ? buyers : sellers).push_back(&p);
  std::vector<Deal> out;
  for (std::size_t i = 0; i < std::min(buyers.size(), sellers.size()); ++i) {
    SlotPosition &buyer = *buyers[i], &seller = *sellers[i];
    buyer.contracted_buy = seller.contracted_sell =
        std::min(buyer.contracted_buy, seller.contracted_sell);
    out.push_back({{buyer.account.bytes},
                   {seller.account.bytes},
                   buyer.account,
                   seller.account,
                   buyer.contracted_buy,
                   price,
                   price});
  }
  return out;
}

struct Books {
  explicit Books(const std::vector<SlotPosition>& all) : exported(all.size()) {
    for (const SlotPosition& p : all)
      journal.post({PostingKind::deposit, bank, p.account, {100'000'000}});
  }
  // Whether all holds.
  bool take(const Settlement& s, Slot slot) {
    journal.post_all(s.postings);
    for (const Statement& each : s.statements) {
      exported[each.meter.value] += each.exported.value * 1000;
      const auto minted = tokens.mint(each.meter, {exported[each.meter.value]}, each.account, slot);
      if (minted != each.minted || !tokens.escrow(each.account, slot, each.sold) ||
          !tokens.transfer(each.account, retailer, slot, each.minted - each.sold))
        return false;
    }
    for (const Statement& each : s.statements)
      if (!tokens.release(each.account, slot, each.bought) ||
          !tokens.retire(each.account, slot, each.retired))
        return false;
    MicroEuros sum;
    for (const auto& [account, balance] : journal.balances()) sum += balance;
    return sum.value == 0 && tokens.broken_invariant().empty() && broken_invariant(s).empty();
  }
  Journal journal;
  TokenBook tokens;
  std::vector<std::int64_t> exported;  // registers by meter, mWh
};

void settle_alone(benchmark::State& state) {
  const auto all = positions(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(settle({7}, tariff, price, all).statements.data());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(settle_alone)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

template <class Settle>
void whole_slot(benchmark::State& state, const std::vector<SlotPosition>& all, Settle settle_slot) {
  Books books(all);
  std::uint32_t slot = 0;
  for (auto _ : state) {
    const Settlement s = settle_slot(Slot{slot});
    if (!books.take(s, {slot})) state.SkipWithError("an invariant does not hold");
    ++slot;
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void slot_at_one_price(benchmark::State& state) {
  const auto all = positions(static_cast<std::size_t>(state.range(0)));
  whole_slot(state, all, [&](Slot slot) { return settle(slot, tariff, price, all); });
}
BENCHMARK(slot_at_one_price)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

// The costliest: every home's highest import of the month rises.
void slot_with_capacity(benchmark::State& state) {
  auto all = positions(static_cast<std::size_t>(state.range(0)));
  for (SlotPosition& p : all) p.peak_before = WattHours{p.imported.value / 2};
  Tariff priced = tariff;
  priced.capacity_price = {4'000'000};
  whole_slot(state, all, [&](Slot slot) { return settle(slot, priced, price, all); });
}
BENCHMARK(slot_with_capacity)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void slot_by_deals(benchmark::State& state) {
  auto all = positions(static_cast<std::size_t>(state.range(0)));
  const auto pairs = deals(all);
  whole_slot(state, all, [&](Slot slot) { return settle_deals(slot, tariff, pairs, all); });
}
BENCHMARK(slot_by_deals)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void hash_each_statement(benchmark::State& state) {
  const auto all = positions(static_cast<std::size_t>(state.range(0)));
  std::vector<Bytes> encoded;
  for (const Statement& s : settle({7}, tariff, price, all).statements)
    encoded.push_back(encode(s));
  for (auto _ : state)
    for (const Bytes& bytes : encoded) benchmark::DoNotOptimize(sha256(bytes));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(hash_each_statement)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
