#pragma once
// Who is who. Numbers are given by genesis or by a registration; accounts are pseudonyms.

#include <array>
#include <compare>
#include <cstdint>

namespace ledger {

// A strong 32-bit number: two kinds of id never mix.
template <class Tag>
struct Number {
  std::uint32_t value = 0;
  auto operator<=>(const Number&) const = default;
};

using MeterId = Number<struct MeterTag>;          // one metering point's active meter
using GatewayId = Number<struct GatewayTag>;      // one gateway
using ValidatorId = Number<struct ValidatorTag>;  // index into the validator set
using NodeId = Number<struct NodeTag>;            // any process that sends and receives
using Slot = Number<struct SlotTag>;              // market slots since the scenario's epoch

// A pseudonym of 128 random bits; it changes monthly. Written as 32 hexadecimal digits.
struct AccountId {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const AccountId&) const = default;
};

}  // namespace ledger
