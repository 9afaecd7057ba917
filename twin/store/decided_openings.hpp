#pragma once
// What the openings of decided blocks say, read beside the state machine: the second path to money
// and tokens, how well forecasts were met, and how often the registry changed.

#include <map>
#include <optional>

#include "ai/forecast.hpp"
#include "market/entries/fee_change.hpp"
#include "market/settlement/statement_ledger.hpp"
#include "twin/node/deployment.hpp"
#include "twin/store/summary.hpp"

namespace twin {

class DecidedOpenings {
 public:
  DecidedOpenings(const Scenario& scenario, const Deployment& deployment);

  // In order of heights.
  void take(const ledger::Block& block);

  const market::StatementLedger& statements() const { return statements_; }
  std::uint64_t settlement_height() const { return settlement_height_; }  // of the newest; 0: none
  // Of the feeder, as far as homes forecast the slot.
  std::optional<std::int64_t> forecast_wh(ledger::Slot slot) const;
  Summary::Forecast forecast_score() const;
  const std::map<std::string, std::uint64_t>& registry_changes() const { return changes_; }
  // Without withdrawals, by template.
  const std::map<std::string, std::uint64_t>& contracts() const { return contracts_; }
  // Slots of which the grid operator told what it did.
  std::uint64_t grid_measures() const { return grid_measures_; }

 private:
  void count_change(const ledger::Transaction& tx);
  void take_registrations(const ledger::Transaction& tx);
  void take_opening(ledger::TransactionKind kind, const ledger::Bytes& data);
  void take_forecast(const market::Forecast& forecast);
  void score_forecast(const market::Statement& statement);

  ledger::Genesis genesis_;
  market::AddedFees fees_;
  market::StatementLedger statements_;
  // By slot, to come.
  std::map<std::uint32_t, std::vector<market::Correction>> corrections_;
  std::map<std::uint32_t, std::vector<market::HomeMeasure>> measures_;
  std::map<std::uint32_t, std::vector<market::Transfer>> transfers_;
  std::map<std::uint32_t, std::vector<market::Retirement>> retirements_;
  std::map<std::uint32_t, market::Forecast> forecast_of_meter_;
  std::map<std::uint32_t, std::vector<std::int64_t>> yesterday_of_meter_;
  std::map<std::uint32_t, std::int64_t> feeder_forecast_wh_;  // by slot
  ai::ForecastScore score_, persistence_score_;
  std::map<std::string, std::uint64_t> changes_;    // by kind
  std::map<std::string, std::uint64_t> contracts_;  // by template
  std::uint64_t settlement_height_ = 0, grid_measures_ = 0;
};

}  // namespace twin
