// A validator that loses its memory goes on from its own records, and never signs two statements
// for one step; without its records it observes first.

#include "tests/support/validator_net.hpp"

using namespace twin_test;

TEST_CASE("restarts in the middle of any step: no equivocation, and the chain goes on") {
  for (std::size_t effects = 0; effects < 8; ++effects)
    for (const std::int64_t at_ms : {10'000, 15'020, 20'040, 25'030}) {
      CAPTURE(effects);
      CAPTURE(at_ms);
      ValidatorNet net;
      net.run_until(Instant{} + milliseconds(at_ms));
      net.crash_after_effects(1, effects);
      while (!net.crashed(1)) net.run_for(milliseconds(5));
      const std::uint64_t before = net.height(0);
      net.run_for(milliseconds(300));
      net.up(1);
      net.run_for(seconds(30));
      CHECK(net.equivocations.empty());
      CHECK(net.height(0) >= before + 5);
      CHECK(net.height(1) >= net.height(0) - 1);
      CHECK(net.votes[1] > 0);
    }
}

TEST_CASE("all validators restarted at once go on, with equal state") {
  ValidatorNet net;
  net.run_until(Instant{} + milliseconds(20'030));
  for (std::uint32_t n = 0; n < 5; ++n) net.down(n);
  net.run_for(seconds(7));
  for (std::uint32_t n = 0; n < 5; ++n) net.up(n);
  net.run_for(seconds(25));
  CHECK(net.equivocations.empty());
  CHECK(net.height(0) >= 8);
  CHECK(net.node(4).chain().log().root() == net.node(0).chain().log().root());
}

TEST_CASE("a validator that lost its disk observes until a height begins that it cannot know") {
  ValidatorNet net;
  net.run_until(Instant{} + milliseconds(20'030));
  net.down(1);
  net.lose_disk(1);
  const std::uint64_t voted = net.votes[1];
  net.up(1);
  net.run_until(Instant{} + milliseconds(24'990));
  CHECK(net.votes[1] == voted);
  net.run_for(seconds(30));
  CHECK(net.equivocations.empty());
  CHECK(net.votes[1] > voted);
  CHECK(net.height(1) >= net.height(0) - 1);
}

TEST_CASE("a signing record that does not hold counts as lost") {
  ValidatorNet net;
  net.run_until(Instant{} + milliseconds(20'030));
  net.down(1);
  const std::uint64_t voted = net.votes[1];
  net.records(1).keep({RecordKind::last_signed, Bytes{1, 2, 3}, true});
  net.up(1);
  net.run_until(Instant{} + milliseconds(24'990));
  CHECK(net.votes[1] == voted);
  CHECK(std::any_of(net.refusals.begin(), net.refusals.end(), [](const auto& r) {
    return r.first == 1 && r.second.find("signing record") != std::string::npos;
  }));
  net.run_for(seconds(15));
  CHECK(net.equivocations.empty());
}

TEST_CASE(
    "a block of the own disk that does not hold ends what is taken up, and the rest is asked") {
  ValidatorNet net;
  net.run_until(Instant{} + milliseconds(27'500));
  REQUIRE(net.height(1) == 5);
  net.down(1);
  auto third = *decode_block_record(*net.records(1).block(3));
  third.block[40] ^= 1;
  net.records(1).keep({RecordKind::block, encode(third), true});
  net.up(1);
  CHECK(net.height(1) == 2);
  net.run_for(seconds(20));
  CHECK(net.height(1) >= net.height(0) - 1);
  CHECK(net.equivocations.empty());
}
