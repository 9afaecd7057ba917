#pragma once
// The report's figures. Each says in one sentence what its data show, and is empty of marks, with a
// sentence that says so, where there are no data.

#include <string>
#include <vector>

#include "viz/report/report_data.hpp"

namespace viz {

struct LegendKey {
  std::string classes;  // of the page's style: a colour and a shape
  std::string words;
};

struct Figure {
  std::string id, title, message;
  std::vector<LegendKey> legend;
  std::string svg;  // empty where there are no data
};

// grid_plots.cpp
Figure voltage_figure(const ReportData& data);  // envelope over buses, limits
Figure loading_figure(const ReportData& data);  // transformer, most loaded branch, limit
Figure map_figure(const ReportData& data);      // feeder by worst voltage

// market_plots.cpp
Figure price_figure(const ReportData& data);     // price in the retail band, traded volume
Figure forecast_figure(const ReportData& data);  // feeder's net power, forecast and actual

// consensus_plots.cpp
Figure consensus_figure(const ReportData& data);  // delay and traffic by block, faults

// energy_plots.cpp
Figure power_figure(const ReportData& data);  // sources above zero, uses below
Figure flow_figure(const ReportData& data);   // the run's energy from sources to uses

}  // namespace viz
