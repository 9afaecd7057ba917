#include "market/clearing/exact_program.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>

namespace market {

using ledger::Wide;
using Integer = boost::multiprecision::cpp_int;

namespace {

using Matrix = std::vector<std::vector<Integer>>;

// The inverse of a square matrix times its determinant, and that determinant, above 0.
struct Inverse {
  Matrix adjugate;
  Integer determinant = 1;
};

// Nothing where the matrix has none.
std::optional<Inverse> inverse_of(Matrix m) {
  const std::size_t n = m.size();
  for (std::size_t i = 0; i < n; ++i) {
    m[i].resize(2 * n);
    m[i][n + i] = 1;
  }
  Integer last = 1;
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t pivot = c;
    while (pivot < n && m[pivot][c] == 0) ++pivot;
    if (pivot == n) return std::nullopt;
    std::swap(m[pivot], m[c]);
    for (std::size_t i = 0; i < n; ++i) {
      if (i == c) continue;
      for (std::size_t k = 0; k < 2 * n; ++k)
        if (k != c) m[i][k] = (m[c][c] * m[i][k] - m[i][c] * m[c][k]) / last;
      m[i][c] = 0;
    }
    last = m[c][c];
  }
  Inverse out{{}, last < 0 ? Integer(-last) : last};
  for (std::vector<Integer>& row : m) {
    row.erase(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(n));
    if (last < 0)
      for (Integer& v : row) v = -v;
    out.adjugate.push_back(std::move(row));
  }
  return out;
}

// To the nearest, half up; `above` is > 0.
Integer rounded(const Integer& value, const Integer& above) {
  const Integer twice = 2 * value + above, below = 2 * above;
  Integer out = twice / below;
  if (twice < 0 && out * below != twice) --out;
  return out;
}

}  // namespace

// Groups and rows are numbered as one: g, then groups + row; row 0 is the balance, r + 1 limit r.
struct ExactProgram::Steps {
  std::span<const OrderGroup> groups;
  const TradeLimits& limits;
  std::span<const RowsOfBus> rows_of_bus;
  double work_left;

  std::vector<std::size_t> basic = {};   // groups filled in part
  std::vector<std::size_t> active = {};  // rows that are full
  std::vector<bool> is_basic = {}, is_active = {}, at_most = {};
  std::vector<std::int64_t> low = {}, high = {};    // by group, Wh
  std::vector<std::int64_t> room = {}, scale = {};  // by row
  Matrix inner = {};                                // adjugate, [basic][active]
  Integer det = 1;
  std::vector<Integer> fill = {}, multiplier = {};  // times det, of basic and active

  Steps(std::span<const OrderGroup> g, const TradeLimits& l, std::span<const RowsOfBus> r, double w)
      : groups(g), limits(l), rows_of_bus(r), work_left(w) {
    is_basic.resize(groups.size());
    is_active.resize(limits.rows.size() + 1);
    low.resize(groups.size());
    for (const OrderGroup& of : groups) {
      at_most.push_back(of.side == Side::buy);
      high.push_back(of.energy.value);
    }
    scale.push_back(1);
    for (const LimitRow& row : limits.rows) {
      std::int64_t most = 1;
      for (const LimitTerm& t : row.terms) most = std::max(most, std::abs(t.coefficient));
      scale.push_back(most);
    }
  }

  std::int64_t sign(std::size_t g) const { return groups[g].side == Side::buy ? 1 : -1; }
  std::int64_t worth(std::size_t g) const { return sign(g) * groups[g].limit.value; }

  std::int64_t entry(std::size_t row, std::size_t g) const {
    if (row == 0) return sign(g);
    const RowsOfBus& rows = rows_of_bus[groups[g].bus];
    const auto at = std::lower_bound(rows.begin(), rows.end(), row - 1,
                                     [](const LimitTerm& t, std::size_t r) { return t.bus < r; });
    return at != rows.end() && at->bus == row - 1 ? sign(g) * at->coefficient : 0;
  }

  std::int64_t at_bound(std::size_t g) const { return at_most[g] ? high[g] : low[g]; }

  // What leaves the basis: its number, and by how much it is beyond its bound, times det.
  struct Leaving {
    std::size_t number = 0;
    Integer beyond = 0;
    std::int64_t scale = 1;
    bool above = false;  // its highest bound; otherwise its lowest, 0
  };

  std::size_t size() const { return groups.size() + room.size(); }

  bool invert() {
    const auto k = static_cast<double>(basic.size() + 1);
    work_left -= 2 * k * k * k + k * static_cast<double>(size());
    if (work_left < 0) return false;
    Matrix m(active.size());
    for (std::size_t i = 0; i < active.size(); ++i)
      for (const std::size_t g : basic) m[i].emplace_back(entry(active[i], g));
    auto found = inverse_of(std::move(m));
    if (!found) return false;
    inner = std::move(found->adjugate);
    det = std::move(found->determinant);
    return true;
  }

  std::vector<Wide> fixed_net() const {  // by bus, of what is at a bound
    std::vector<Wide> out(limits.buses);
    for (std::size_t g = 0; g < groups.size(); ++g)
      if (!is_basic[g]) out[groups[g].bus] += sign(g) * at_bound(g);
    return out;
  }

  // The room that what is at a bound leaves in a row.
  Wide rest(std::size_t row, std::span<const Wide> net) const {
    Wide out = room[row];
    if (row == 0)
      for (const Wide wh : net) out -= wh;
    else
      for (const LimitTerm& t : limits.rows[row - 1].terms) out -= t.coefficient * net[t.bus];
    return out;
  }

  void find_solution(std::span<const Wide> net) {
    fill.assign(basic.size(), 0);
    multiplier.assign(active.size(), 0);
    for (std::size_t i = 0; i < active.size(); ++i) {
      const Wide by = rest(active[i], net);
      for (std::size_t p = 0; p < basic.size(); ++p) {
        fill[p] += inner[p][i] * by;
        multiplier[i] += inner[p][i] * worth(basic[p]);
      }
    }
  }

  // The furthest beyond its bound, or the first one; nothing where none is.
  std::optional<Leaving> leaving(std::span<const Wide> net, bool first) const {
    std::optional<Leaving> out;
    const auto consider = [&](Leaving l) {
      if (l.beyond <= 0) return;
      if (!out || (first ? l.number < out->number : l.beyond * out->scale > out->beyond * l.scale))
        out = std::move(l);
    };
    for (std::size_t p = 0; p < basic.size(); ++p) {
      consider({basic[p], det * low[basic[p]] - fill[p], 1, false});
      consider({basic[p], fill[p] - det * high[basic[p]], 1, true});
    }
    for (std::size_t r = 0; r < room.size(); ++r) {
      if (is_active[r]) continue;
      Integer slack = det * rest(r, net);
      for (std::size_t p = 0; p < basic.size(); ++p) slack -= fill[p] * entry(r, basic[p]);
      if (r == 0 && slack > 0) consider({groups.size(), slack, 1, true});
      consider({groups.size() + r, -slack, scale[r], false});
    }
    return out;
  }

  // What may enter: how far multipliers go until it does (price / step), and what a unit of it
  // moves the leaving one by (step / det).
  struct Entering {
    std::size_t number;
    Integer price, step;
  };

  // The row of the leaving one, times det, over the active rows.
  std::vector<Integer> row_of(const Leaving& l) const {
    std::vector<Integer> out(active.size());
    for (std::size_t p = 0; p < basic.size(); ++p) {
      const bool itself = l.number == basic[p];
      if (!itself && l.number < groups.size()) continue;
      const std::int64_t by = itself ? 1 : entry(l.number - groups.size(), basic[p]);
      if (by == 0) continue;
      for (std::size_t i = 0; i < active.size(); ++i) out[i] += inner[p][i] * by;
    }
    return out;
  }

  // Also those held to one value: what the multipliers pass is flipped for when it is released.
  std::vector<Entering> entering(const Leaving& l) const {
    const std::vector<Integer> row = row_of(l);
    const bool slack_leaves = l.number >= groups.size();
    std::vector<Entering> out;
    // `step`: by how much the leaving one falls where the other rises; one at its highest bound
    // can only fall.
    const auto consider = [&](std::size_t number, Integer price, Integer step, bool down) {
      if (l.above != down) step = -step;
      if (step < 0) out.push_back({number, price < 0 ? Integer(-price) : price, -step});
    };
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (is_basic[g]) continue;
      Integer price = det * worth(g);
      Integer step = slack_leaves ? det * entry(l.number - groups.size(), g) : Integer(0);
      for (std::size_t i = 0; i < active.size(); ++i) {
        const std::int64_t a = entry(active[i], g);
        if (a == 0) continue;
        price -= multiplier[i] * a;
        if (slack_leaves)
          step -= row[i] * a;
        else
          step += row[i] * a;
      }
      consider(g, std::move(price), std::move(step), at_most[g]);
    }
    for (std::size_t i = 0; i < active.size(); ++i)  // the balance, once full, stays so
      if (active[i] != 0)
        consider(groups.size() + active[i], multiplier[i], slack_leaves ? Integer(-row[i]) : row[i],
                 false);
    return out;
  }

  // Which of them enters, of those that are passed on the way to it each flipped to its other
  // bound; nothing where the leaving one cannot be brought within its bound.
  std::optional<std::size_t> choose(std::vector<Entering> found, Integer beyond, bool flip) {
    std::sort(found.begin(), found.end(), [](const Entering& a, const Entering& b) {
      const Integer x = a.price * b.step, y = b.price * a.step;
      return x != y ? x < y : a.number < b.number;
    });
    std::size_t k = 0;
    for (; flip && k < found.size() && found[k].number < groups.size(); ++k) {
      beyond -= found[k].step * (high[found[k].number] - low[found[k].number]);
      if (beyond <= 0) break;
    }
    if (k == found.size()) return std::nullopt;
    for (std::size_t i = 0; i < k; ++i) at_most[found[i].number] = !at_most[found[i].number];
    return found[k].number;
  }

  void exchange(const Leaving& out, std::size_t in) {
    const auto erase = [](std::vector<std::size_t>& from, std::size_t v) {
      from.erase(std::find(from.begin(), from.end(), v));
    };
    const std::size_t n = groups.size();
    if (out.number < n) {
      erase(basic, out.number);
      is_basic[out.number] = false;
      at_most[out.number] = out.above;
    } else {
      active.push_back(out.number - n);
      is_active[out.number - n] = true;
    }
    if (in < n) {
      basic.push_back(in);
      is_basic[in] = true;
    } else {
      erase(active, in - n);
      is_active[in - n] = false;
    }
  }

  bool optimise(std::span<const double> taken) {
    room.assign(1, 0);
    for (std::size_t r = 0; r < limits.rows.size(); ++r)
      room.push_back(limits.rows[r].room - static_cast<std::int64_t>(std::ceil(taken[r])));
    const std::size_t patience = 4 * size() + 100;
    for (std::size_t step = 0;; ++step) {
      if (!invert()) return false;
      const std::vector<Wide> net = fixed_net();
      find_solution(net);
      const auto out = leaving(net, step > patience);
      if (!out) return true;
      const auto in = choose(entering(*out), out->beyond, step <= patience);
      if (!in) return false;
      exchange(*out, *in);
    }
  }

  double as_double(const Integer& value) const {
    const Integer whole = value / det, part = value % det;
    return whole.convert_to<double>() +
           Integer((part << 53) / det).convert_to<double>() / 9007199254740992.0;
  }

  std::optional<GridSolution> solution() const {
    GridSolution out;
    for (std::size_t g = 0; g < groups.size(); ++g)
      out.fill.push_back(static_cast<double>(at_bound(g)));
    for (std::size_t p = 0; p < basic.size(); ++p) out.fill[basic[p]] = as_double(fill[p]);
    out.multiplier.resize(limits.rows.size());
    for (std::size_t i = 0; i < active.size(); ++i) {
      if (active[i] == 0) continue;
      const Integer m = rounded(multiplier[i] * value_scale, det);
      if (m > max_multiplier) return std::nullopt;
      out.multiplier[active[i] - 1] = m.convert_to<Wide>();
    }
    return out;
  }
};

ExactProgram::ExactProgram(std::span<const OrderGroup> groups, const TradeLimits& limits,
                           std::span<const RowsOfBus> rows_of_bus, double work)
    : steps_(std::make_unique<Steps>(groups, limits, rows_of_bus, work)) {}

ExactProgram::~ExactProgram() = default;

std::optional<GridSolution> ExactProgram::solve(std::span<const double> taken) {
  if (!steps_->optimise(taken)) return std::nullopt;
  return steps_->solution();
}

void ExactProgram::bound(std::size_t group, std::int64_t low, std::int64_t high) {
  steps_->low[group] = low;
  steps_->high[group] = high;
}

}  // namespace market
