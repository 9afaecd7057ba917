// What faults and losses do to messages and clocks, asked directly.

#include <doctest/doctest.h>

#include "sim/disturbances.hpp"

using namespace ledger;
using sim::Disturbances;
using twin::Directory;
using twin::ValidatorFault;

namespace {

constexpr Directory four{4, 2};

Instant at(std::int64_t s) { return Instant{} + seconds(s); }

twin::Scenario scenario_with(std::vector<ValidatorFault> faults, double loss = 0) {
  twin::Scenario s;
  s.validator_faults = std::move(faults);
  s.consensus.loss = loss;
  return s;
}

ValidatorFault fault(ValidatorFault::Kind kind, std::vector<std::uint32_t> targets) {
  ValidatorFault f;
  f.kind = kind;
  f.targets = std::move(targets);
  f.at = seconds(10);
  f.length = seconds(5);
  return f;
}

}  // namespace

TEST_CASE("a partition parts its targets from all others, within its time, both ways") {
  const auto s = scenario_with({fault(ValidatorFault::Kind::partition, {1, 2})});
  Disturbances d(s, four);
  const auto passes = [&](NodeId a, NodeId b, Instant t) { return d.delay(a, b, t).has_value(); };
  for (const NodeId inside : {NodeId{1}, NodeId{2}})
    for (const NodeId outside : {NodeId{0}, NodeId{3}, four.observer(), four.gateway(0)}) {
      CHECK_FALSE(passes(inside, outside, at(10)));
      CHECK_FALSE(passes(outside, inside, at(14)));
      CHECK(passes(inside, outside, at(9)));
      CHECK(passes(outside, inside, at(15)));
    }
  CHECK(passes({1}, {2}, at(12)));
  CHECK(passes({0}, {3}, at(12)));
  CHECK(passes(four.gateway(1), {3}, at(12)));
}

TEST_CASE("two partitions at once leave three parts") {
  const auto s = scenario_with(
      {fault(ValidatorFault::Kind::partition, {0}), fault(ValidatorFault::Kind::partition, {1})});
  Disturbances d(s, four);
  for (const auto& [a, b] : {std::pair{0u, 1u}, {0u, 2u}, {1u, 2u}})
    CHECK_FALSE(d.delay({a}, {b}, at(12)).has_value());
  CHECK(d.delay({2}, {3}, at(12)).has_value());
}

TEST_CASE("silent, slow, crashed, offset and twinned validators are those named, in their time") {
  ValidatorFault slow = fault(ValidatorFault::Kind::slow, {1});
  slow.delay = milliseconds(300);
  ValidatorFault clock = fault(ValidatorFault::Kind::clock_offset, {2});
  clock.offset = milliseconds(-700);
  const auto s = scenario_with({fault(ValidatorFault::Kind::silent, {0}), slow, clock,
                                fault(ValidatorFault::Kind::crash, {3}),
                                fault(ValidatorFault::Kind::equivocate, {3})});
  Disturbances d(s, four);
  CHECK_FALSE(d.delay({0}, {1}, at(12)).has_value());
  CHECK(d.delay({1}, {0}, at(12)) == milliseconds(300));
  CHECK(d.delay({1}, {0}, at(15)) == Duration{});
  CHECK(d.delay({2}, {0}, at(12)) == Duration{});
  CHECK(d.clock_offset({2}, at(12)) == milliseconds(-700));
  CHECK(d.clock_offset({2}, at(15)) == Duration{});
  CHECK(d.clock_offset({1}, at(12)) == Duration{});
  CHECK(d.next_clock_change({2}, at(3)) == at(10));
  CHECK(d.next_clock_change({2}, at(10)) == at(15));
  CHECK(d.next_clock_change({2}, at(15)) == never);
  CHECK(d.next_clock_change({1}, at(3)) == never);
  CHECK(d.crashed_until({3}, at(10)) == at(15));
  CHECK_FALSE(d.crashed_until({3}, at(15)).has_value());
  CHECK_FALSE(d.crashed_until({0}, at(12)).has_value());
  CHECK(d.has_twin({3}, at(12)));
  CHECK_FALSE(d.has_twin({3}, at(15)));
  CHECK_FALSE(d.has_twin({2}, at(12)));
}

TEST_CASE("loss takes its share among validators and observer, by seed, and nothing of gateways") {
  const auto s = scenario_with({}, 0.1);
  Disturbances one(s, four), same(s, four);
  int lost = 0;
  for (int i = 0; i < 20'000; ++i) {
    const NodeId from{static_cast<std::uint32_t>(i % 5)}, to{static_cast<std::uint32_t>(i % 3)};
    const bool arrives = one.delay(from, to, at(i)).has_value();
    REQUIRE(arrives == same.delay(from, to, at(i)).has_value());
    lost += arrives ? 0 : 1;
    REQUIRE(one.delay(four.gateway(1), to, at(i)).has_value());
    REQUIRE(one.delay(four.fleet(1), four.gateway(1), at(i)).has_value());
  }
  CHECK(lost > 2'000 - 4 * 43);  // four standard deviations of a binomial
  CHECK(lost < 2'000 + 4 * 43);
}

TEST_CASE("a fault takes no other message's luck") {
  const auto calm = scenario_with({}, 0.3);
  const auto parted = scenario_with({fault(ValidatorFault::Kind::partition, {1})}, 0.3);
  Disturbances a(calm, four), b(parted, four);
  for (int i = 0; i < 1'000; ++i) {
    const NodeId to{static_cast<std::uint32_t>(1 + i % 2)};
    const bool with = b.delay({0}, to, at(12)).has_value();
    const bool without = a.delay({0}, to, at(12)).has_value();
    if (to == NodeId{1})
      CHECK_FALSE(with);
    else
      REQUIRE(with == without);
  }
}
