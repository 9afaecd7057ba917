#pragma once
// Fills of a linear program rounded to whole Wh, and set right where that burdens a row: what
// grid_clearing.hpp does between two solutions.

#include <span>
#include <vector>

#include "market/clearing/grid_program.hpp"

namespace market {

class WholeFills {
 public:
  // All outlive it. `fill`: by group, a balanced solution. Each becomes the nearest whole Wh; then
  // the nearest to a half go the other way until what is bought is sold again. So each ends less
  // than 1 Wh from where it was.
  // `values`: by bus, V.
  WholeFills(std::span<const OrderGroup> groups, const TradeLimits& limits,
             std::span<const RowsOfBus> rows_of_bus, std::span<const ledger::Wide> values,
             std::span<const double> fill);

  const std::vector<std::int64_t>& fills() const { return fill_; }

  // By how much the row's flow is beyond its room; negative where it is within.
  ledger::Wide excess(std::size_t row) const { return flow_[row] - limits_.rows[row].room; }
  // The most that this rounding can have added to a row: the coefficients of all fills that were
  // no whole Wh.
  std::vector<double> most_added() const;

  // Takes pairs of a buyer and a seller back while a row is beyond its room: those first that give
  // most room back for what they are worth. Trading nothing is within every room, so that it ends.
  void take_back();
  // Then what was no whole Wh, or was taken back, trades again, or in another one's place, best
  // first, as far as energies and rows let it.
  void fill_again();

 private:
  ledger::Wide gain(std::size_t g) const;
  std::int64_t coefficient(std::size_t row, std::uint32_t bus) const;
  void balance(std::vector<double> beyond);
  void find_flows();
  void add_flow(std::size_t g, std::int64_t net_wh);
  void move(std::size_t g, std::size_t h, std::int64_t wh);
  std::vector<std::size_t> worst_filled(Side side) const;
  void take_pair_back(std::size_t row);
  std::int64_t room_of(std::size_t g, std::size_t h) const;

  std::span<const OrderGroup> groups_;
  const TradeLimits& limits_;
  std::span<const RowsOfBus> rows_of_bus_;
  std::span<const ledger::Wide> values_;
  std::vector<std::int64_t> fill_;
  std::vector<bool> open_;          // was no whole Wh, or was taken back
  std::vector<ledger::Wide> flow_;  // by row
};

}  // namespace market
