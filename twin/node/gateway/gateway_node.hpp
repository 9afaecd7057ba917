#pragma once
// A gateway: verifies its meters' minutes, judges each reading by the oracle's rules, commits all
// of them in one batch an interval, seals their openings, posts the slot's marks and relays its
// homes' orders, contracts, forecasts, papers of meter swaps, key changes and deregistrations to
// the validators, and to its homes what the log's settlements say (settled_word.hpp).
//
// It takes minutes from its own fleet only. A batch is posted once its interval has ended by the
// clock, with one record a meter: the newest minute whose signature holds, or else one that fails
// it, committed and quarantined, from which nothing is taken, or else the meter's absence.
//
// Store and forward, in two steps that each keep until the next one has. A meter keeps its readings
// until the gateway's disk has them (`received`); what was not answered comes again, in one minute
// with what is newer, so that each reading is committed once. A home keeps a paper that it signed
// for as long. The gateway keeps its batches, marks and papers until the ledger has them
// (unconfirmed.hpp). Both are bounded: where the gateway has
// no room it takes no minute, says absent, and its meters keep; where a meter has no room its
// oldest readings are gone, and their sequences show the gap.
//
// A contract it only carries, as it does an order: the home says it again until it hears that the
// ledger has it. That word the gateway passes on, once f + 1 validators have said so
// (contract_word.hpp), and answers by it whoever says such a contract again.
//
// A key's change or a departure acts here once validators say that the ledger has it
// (pending_papers.hpp). Its own next key signs from its slot on, be the ledger late or not: the
// ledger takes that change before any batch of the slot.
//
// Where the gateway has a concentrator, its batches go there first (concentrator_node.hpp). What is
// not on the ledger in time goes to the validators, as do the batches of the intervals after it:
// the concentrator may be down, or refuse, and is tried again later.
// Once f + 1 validators say that an account's personal data are erased (erasure_word.hpp) it has no
// personal key of it any more, nor what it remembered of its readings: its meter is absent from
// then on, under a key that nobody else can make. A request that waits for an oracle's attestation
// keeps its batch's readings until it is answered, or its slot is over.
// Where genesis wants attesters, it opens each batch and each slot's marks to the oracles and posts
// what enough of them sign (attesting.hpp).

#include <deque>
#include <map>

#include "ai/alerts.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/metering/point_papers.hpp"
#include "twin/node/base/contract_word.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/erasure_word.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/base/node.hpp"
#include "twin/node/base/records.hpp"
#include "twin/node/base/settled_word.hpp"
#include "twin/node/base/unconfirmed.hpp"
#include "twin/node/gateway/attesting.hpp"
#include "twin/node/gateway/gateway_record.hpp"
#include "twin/node/gateway/pending_papers.hpp"

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
  // Its next key, and by whom it is announced at what time; null: it has one key.
  struct KeyChange {
    ledger::Duration at;
    ledger::Slot from;
    bool lost = false;
    ledger::Signer *next = nullptr, *administrator = nullptr;  // the host's, outlive the node
  };
  std::optional<KeyChange> key_change;
  ledger::Duration batch_patience = ledger::seconds(2);  // wait for late meters after an interval
  std::uint32_t direct_batches = 8;                      // past a concentrator that failed
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
  struct MeterState;  // gateway_meter.hpp
  void recover(const Records& records);
  void start(Instant now, Outbox& outbox);
  void receive(Instant now, const PeerMessage& message, Outbox& outbox);
  void receive_from_home(Instant now, const PeerMessage& message, Outbox& outbox);
  void receive_from_validator(const PeerMessage& message, Outbox& outbox);
  void take_erased(const PeerMessage& message, Outbox& outbox);
  void take_settled(const PeerMessage& message, Outbox& outbox);
  void take_contracts_on_ledger(const PeerMessage& message, Outbox& outbox);
  void forget(MeterState& state);
  bool all_arrived() const;
  Instant batch_end() const;
  ledger::Slot slot_now() const;  // of the interval being collected
  market::MeteredPoint* point_of(ledger::MeterId meter);
  ledger::Signer& signer(ledger::Slot slot) const;  // of what is about the slot
  NodeId fleet() const { return config_.directory.fleet(config_.gateway.value); }
  void say(const SharedBytes& message, Outbox& outbox) const;
  Bytes record() const;

  // gateway_minutes.cpp
  void take_minute(Instant now, NodeId from, MeterMinute minute, Outbox& outbox);
  ledger::MeterWord word_of_minute(const MeterState& state, const MeterMinute& minute,
                                   const Hash& root) const;
  bool stands(const MeterState& state) const;  // its minute that waits, by what acts now
  bool has_room_for(const MeterMinute& minute) const;
  void tell_received(const std::vector<MeterReceived>& meters, Outbox& outbox) const;
  void drop_heard(MeterState& state);
  ledger::MeterRecord judge(MeterState& state, Outbox& outbox);
  void watch(MeterState& state, const MeterMinute& minute, Outbox& outbox);
  void raise(std::vector<ai::AlertChange> changes, Outbox& outbox);

  // gateway_papers.cpp
  void take_transaction(Instant now, const ledger::Transaction& tx, NodeId from, Outbox& outbox);
  ledger::Result<void> keep_paper(Instant now, const ledger::Transaction& tx,
                                  const SharedBytes& message, Outbox& outbox);
  ledger::Result<void> take_order(const ledger::Transaction& tx);
  void take_contract(const ledger::Transaction& tx, NodeId from, Outbox& outbox);
  ledger::Result<void> check_contract(const market::Contract& contract) const;
  bool leaves_before(const MeterState& state, ledger::Slot slot) const;
  // What changes the registry; the slots that close until it is not said any more.
  ledger::Result<ledger::Slot> take_swap(const ledger::Transaction& tx);
  ledger::Result<ledger::Slot> take_paper(const ledger::Transaction& tx);
  market::PaperTerms paper_terms();
  void take_on_ledger(const PeerMessage& message, Outbox& outbox);
  void act_on(const ledger::Transaction& paper, Outbox& outbox);
  std::vector<ledger::Transaction> papers_said() const;
  void tell_key_change(Instant now, Outbox& outbox);
  bool recover_paper(const GatewayRecord::Message& message);  // whether it is one
  void resume_acted(const Paper& paper, const Hash& leaf);

  // gateway_batches.cpp
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
  void post_forecast(const FleetForecast& forecast, Outbox& outbox);
  void keep_openings(Outbox& outbox) const;
  bool concentrates() const;
  void say_batch(const SharedBytes& message, Outbox& outbox) const;
  bool say_again(Instant now, Outbox& outbox);
  void ask_for_attestation(Instant now, const ledger::Transaction& tx,
                           std::span<const RecordOpening> records, Outbox& outbox);
  void receive_from_oracle(Instant now, const PeerMessage& message, Outbox& outbox);
  void attest_again(Instant now, Instant late, Outbox& outbox);

  GatewayConfig config_;
  ledger::Signer& signer_;
  ledger::Verifier& verifier_;
  Hash chain_id_;
  ledger::Nights nights_;
  std::vector<MeterState> meters_;
  std::map<std::uint32_t, std::size_t> index_of_meter_;
  std::uint32_t epoch_ = 1;  // of the batch being collected
  Hash previous_entry_{};
  std::uint32_t direct_before_ = 0;   // batches below this epoch pass the concentrator by
  std::vector<Bytes> last_openings_;  // of the last batch
  Unconfirmed unconfirmed_;
  ErasureWord erasures_;
  PendingPapers papers_;
  SettledWord settled_;
  ContractWord contracts_;
  std::optional<Attesting> attesting_;  // where there is who attests
  // Attestations, of which no validator tells whether they are on the ledger: said so many times.
  struct Attested {
    ledger::AttestedEntry what;
    Sent sent;
    int times = 0;
  };
  std::deque<Attested> attested_;
  std::size_t waiting_bytes_ = 0;  // of the minutes that wait for the batch
  std::string unreadable_;         // of the records: why
  bool started_ = false;
  std::optional<ledger::SharedBytes> key_change_;  // of its own, once it is told
};

}  // namespace twin
