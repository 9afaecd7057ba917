// Whole networks under faults, many seeds. AIPCHAIN_SIMULATIONS sets another number of seeds,
// AIPCHAIN_SEED another first one, AIPCHAIN_SIMULATED_S other seconds for each
// (scripts/campaign consensus). A failing seed is printed with the command that replays it.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>

#include "tests/support/consensus_sim.hpp"
#include "tests/support/setting.hpp"

using namespace ledger;
using consensus_sim::Cut;
using consensus_sim::Fault;
using consensus_sim::Options;
using consensus_sim::Report;

namespace {

void expect_clean(const Report& report) {
  for (const std::string& violation : report.violations) FAIL_CHECK(violation);
}

bool has(const Report& report, const std::string& words) {
  for (const std::string& violation : report.violations)
    if (violation.find(words) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("networks of 1 to 10 agree and go on, whatever fails") {
  const std::uint64_t count = test::setting("AIPCHAIN_SIMULATIONS", 150),
                      first = test::setting("AIPCHAIN_SEED", 1),
                      length = test::setting("AIPCHAIN_SIMULATED_S", 90);
  const bool campaign = std::getenv("AIPCHAIN_SIMULATIONS") != nullptr;
  const auto started = std::chrono::steady_clock::now();
  std::uint64_t violations = 0, unequal = 0, live = 0, messages = 0, crashes = 0, lost = 0;
  std::uint32_t rounds = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Options options = consensus_sim::options_of(seed);
    options.end = seconds(static_cast<std::int64_t>(length));
    options.healed = milliseconds(options.end.whole_ms() / 2);
    const Report report = consensus_sim::run(options);
    const bool again = (campaign || seed % 4 == 0);
    const bool equal = !again || consensus_sim::run(options).trace == report.trace;
    violations += report.violations.size();
    unequal += equal ? 0 : 1;
    live += options.liveness() ? 1 : 0;
    messages += report.messages;
    crashes += report.crashes;
    lost += report.records_lost;
    rounds = std::max(rounds, report.rounds_after);
    if (report.violations.empty() && equal) continue;
    expect_clean(report);
    CHECK_MESSAGE(equal, "seed " << seed << " ran differently the second time");
    MESSAGE(to_text(options) << "\nreplay: AIPCHAIN_SEED=" << seed
                             << " AIPCHAIN_SIMULATIONS=1 AIPCHAIN_SIMULATED_S=" << length
                             << " build/release/test_ledger -tc='networks of 1 to 10*'");
  }
  CHECK(violations == 0);
  if (!campaign) return;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - started;
  std::printf("seeds: %llu from %llu, %llu simulated seconds each, each run twice\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(length));
  std::printf("violations: %llu; seeds with unequal traces: %llu\n",
              static_cast<unsigned long long>(violations),
              static_cast<unsigned long long>(unequal));
  std::printf("seeds of which liveness was asked: %llu; rounds for a height after healing: %u\n",
              static_cast<unsigned long long>(live), rounds);
  std::printf("messages: %llu; crashes: %llu; restarts without a signing record: %llu\n",
              static_cast<unsigned long long>(messages), static_cast<unsigned long long>(crashes),
              static_cast<unsigned long long>(lost));
  std::printf("simulated seconds a second: %.0f\n",
              2 * static_cast<double>(count * length) / wall.count());
}

TEST_CASE("a seed gives the same run twice, another seed another one") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Options options = consensus_sim::options_of(seed);
    options.end = seconds(30);
    const auto once = consensus_sim::run(options);
    CHECK(once.trace == consensus_sim::run(options).trace);
    options.seed += 100;
    CHECK(once.trace != consensus_sim::run(options).trace);
  }
}

TEST_CASE("without faults every height is decided in its first round, on the grid") {
  for (const std::uint32_t validators : {1u, 2u, 4u, 10u}) {
    Options options;
    options.validators = validators;
    options.end = seconds(20);
    options.healed = seconds(5);
    const Report report = consensus_sim::run(options);
    expect_clean(report);
    CHECK(report.highest_round == 0);
    CHECK(report.lowest_height >= 18);
  }
}

TEST_CASE("twins that share a key are named, and nobody else is") {
  std::set<std::uint32_t> culprits;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Options options;
    options.seed = seed;
    options.faults = {Fault::twins};
    options.observers = 2;
    const Report report = consensus_sim::run(options);
    expect_clean(report);
    culprits.insert(report.culprits.begin(), report.culprits.end());
  }
  CHECK(culprits == std::set<std::uint32_t>{3});
}

TEST_CASE("with more than f Byzantine validators there are forks, and at least f+1 are named") {
  const std::uint64_t count = test::setting("AIPCHAIN_SIMULATIONS", 100),
                      first = test::setting("AIPCHAIN_SEED", 1);
  std::size_t forks = 0, forks_by_amnesia = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Rng rng = Rng(seed).fork("traitors");
    Options options;
    options.seed = seed;
    options.validators = rng.chance(0.5) ? 4 : 7;
    const std::uint32_t f = options.faulty();
    const std::uint64_t many = f + 1 + rng.below(f);
    constexpr Fault kinds[] = {Fault::twins, Fault::equivocating, Fault::amnesiac};
    const Fault one_kind = kinds[rng.below(3)];
    for (std::uint64_t i = 0; i < many; ++i)
      options.faults.push_back(rng.chance(0.7) ? one_kind : kinds[rng.below(3)]);
    options.halves = true;
    options.observers = 0;
    const Report report = consensus_sim::run(options);
    CHECK_FALSE(has(report, "correct validator"));
    CHECK_FALSE(has(report, "does not hold"));
    CHECK(report.forked == has(report, "two values decided"));
    if (!report.forked) continue;
    ++forks;
    INFO("seed " << seed << ": " << to_text(options));
    CHECK(report.culprits.size() >= f + 1);
    if (std::count(options.faults.begin(), options.faults.end(), Fault::amnesiac) ==
        static_cast<std::ptrdiff_t>(many))
      ++forks_by_amnesia;
  }
  std::printf("more than f Byzantine: %llu networks, %zu forks, of them %zu by amnesia alone\n",
              static_cast<unsigned long long>(count), forks, forks_by_amnesia);
  CHECK(forks > 5);
  CHECK(forks_by_amnesia > 0);
}

TEST_CASE("validators that forget what they signed are caught") {
  std::size_t caught = 0;
  for (std::uint64_t seed = 1; seed <= 30 && caught == 0; ++seed) {
    Options options;
    options.seed = seed;
    options.loss = 0.2;
    options.crashes = true;
    options.forget_records = true;
    caught += has(consensus_sim::run(options), "signed two statements") ? 1 : 0;
  }
  CHECK(caught > 0);
}
