#include "viz/report/summary.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace viz {
namespace {

using Json = nlohmann::json;

const Json* find(const Json& root, std::string_view group, const char* key) {
  const Json* at = &root;
  if (!group.empty()) {
    const auto inner = root.find(group);
    if (inner == root.end() || !inner->is_object()) return nullptr;
    at = &*inner;
  }
  const auto value = at->find(key);
  return value == at->end() ? nullptr : &*value;
}

struct NumberKey {
  std::optional<double> Summary::*field;
  const char* group;
  const char* key;
};

struct TextKey {
  std::string Summary::*field;
  const char* group;
  const char* key;
};

constexpr NumberKey number_keys[] = {
    {&Summary::simulated_s, "", "simulated_s"},
    {&Summary::wall_s, "", "wall_s"},
    {&Summary::speed_up, "", "speed_up"},
    {&Summary::readings, "", "readings"},
    {&Summary::readings_per_s, "", "readings_per_s"},
    {&Summary::power_flows, "", "power_flows"},
    {&Summary::consumed_kwh, "energy", "consumed_kwh"},
    {&Summary::generated_kwh, "energy", "generated_kwh"},
    {&Summary::imported_kwh, "energy", "imported_kwh"},
    {&Summary::exported_kwh, "energy", "exported_kwh"},
    {&Summary::losses_kwh, "energy", "losses_kwh"},
    {&Summary::curtailed_kwh, "energy", "curtailed_kwh"},
    {&Summary::balance_residual_kwh, "energy", "balance_residual_kwh"},
    {&Summary::self_sufficiency, "energy", "self_sufficiency"},
    {&Summary::self_consumption, "energy", "self_consumption"},
    {&Summary::overload_minutes, "grid", "overload_minutes"},
    {&Summary::voltage_violation_minutes, "grid", "voltage_violation_minutes"},
    {&Summary::max_loading, "grid", "max_loading"},
    {&Summary::max_unbalance, "grid", "max_unbalance"},
    {&Summary::least_share_inside, "grid", "least_share_inside_en50160"},
    {&Summary::connections_outside, "grid", "connections_outside_en50160"},
    {&Summary::v_min_pu, "grid", "v_min_pu"},
    {&Summary::v_max_pu, "grid", "v_max_pu"},
    {&Summary::traded_kwh, "market", "traded_kwh"},
    {&Summary::turnover_eur, "market", "turnover_eur"},
    {&Summary::mean_price_eur_per_kwh, "market", "mean_price_eur_per_kwh"},
    {&Summary::efficiency, "market", "efficiency"},
    {&Summary::money_residual_eur, "market", "money_residual_eur"},
    {&Summary::welfare_eur, "market", "welfare_eur"},
    {&Summary::optimal_welfare_eur, "market", "optimal_welfare_eur"},
    {&Summary::budget_balance_eur, "market", "budget_balance_eur"},
    {&Summary::congestion_rent_eur, "market", "congestion_rent_eur"},
    {&Summary::rounding_eur, "market", "rounding_eur"},
    {&Summary::orders, "market", "orders"},
    {&Summary::irrational_orders, "market", "irrational_orders"},
    {&Summary::ladder_cost_eur, "congestion", "cost_eur"},
    {&Summary::held_back_kwh, "congestion", "held_back_kwh"},
    {&Summary::shed_kwh, "congestion", "shed_kwh"},
    {&Summary::ev_unmet_kwh, "congestion", "ev_unmet_kwh"},
    {&Summary::cold_kelvin_hours, "congestion", "cold_kelvin_hours"},
    {&Summary::rebound_kw, "congestion", "rebound_kw"},
    {&Summary::minted_wh, "tokens", "minted_wh"},
    {&Summary::retired_wh, "tokens", "retired_wh"},
    {&Summary::tokens_residual_wh, "tokens", "residual_wh"},
    {&Summary::height, "ledger", "height"},
    {&Summary::transactions, "ledger", "transactions"},
    {&Summary::log_size, "ledger", "log_size"},
    {&Summary::rounds_max, "ledger", "rounds_max"},
    {&Summary::missed_slots, "ledger", "missed_slots"},
    {&Summary::evidence, "ledger", "evidence"},
};

constexpr TextKey text_keys[] = {
    {&Summary::worst_element, "grid", "worst_element"},
    {&Summary::log_root, "ledger", "log_root"},
    {&Summary::state_root, "ledger", "state_root"},
    {&Summary::content_root, "ledger", "content_root"},
    {&Summary::result_hash, "", "result_hash"},
    {&Summary::input_hash, "", "input_hash"},
};

std::optional<double> number_at(const Json& root, std::string_view group, const char* key) {
  const Json* value = find(root, group, key);
  if (!value || !value->is_number()) return std::nullopt;
  return value->get<double>();
}

// Of the ledger: {"count", ...} and the like.
const Json* inner(const Json& root, const char* group, const char* key) {
  const Json* found = find(root, group, key);
  return found && found->is_object() ? found : nullptr;
}

void read_consensus(const Json& root, Summary& out) {
  if (const Json* rounds = inner(root, "ledger", "rounds"))
    out.rounds_mean = number_at(*rounds, "", "mean");
  if (const Json* messages = inner(root, "ledger", "messages")) {
    out.messages = number_at(*messages, "", "count");
    out.message_bytes = number_at(*messages, "", "bytes");
    out.messages_lost = number_at(*messages, "", "lost");
  }
  if (const Json* posted = inner(root, "ledger", "posted")) {
    out.posted = number_at(*posted, "", "count");
    out.posted_undecided = number_at(*posted, "", "undecided");
    out.posted_p50_ms = number_at(*posted, "decided_ms", "p50");
    out.posted_p99_ms = number_at(*posted, "decided_ms", "p99");
  }
}

void read_shadows(const Json& root, Summary& out) {
  const Json* shadows = find(root, "market", "shadows");
  if (!shadows || !shadows->is_array()) return;
  for (const Json& shadow : *shadows) {
    const Json* name = shadow.is_object() ? find(shadow, "", "mechanism") : nullptr;
    if (name && name->is_string())
      out.shadows.push_back({name->get<std::string>(), number_at(shadow, "", "traded_kwh"),
                             number_at(shadow, "", "turnover_eur"),
                             number_at(shadow, "", "mean_price_eur_per_kwh"),
                             number_at(shadow, "", "efficiency")});
  }
}

std::string text_at(const Json& root, const char* key) {
  const Json* found = root.is_object() ? find(root, "", key) : nullptr;
  return found && found->is_string() ? found->get<std::string>() : std::string();
}

void read_elements(const Json& root, Summary& out) {
  const Json* elements = find(root, "grid", "elements");
  if (!elements || !elements->is_array()) return;
  for (const Json& e : *elements) {
    if (!e.is_object()) continue;
    const auto overload = number_at(e, "", "overload_minutes");
    out.elements.push_back({text_at(e, "name"), number_at(e, "", "max_loading"),
                            number_at(e, "", "overload_kwh"), number_at(e, "", "v_min_pu"),
                            number_at(e, "", "v_max_pu"),
                            overload ? overload : number_at(e, "", "minutes_outside")});
  }
}

void read_ladder(const Json& root, Summary& out) {
  out.has_ladder = find(root, "congestion", "rungs") != nullptr;
  if (const Json* limited = inner(root, "congestion", "limited")) {
    out.limited_homes = number_at(*limited, "", "homes");
    out.most_limited_minutes = number_at(*limited, "", "most_minutes");
    out.limited_gini = number_at(*limited, "", "gini");
  }
  if (const Json* forecast = inner(root, "congestion", "forecast")) {
    out.forecast_expected = number_at(*forecast, "", "expected");
    out.forecast_happened = number_at(*forecast, "", "happened");
    out.forecast_hits = number_at(*forecast, "", "hits");
    out.forecast_lead_h = number_at(*forecast, "", "lead_h");
  }
  if (const Json* rungs = inner(root, "congestion", "by_rung"))
    for (const auto& [name, r] : rungs->items())
      if (r.is_object())
        out.rungs.push_back({name, number_at(r, "", "minutes"), number_at(r, "", "home_minutes"),
                             number_at(r, "", "moved_kwh"), number_at(r, "", "eur")});
}

void read_bills(const Json& root, Summary& out) {
  const Json* bills = inner(root, "market", "bills_eur");
  if (!bills) return;
  out.bill_mean_eur = number_at(*bills, "", "mean");
  out.bill_capacity_eur = number_at(*bills, "", "capacity_mean");
  out.operator_got_eur = number_at(*bills, "", "grid_operator_got");
  out.operator_paid_eur = number_at(*bills, "", "grid_operator_paid");
  out.compensation_eur = number_at(*bills, "", "compensation");
  const Json* homes = find(*bills, "", "by_home");
  if (!homes || !homes->is_array()) return;
  for (const Json& home : *homes) {
    if (!home.is_number()) continue;
    const double eur = home.get<double>();
    out.bill_least_eur = std::min(out.bill_least_eur.value_or(eur), eur);
    out.bill_most_eur = std::max(out.bill_most_eur.value_or(eur), eur);
  }
}

// The groups that lie one level deeper.
void read_nested(const Json& root, Summary& out) {
  read_consensus(root, out);
  read_shadows(root, out);
  read_elements(root, out);
  read_ladder(root, out);
  if (const Json* fairness = inner(root, "market", "fairness")) {
    out.jain_savings = number_at(*fairness, "", "jain_savings");
    out.gini_savings = number_at(*fairness, "", "gini_savings");
    out.hhi_sellers = number_at(*fairness, "", "hhi_sellers");
    out.hhi_buyers = number_at(*fairness, "", "hhi_buyers");
  }
  if (const Json* finality = inner(root, "ledger", "finality_ms")) {
    out.finality_p50_ms = number_at(*finality, "", "p50");
    out.finality_p95_ms = number_at(*finality, "", "p95");
    out.finality_p99_ms = number_at(*finality, "", "p99");
  }
  read_bills(root, out);
  if (const Json* savings = inner(root, "market", "savings_eur")) {
    out.savings_mean_eur = number_at(*savings, "", "mean");
    out.savings_min_eur = number_at(*savings, "", "min");
    out.losers = number_at(*savings, "", "losers");
  }
}

}  // namespace

tl::expected<Summary, std::string> parse_summary(std::string_view json) {
  const Json root = Json::parse(json, nullptr, false);
  if (root.is_discarded()) return tl::unexpected(std::string("the summary is not JSON"));
  if (!root.is_object()) return tl::unexpected(std::string("the summary is not a JSON object"));
  Summary out;
  for (const NumberKey& key : number_keys) out.*key.field = number_at(root, key.group, key.key);
  for (const TextKey& key : text_keys)
    if (const Json* value = find(root, key.group, key.key); value && value->is_string())
      out.*key.field = value->get<std::string>();
  read_nested(root, out);
  return out;
}

}  // namespace viz
