// Random operations break no invariant, replay to the same root, and where something is wrong on
// purpose shrink to a few that show it. `scripts/campaign operations` runs a million.

#include <doctest/doctest.h>

#include "tests/market/operations.hpp"
#include "tests/support/setting.hpp"

using namespace market_test;

namespace {

constexpr std::size_t operations_a_trace = 400;

struct SeededTrace {
  std::vector<Operation> operations;
  OperationTerms terms;
};
SeededTrace trace_of(std::uint64_t seed) {
  ledger::Rng rng = ledger::Rng(seed).fork("operations");
  const auto mechanisms = market::acting_names();
  OperationTerms terms{mechanisms[rng.below(mechanisms.size())], 0};
  // Of every second trace, from a price that rounds away to the highest one.
  if (seed % 2 == 0)
    terms.capacity_price = seed % 8 == 0 ? 1 : seed % 8 == 4 ? 1'000'000'000 : 4'321'987;
  return {random_operations(rng, operations_a_trace), terms};
}

std::string listed(const std::vector<Operation>& operations) {
  std::string out;
  for (const Operation& o : operations) out += "  " + words_of(o) + "\n";
  return out;
}

}  // namespace

TEST_CASE("operations: any number of random ones break no invariant and replay to the same root") {
  const std::uint64_t count = test::setting("AIPCHAIN_OPERATIONS", 100'000);
  const std::uint64_t first_seed = test::setting("AIPCHAIN_SEED", 1);
  std::size_t done = 0, taken = 0, refused = 0, restarts = 0, traces = 0;
  for (std::uint64_t seed = first_seed; done < count; ++seed, ++traces) {
    const SeededTrace t = trace_of(seed);
    const Trace trace = carry_out(t.operations, t.terms);
    if (!trace.broken.empty()) {
      const auto few = shrunk(t.operations, t.terms, Fault::none);
      FAIL_CHECK("seed ", seed, " (", t.terms.mechanism, ", capacity price ",
                 t.terms.capacity_price, "): ", trace.broken, "\nshrunk to\n", listed(few),
                 "again: AIPCHAIN_OPERATIONS=1 AIPCHAIN_SEED=", seed);
      break;
    }
    done += trace.done;
    taken += trace.taken;
    refused += trace.refused;
    restarts += trace.restarts;
  }
  MESSAGE("operations: ", done, " in ", traces, " traces from seed ", first_seed, ", ", taken,
          " transactions taken, ", refused, " refused, ", restarts, " restarts");
  CHECK(taken > done / 3);
  if (done > 10'000) CHECK(restarts > 10);
}

TEST_CASE("operations: the same ones give the same root twice") {
  const SeededTrace t = trace_of(7);
  CHECK(carry_out(t.operations, t.terms).root == carry_out(t.operations, t.terms).root);
  CHECK(carry_out(t.operations, t.terms).root != carry_out(trace_of(8).operations, t.terms).root);
}

TEST_CASE("operations: what is wrong on purpose is found, and shrinks to a few operations") {
  for (const Fault fault : {Fault::transfer_credited_twice, Fault::correction_posted_beside,
                            Fault::cancellation_lost_on_restart, Fault::retired_tokens_held_on,
                            Fault::peak_forgotten, Fault::compensation_posted_twice}) {
    CAPTURE(static_cast<int>(fault));
    const OperationTerms terms{"uniform", fault == Fault::peak_forgotten ? 4'321'987 : 0};
    std::uint64_t seed = 1;
    while (seed < 50 && carry_out(trace_of(seed).operations, terms, fault).broken.empty()) ++seed;
    REQUIRE(seed < 50);
    const auto few = shrunk(trace_of(seed).operations, terms, fault);
    CAPTURE(listed(few));
    CHECK(few.size() <= 11);
    CHECK(carry_out(few, terms, Fault::none).broken.empty());
    for (std::size_t i = 0; i < few.size(); ++i) {
      auto without = few;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      CHECK(carry_out(without, terms, fault).broken.empty());
    }
  }
}
