#pragma once
// The linear program of grid_proposal.hpp in floating point, solved by Clp: again and again with
// other rooms, each time from where the last one ended.
//
// Of a large book neighbours by limit, of one bus and side, are one column at their mean limit.
// Where the bus's value lies among their limits they are parted, and the program is solved again;
// where it lies among none, what Clp found is an optimum of the whole program: each group is on its
// own side of its bus's value, or a column by itself.
//
// Floating point has Clp's tolerances: 10^-7 of a row's largest coefficient and of a limit. What it
// takes for an optimum may be none where coefficients are next to equal; exact_program.hpp then.
//
// All solutions of a book together may take Clp a given work, counted in entries of the matrix that
// its iterations pass over, and in no time: whoever solves the same book by the same version gives
// up at the same point.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "market/clearing/grid_proposal.hpp"

namespace market {

inline constexpr double most_work = 1e9;  // of a book, about a second

// A vertex that is optimal, and the rows' multipliers.
struct GridSolution {
  std::vector<double> fill;              // by group, Wh
  std::vector<ledger::Wide> multiplier;  // by row, as a proposal has them, 0 to max_multiplier
};

class GridProgram {
 public:
  // Groups and limits outlive the program.
  GridProgram(std::span<const OrderGroup> groups, const TradeLimits& limits,
              double work = most_work);
  ~GridProgram();
  GridProgram(const GridProgram&) = delete;
  GridProgram& operator=(const GridProgram&) = delete;

  const std::vector<RowsOfBus>& rows_of_bus() const { return rows_of_bus_; }

  // With `taken[r]` less room in row r; nothing where Clp finds no optimum, or has no work left.
  std::optional<GridSolution> solve(std::span<const double> taken);

 private:
  struct Model;
  // Groups of one bus and side, neighbours by limit, that are one column.
  struct Segment {
    std::size_t first = 0, end = 0;
    std::size_t size() const { return end - first; }
  };
  void load();
  bool run(std::span<const double> taken);
  bool split();
  GridSolution solution() const;
  void part(const Segment& whole, std::vector<Segment>& into) const;
  std::vector<double> values() const;

  std::span<const OrderGroup> groups_;
  const TradeLimits& limits_;
  std::vector<RowsOfBus> rows_of_bus_;
  std::vector<double> scales_;  // by row: its largest coefficient
  std::vector<Segment> segments_;
  double entries_ = 0;            // of the matrix
  double work_left_;              // entries that Clp may pass over
  std::unique_ptr<Model> model_;  // none without groups
};

}  // namespace market
