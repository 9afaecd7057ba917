#pragma once
// Who is which node: validators first, then the observer, then each gateway and the fleet of homes
// behind it; then the oracles, and the concentrators, each of which has the gateways whose numbers
// leave its own over when divided by how many there are; the grid operator last, where there is
// one. A fleet is one home in the field and all homes of a gateway in the twin.

#include "ledger/base/ids.hpp"

namespace twin {

struct Directory {
  std::uint32_t validators = 0;
  std::uint32_t gateways = 0;
  std::uint32_t oracles = 0;
  std::uint32_t concentrators = 0;
  std::uint32_t grid_operators = 0;  // 0 or 1

  ledger::NodeId validator(std::uint32_t v) const { return {v}; }
  ledger::NodeId observer() const { return {validators}; }
  ledger::NodeId gateway(std::uint32_t g) const { return {validators + 1 + g}; }
  ledger::NodeId fleet(std::uint32_t g) const { return {validators + 1 + gateways + g}; }
  ledger::NodeId oracle(std::uint32_t o) const { return {validators + 1 + 2 * gateways + o}; }
  ledger::NodeId concentrator(std::uint32_t c) const { return {oracle(oracles).value + c}; }
  // Of a gateway, where there are any.
  ledger::NodeId concentrator_of(std::uint32_t g) const { return concentrator(g % concentrators); }
  // Of who is no node: a number for as long as its visit lasts.
  static constexpr std::uint32_t first_visitor = 1u << 31, last_visitor = (3u << 30) - 1;
  static bool is_visitor(ledger::NodeId n) {
    return first_visitor <= n.value && n.value <= last_visitor;
  }
  ledger::NodeId grid_operator() const { return concentrator(concentrators); }
  std::uint32_t nodes() const { return grid_operator().value + grid_operators; }

  bool is_gateway(ledger::NodeId n) const { return observer() < n && n < fleet(0); }
  bool is_fleet(ledger::NodeId n) const { return fleet(0) <= n && n < oracle(0); }
  bool is_oracle(ledger::NodeId n) const { return oracle(0) <= n && n < oracle(oracles); }
  bool is_concentrator(ledger::NodeId n) const {
    return concentrator(0) <= n && n < concentrator(concentrators);
  }
  bool is_grid_operator(ledger::NodeId n) const {
    return grid_operators > 0 && n == grid_operator();
  }
};

}  // namespace twin
