#pragma once
// What a run keeps of each settled slot: its rows in run.db, the summary's trade and savings, and
// where the scenario asks for it the sum that the grid operator learns.

#include <map>
#include <optional>

#include "market/state/market_state.hpp"
#include "twin/node/base/masked_totals.hpp"
#include "twin/node/deployment.hpp"
#include "twin/store/first_failure.hpp"
#include "twin/store/run_writer.hpp"
#include "twin/store/summary.hpp"

namespace twin {

class SlotRecorder {
 public:
  // All outlive it; of the summary it fills market and masked_sums.
  SlotRecorder(const Scenario& scenario, const Deployment& deployment, RunWriter& writer,
               Summary& summary, FirstFailure& failure);

  // `forecast_wh`: of the feeder. Gives the slot's row.
  SlotRow take(const market::ClosedSlot& slot, std::optional<std::int64_t> forecast_wh);

 private:
  SlotRow row_of(const market::ClosedSlot& slot) const;
  void count_welfare(const market::ClosedSlot& slot);
  void count_orders(const market::ClosedSlot& slot);
  void count_contracts(const market::ClosedSlot& slot);
  void write_statements(const market::ClosedSlot& slot);
  void write_postings(const market::ClosedSlot& slot);
  void count_bills(const market::Posting& posting);
  void sum_masked(const market::ClosedSlot& slot);
  std::string name_of_account(const ledger::AccountId& account) const;

  const Scenario& scenario_;
  RunWriter& writer_;
  Summary& summary_;
  FirstFailure& failure_;
  std::map<ledger::AccountId, std::uint32_t> home_of_account_;
  ledger::Ed25519Verifier verifier_;  // the operator's
  std::optional<MaskedTotals> masked_totals_;
};

}  // namespace twin
