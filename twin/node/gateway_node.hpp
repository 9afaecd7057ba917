#pragma once
// A gateway: verifies its meters' minutes, judges each reading by the oracle's rules, commits all
// of them in one batch an interval, seals their openings, posts the slot's marks and relays its
// homes' orders, forecasts and papers of meter swaps to the validators.
//
// It listens to its own fleet only. A batch is posted once its interval has ended by the clock,
// with one record a meter: the newest minute whose signature holds, or else one that fails it,
// committed and quarantined, from which nothing is taken, or else the meter's absence. A minute
// that brings no new sequence is known already and is answered by nothing. A minute that was
// overtaken by a newer one before its batch was posted is told and shows as a gap.

#include <map>

#include "ai/alerts.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/metered_point.hpp"
#include "twin/node/directory.hpp"
#include "twin/node/messages.hpp"
#include "twin/node/node.hpp"
#include "twin/node/records.hpp"

namespace twin {

// What a gateway knows of one of its meters: the personal key of the month, never the root key.
struct GatewayMeter {
  market::Registration registration;
  ledger::SubjectKey personal_key{}, restricted_key{};
  double nominal_v = 230;  // of its connection, phase to ground
};

struct GatewayConfig {
  ledger::GatewayId gateway;
  Directory directory;
  ledger::Genesis genesis;
  std::vector<GatewayMeter> meters;       // by rising meter id
  std::vector<Bytes> registrations;       // signed by the registrar, posted at the start
  std::int64_t transformer_w = 0;         // alerts: rating at unity power factor ...
  double v_min_pu = 0.9, v_max_pu = 1.1;  // ... and the band, of each meter's nominal voltage
  ledger::Duration batch_patience = ledger::seconds(2);  // wait for late meters after an interval
};

class GatewayNode final : public Node {
 public:
  // Signer, verifier and records are the host's and outlive the node.
  GatewayNode(GatewayConfig config, ledger::Signer& signer, ledger::Verifier& verifier,
              const Records& records);
  ~GatewayNode() override;
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

 private:
  struct MeterState;
  void recover(const Records& records);
  void start(Outbox& outbox);
  void receive(Instant now, const PeerMessage& message, Outbox& outbox);
  void take_minute(Instant now, NodeId from, MeterMinute minute, Outbox& outbox);
  void take_transaction(const ledger::Transaction& tx, NodeId from, Outbox& outbox);
  ledger::Result<void> take_order(const ledger::Transaction& tx) const;
  ledger::Result<void> take_papers(const ledger::Transaction& tx);
  ledger::MeterRecord judge(MeterState& state, Outbox& outbox);
  void watch(MeterState& state, const MeterMinute& minute, Outbox& outbox);
  void raise(std::vector<ai::AlertChange> changes, Outbox& outbox);
  void post_batch(Outbox& outbox);
  // One meter's part of the batch being posted.
  struct Leaves {
    std::vector<Hash> all, quarantined;
    std::vector<std::int64_t> imports, exports;  // of the homes that add to the sums
  };
  void add_record(MeterState& state, ledger::Batch& batch, Leaves& leaves,
                  std::vector<Bytes>& openings, Outbox& outbox);
  ledger::Transaction batch_of(ledger::Batch batch, const Leaves& leaves);
  ledger::Transaction marks_of(ledger::Slot slot);
  Bytes record() const;
  void send_out(const std::vector<Bytes>& messages, const std::vector<Bytes>& openings,
                Outbox& outbox) const;
  void post_forecast(const FleetForecast& forecast, Outbox& outbox);
  void sign(ledger::Transaction& tx);
  bool all_arrived() const;
  Instant batch_end() const;

  GatewayConfig config_;
  ledger::Signer& signer_;
  ledger::Verifier& verifier_;
  Hash chain_id_;
  ledger::Nights nights_;
  std::vector<MeterState> meters_;
  std::map<std::uint32_t, std::size_t> index_of_meter_;
  std::uint32_t epoch_ = 1;  // of the batch being collected
  Hash previous_entry_{};
  std::vector<Bytes> last_messages_, last_openings_;  // of the last batch, and papers since then
  std::string unreadable_;                            // of the records: why
  bool started_ = false;
};

}  // namespace twin
