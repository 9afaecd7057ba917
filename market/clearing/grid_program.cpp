#include "market/clearing/grid_program.hpp"

#include <Clp_C_Interface.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace market {

namespace {

constexpr std::size_t most_columns = 512;  // of groups by themselves from the start
constexpr std::size_t most_parts = 16;     // of what is parted
constexpr double tolerance = 1e-4;         // of values, micro-euro/kWh, and of fills, Wh

double sign_of(const OrderGroup& g) { return g.side == Side::buy ? 1.0 : -1.0; }

// The matrix by columns: row 0 is the balance, row r + 1 the limit r, scaled to coefficients of at
// most 1.
struct Columns {
  std::vector<CoinBigIndex> start{0};
  std::vector<int> row;
  std::vector<double> value, lower, upper, cost;

  // Of a bus and side, with so much energy at that limit.
  void add(const OrderGroup& of, const RowsOfBus& rows, std::span<const double> scales,
           double energy, double limit) {
    const double sign = sign_of(of);
    row.push_back(0);
    value.push_back(sign);
    for (const LimitTerm& t : rows) {
      row.push_back(static_cast<int>(t.bus) + 1);
      value.push_back(sign * static_cast<double>(t.coefficient) / scales[t.bus]);
    }
    start.push_back(static_cast<CoinBigIndex>(row.size()));
    lower.push_back(0);
    upper.push_back(energy);
    cost.push_back(-sign * limit);
  }
};

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

ledger::Wide whole_multiplier(double value) {
  const double scaled = std::round(value * static_cast<double>(value_scale));
  return static_cast<ledger::Wide>(std::clamp(scaled, 0.0, static_cast<double>(max_multiplier)));
}

}  // namespace

struct GridProgram::Model {
  Clp_Simplex* clp = Clp_newModel();
  ~Model() { Clp_deleteModel(clp); }
};

GridProgram::GridProgram(std::span<const OrderGroup> groups, const TradeLimits& limits, double work)
    : groups_(groups),
      limits_(limits),
      rows_of_bus_(rows_by_bus(limits)),
      scales_(row_scales(limits)),
      work_left_(work) {
  const bool small = groups.size() <= most_columns;
  for (std::size_t g = 0; g < groups.size();) {
    std::size_t end = g + 1;
    while (!small && end < groups.size() && groups[end].bus == groups[g].bus &&
           groups[end].side == groups[g].side)
      ++end;
    part({g, end}, segments_);
    g = end;
  }
  if (!groups.empty()) load();
}

GridProgram::~GridProgram() = default;

void GridProgram::part(const Segment& whole, std::vector<Segment>& into) const {
  const std::size_t parts = std::min(whole.size(), most_parts);
  for (std::size_t k = 0; k < parts; ++k)
    into.push_back(
        {whole.first + whole.size() * k / parts, whole.first + whole.size() * (k + 1) / parts});
}

void GridProgram::load() {
  Columns columns;
  for (const Segment& s : segments_) {
    double energy = 0, worth = 0;
    for (const OrderGroup& g : groups_.subspan(s.first, s.size())) {
      energy += static_cast<double>(g.energy.value);
      worth += static_cast<double>(g.energy.value) * static_cast<double>(g.limit.value);
    }
    const OrderGroup& any = groups_[s.first];
    columns.add(any, rows_of_bus_[any.bus], scales_, energy,
                s.size() == 1 ? static_cast<double>(any.limit.value) : worth / energy);
  }
  const std::size_t rows = limits_.rows.size() + 1;
  std::vector<double> lower(rows, -std::numeric_limits<double>::max()), upper(rows, 0.0);
  lower[0] = 0;
  entries_ = static_cast<double>(columns.row.size() + segments_.size() + rows);
  model_ = std::make_unique<Model>();
  Clp_setLogLevel(model_->clp, 0);
  Clp_loadProblem(model_->clp, static_cast<int>(segments_.size()), static_cast<int>(rows),
                  columns.start.data(), columns.row.data(), columns.value.data(),
                  columns.lower.data(), columns.upper.data(), columns.cost.data(), lower.data(),
                  upper.data());
}

bool GridProgram::run(std::span<const double> taken) {
  std::vector<double> upper(limits_.rows.size() + 1, 0.0);
  for (std::size_t r = 0; r < limits_.rows.size(); ++r)
    upper[r + 1] = (static_cast<double>(limits_.rows[r].room) - taken[r]) / scales_[r];
  Clp_chgRowUpper(model_->clp, upper.data());
  const double most = std::min(work_left_ / entries_, 1e9);
  if (most < 1) return false;
  Clp_setMaximumIterations(model_->clp, static_cast<int>(most));
  Clp_dual(model_->clp, 0);
  work_left_ -= entries_ * (1 + Clp_numberIterations(model_->clp));
  return Clp_status(model_->clp) == 0;
}

// By bus, as Clp has them.
std::vector<double> GridProgram::values() const {
  const double* dual = Clp_dualRowSolution(model_->clp);
  std::vector<double> out(limits_.buses, -dual[0]);
  for (std::size_t b = 0; b < out.size(); ++b)
    for (const LimitTerm& t : rows_of_bus_[b])
      out[b] -= dual[t.bus + 1] * static_cast<double>(t.coefficient) / scales_[t.bus];
  return out;
}

// Parts the columns of more than one group that are filled in part, or whose bus's value is among
// their limits; false where there is none.
bool GridProgram::split() {
  if (segments_.size() == groups_.size()) return false;
  const std::vector<double> value = values();
  const double* fill = Clp_primalColumnSolution(model_->clp);
  const double* most = Clp_getColUpper(model_->clp);
  std::vector<Segment> parted;
  for (std::size_t k = 0; k < segments_.size(); ++k) {
    const Segment& s = segments_[k];
    const double v = value[groups_[s.first].bus];
    const bool in_part = fill[k] > tolerance && fill[k] < most[k] - tolerance;
    const bool among =
        static_cast<double>(
            groups_[s.first]
                .limit.value)<v - tolerance&& static_cast<double>(groups_[s.end - 1].limit.value)>
            v + tolerance;
    if (s.size() > 1 && (in_part || among))
      part(s, parted);
    else
      parted.push_back(s);
  }
  const bool more = parted.size() > segments_.size();
  segments_ = std::move(parted);
  return more;
}

GridSolution GridProgram::solution() const {
  GridSolution out;
  const double* fill = Clp_primalColumnSolution(model_->clp);
  const double* most = Clp_getColUpper(model_->clp);
  const double* dual = Clp_dualRowSolution(model_->clp);
  for (std::size_t k = 0; k < segments_.size(); ++k) {
    const bool whole = segments_[k].size() > 1;
    for (std::size_t g = segments_[k].first; g < segments_[k].end; ++g)
      out.fill.push_back(!whole                  ? fill[k]
                         : fill[k] > most[k] / 2 ? static_cast<double>(groups_[g].energy.value)
                                                 : 0.0);
  }
  for (std::size_t r = 0; r < limits_.rows.size(); ++r)
    out.multiplier.push_back(whole_multiplier(-dual[r + 1] / scales_[r]));
  return out;
}

std::optional<GridSolution> GridProgram::solve(std::span<const double> taken) {
  if (!model_) return GridSolution{{}, std::vector<ledger::Wide>(limits_.rows.size())};
  while (run(taken)) {
    if (!split()) return solution();
    load();
  }
  return std::nullopt;
}

}  // namespace market
