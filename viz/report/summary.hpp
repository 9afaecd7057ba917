#pragma once
// The figures of summary.json that the report shows. Each may be missing.

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace viz {

struct ShadowFigures {
  std::string mechanism;
  std::optional<double> traded_kwh, turnover_eur, mean_price_eur_per_kwh, efficiency;
};

struct Summary {
  std::optional<double> simulated_s, wall_s, speed_up, readings, readings_per_s, power_flows;
  std::optional<double> consumed_kwh, generated_kwh, imported_kwh, exported_kwh, losses_kwh;
  std::optional<double> curtailed_kwh, balance_residual_kwh, self_sufficiency, self_consumption;
  std::optional<double> overload_minutes, voltage_violation_minutes, max_loading;
  std::optional<double> v_min_pu, v_max_pu, max_unbalance;
  std::optional<double> least_share_inside, connections_outside;  // EN 50160
  std::optional<double> traded_kwh, turnover_eur, mean_price_eur_per_kwh, efficiency;
  std::optional<double> money_residual_eur, savings_mean_eur, savings_min_eur, losers;
  std::optional<double> minted_wh, retired_wh, tokens_residual_wh;
  std::optional<double> height, transactions, log_size, rounds_max;
  std::optional<double> missed_slots, evidence, rounds_mean;
  std::optional<double> messages, message_bytes, messages_lost;
  std::optional<double> posted, posted_undecided, posted_p50_ms, posted_p99_ms;
  std::optional<double> finality_p50_ms, finality_p95_ms, finality_p99_ms;
  std::vector<ShadowFigures> shadows;  // other mechanisms on the same orders
  std::optional<double> welfare_eur, optimal_welfare_eur, budget_balance_eur;
  std::optional<double> congestion_rent_eur, rounding_eur;  // which make up the balance
  std::optional<double> orders, irrational_orders;
  std::optional<double> jain_savings, gini_savings, hhi_sellers, hhi_buyers;

  struct Element {  // outside of its limits at some time: a branch, or a connection
    std::string name;
    std::optional<double> max_loading, overload_kwh;
    std::optional<double> v_min_pu, v_max_pu;
    std::optional<double> minutes;
  };
  std::vector<Element> elements;
  struct Rung {  // that limited somebody
    std::string name;
    std::optional<double> minutes, home_minutes, moved_kwh, eur;
  };
  bool has_ladder = false;
  std::vector<Rung> rungs;
  std::optional<double> limited_homes, most_limited_minutes, limited_gini, ladder_cost_eur;
  std::optional<double> compensation_eur;  // of what it paid: to homes for measures, and relief
  std::optional<double> bill_mean_eur, bill_least_eur, bill_most_eur, bill_capacity_eur;
  std::optional<double> operator_got_eur, operator_paid_eur;
  std::optional<double> held_back_kwh, shed_kwh, ev_unmet_kwh, cold_kelvin_hours, rebound_kw;
  std::optional<double> forecast_expected, forecast_happened, forecast_hits, forecast_lead_h;
  std::string worst_element, log_root, state_root, content_root, result_hash, input_hash;
};

// The message says what is wrong with the text. Keys of other types than expected count as missing.
tl::expected<Summary, std::string> parse_summary(std::string_view json);

}  // namespace viz
