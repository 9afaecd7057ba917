#pragma once
// The most that prices within the limits of what is filled make of fills as congestion rent: what
// nodal_prices.hpp comes to where its step is at its widest. Kept up as fills move, by the buses
// that a move touches.

#include <span>
#include <vector>

#include "market/clearing/grid_proposal.hpp"

namespace market {

class MostRent {
 public:
  // Groups as order_groups has them, and outlive it; all buses below `buses`. `fills`: by group.
  MostRent(std::span<const OrderGroup> groups, std::uint32_t buses,
           std::span<const std::int64_t> fills);

  // After fills at the bus have changed so that it buys so many Wh more. How many groups were
  // looked at.
  std::int64_t update(std::uint32_t bus, std::int64_t more_wh, std::span<const std::int64_t> fills);

  // Whether each bus has a price that suits all who trade there, and the rent need not be below 0.
  bool pays() const;

 private:
  struct AtBus {
    std::size_t first = 0, end = 0;  // its groups: buyers by rising limit, then sellers
    std::int64_t net_wh = 0;         // bought - sold
    ledger::Wide rent = 0;           // what it pays at most, thousandths of a micro-euro
    bool crossed = false;            // no price suits all
  };
  std::int64_t find(AtBus& bus, std::span<const std::int64_t> fills) const;
  void count(const AtBus& bus, int sign);

  std::span<const OrderGroup> groups_;
  std::vector<AtBus> at_;
  ledger::Wide rent_ = 0;
  int crossed_ = 0;
};

}  // namespace market
