#pragma once
// A street in the evening, when cars come home: its transformer carries that no better than its
// noon. Without a congestion ladder, which a test writes behind it.

#include <string>

namespace test {

inline const std::string evening_street = R"(name = "street"
seed = 2

[time]
start = "2026-04-14T17:00:00+02:00"
duration = "2h"
physics_step = "60s"
metering_interval = "60s"

[grid.generator]
homes = 6
branches = 2
transformer_kva = 25

[ledger]
block_interval = "60s"
gateways = 2

[oracle]
feeder_evidence = false

[consensus]
validators = 1

[[population]]
count = 6
ev = { plug_kw = 11, daily_km = [50, 70] }
)";

}  // namespace test
