#pragma once
// What a view may see of a running twin at one moment: values, by element index of the network.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/time.hpp"

namespace twin {

struct Snapshot {
  ledger::Instant time;
  std::vector<float> bus_v_pu;        // 3 a bus: L1, L2, L3; 0 where a phase is missing
  std::vector<float> branch_loading;  // lines, then transformers
  std::vector<float> home_w;          // net, import positive
  std::vector<float> home_pv_w;       // >= 0
  std::vector<float> home_battery;    // 0..1, negative where there is none
  // Of the last slot in which neighbours traded, its mean; none before the first.
  std::optional<double> price_eur_per_kwh;
  double traded_kwh = 0;            // last settled slot
  std::uint64_t height = 0;         // ledger
  std::vector<std::string> alerts;  // active now, in words
};

}  // namespace twin
