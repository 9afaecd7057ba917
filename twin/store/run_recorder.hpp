#pragma once
// What a run leaves behind: a host hands over the world's minutes and its nodes' effects, and gets
// a run's directory, its database and its summary. The same for both hosts.

#include <fstream>
#include <map>
#include <memory>
#include <optional>

#include "ai/forecast.hpp"
#include "market/statement_ledger.hpp"
#include "twin/node/deployment.hpp"
#include "twin/node/masked_totals.hpp"
#include "twin/node/recording.hpp"
#include "twin/store/run_directory.hpp"
#include "twin/store/run_writer.hpp"
#include "twin/store/summary.hpp"
#include "twin/store/world_minute.hpp"

namespace twin {

class RunRecorder {
 public:
  // `resolved`: the scenario with all defaults written out. Writes the directory's first files.
  static ledger::Result<std::unique_ptr<RunRecorder>> create(
      const std::string& directory, const Scenario& scenario, const Network& network,
      const Deployment& deployment, const std::string& resolved, const ledger::Hash& input_hash);

  const RunDescription& description() const { return description_; }
  const std::string& directory() const { return directory_.path(); }

  // The first failure to write, here or in `effect` before.
  ledger::Result<void> minute(const WorldMinute& minute);
  void effect(NodeId from, Instant now, const Effect& effect);
  // A message that leaves, or is lost on its way. Those of homes to their gateway do not count.
  void message(NodeId from, Instant now, const Send& message, bool arrives);

  bool records(NodeId node) const { return recorded_ == node; }
  void recording_begins(const ValidatorConfig& config);
  void recording_step(Instant now, const Inputs& inputs,
                      const std::vector<ledger::Signature>& signatures,
                      std::span<const Effect> effects);
  void recording_restarts();
  void recording_ends(const RecordedRoots& roots);

  std::uint32_t settled_slots() const { return settled_slots_; }
  // Whether the newest checkpoint with a quorum covers the newest settlement.
  bool checkpoint_covers_settlements() const {
    return checkpoint_height_ >= settlement_height_ && settlement_height_ > 0;
  }
  const Snapshot& snapshot() const { return snapshot_; }
  std::uint64_t readings() const { return summary_.readings; }

  // What the grid went through, once at the end.
  void grid_ends(const GridFigures& figures);
  // Publishes what is decided; the observer gives the second path to money and tokens.
  void chain_ends(const ValidatorNode& observer);
  // Writes summary.json and closes the database; gives the summary's text.
  ledger::Result<std::string> finish(double wall_s, const std::vector<DeviceReport>& devices = {});

 private:
  RunRecorder(RunDirectory directory, RunWriter writer, const Scenario& scenario,
              RunDescription description, const Deployment& deployment);
  void take_persist(NodeId from, Instant now, const Persist& persist);
  void take_block(Instant now, const Persist& persist);
  void take_posted(Instant now, const ledger::Block& block);
  void take_openings(const ledger::Block& block);
  void take_event(NodeId from, Instant now, const Event& event);
  void take_signed_twice(const Persist& persist);
  void take_block_event(Instant now, const BlockDecided& block);
  void take_alert(Instant now, const AlertRaised& alert);
  void take_oracle_event(NodeId from, Instant now, const Event& event);
  void take_findings(Instant now, const ledger::FeederFindings& found);
  void take_feeder_alert(Instant now, int kind, AlertRow row, bool raised, std::uint32_t which = 0);
  void take_slot(const market::ClosedSlot& slot);
  void write_statements(const market::ClosedSlot& slot);
  void write_postings(const market::ClosedSlot& slot);
  void sum_masked(const market::ClosedSlot& slot);
  void score_forecast(const market::Statement& statement);
  void count_missed_slots();
  void publish();
  void record(ledger::BytesView bytes);
  void keep_recording();  // its failure, where there is one
  void keep(const Stored<void>& stored);
  void keep(const ledger::Result<void>& result);
  std::string name_of_meter(std::uint32_t meter) const;
  std::string name_of_account(const ledger::AccountId& account) const;

  RunDirectory directory_;
  std::ofstream recording_;
  RunWriter writer_;
  Scenario scenario_;
  RunDescription description_;
  Summary summary_;
  NodeId observer_, first_fleet_;
  Directory nodes_;
  std::optional<NodeId> recorded_;
  std::string failure_;  // the first one
  Snapshot snapshot_;
  market::Tariff tariff_;
  market::StatementLedger statements_;
  FaultFindings findings_;
  std::set<Bytes> signed_twice_;  // kind, gateway and number of those kept
  std::map<std::uint32_t, std::vector<market::Correction>> corrections_;  // by slot, to come
  std::map<ledger::AccountId, std::uint32_t> home_of_account_;
  ledger::Ed25519Verifier verifier_;  // the operator's
  std::optional<MaskedTotals> masked_totals_;
  std::map<std::uint32_t, market::Forecast> forecast_of_meter_;
  std::map<std::uint32_t, std::vector<std::int64_t>> yesterday_of_meter_;
  std::map<std::uint32_t, std::int64_t> feeder_forecast_wh_;  // by slot
  ai::ForecastScore score_, persistence_score_;
  std::map<std::pair<int, std::uint32_t>, std::int64_t> open_alerts_;  // kind, meter: row
  std::vector<std::string> active_alerts_;
  std::set<Hash> said_;             // by gateways, of what they say again
  std::map<Hash, Instant> posted_;  // not decided yet: SHA-256 of its encoding, when it was posted
  Summary::Ledger::Traffic traffic_;  // since the last decision
  std::string checkpoint_;
  std::uint64_t checkpoint_height_ = 0, checkpoint_size_ = 0, published_height_ = 0;
  std::uint64_t settlement_height_ = 0;
  std::uint32_t settled_slots_ = 0;
  ledger::Duration end_;
};

}  // namespace twin
