#include "twin/congestion/filling.hpp"

#include <algorithm>

namespace twin {
namespace {

// A row's state while shares grow.
struct Filling {
  double left = 0;    // of its room
  double growth = 0;  // what one more of the common share takes of it
  int growing = 0;    // variables that load it and still grow
};

std::vector<Filling> begin(std::span<const FillingRow> rows) {
  std::vector<Filling> out;
  for (const FillingRow& row : rows) {
    Filling f{std::max(row.room, 0.0)};
    for (const double load : row.load) {
      if (!(load > row.grain)) continue;
      f.growth += load;
      ++f.growing;
    }
    out.push_back(f);
  }
  return out;
}

}  // namespace

std::vector<double> fill(std::span<const FillingRow> rows, std::size_t variables, double ceiling) {
  std::vector<double> share(variables, ceiling);
  std::vector<bool> grows(variables, true);
  std::vector<Filling> state = begin(rows);
  const auto stop = [&](std::size_t v, double level) {
    grows[v] = false;
    share[v] = level;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (!(rows[r].load[v] > rows[r].grain)) continue;
      state[r].growth -= rows[r].load[v];
      --state[r].growing;
    }
  };
  const auto rise = [](const Filling& f) { return std::max(f.left, 0.0) / f.growth; };
  for (double level = 0;;) {
    double least = ceiling - level;
    for (const Filling& f : state)
      if (f.growing > 0) least = std::min(least, rise(f));
    if (least >= ceiling - level) return share;
    std::vector<std::size_t> full;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (state[r].growing == 0) continue;
      if (rise(state[r]) <= least) full.push_back(r);
      state[r].left -= state[r].growth * least;
    }
    level += least;
    for (const std::size_t r : full)
      for (std::size_t v = 0; v < variables; ++v)
        if (grows[v] && rows[r].load[v] > rows[r].grain) stop(v, level);
  }
}

}  // namespace twin
