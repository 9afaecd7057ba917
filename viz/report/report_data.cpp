#include "viz/report/report_data.hpp"

#include <algorithm>
#include <utility>

#include "viz/text.hpp"

namespace viz {
namespace {

constexpr double kwh_a_minute(double w) { return w / 60'000; }

void add_powers(twin::FeederMinute& sum, const twin::FeederMinute& row, double weight) {
  sum.load_w += weight * row.load_w;
  sum.ev_w += weight * row.ev_w;
  sum.heat_pump_w += weight * row.heat_pump_w;
  sum.pv_w += weight * row.pv_w;
  sum.battery_w += weight * row.battery_w;
  sum.import_w += weight * row.import_w;
  sum.losses_w += weight * row.losses_w;
}

void widen_extremes(twin::FeederMinute& sum, const twin::FeederMinute& row) {
  sum.max_loading = std::max(sum.max_loading, row.max_loading);
  sum.transformer_loading = std::max(sum.transformer_loading, row.transformer_loading);
  sum.v_min_pu = std::min(sum.v_min_pu, row.v_min_pu);
  sum.v_max_pu = std::max(sum.v_max_pu, row.v_max_pu);
}

}  // namespace

twin::Stored<ReportData> read_report_data(twin::RunReader& run, Summary summary) {
  ReportData out;
  out.run = run.description();
  out.summary = std::move(summary);
  std::optional<twin::StoreError> error;
  const auto take = [&error](auto& into, auto rows) {
    if (rows) {
      into = std::move(*rows);
    } else if (!error) {
      error = rows.error();
    }
  };
  take(out.minutes, run.minutes());
  take(out.slots, run.slots());
  take(out.blocks, run.blocks());
  take(out.alerts, run.alerts());
  take(out.events, run.grid_events());
  take(out.bills, run.bills());
  take(out.voltages, run.voltage_ranges());
  if (error) return tl::unexpected(*error);
  return out;
}

EnergyFlows energy_flows(const ReportData& data) {
  EnergyFlows out;
  for (const auto& row : data.minutes) {
    out.pv += kwh_a_minute(row.pv_w);
    out.import += kwh_a_minute(std::max(0.0, row.import_w));
    out.exported += kwh_a_minute(std::max(0.0, -row.import_w));
    out.discharge += kwh_a_minute(std::max(0.0, -row.battery_w));
    out.charge += kwh_a_minute(std::max(0.0, row.battery_w));
    out.load += kwh_a_minute(row.load_w);
    out.ev += kwh_a_minute(row.ev_w);
    out.heat_pump += kwh_a_minute(row.heat_pump_w);
    out.losses += kwh_a_minute(row.losses_w);
  }
  // Import and export inside one minute cancel in its mean; the summary counted them step by step.
  if (data.summary.imported_kwh && data.summary.exported_kwh) {
    out.import = *data.summary.imported_kwh;
    out.exported = *data.summary.exported_kwh;
  }
  return out;
}

std::vector<twin::FeederMinute> condense(const std::vector<twin::FeederMinute>& minutes,
                                         std::size_t most) {
  const std::size_t group = std::max<std::size_t>(1, (minutes.size() + most - 1) / most);
  std::vector<twin::FeederMinute> out;
  for (std::size_t begin = 0; begin < minutes.size(); begin += group) {
    const std::size_t end = std::min(begin + group, minutes.size());
    twin::FeederMinute sum;
    sum.time = minutes[end - 1].time;
    sum.v_min_pu = minutes[begin].v_min_pu;
    for (std::size_t i = begin; i < end; ++i) {
      add_powers(sum, minutes[i], 1.0 / static_cast<double>(end - begin));
      widen_extremes(sum, minutes[i]);
    }
    out.push_back(sum);
  }
  return out;
}

std::string moment_text(const ReportData& data, ledger::Instant time) {
  const auto civil = civil_time(data.run.meta.epoch, time);
  const bool one_day =
      data.run.meta.duration <= ledger::hours(24) && time <= ledger::Instant{} + ledger::hours(24);
  return one_day ? clock_text(civil) : day_text(civil) + " " + clock_text(civil);
}

}  // namespace viz
