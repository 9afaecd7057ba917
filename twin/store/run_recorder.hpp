#pragma once
// What a run leaves behind: a host hands over the world's minutes and its nodes' effects, and gets
// a run's directory, its database and its summary. The same for both hosts.

#include <fstream>
#include <memory>
#include <optional>
#include <set>

#include "twin/node/deployment.hpp"
#include "twin/node/validator/recording.hpp"
#include "twin/store/alert_recorder.hpp"
#include "twin/store/decided_openings.hpp"
#include "twin/store/fault_findings.hpp"
#include "twin/store/message_counts.hpp"
#include "twin/store/run_directory.hpp"
#include "twin/store/shadow_markets.hpp"
#include "twin/store/slot_recorder.hpp"
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
  void message(NodeId from, Instant now, const Send& message, bool arrives) {
    messages_.take(from, now, message, arrives);
  }

  // A record that the account's charging station signed, as it came: records/ACCOUNT.ocmf.
  ledger::Result<void> signed_record(const ledger::AccountId& account, const std::string& record);

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
    const std::uint64_t settled = openings_.settlement_height();
    return checkpoint_height_ >= settled && settled > 0;
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
              RunDescription description, const Deployment& deployment, ShadowFeeder shadow_feeder);
  void take_persist(NodeId from, Instant now, const Persist& persist);
  void take_block(Instant now, const Persist& persist);
  void take_event(NodeId from, Instant now, const Event& event);
  void take_signed_twice(const Persist& persist);
  void take_block_event(Instant now, const BlockDecided& block);
  void take_oracle_event(NodeId from, Instant now, const Event& event);
  void take_slot(const market::ClosedSlot& slot);
  void count_missed_slots();
  void publish();
  void record(ledger::BytesView bytes);
  void keep_recording();  // its failure, where there is one

  RunDirectory directory_;
  std::ofstream recording_;
  RunWriter writer_;
  Scenario scenario_;
  RunDescription description_;
  Summary summary_;
  Directory nodes_;
  NodeId observer_;
  std::optional<NodeId> recorded_;
  FirstFailure failure_;
  Snapshot snapshot_;
  DecidedOpenings openings_;
  MessageCounts messages_;
  SlotRecorder slots_;
  ShadowMarkets shadows_;
  AlertRecorder alerts_;
  FaultFindings findings_;
  std::optional<CongestionCounter> congestion_;
  std::set<Bytes> signed_twice_;  // kind, gateway and number of those kept
  std::string checkpoint_;
  std::uint64_t checkpoint_height_ = 0, checkpoint_size_ = 0, published_height_ = 0;
  std::uint32_t settled_slots_ = 0;
  ledger::Duration end_;
};

}  // namespace twin
