#include <doctest/doctest.h>
#include <vector>

#include "ledger/oracle/public_sum.hpp"

using namespace ledger;

TEST_CASE("a sum is public over ten homes that add to it, none of them more than half") {
  CHECK(public_sum(std::vector<std::int64_t>(10, 7)) == 70);
  CHECK(public_sum(std::vector<std::int64_t>(9, 7)) == hidden_sum);
  std::vector<std::int64_t> homes(10, 7);
  homes.push_back(0);
  CHECK(public_sum(homes) == 70);
  homes[0] = 0;  // who adds nothing hides nobody
  CHECK(public_sum(homes) == hidden_sum);
  std::vector<std::int64_t> one_large(10, 1);
  one_large[3] = 9;
  CHECK(public_sum(one_large) == 18);
  one_large[3] = 10;
  CHECK(public_sum(one_large) == hidden_sum);
  CHECK(public_sum({}) == hidden_sum);
}

TEST_CASE("magnitudes decide whether a sum is public, and may be extreme") {
  CHECK(may_be_public(std::vector<std::int64_t>(10, -7)));
  std::vector<std::int64_t> far(10, INT64_MIN);
  CHECK(may_be_public(far));
  far[9] = INT64_MAX;
  CHECK(may_be_public(far));
  std::vector<std::int64_t> one(12, 1);
  one[0] = INT64_MIN;
  CHECK_FALSE(may_be_public(one));
}

TEST_CASE("a gateway's sum is public where it is the only one") {
  const std::vector<std::int64_t> homes(10, 7);
  CHECK(public_gateway_sum(homes, 1) == 70);
  CHECK(public_gateway_sum(homes, 2) == hidden_sum);
  CHECK(public_gateway_sum(std::vector<std::int64_t>(9, 7), 1) == hidden_sum);
}
