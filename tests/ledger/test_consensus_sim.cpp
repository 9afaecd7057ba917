// Whole networks under faults, many seeds. A failing seed is named in the message.

#include <doctest/doctest.h>

#include "tests/support/consensus_sim.hpp"

using namespace ledger;
using consensus_sim::Fault;
using consensus_sim::Options;
using consensus_sim::Report;

namespace {

// Every fault on or off by the seed, up to f Byzantine validators.
Options options_of(std::uint64_t seed, std::uint32_t validators) {
  Rng rng = Rng(seed).fork("options");
  Options out;
  out.seed = seed;
  out.validators = validators;
  for (std::uint32_t i = 0; i < rng.below((validators - 1) / 3 + 1); ++i)
    out.faults.push_back(static_cast<Fault>(1 + rng.below(3)));
  out.loss = rng.chance(0.5) ? rng.uniform(0, 0.3) : 0;
  out.repetition = rng.chance(0.5) ? rng.uniform(0, 0.5) : 0;
  out.partitions = rng.chance(0.5);
  out.crashes = rng.chance(0.5);
  return out;
}

void expect_clean(const Report& report) {
  for (const std::string& violation : report.violations) FAIL_CHECK(violation);
}

}  // namespace

TEST_CASE("networks of 4 and 7 agree and go on, whatever fails") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    expect_clean(consensus_sim::run(options_of(seed, 4)));
    expect_clean(consensus_sim::run(options_of(seed, 7)));
  }
}

TEST_CASE("a seed gives the same run twice, another seed another one") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto once = consensus_sim::run(options_of(seed, 4));
    CHECK(once.trace == consensus_sim::run(options_of(seed, 4)).trace);
    CHECK(once.trace != consensus_sim::run(options_of(seed + 100, 4)).trace);
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

TEST_CASE("with more than f Byzantine validators the checker fires") {
  std::size_t forks = 0;
  for (std::uint64_t seed = 1; seed <= 20 && forks == 0; ++seed) {
    Options options;
    options.seed = seed;
    options.faults = {Fault::twins, Fault::twins};
    options.observers = 2;
    for (const std::string& violation : consensus_sim::run(options).violations)
      if (violation.find("two values decided") != std::string::npos) ++forks;
  }
  CHECK(forks > 0);
}

TEST_CASE("validators that forget what they signed are caught") {
  std::size_t caught = 0;
  for (std::uint64_t seed = 1; seed <= 30 && caught == 0; ++seed) {
    Options options;
    options.seed = seed;
    options.loss = 0.2;
    options.crashes = true;
    options.forget_records = true;
    for (const std::string& violation : consensus_sim::run(options).violations)
      if (violation.find("signed two statements") != std::string::npos) ++caught;
  }
  CHECK(caught > 0);
}
