#pragma once
// The report's words and tables about congestion, and about what the market came to.

#include <string>

#include "viz/report/summary.hpp"

namespace viz {

// Elements that were outside of their limits and, where there is a grid operator, what each rung of
// its ladder did and at what cost.
std::string congestion_html(const Summary& summary);

// Price, volume, welfare against the optimum, balance, rationality, fairness.
std::string market_html(const Summary& summary);

}  // namespace viz
