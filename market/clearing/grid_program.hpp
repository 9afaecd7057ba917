#pragma once
// The linear program of grid_proposal.hpp in floating point, solved by Clp: again and again with
// other rooms, each time from where the last one ended.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "market/clearing/grid_proposal.hpp"

namespace market {

// The rows that a bus is in, rising; LimitTerm::bus is the row here.
using RowsOfBus = std::vector<LimitTerm>;
std::vector<RowsOfBus> rows_by_bus(const TradeLimits& limits);

class GridProgram {
 public:
  // Both outlive the program.
  GridProgram(std::span<const OrderGroup> groups, const TradeLimits& limits);
  ~GridProgram();
  GridProgram(const GridProgram&) = delete;
  GridProgram& operator=(const GridProgram&) = delete;

  struct Solution {
    std::vector<double> fill;        // by group, Wh; a vertex
    std::vector<double> multiplier;  // by row, micro-euro/kWh a unit of the row, >= 0
  };
  // With `taken[r]` less room in row r; nothing where Clp finds no optimum.
  std::optional<Solution> solve(std::span<const double> taken);

 private:
  struct Model;
  std::span<const OrderGroup> groups_;
  const TradeLimits& limits_;
  std::vector<double> scales_;    // by row: its largest coefficient
  std::unique_ptr<Model> model_;  // none without groups
};

}  // namespace market
