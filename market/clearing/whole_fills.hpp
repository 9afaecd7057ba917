#pragma once
// Fills of a linear program rounded to whole Wh, and set right where that burdens a row: what
// grid_clearing.hpp does between two solutions.

//
// What it does is counted, as the programs' work is: a pair that is looked at, an entry of its
// buses' rows and a group that prices are found of is one each. Where rows let only a Wh pass at a
// time, exchanges of many Wh would go on for as many passes.

#include <span>
#include <vector>

#include "market/clearing/grid_proposal.hpp"
#include "market/clearing/most_rent.hpp"

namespace market {

inline constexpr std::int64_t most_hand_work = 100'000'000;  // of a book, about a second

class WholeFills {
 public:
  // All outlive it. `work_left`: where it is not above 0, take_back, fill_again and exchange end.
  // `fill`: by group, a balanced solution. Each becomes the nearest whole Wh; then the nearest to a
  // half go the other way until what is bought is sold again. So each ends less than 1 Wh from
  // where it was. `values`: by bus, V. `all_open`: not only what was no whole Wh may be filled
  // again.
  WholeFills(std::span<const OrderGroup> groups, const TradeLimits& limits,
             std::span<const RowsOfBus> rows_of_bus, std::span<const ledger::Wide> values,
             std::span<const double> fill, std::int64_t& work_left, bool all_open = false);
  // Whole already, within energies and balanced; all may be filled again.
  WholeFills(std::span<const OrderGroup> groups, const TradeLimits& limits,
             std::span<const RowsOfBus> rows_of_bus, std::span<const ledger::Wide> values,
             std::vector<std::int64_t> fills, std::int64_t& work_left);

  const std::vector<std::int64_t>& fills() const { return fill_; }

  // By how much the row's flow is beyond its room; negative where it is within.
  ledger::Wide excess(std::size_t row) const { return flow_[row] - limits_.rows[row].room; }
  // The most that this rounding can have added to a row: the coefficients of all fills that were
  // no whole Wh.
  std::vector<double> most_added() const;

  // Whether prices within the limits of what is filled leave a rent that is not below 0.
  bool prices_pay() const;

  // Takes pairs of a buyer and a seller back while a row is beyond its room: those first that give
  // most room back for what they are worth. Trading nothing is within every room, so that it ends.
  void take_back();
  // Then what was no whole Wh, or was taken back, trades again, or in another one's place, or no
  // more where the two only lose by it, best first, as far as energies and rows let it.
  void fill_again();

  // An exchange: a buyer and a seller trade more, or less, with each other, or one trades in the
  // place of another of its side. It makes fills better where they are worth more, no row is beyond
  // its room, and prices pay.
  //
  // Exchanges among all that may be filled again, those first that are worth most a Wh, each of as
  // many Wh as halving finds, until none of one Wh makes the fills better.
  void exchange();
  bool better_by_exchange();

 private:
  struct Exchange {
    std::int64_t welfare;  // a Wh
    std::size_t g, h;
    std::int64_t way;  // -1: the contrary of `move`
  };
  std::vector<Exchange> exchanges();
  bool pass(std::span<const Exchange> all, MostRent* rent);
  bool paid(const Exchange& e, std::int64_t wh, MostRent& rent);
  void undo(const Exchange& e, std::int64_t wh, MostRent& rent);
  ledger::Wide gain(std::size_t g) const;
  std::int64_t coefficient(std::size_t row, std::uint32_t bus) const;
  void balance(std::vector<double> beyond);
  void find_flows();
  void add_flow(std::size_t g, std::int64_t net_wh);
  void move(std::size_t g, std::size_t h, std::int64_t wh);
  std::vector<std::size_t> worst_filled(Side side) const;
  void take_pair_back(std::size_t row);
  std::int64_t left_of(const Exchange& e) const;
  std::int64_t room_of(const Exchange& e, std::int64_t most);

  std::span<const OrderGroup> groups_;
  const TradeLimits& limits_;
  std::span<const RowsOfBus> rows_of_bus_;
  std::span<const ledger::Wide> values_;
  std::vector<std::int64_t> fill_;
  std::vector<bool> rounded_;       // was no whole Wh
  std::vector<bool> open_;          // may be filled again
  std::vector<ledger::Wide> flow_;  // by row
  std::int64_t& work_left_;
};

}  // namespace market
