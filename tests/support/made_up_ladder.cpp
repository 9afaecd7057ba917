#include "tests/support/made_up_ladder.hpp"

namespace test {
namespace {

struct MadeUp {
  const char* name;
  double minutes, kwh, curtailed_kwh, cost_eur, gini;
  std::vector<double> bill_eur;
};

// The transformer of none is over for 60, 61, ... minutes by seed; "flexibility" makes cable 3
// worse on the first seed.
const MadeUp made_up_variants[] = {
    {"none", 60, 20, 0, 0, 0, {4, 5, 6}},
    {"dimming-14a", 33, 10, 0, 6, 0.5, {4, 5, 6}},
    {"flexibility", 45, 8, 0, 2.5, 0.75, {4.5, 4, 6.2}},
    {"all", 15, 2.4, 1.5, 12, 0.6, {7, 7.5, 9}},
};

twin::LadderRun run_of(const MadeUp& m, std::size_t seed) {
  twin::LadderRun out = idle_run();
  const auto more = static_cast<double>(seed);
  out.figures["overload_minutes"] = m.minutes + more * m.minutes / 60;
  out.figures["overload_kwh"] = m.kwh + more * m.kwh / 20;
  out.figures["max_loading"] = 1 + m.minutes / 60;
  out.figures["consumed_kwh"] = 100 - m.gini * 10;
  out.figures["generated_kwh"] = 40 - m.curtailed_kwh;
  out.figures["curtailed_kwh"] = m.curtailed_kwh;
  out.figures["cost_eur"] = m.cost_eur;
  out.figures["limited_gini"] = m.gini;
  for (const double b : m.bill_eur) out.figures["bill_eur"] += b / 3;
  out.bill_eur = m.bill_eur;
  out.outside["transformer"] = {out.figures["overload_minutes"], out.figures["overload_kwh"]};
  if (m.name == std::string("flexibility") && seed == 0) out.outside["cable 3"] = {2, 0.25};
  out.slot_wh = {1000, 5000 - static_cast<std::int64_t>(m.gini * 4000),
                 1000 + static_cast<std::int64_t>(m.gini * 2000)};
  return out;
}

}  // namespace

twin::LadderRun idle_run() {
  twin::LadderRun out;
  for (const char* figure :
       {"overload_minutes",   "overload_kwh",    "voltage_minutes",      "max_loading",
        "consumed_kwh",       "generated_kwh",   "unserved_kwh",         "stored_delta_kwh",
        "storage_losses_kwh", "grid_losses_kwh", "curtailed_kwh",        "shed_kwh",
        "held_back_kwh",      "ev_unmet_kwh",    "cold_kelvin_hours",    "cost_eur",
        "limited_homes",      "limited_gini",    "most_limited_minutes", "rebound_kw",
        "bill_eur",           "capacity_eur",    "operator_got_eur",     "operator_paid_eur",
        "compensation_eur"})
    out.figures[figure] = 0;
  return out;
}

twin::LadderRuns made_up_ladder(std::size_t seeds) {
  twin::LadderRuns out;
  out.scenario = "street";
  out.mechanism = "uniform";
  out.epoch = *ledger::from_rfc3339("2026-04-14T17:30:00+02:00");
  out.simulated = ledger::hours(24);
  out.homes = 3;
  for (std::size_t s = 0; s < seeds; ++s) out.seeds.push_back(7 + s);
  for (const MadeUp& m : made_up_variants) {
    out.variants.push_back(m.name);
    out.runs.emplace_back();
    for (std::size_t s = 0; s < seeds; ++s) out.runs.back().push_back(run_of(m, s));
  }
  compare_with_none(out);
  return out;
}

}  // namespace test
