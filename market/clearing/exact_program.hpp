#pragma once
// The linear program of grid_proposal.hpp in exact numbers: what is left to do where floating point
// does not tell rows with next to equal coefficients apart.
//
// The dual simplex method on bounded variables (Chvatal, "Linear Programming", Freeman 1983,
// chapters 8 and 10), with flips of bounds (Maros, "Computational Techniques of the Simplex
// Method", Kluwer 2003, section 10.2.2). It begins with every buyer filled and no seller, which no
// multiplier contradicts. A basis is the full rows and as many groups that are filled in part; of
// these alone the inverse is computed, by elimination without fractions (Bareiss, Mathematics of
// Computation 22, 1968), anew after each step. All numbers are integers over one determinant, of
// any length.
//
// What leaves is what is furthest beyond its bound, in Wh or, of a row, in Wh at its largest
// coefficient; ties by the lower number, groups before rows. What enters is what the multipliers
// reach first, ties by the lower number. After many steps the lowest number leaves and nothing is
// flipped (Bland's rule), so that it ends.
//
// Its work is counted as GridProgram's is, here in products of numbers.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "market/clearing/grid_program.hpp"

namespace market {

inline constexpr double most_exact_work = 5e6;  // of a book, about a second

class ExactProgram {
 public:
  // All outlive the program.
  ExactProgram(std::span<const OrderGroup> groups, const TradeLimits& limits,
               std::span<const RowsOfBus> rows_of_bus, double work = most_exact_work);
  ~ExactProgram();
  ExactProgram(const ExactProgram&) = delete;
  ExactProgram& operator=(const ExactProgram&) = delete;

  // With `taken[r]` less room in row r, rounded up to whole units, and from where the last solution
  // ended; nothing where there is none with so little room, where a multiplier is out of bounds, or
  // where no work is left.
  std::optional<GridSolution> solve(std::span<const double> taken);

  // What a group may trade in what is solved from here on, not 0 to its energy; low <= high.
  void bound(std::size_t group, std::int64_t low, std::int64_t high);

 private:
  struct Steps;
  std::unique_ptr<Steps> steps_;
};

}  // namespace market
