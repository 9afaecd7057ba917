#pragma once
// Fills of a linear program rounded to whole Wh, and set right where that burdens a row: what
// grid_clearing.hpp does between two solutions.

#include <functional>
#include <span>
#include <vector>

#include "market/clearing/grid_proposal.hpp"

namespace market {

class WholeFills {
 public:
  // All outlive it. `fill`: by group, a balanced solution. Each becomes the nearest whole Wh; then
  // the nearest to a half go the other way until what is bought is sold again. So each ends less
  // than 1 Wh from where it was.
  // `values`: by bus, V. `all_open`: not only what was no whole Wh may be filled again.
  WholeFills(std::span<const OrderGroup> groups, const TradeLimits& limits,
             std::span<const RowsOfBus> rows_of_bus, std::span<const ledger::Wide> values,
             std::span<const double> fill, bool all_open = false);
  // Whole already, within energies and balanced; all may be filled again.
  WholeFills(std::span<const OrderGroup> groups, const TradeLimits& limits,
             std::span<const RowsOfBus> rows_of_bus, std::span<const ledger::Wide> values,
             std::vector<std::int64_t> fills);

  const std::vector<std::int64_t>& fills() const { return fill_; }

  // By how much the row's flow is beyond its room; negative where it is within.
  ledger::Wide excess(std::size_t row) const { return flow_[row] - limits_.rows[row].room; }
  // The most that this rounding can have added to a row: the coefficients of all fills that were
  // no whole Wh.
  std::vector<double> most_added() const;

  // Takes pairs of a buyer and a seller back while a row is beyond its room: those first that give
  // most room back for what they are worth. Trading nothing is within every room, so that it ends.
  void take_back();
  // Then what was no whole Wh, or was taken back, trades again, or in another one's place, or no
  // more where the two only lose by it, best first, as far as energies and rows let it.
  void fill_again();

  // An exchange: a buyer and a seller trade more, or less, with each other, or one trades in the
  // place of another of its side. It makes fills better where they are worth more, no row is beyond
  // its room, and they hold otherwise, too.
  using Holds = std::function<bool(std::span<const std::int64_t> fills)>;
  // Exchanges among all that may be filled again, those first that are worth most a Wh, each of as
  // many Wh as halving finds, until none of one Wh makes the fills better.
  void exchange(const Holds& holds);
  bool better_by_exchange(const Holds& holds);

 private:
  struct Exchange {
    std::int64_t welfare;  // a Wh
    std::size_t g, h;
    std::int64_t way;  // -1: the contrary of `move`
  };
  std::vector<Exchange> exchanges() const;
  ledger::Wide gain(std::size_t g) const;
  std::int64_t coefficient(std::size_t row, std::uint32_t bus) const;
  void balance(std::vector<double> beyond);
  void find_flows();
  void add_flow(std::size_t g, std::int64_t net_wh);
  void move(std::size_t g, std::size_t h, std::int64_t wh);
  std::vector<std::size_t> worst_filled(Side side) const;
  void take_pair_back(std::size_t row);
  std::int64_t room_of(std::size_t g, std::size_t h, std::int64_t way) const;

  std::span<const OrderGroup> groups_;
  const TradeLimits& limits_;
  std::span<const RowsOfBus> rows_of_bus_;
  std::span<const ledger::Wide> values_;
  std::vector<std::int64_t> fill_;
  std::vector<bool> rounded_;       // was no whole Wh
  std::vector<bool> open_;          // may be filled again
  std::vector<ledger::Wide> flow_;  // by row
};

}  // namespace market
