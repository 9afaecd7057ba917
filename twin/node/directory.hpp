#pragma once
// Who is which node: validators first, then the observer, then each gateway and the fleet of homes
// behind it; the oracles last. A fleet is one home in the field and all homes of a gateway in the
// twin.

#include "ledger/base/ids.hpp"

namespace twin {

struct Directory {
  std::uint32_t validators = 0;
  std::uint32_t gateways = 0;
  std::uint32_t oracles = 0;

  ledger::NodeId validator(std::uint32_t v) const { return {v}; }
  ledger::NodeId observer() const { return {validators}; }
  ledger::NodeId gateway(std::uint32_t g) const { return {validators + 1 + g}; }
  ledger::NodeId fleet(std::uint32_t g) const { return {validators + 1 + gateways + g}; }
  ledger::NodeId oracle(std::uint32_t o) const { return {validators + 1 + 2 * gateways + o}; }
  std::uint32_t nodes() const { return validators + 1 + 2 * gateways + oracles; }

  bool is_gateway(ledger::NodeId n) const { return observer() < n && n < fleet(0); }
  bool is_oracle(ledger::NodeId n) const { return oracle(0) <= n && n < oracle(oracles); }
};

}  // namespace twin
