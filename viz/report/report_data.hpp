#pragma once
// All that a report is made from, read once.

#include <optional>
#include <string>
#include <vector>

#include "twin/store/run_reader.hpp"
#include "viz/report/summary.hpp"

namespace viz {

struct ReportData {
  twin::RunDescription run;
  Summary summary;
  std::vector<twin::FeederMinute> minutes;
  std::vector<twin::SlotRow> slots;
  std::vector<twin::BlockRow> blocks;
  std::vector<twin::AlertRow> alerts;
  std::vector<twin::GridEventRow> events;
  std::vector<twin::HomeBill> bills;
  std::vector<twin::VoltageRange> voltages;  // one a bus
};

twin::Stored<ReportData> read_report_data(twin::RunReader& run, Summary summary);

// Energy of the whole run by source and use, kWh, all >= 0, integrated from the minutes; import and
// export are the summary's where it has them. Sources and uses balance as far as the minutes do.
struct EnergyFlows {
  double pv = 0, import = 0, discharge = 0;
  double load = 0, ev = 0, heat_pump = 0, charge = 0, exported = 0, losses = 0;
  double sources() const { return pv + import + discharge; }
  double uses() const { return load + ev + heat_pump + charge + exported + losses; }
};
EnergyFlows energy_flows(const ReportData& data);

// At most `most` rows, each standing for as many consecutive minutes: means of powers, extremes of
// the rest.
std::vector<twin::FeederMinute> condense(const std::vector<twin::FeederMinute>& minutes,
                                         std::size_t most);

// "18:42" in a run of up to a day, "22 Jun 18:42" in a longer one and after a day has passed.
std::string moment_text(const ReportData& data, ledger::Instant time);

}  // namespace viz
