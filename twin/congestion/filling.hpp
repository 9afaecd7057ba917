#pragma once
// Progressive filling: shares of what is asked for grow alike until a row is full (max-min
// fairness; Bertsekas and Gallager, Data Networks, 2nd ed., 6.5.2).

#include <span>
#include <vector>

namespace twin {

// Sum over v of load[v] x share[v] <= room; load >= 0 is what v's whole request takes of the row.
struct FillingRow {
  std::vector<double> load;
  double room = 0;
  double grain = 0;  // a load up to it does not count as loading the row
};

// Shares of 0 to `ceiling`, by v. A row without room at the start holds all that load it at 0.
std::vector<double> fill(std::span<const FillingRow> rows, std::size_t variables, double ceiling);

}  // namespace twin
