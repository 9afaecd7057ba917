#include "twin/store/summary.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "ledger/crypto/sha256.hpp"
#include "market/settlement/fairness.hpp"

namespace twin {

using nlohmann::json;

namespace {

constexpr std::size_t most_homes_listed = 1000;

double eur(std::int64_t micro_eur) { return static_cast<double>(micro_eur) / 1e6; }
double kwh(std::int64_t wh) { return static_cast<double>(wh) / 1e3; }

// Two sums of the same figures may differ in their last bits between optimisation levels; what is
// printed and hashed is rounded to a micro-unit, far below what any figure is good for.
double micro(double value) {
  const double rounded = std::round(value * 1e6) / 1e6;
  return rounded == 0 ? 0.0 : rounded;
}

json percentiles(const std::vector<double>& values) {
  return {{"p50", micro(percentile(values, 50))},
          {"p95", micro(percentile(values, 95))},
          {"p99", micro(percentile(values, 99))}};
}

json rounds_json(const Summary::Ledger& l) {
  json histogram = json::object();
  std::uint64_t sum = 0, blocks = 0;
  for (const auto& [rounds, count] : l.blocks_by_rounds) {
    histogram[std::to_string(rounds)] = count;
    sum += rounds * count;
    blocks += count;
  }
  const double mean =
      static_cast<double>(sum) / static_cast<double>(std::max<std::uint64_t>(blocks, 1));
  return {{"histogram", histogram}, {"max", l.rounds_max}, {"mean", micro(mean)}};
}

json messages_json(const Summary::Ledger& l) {
  json kinds = json::object();
  Summary::Ledger::Traffic all;
  for (const auto& [kind, t] : l.traffic) {
    kinds[kind] = {{"bytes", t.bytes}, {"count", t.messages}};
    all.messages += t.messages;
    all.bytes += t.bytes;
  }
  const auto blocks = static_cast<double>(std::max<std::uint64_t>(l.height, 1));
  return {{"bytes", all.bytes},
          {"bytes_per_block", micro(static_cast<double>(all.bytes) / blocks)},
          {"by_kind", kinds},
          {"count", all.messages},
          {"lost", l.messages_lost},
          {"per_block", micro(static_cast<double>(all.messages) / blocks)}};
}

json posted_json(const Summary::Ledger& l) {
  return {{"count", l.posted},
          {"decided_ms", percentiles(l.post_to_decision_ms)},
          {"undecided", l.undecided}};
}

json ledger_json(const Summary::Ledger& l) {
  return {{"content_root", ledger::to_hex(l.content_root)},
          {"delay_ms", percentiles(l.delay_ms)},
          {"evidence", l.evidence},
          {"finality_ms", percentiles(l.finality_ms)},
          {"height", l.height},
          {"log_root", ledger::to_hex(l.log_root)},
          {"log_size", l.log_size},
          {"messages", messages_json(l)},
          {"missed_slots", l.missed_slots},
          {"posted", posted_json(l)},
          {"refused", l.refused},
          {"rounds", rounds_json(l)},
          {"rounds_max", l.rounds_max},
          {"state_root", ledger::to_hex(l.state_root)},
          {"transactions", l.transactions}};
}

json energy_json(const EnergyTotals& e) {
  const double own_use = e.generated_kwh - e.exported_kwh;
  // Losses alone may be more than what the homes use.
  const double sufficiency =
      e.consumed_kwh > 0 ? std::max(0.0, 1 - e.imported_kwh / e.consumed_kwh) : 0;
  return {{"consumed_kwh", micro(e.consumed_kwh)},
          {"curtailed_kwh", micro(e.curtailed_kwh)},
          {"exported_kwh", micro(e.exported_kwh)},
          {"generated_kwh", micro(e.generated_kwh)},
          {"imported_kwh", micro(e.imported_kwh)},
          {"losses_kwh", micro(e.losses_kwh)},
          {"self_consumption", micro(e.generated_kwh > 0 ? own_use / e.generated_kwh : 0)},
          {"self_sufficiency", micro(sufficiency)},
          {"storage_losses_kwh", micro(e.storage_losses_kwh)},
          {"stored_delta_kwh", micro(e.stored_delta_kwh)},
          {"unserved_kwh", micro(e.unserved_kwh)}};
}

json elements_json(const std::vector<Summary::Element>& elements) {
  json out = json::array();
  for (const Summary::Element& e : elements) {
    if (e.is_connection)
      out.push_back({{"minutes_outside", micro(e.minutes_outside)},
                     {"name", e.name},
                     {"v_max_pu", micro(e.v_max_pu)},
                     {"v_min_pu", micro(e.v_min_pu)}});
    else
      out.push_back({{"max_loading", micro(e.max_loading)},
                     {"name", e.name},
                     {"overload_kwh", micro(e.overload_kwh)},
                     {"overload_minutes", micro(e.overload_minutes)}});
  }
  return out;
}

json congestion_json(const CongestionFigures& c) {
  json rungs = json::object();
  for (const auto& [name, f] : c.by_rung)
    rungs[name] = {{"eur", micro(f.eur)},
                   {"home_minutes", f.home_minutes},
                   {"minutes", f.minutes},
                   {"moved_kwh", micro(f.moved_kwh)}};
  const CongestionFigures::Forecast& f = c.forecast;
  const auto share = [](std::uint64_t part, std::uint64_t of) {
    return micro(of == 0 ? 1 : static_cast<double>(part) / static_cast<double>(of));
  };
  std::uint64_t limited = 0, most = 0;
  for (const std::int64_t m : c.limited_minutes) {
    limited += m > 0 ? 1 : 0;
    most = std::max(most, static_cast<std::uint64_t>(m));
  }
  return {
      {"by_rung", rungs},
      {"cold_kelvin_hours", micro(c.cold_kh)},
      {"cost_eur", micro(c.eur)},
      {"curtailed_kwh", micro(c.curtailed_kwh)},
      {"ev_unmet_kwh", micro(c.ev_unmet_kwh)},
      {"forecast",
       {{"expected", f.expected},
        {"happened", f.happened},
        {"hits", f.hits},
        {"lead_h", micro(f.lead_h)},
        {"precision", share(f.hits, f.expected)},
        {"recall", share(f.hits, f.happened)}}},
      {"held_back_kwh", micro(c.held_back_kwh)},
      {"limited", {{"gini", micro(c.limited_gini)}, {"homes", limited}, {"most_minutes", most}}},
      {"owed_eur", micro(c.owed_eur)},
      {"rebound_kw", micro(c.rebound_kw)},
      {"rungs", c.rungs},
      {"shed_kwh", micro(c.shed_kwh)},
      {"slots_acted", c.slots_acted},
      {"slots_recorded", c.slots_recorded}};
}

json grid_json(const GridTotals& g, const std::vector<Summary::Element>& elements) {
  return {{"elements", elements_json(elements)},
          {"connections_outside_en50160", g.connections_outside},
          {"events", g.events},
          {"least_share_inside_en50160", micro(g.least_share_inside)},
          {"max_loading", micro(g.max_loading)},
          {"max_unbalance", micro(g.max_unbalance)},
          {"not_converged", g.not_converged},
          {"tap_changes", g.tap_changes},
          {"unsolved_bus", g.unsolved_bus},
          {"overload_kwh", micro(g.overload_kwh)},
          {"overload_minutes", micro(g.overload_minutes)},
          {"v_max_pu", micro(g.v_max_pu)},
          {"v_min_pu", micro(g.v_min_pu)},
          {"voltage_violation_minutes", micro(g.voltage_violation_minutes)},
          {"worst_element", g.worst_element}};
}

json or_null(const std::optional<double>& value) {
  return value ? json(micro(*value)) : json(nullptr);
}

// Where nobody could gain from a trade there is nothing to be efficient at.
std::optional<double> efficiency(std::int64_t welfare, std::int64_t optimal) {
  if (optimal <= 0) return std::nullopt;
  return static_cast<double>(welfare) / static_cast<double>(optimal);
}

// What sellers got for a kWh; 0 is a price like any other.
std::optional<double> mean_price(std::int64_t earned_micro_eur, std::int64_t traded_wh) {
  if (traded_wh <= 0) return std::nullopt;
  return eur(earned_micro_eur) / kwh(traded_wh);
}

json shadows_json(const Summary::Market& m) {
  json out = json::array();
  for (const Summary::Shadow& s : m.shadows)
    out.push_back(
        {{"efficiency", or_null(efficiency(s.welfare_micro_eur, s.optimal_welfare_micro_eur))},
         {"mean_price_eur_per_kwh", or_null(mean_price(s.earned_micro_eur, s.traded_wh))},
         {"mechanism", s.mechanism},
         {"slots_uncleared", s.slots_uncleared},
         {"traded_kwh", kwh(s.traded_wh)},
         {"turnover_eur", eur(s.earned_micro_eur)},
         {"welfare_eur", eur(s.welfare_micro_eur)}});
  return out;
}

// How evenly savings are spread (where somebody loses the indices have no meaning: null), and how
// concentrated both sides of the market are.
json fairness_json(const Summary::Market& m) {
  const auto concentration = [](const std::vector<std::int64_t>& wh) {
    const auto found = market::hhi(wh);
    return found ? json(*found) : json(nullptr);
  };
  return {{"gini_savings", or_null(market::gini(m.savings_micro_eur))},
          {"hhi_buyers", concentration(m.bought_wh)},
          {"hhi_sellers", concentration(m.sold_wh)},
          {"jain_savings", or_null(market::jain(m.savings_micro_eur))}};
}

json savings_json(const Summary::Market& m, double mean, std::int64_t least, std::int64_t losers) {
  json out = {{"losers", losers}, {"mean", micro(mean)}, {"min", eur(least)}};
  if (m.savings_micro_eur.size() > most_homes_listed) return out;
  out["by_home"] = json::array();
  for (const std::int64_t s : m.savings_micro_eur) out["by_home"].push_back(eur(s));
  return out;
}

json bills_json(const Summary::Market& m) {
  const auto sum =
      std::accumulate(m.bill_micro_eur.begin(), m.bill_micro_eur.end(), std::int64_t{0});
  const auto homes = static_cast<double>(std::max<std::size_t>(1, m.bill_micro_eur.size()));
  json out = {{"capacity_mean", micro(eur(m.capacity_micro_eur) / homes)},
              {"compensation", eur(m.compensation_micro_eur)},
              {"grid_operator_got", eur(m.operator_got_micro_eur)},
              {"grid_operator_paid", eur(m.operator_paid_micro_eur)},
              {"mean", micro(eur(sum) / homes)}};
  if (m.bill_micro_eur.size() > most_homes_listed) return out;
  out["by_home"] = json::array();
  for (const std::int64_t b : m.bill_micro_eur) out["by_home"].push_back(eur(b));
  return out;
}

json market_json(const Summary::Market& m) {
  std::int64_t sum = 0, least = 0, losers = 0;
  for (const std::int64_t s : m.savings_micro_eur) {
    sum += s;
    least = std::min(least, s);
    losers += s < 0 ? 1 : 0;
  }
  if (!m.savings_micro_eur.empty())
    least = *std::min_element(m.savings_micro_eur.begin(), m.savings_micro_eur.end());
  const auto homes = static_cast<double>(std::max<std::size_t>(1, m.savings_micro_eur.size()));
  const std::int64_t balance = m.paid_micro_eur - m.earned_micro_eur;
  return {{"bills_eur", bills_json(m)},
          {"budget_balance_eur", eur(balance)},
          {"congestion_rent_eur", eur(m.congestion_rent_micro_eur)},
          {"efficiency", or_null(efficiency(m.welfare_micro_eur, m.optimal_welfare_micro_eur))},
          {"fairness", fairness_json(m)},
          {"irrational_orders", m.irrational_orders},
          {"mean_price_eur_per_kwh", or_null(mean_price(m.earned_micro_eur, m.traded_wh))},
          {"mechanism", m.mechanism},
          {"money_residual_eur", eur(m.money_residual_micro_eur)},
          {"optimal_welfare_eur", eur(m.optimal_welfare_micro_eur)},
          {"orders", m.orders},
          {"rounding_eur", eur(balance - m.congestion_rent_micro_eur)},
          {"savings_eur", savings_json(m, eur(sum) / homes, least, losers)},
          {"shadows", shadows_json(m)},
          {"slots_due", m.slots_due},
          {"slots_settled", m.slots_settled},
          {"traded_kwh", kwh(m.traded_wh)},
          {"turnover_eur", eur(m.earned_micro_eur)},
          {"welfare_eur", eur(m.welfare_micro_eur)}};
}

json forecast_json(const Summary::Forecast& f) {
  return {{"mae_wh", micro(f.mae_wh)},
          {"n", f.n},
          {"persistence_mae_wh", micro(f.persistence_mae_wh)},
          {"skill_vs_persistence",
           micro(f.persistence_mae_wh > 0 ? 1 - f.mae_wh / f.persistence_mae_wh : 0)}};
}

json faults_json(const std::vector<FaultFinding>& faults) {
  json out = json::array();
  for (const FaultFinding& f : faults) {
    json by = json::object();
    for (const auto& [rule, found] : f.found_by)
      by[rule] = {{"after_s", micro(found.after.seconds())}, {"count", found.count}};
    out.push_back({{"at_s", micro(f.at.seconds())},
                   {"found_by", by},
                   {"kind", f.kind},
                   {"meters", f.meters.size()},
                   {"meters_found", f.found_meters.size()}});
  }
  return out;
}

json honest_json(const HonestFinding& h) {
  const double per_1000 =
      h.meter_days > 0 ? 1000 * static_cast<double>(h.quarantined) / h.meter_days : 0;
  return {{"by_rule", h.by_rule},
          {"meter_days", micro(h.meter_days)},
          {"meters", h.meters},
          {"quarantined", h.quarantined},
          {"quarantined_per_1000_meter_days", micro(per_1000)}};
}

json masked_sums_json(const Summary::MaskedSums& m) {
  return {{"bytes", m.bytes},      {"difference_wh", m.difference_wh},
          {"groups", m.groups},    {"hidden_home_slots", m.hidden_homes},
          {"home_slots", m.homes}, {"net_wh", m.net_wh},
          {"slots", m.slots}};
}

}  // namespace

double percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  const auto rank =
      static_cast<std::size_t>(std::ceil(p / 100 * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank == 0 ? 0 : rank - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

double balance_residual_kwh(const EnergyTotals& e) {
  return e.imported_kwh + e.generated_kwh - e.consumed_kwh - e.exported_kwh - e.losses_kwh -
         e.stored_delta_kwh - e.storage_losses_kwh;
}

namespace {

json device_json(const DeviceReport& d) {
  json out{{"name", d.name},
           {"polls", d.polls},
           {"errors", d.errors},
           {"gaps", d.gaps},
           {"late", d.late},
           {"shadow_readings", d.shadow_readings},
           {"jitter_ms", {{"p50", d.jitter_p50_ms}, {"p99", d.jitter_p99_ms}}},
           {"source", d.source}};
  if (d.records)
    out["records"] = {{"taken", d.records->taken},
                      {"held_readings", d.records->held_readings},
                      {"refused", d.records->refused}};
  return out;
}

}  // namespace

std::string to_json(const Summary& s, const std::vector<DeviceReport>& devices) {
  json j = {{"accounts", s.accounts},
            {"alerts", s.alerts},
            {"energy", energy_json(s.energy)},
            {"faults", faults_json(s.faults)},
            {"forecast", forecast_json(s.forecast)},
            {"grid", grid_json(s.grid, s.elements)},
            {"honest", honest_json(s.honest)},
            {"input_hash", ledger::to_hex(s.input_hash)},
            {"ledger", ledger_json(s.ledger)},
            {"market", market_json(s.market)},
            {"oracle", s.oracle},
            {"power_flows", s.grid.power_flows},
            {"readings", s.readings},
            {"scenario", s.scenario},
            {"seed", s.seed},
            {"simulated_s", micro(s.simulated_s)},
            {"tokens",
             {{"minted_wh", s.tokens.minted_wh},
              {"residual_wh", s.tokens.residual_wh},
              {"retired_wh", s.tokens.retired_wh}}}};
  if (!s.registry.empty()) j["registry"] = s.registry;
  if (!s.contracts.taken.empty())
    j["contracts"] = {{"curtailment_eur", eur(s.contracts.due_micro_eur)},
                      {"flexibility_eur", eur(s.contracts.paid_micro_eur)},
                      {"orders", s.contracts.orders},
                      {"relief_eur", eur(s.contracts.relief_micro_eur)},
                      {"signed", s.contracts.taken}};
  if (s.congestion) j["congestion"] = congestion_json(*s.congestion);
  if (s.masked_sums) j["masked_sums"] = masked_sums_json(*s.masked_sums);
  j["result_hash"] = ledger::to_hex(ledger::sha256(ledger::bytes_of(j.dump())));
  // What floating point leaves over differs between optimisation levels: shown, not hashed.
  j["energy"]["balance_residual_kwh"] = balance_residual_kwh(s.energy);
  for (const DeviceReport& d : devices) j["devices"].push_back(device_json(d));
  const double wall = std::max(s.wall_s, 1e-9);
  j["wall_s"] = s.wall_s;
  j["speed_up"] = s.simulated_s / wall;
  j["readings_per_s"] = static_cast<double>(s.readings) / wall;
  return j.dump(2) + "\n";
}

ledger::Result<std::string> without_account(const std::string& summary, const std::string& account,
                                            std::uint64_t record) {
  json j = json::parse(summary, nullptr, false);
  if (!j.is_object() || !j.contains("accounts") || !j["accounts"].is_array() ||
      !j.contains("energy") || !j["energy"].is_object())
    return ledger::failure("is not a run's summary");
  json& accounts = j["accounts"];
  accounts.erase(std::remove(accounts.begin(), accounts.end(), json(account)), accounts.end());
  json& erased = j["erased"];
  if (std::find(erased.begin(), erased.end(), json(record)) == erased.end())
    erased.push_back(record);
  json unhashed;
  for (const char* key : {"devices", "wall_s", "speed_up", "readings_per_s", "result_hash"})
    if (j.contains(key)) {
      unhashed[key] = j[key];
      j.erase(key);
    }
  const json residual = j["energy"].value("balance_residual_kwh", json());
  j["energy"].erase("balance_residual_kwh");
  unhashed["result_hash"] = ledger::to_hex(ledger::sha256(ledger::bytes_of(j.dump())));
  if (!residual.is_null()) j["energy"]["balance_residual_kwh"] = residual;
  j.update(unhashed);
  return j.dump(2) + "\n";
}

}  // namespace twin
