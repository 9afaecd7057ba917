#include "tests/market/operations.hpp"

#include "tests/market/operation_world.hpp"

namespace market_test {

namespace {

constexpr std::array<std::string_view, 16> act_names{
    "meter",    "quarantine", "miss",    "swap",    "bid", "list",  "cancel",  "contract",
    "transfer", "retire",     "correct", "measure", "fee", "erase", "restart", "close"};

std::int64_t random_amount(Rng& rng, std::uint64_t most) {
  constexpr std::int64_t two31 = std::int64_t{1} << 31, two53 = std::int64_t{1} << 53;
  constexpr std::array<std::int64_t, 12> edges{0,         1,          two31 - 1, two31,
                                               two31 + 1, two53 - 1,  two53,     two53 + 1,
                                               INT64_MAX, 10'000'000, -1,        INT64_MAX - 1};
  if (rng.chance(0.05)) return edges[rng.below(edges.size())];
  return static_cast<std::int64_t>(rng.below(most + 1));
}

}  // namespace

std::string words_of(const Operation& o) {
  return std::string(act_names[static_cast<std::size_t>(o.act)]) + " home " +
         std::to_string(o.home) + " other " + std::to_string(o.other) + " pick " +
         std::to_string(o.pick) + " amount " + std::to_string(o.amount) + " price " +
         std::to_string(o.price);
}

std::vector<Operation> random_operations(Rng& rng, std::size_t count) {
  struct Weight {
    Act act;
    std::uint32_t weight;
    std::uint64_t most;  // amount
  };
  constexpr std::array weights{
      Weight{Act::meter, 22, 4'000'000}, Weight{Act::quarantine, 2, 0},
      Weight{Act::miss, 2, 0},           Weight{Act::swap, 2, 0},
      Weight{Act::bid, 13, 3'000},       Weight{Act::list, 13, 3'000},
      Weight{Act::cancel, 4, 0},         Weight{Act::contract, 8, 2'000},
      Weight{Act::transfer, 10, 60},     Weight{Act::retire, 8, 60},
      Weight{Act::correct, 5, 2'000},    Weight{Act::measure, 4, 3'000'000},
      Weight{Act::fee, 3, 200'000},      Weight{Act::close, 14, 0}};
  std::uint32_t sum = 0;
  for (const Weight& w : weights) sum += w.weight;
  std::vector<Operation> out(count);
  for (Operation& o : out) {
    std::uint64_t at = rng.below(sum);
    const Weight* w = weights.data();
    while (at >= w->weight) at -= (w++)->weight;
    o.act = w->act;
    if (rng.chance(0.004)) o.act = Act::restart;
    if (rng.chance(0.002)) o.act = Act::erase;
    o.home = static_cast<std::uint8_t>(1 + rng.below(operation_homes));
    o.other = static_cast<std::uint8_t>(1 + rng.below(operation_homes));
    o.pick = static_cast<std::uint32_t>(rng.below(1u << 31));
    o.amount = random_amount(rng, w->most);
    o.price = random_amount(rng, 300'000);
  }
  return out;
}

Trace carry_out(std::span<const Operation> operations, const OperationTerms& terms, Fault fault) {
  OperationWorld world(terms, fault);
  Trace& trace = world.trace();
  for (const Operation& o : operations) {
    ++trace.done;
    trace.broken = world.carry_out(o);
    if (!trace.broken.empty()) return trace;
  }
  trace.broken = world.replayed();
  trace.root = world.root();
  return trace;
}

std::vector<Operation> shrunk(std::vector<Operation> operations, const OperationTerms& terms,
                              Fault fault) {
  const auto breaks = [&](const std::vector<Operation>& some) {
    return !carry_out(some, terms, fault).broken.empty();
  };
  operations.resize(carry_out(operations, terms, fault).done);
  std::size_t parts = 2;
  while (operations.size() > 1) {
    const std::size_t size = (operations.size() + parts - 1) / parts;
    bool smaller = false;
    for (std::size_t from = 0; from < operations.size() && !smaller; from += size) {
      std::vector<Operation> without = operations;
      const auto first = without.begin() + static_cast<std::ptrdiff_t>(from);
      const auto last =
          without.begin() + static_cast<std::ptrdiff_t>(std::min(from + size, operations.size()));
      without.erase(first, last);
      if (!breaks(without)) continue;
      operations = std::move(without);
      parts = std::max<std::size_t>(parts - 1, 2);
      smaller = true;
    }
    if (smaller) continue;
    if (size == 1) break;
    parts = std::min(2 * parts, operations.size());
  }
  return operations;
}

}  // namespace market_test
