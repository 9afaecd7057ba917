#pragma once
// A gateway: verifies its meters' minutes, judges each reading by the oracle's rules, commits all
// of them in one batch an interval, seals their openings, posts the slot's marks and relays its
// homes' orders, forecasts and papers of meter swaps to the validators.
//
// It takes minutes from its own fleet only. A batch is posted once its interval has ended by the
// clock, with one record a meter: the newest minute whose signature holds, or else one that fails
// it, committed and quarantined, from which nothing is taken, or else the meter's absence.
//
// Store and forward, in two steps that each keep until the next one has. A meter keeps its readings
// until the gateway's disk has them (`received`); what was not answered comes again, in one minute
// with what is newer, so that each reading is committed once. The gateway keeps its batches, marks
// and papers until the ledger has them (unconfirmed.hpp). Both are bounded: where the gateway has
// no room it takes no minute, says absent, and its meters keep; where a meter has no room its
// oldest readings are gone, and their sequences show the gap.
//
// Where genesis wants attesters, it opens each batch and each slot's marks to the oracles and posts
// what enough of them sign (attesting.hpp).

#include <deque>
#include <map>

#include "ai/alerts.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/metered_point.hpp"
#include "twin/node/attesting.hpp"
#include "twin/node/directory.hpp"
#include "twin/node/messages.hpp"
#include "twin/node/node.hpp"
#include "twin/node/records.hpp"
#include "twin/node/unconfirmed.hpp"

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
  std::size_t room = 16u << 20;  // bytes of minutes that wait for their batch, and of messages kept
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
  void start(Instant now, Outbox& outbox);
  void take_progress(const PeerMessage& message, Outbox& outbox);
  void receive_from_home(Instant now, const PeerMessage& message, Outbox& outbox);
  void receive(Instant now, const PeerMessage& message, Outbox& outbox);
  void receive_from_oracle(Instant now, const PeerMessage& message, Outbox& outbox);
  void ask_for_attestation(Instant now, const ledger::Transaction& tx,
                           std::span<const RecordOpening> records, Outbox& outbox);
  std::vector<ledger::Transaction> papers_in(ledger::Slot slot) const;
  void take_minute(Instant now, NodeId from, MeterMinute minute, Outbox& outbox);
  ledger::MeterWord word_of_minute(const MeterState& state, const MeterMinute& minute,
                                   const Hash& root) const;
  bool has_room_for(const MeterMinute& minute) const;
  void tell_received(const std::vector<MeterReceived>& meters, Outbox& outbox) const;
  void take_transaction(Instant now, const ledger::Transaction& tx, NodeId from, Outbox& outbox);
  ledger::Result<void> take_order(const ledger::Transaction& tx) const;
  ledger::Result<ledger::Slot> take_papers(const ledger::Transaction& tx);
  ledger::MeterRecord judge(MeterState& state, Outbox& outbox);
  void watch(MeterState& state, const MeterMinute& minute, Outbox& outbox);
  void raise(std::vector<ai::AlertChange> changes, Outbox& outbox);
  void post_batch(Instant now, Outbox& outbox);
  // One meter's part of the batch being posted.
  struct Leaves {
    std::vector<Hash> all, quarantined;
    std::vector<std::int64_t> imports, exports;  // of the homes that add to the sums
    std::vector<MeterReceived> received;         // to be told once the batch is on disk
    std::vector<RecordOpening> to_attest;
  };
  void add_record(MeterState& state, ledger::Batch& batch, Leaves& leaves,
                  std::vector<Bytes>& openings, Outbox& outbox);
  ledger::Transaction batch_of(ledger::Batch batch, const Leaves& leaves);
  ledger::Transaction marks_of(ledger::Slot slot);
  Bytes record() const;
  NodeId fleet() const { return config_.directory.fleet(config_.gateway.value); }
  void keep_openings(Outbox& outbox) const;
  void say(const SharedBytes& message, Outbox& outbox) const;
  void say_again(Instant now, Outbox& outbox);
  void post_forecast(const FleetForecast& forecast, Outbox& outbox);
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
  std::vector<Bytes> last_openings_;  // of the last batch
  Unconfirmed unconfirmed_;
  std::optional<Attesting> attesting_;  // where there is who attests
  // Attestations, of which no validator tells whether they are on the ledger: said so many times.
  struct Attested {
    Sent sent;
    int times = 0;
  };
  std::deque<Attested> attested_;
  std::size_t waiting_bytes_ = 0;  // of the minutes that wait for the batch
  std::string unreadable_;         // of the records: why
  bool started_ = false;
};

}  // namespace twin
