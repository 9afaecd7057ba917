#pragma once
// MATPOWER's case format, version 2 (User's Manual, appendix B): the columns of its matrices.

#include <cstddef>
#include <span>
#include <string_view>

namespace twin {

// A name of MATPOWER's for a column (from 1) or a type, and all that one of its functions gives
// back, in that order.
struct MatpowerIndex {
  std::string_view name;
  double value;
};
struct MatpowerIndices {
  std::string_view name;  // idx_bus, idx_brch, idx_gen, idx_cost
  std::span<const MatpowerIndex> values;
};
std::span<const MatpowerIndices> matpower_indices();

// The same columns from 0.
namespace matpower {
namespace bus {
enum : std::size_t { number, type, pd, qd, gs, bs, area, vm, va, base_kv, columns = 13 };
enum Type { pq = 1, pv = 2, ref = 3, isolated = 4 };
}  // namespace bus
namespace branch {
enum : std::size_t {
  from,
  to,
  r,
  x,
  b,
  rate_a,
  rate_b,
  rate_c,
  tap,
  shift,
  status,
  columns = 11,
};
}
namespace gen {
enum : std::size_t { bus, pg, qg, qmax, qmin, vg, mbase, status, columns = 8 };
}
}  // namespace matpower

}  // namespace twin
