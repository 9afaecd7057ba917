#include "app/ladder_reading.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "app/input_file.hpp"
#include "twin/store/run_reader.hpp"

namespace app {

using ledger::failure;
using ledger::Result;
using nlohmann::json;

namespace {

struct FigureKey {
  const char* name;
  const char* pointer;  // in summary.json
};
constexpr std::array<FigureKey, 30> keys{{
    {"overload_minutes", "/grid/overload_minutes"},
    {"overload_kwh", "/grid/overload_kwh"},
    {"voltage_minutes", "/grid/voltage_violation_minutes"},
    {"max_loading", "/grid/max_loading"},
    {"consumed_kwh", "/energy/consumed_kwh"},
    {"generated_kwh", "/energy/generated_kwh"},
    {"unserved_kwh", "/energy/unserved_kwh"},
    {"stored_delta_kwh", "/energy/stored_delta_kwh"},
    {"storage_losses_kwh", "/energy/storage_losses_kwh"},
    {"grid_losses_kwh", "/energy/losses_kwh"},
    {"curtailed_kwh", "/congestion/curtailed_kwh"},
    {"shed_kwh", "/congestion/shed_kwh"},
    {"held_back_kwh", "/congestion/held_back_kwh"},
    {"ev_unmet_kwh", "/congestion/ev_unmet_kwh"},
    {"cold_kelvin_hours", "/congestion/cold_kelvin_hours"},
    {"cost_eur", "/congestion/cost_eur"},
    {"limited_homes", "/congestion/limited/homes"},
    {"limited_gini", "/congestion/limited/gini"},
    {"most_limited_minutes", "/congestion/limited/most_minutes"},
    {"rebound_kw", "/congestion/rebound_kw"},
    {"forecast_precision", "/congestion/forecast/precision"},
    {"forecast_recall", "/congestion/forecast/recall"},
    {"forecast_lead_h", "/congestion/forecast/lead_h"},
    {"mean_saving_eur", "/market/savings_eur/mean"},
    {"losers", "/market/savings_eur/losers"},
    {"bill_eur", "/market/bills_eur/mean"},
    {"capacity_eur", "/market/bills_eur/capacity_mean"},
    {"operator_got_eur", "/market/bills_eur/grid_operator_got"},
    {"operator_paid_eur", "/market/bills_eur/grid_operator_paid"},
    {"compensation_eur", "/market/bills_eur/compensation"},
}};

// Numbers of a list in a summary; empty where there is none.
std::vector<double> by_home(const json& summary, const char* pointer) {
  const json::json_pointer at(pointer);
  std::vector<double> out;
  if (!summary.contains(at)) return out;
  for (const json& value : summary[at]) out.push_back(value.get<double>());
  return out;
}

twin::LadderRun::Outside outside_of(const json& element) {
  if (element.contains("minutes_outside")) return {element["minutes_outside"].get<double>(), 0};
  return {element.at("overload_minutes").get<double>(), element.at("overload_kwh").get<double>()};
}

}  // namespace

Result<twin::LadderRun> read_ladder_run(const std::string& directory) {
  const auto text = read_file(directory + "/summary.json");
  if (!text) return failure(text.error());
  const json summary = json::parse(*text, nullptr, false);
  twin::LadderRun out;
  for (const FigureKey& key : keys) {
    const json::json_pointer at(key.pointer);
    if (!summary.is_object() || !summary.contains(at) || !summary[at].is_number())
      return failure(directory + "/summary.json: " + key.pointer + " is missing");
    out.figures[key.name] = summary[at].get<double>();
  }
  for (const json& e : summary["grid"]["elements"])
    out.outside[e.at("name").get<std::string>()] = outside_of(e);
  out.bill_eur = by_home(summary, "/market/bills_eur/by_home");
  auto reader = twin::RunReader::open(directory + "/run.db");
  if (!reader) return failure(reader.error().message);
  const auto slots = reader->slots();
  if (!slots) return failure(slots.error().message);
  for (const twin::SlotRow& s : *slots) out.slot_wh.push_back(s.actual_wh);
  return out;
}

}  // namespace app
