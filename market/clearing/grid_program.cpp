#include "market/clearing/grid_program.hpp"

#include <Clp_C_Interface.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace market {

namespace {

// The matrix by columns: row 0 is the balance, row r + 1 the limit r, scaled to coefficients of at
// most 1.
struct Columns {
  std::vector<CoinBigIndex> start{0};
  std::vector<int> row;
  std::vector<double> value, lower, upper, cost;
};

Columns columns_of(std::span<const OrderGroup> groups, const TradeLimits& limits,
                   std::span<const double> scales) {
  const auto at_bus = rows_by_bus(limits);
  Columns out;
  for (const OrderGroup& g : groups) {
    const double sign = g.side == Side::buy ? 1.0 : -1.0;
    out.row.push_back(0);
    out.value.push_back(sign);
    for (const LimitTerm& t : at_bus[g.bus]) {
      out.row.push_back(static_cast<int>(t.bus) + 1);
      out.value.push_back(sign * static_cast<double>(t.coefficient) / scales[t.bus]);
    }
    out.start.push_back(static_cast<CoinBigIndex>(out.row.size()));
    out.lower.push_back(0);
    out.upper.push_back(static_cast<double>(g.energy.value));
    out.cost.push_back(-sign * static_cast<double>(g.limit.value));
  }
  return out;
}

std::vector<double> row_scales(const TradeLimits& limits) {
  std::vector<double> out;
  for (const LimitRow& row : limits.rows) {
    double most = 1;
    for (const LimitTerm& t : row.terms)
      most = std::max(most, std::abs(static_cast<double>(t.coefficient)));
    out.push_back(most);
  }
  return out;
}

}  // namespace

std::vector<RowsOfBus> rows_by_bus(const TradeLimits& limits) {
  std::vector<RowsOfBus> out(limits.buses);
  for (std::uint32_t r = 0; r < limits.rows.size(); ++r)
    for (const LimitTerm& t : limits.rows[r].terms) out[t.bus].push_back({r, t.coefficient});
  return out;
}

struct GridProgram::Model {
  Clp_Simplex* clp = Clp_newModel();
  ~Model() { Clp_deleteModel(clp); }
};

GridProgram::GridProgram(std::span<const OrderGroup> groups, const TradeLimits& limits)
    : groups_(groups), limits_(limits), scales_(row_scales(limits)) {
  if (groups.empty()) return;
  const Columns columns = columns_of(groups, limits, scales_);
  const std::size_t rows = limits.rows.size() + 1;
  std::vector<double> lower(rows, -std::numeric_limits<double>::max()), upper(rows, 0.0);
  lower[0] = 0;
  model_ = std::make_unique<Model>();
  Clp_setLogLevel(model_->clp, 0);
  Clp_loadProblem(model_->clp, static_cast<int>(groups.size()), static_cast<int>(rows),
                  columns.start.data(), columns.row.data(), columns.value.data(),
                  columns.lower.data(), columns.upper.data(), columns.cost.data(), lower.data(),
                  upper.data());
}

GridProgram::~GridProgram() = default;

std::optional<GridProgram::Solution> GridProgram::solve(std::span<const double> taken) {
  const std::size_t rows = limits_.rows.size();
  if (!model_) return Solution{{}, std::vector<double>(rows)};
  std::vector<double> upper(rows + 1, 0.0);
  for (std::size_t r = 0; r < rows; ++r)
    upper[r + 1] = (static_cast<double>(limits_.rows[r].room) - taken[r]) / scales_[r];
  Clp_chgRowUpper(model_->clp, upper.data());
  Clp_dual(model_->clp, 0);
  if (Clp_status(model_->clp) != 0) return std::nullopt;
  Solution out;
  const double* fill = Clp_primalColumnSolution(model_->clp);
  const double* dual = Clp_dualRowSolution(model_->clp);
  out.fill.assign(fill, fill + groups_.size());
  for (std::size_t r = 0; r < rows; ++r)
    out.multiplier.push_back(std::max(0.0, -dual[r + 1] / scales_[r]));
  return out;
}

}  // namespace market
