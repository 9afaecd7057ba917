#pragma once
// The figures of a run: summary.json and what `run --json` prints. Key names and units are fixed by
// the command line's contract; result_hash is SHA-256 of the canonical text (keys sorted, no
// spaces) without wall_s, speed_up, readings_per_s and itself.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"
#include "twin/congestion/congestion_figures.hpp"
#include "twin/store/fault_findings.hpp"
#include "twin/world/world.hpp"

namespace twin {

struct Summary {
  std::string scenario;
  std::uint64_t seed = 0;
  ledger::Hash input_hash{};
  double simulated_s = 0, wall_s = 0;
  std::uint64_t readings = 0;

  struct Ledger {
    std::uint64_t height = 0, transactions = 0, log_size = 0;
    ledger::Hash log_root{}, state_root{}, content_root{};
    std::vector<double> finality_ms;  // of each block, from its time to the observer's decision
    std::vector<double> delay_ms;     // of each block, from when it was due to that decision
    std::uint32_t rounds_max = 0;
    std::map<std::uint32_t, std::uint64_t> blocks_by_rounds;
    // Block h's slot is the interval h of the block grid. Missed: it ended before the observer
    // had decided the block, as far as it ended within the run.
    std::uint64_t missed_slots = 0;
    std::uint64_t refused = 0;   // inputs that some node refused
    std::uint64_t evidence = 0;  // of validators that signed two statements for one step

    // Between gateways, validators and observer; a lost one counts as sent.
    struct Traffic {
      std::uint64_t messages = 0, bytes = 0;
    };
    std::map<std::string, Traffic> traffic;  // by kind
    std::uint64_t messages_lost = 0;

    // What gateways posted, and how long each took from there to the observer's decision.
    std::uint64_t posted = 0, undecided = 0;
    std::vector<double> post_to_decision_ms;
  } ledger;

  EnergyTotals energy;
  GridTotals grid;
  // Elements that were outside of their limits, lines first, then transformers, then connections.
  struct Element {
    std::string name;
    bool is_connection = false;
    double max_loading = 0, overload_minutes = 0, overload_kwh = 0;  // of a branch
    double v_min_pu = 0, v_max_pu = 0, minutes_outside = 0;          // of a connection
  };
  std::vector<Element> elements;
  std::optional<CongestionFigures> congestion;  // where there is a grid operator

  struct Shadow {  // another mechanism on the same orders, before metering
    std::string mechanism;
    std::int64_t traded_wh = 0, earned_micro_eur = 0;  // by sellers
    std::int64_t welfare_micro_eur = 0, optimal_welfare_micro_eur = 0;
    std::uint64_t slots_uncleared = 0;  // in which it found no result, and nothing traded
  };

  struct Market {
    std::string mechanism;
    std::uint64_t slots_due = 0, slots_settled = 0;  // of the simulated time
    std::int64_t traded_wh = 0;
    // By market/clearing/clearing.hpp, at what the traded energy is worth.
    std::int64_t welfare_micro_eur = 0, optimal_welfare_micro_eur = 0;
    std::int64_t money_residual_micro_eur = 0;
    std::vector<std::int64_t> savings_micro_eur;  // by home, against the retailer alone
    // What each home paid by the ledger's postings of settled slots, less what it got.
    std::vector<std::int64_t> bill_micro_eur;
    std::int64_t capacity_micro_eur = 0;  // of all bills together: for a month's highest import
    std::int64_t operator_got_micro_eur = 0, operator_paid_micro_eur = 0;  // the grid operator
    std::int64_t compensation_micro_eur = 0;  // of that, to homes for measures and as relief
    std::vector<Shadow> shadows;
    std::vector<std::int64_t> bought_wh, sold_wh;           // by home
    std::int64_t paid_micro_eur = 0, earned_micro_eur = 0;  // for trades, by buyers and sellers
    std::int64_t congestion_rent_micro_eur = 0;  // of the difference, the grid operator's
    std::uint64_t orders = 0;
    std::uint64_t irrational_orders = 0;  // that traded at a price worse than their limit
  } market;

  struct Tokens {
    std::int64_t minted_wh = 0, retired_wh = 0, residual_wh = 0;
  } tokens;

  struct Forecast {
    double mae_wh = 0, persistence_mae_wh = 0;  // of a home and slot
    std::uint64_t n = 0;
  } forecast;

  struct MaskedSums {
    std::uint64_t groups = 0, slots = 0;
    std::uint64_t homes = 0, hidden_homes = 0;  // over all slots: in a sum, in none for their few
    std::int64_t net_wh = 0;         // the sum of all slots, as the operator learns it ...
    std::int64_t difference_wh = 0;  // ... less the same homes' statements
    std::uint64_t bytes = 0;
  };
  std::optional<MaskedSums> masked_sums;  // where the scenario asks for them

  std::map<std::string, std::uint64_t> alerts, oracle;
  std::map<std::string, std::uint64_t> registry;  // how often it changed on the ledger, by kind
  struct Contracts {
    std::map<std::string, std::uint64_t> taken;  // that the ledger took, by template
    std::uint64_t orders = 0;                    // that they made
    std::int64_t paid_micro_eur = 0;             // by the grid operator for flexibility ...
    std::int64_t relief_micro_eur = 0;           // ... and as relief for controllable load ...
    std::int64_t due_micro_eur = 0;              // ... and to it for curtailment
  } contracts;                                   // shown where there are some
  std::vector<FaultFinding> faults;
  HonestFinding honest;
  std::vector<std::string> accounts;
};

// One real meter of a field run. Its times are real: it is no part of the result's hash.
struct DeviceReport {
  std::string name;  // the home it stands for
  std::uint64_t polls = 0, errors = 0, gaps = 0, late = 0;
  std::uint64_t shadow_readings = 0;  // where the twin's own home stood in
  double jitter_p50_ms = 0, jitter_p99_ms = 0;
  // Of the last reading: "modbus" or "shadow"; of a station "ocmf" (a signed record), "held" (its
  // registers as they were signed last) or "none".
  std::string source;
  // Of a station that signs records. It has no shadow.
  struct Records {
    std::uint64_t taken = 0;
    std::uint64_t held_readings = 0;               // of registers as they were signed last
    std::map<std::string, std::uint64_t> refused;  // by reason
  };
  std::optional<Records> records;
};

// One JSON object, keys sorted, two spaces of indentation, a newline at the end. `devices` where
// there are some.
std::string to_json(const Summary& summary, const std::vector<DeviceReport>& devices = {});

// A summary's text without an account's id, with the record that erased its data in `erased`, its
// result hash made anew.
ledger::Result<std::string> without_account(const std::string& summary, const std::string& account,
                                            std::uint64_t record);

// imported + generated - consumed - exported - losses - stored_delta - storage_losses, kWh.
double balance_residual_kwh(const EnergyTotals& energy);

// Of p percent, by nearest rank; 0 where there are no values.
double percentile(std::vector<double> values, double p);

}  // namespace twin
