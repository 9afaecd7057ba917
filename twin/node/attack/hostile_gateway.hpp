#pragma once
// A gateway that lies of its homes: what its node posts is changed and signed again with its key.
// Homes' records and marks are made from their minutes as an honest gateway would make them had it
// heard what this one admits, so that nothing but the lie is wrong.
//
//   omit_home    "count"    besides each batch one without the home, whose count says so
//                "list"     the batch has no record of the home and counts it all the same
//                "absence"  the batch says that nothing came from the home
//   two_roots    besides each batch another one of the same epoch, where the home is absent, later
//   double_mint  "more"     each mark of the home has `energy` more export than the one before
//                "again"    besides the slot's marks others, with `energy` more export, later
//
// A batch belongs to an attack that acts at the end of its interval, marks to one that acts at the
// end of their slot. "Later" is a block interval and a second, so that the honest ones stand on the
// ledger. What the node says again, this one says again as it said it. Where oracles attest it asks
// them for what it told.

#include <map>

#include "ledger/openings/sealed_record.hpp"
#include "twin/node/attack/attacked.hpp"
#include "twin/node/gateway/gateway_node.hpp"

namespace twin {

class HostileGateway final : public Node {
 public:
  // `config` is the gateway's own; signer and verifier are the host's and outlive the node.
  HostileGateway(std::unique_ptr<Node> gateway, GatewayConfig config, std::vector<Attacked> attacks,
                 ledger::Signer& signer, ledger::Verifier& verifier);
  // After a crash: the liar remembers, whoever runs its node again.
  void go_on_with(std::unique_ptr<Node> gateway) { gateway_ = std::move(gateway); }
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

 private:
  struct Meter {
    GatewayMeter config;
    market::MeteredPoint point;            // as the ledger is told
    bool omitted = false;                  // by some attack, at some time
    ledger::MilliWattHours more_exported;  // in its marks, so far
  };
  struct Told {  // of one meter in one batch
    ledger::MeterRecord record;
    std::vector<ledger::ReadingBytes> readings;
    std::vector<ledger::Signature> each;  // of the readings, where each is signed
  };
  using Meters = std::map<std::uint32_t, Meter>;
  using Records = std::map<std::uint32_t, Told>;

  bool judges_omitted(const Effect& effect) const;
  bool asks_oracles(const Effect& effect) const;
  void hear_opening(const Persist& persist, Outbox& outbox);
  void change(Instant now, const ledger::Transaction& tx, Outbox& outbox);
  void change_batch(Instant now, const ledger::Transaction& tx, Outbox& outbox);
  void change_marks(Instant now, const ledger::Transaction& tx, Outbox& outbox);
  std::optional<market::Mark> told_mark(Meter& meter, const market::Mark& honest);
  Told retold(Meter& meter, const ledger::PersonalRecord& heard) const;
  ledger::Transaction batch_of(const ledger::Batch& like, const Records& records, Meters& meters,
                               std::uint32_t uncounted = 0);
  ledger::Transaction marks_of(market::MarksBody body, std::vector<market::Mark> marks);
  const Attack* acting(Attack::Kind kind, std::uint32_t meter, std::int64_t time_ms,
                       const char* how = "") const;
  void persist(const Told& told, Outbox& outbox) const;
  void tell(const ledger::Transaction& honest, const ledger::Transaction& told, Outbox& outbox);
  void post(const ledger::Transaction& tx, Outbox& outbox) const;
  void ask(Instant now, const ledger::Transaction& told, const Records& records, Outbox& outbox);
  void hear_oracle(Instant now, const PeerMessage& message, Outbox& outbox);
  Instant later(Instant now) const;

  std::unique_ptr<Node> gateway_;
  GatewayConfig config_;
  std::vector<Attacked> attacks_;
  ledger::Signer& signer_;
  ledger::Verifier& verifier_;
  Hash chain_id_;
  ledger::Nights nights_;
  Meters meters_;
  std::map<std::uint32_t, ledger::PersonalRecord> heard_;  // of the batch that comes next, by meter
  Hash last_entry_{};                                      // of the batches it told
  std::multimap<Instant, ledger::Transaction> held_;       // by when they leave
  std::map<Hash, ledger::Transaction> told_;               // by the honest one's leaf hash
  std::optional<Attesting> attesting_;
};

}  // namespace twin
