#pragma once
// The homes behind one gateway: a single one in the field, arrays of them in the twin. Each home
// samples its meter, signs a root over its readings once an interval, forecasts its next day, and
// sends signed orders for the market. Where a grid operator asks them to, homes also steer their
// devices (home_control.hpp).
//
// A meter keeps its readings until its gateway has them on disk, and an interval brings all that
// are kept, at most `max_readings`: then the oldest are lost, and their sequences show it. A meter
// that has lost its count, as after a restart, learns it from its gateway and goes on behind it.
//
// What changes of a home in the registry it signs and says, and says again each interval until its
// gateway has that on disk; a paper whose time has come before is signed anew for a later slot
// (home_events.cpp). A next key signs once its paper is there.
//
// Orders are its bidding policy's (ai/bidding_policy.hpp), for what its contracts leave it
// (standing_contracts.hpp), with what it prefers, at limits by the slot's own grid fee as the grid
// operator has told it. Of a settled slot a home hears, through
// its gateway, the settlement that stands on the public log (settled_word.hpp), and which of its
// contracts the ledger has: one is said again until then.

#include <deque>

#include "ai/bidding_policy.hpp"
#include "ledger/base/rng.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/oracle/signing.hpp"
#include "market/clearing/tariff.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/slot_entries.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/base/node.hpp"
#include "twin/node/base/operator_keys.hpp"
#include "twin/node/home/faulty_meter.hpp"
#include "twin/node/home/home_control.hpp"
#include "twin/node/home/standing_contracts.hpp"

namespace twin {

struct FleetMeter {
  ledger::MeterId meter;
  bool feeder = false;  // neither forecasts nor trades
  ledger::AccountId account;
  ledger::SubjectKey personal_key{}, restricted_key{};
  ledger::Signer* meter_signer = nullptr;  // the host's, outlive the node
  ledger::Signer* account_signer = nullptr;
  ledger::Signer* next_meter_signer = nullptr;  // of a meter that a fault puts in its place ...
  // ... behind a key change ...
  ledger::Signer *changed_meter_signer = nullptr, *changed_account_signer = nullptr;
  RoleSigners* roles = nullptr;  // ... and who signs such papers with the home
  std::vector<MeterFault> faults;
  std::vector<RegistryEvent> events;
  ledger::MilliWattHours first_import, first_export;
  std::vector<std::int64_t> history_wh;  // seven days of market slots, oldest first, net
  ai::Strategy strategy = ai::Strategy::zero_intelligence;
  ledger::Rng rng{0};  // for bids and order ids
  // The meter of the world whose samples it shows, where that is another one.
  std::optional<ledger::MeterId> measures;
  std::vector<market::Contract> contracts{};  // that it signs, and when
  // Of a mechanism that heeds preferences.
  std::optional<ledger::AccountId> partner{};      // whom it would rather trade with
  bool wants_green = false, offers_green = false;  // what it buys, what it sells
};

struct FleetConfig {
  std::uint32_t gateway = 0;
  Directory directory;
  ledger::Genesis genesis;
  std::vector<FleetMeter> meters;
  ledger::Signing signing = ledger::Signing::minute;
  std::optional<HomeControlConfig> control{};  // where there is a grid operator
};

class FleetNode final : public Node {
 public:
  explicit FleetNode(FleetConfig config);
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

 private:
  struct Home {
    FleetMeter meter;
    std::uint32_t next_sequence = 1;
    std::vector<ledger::ReadingBytes> readings;  // that the gateway is not known to have ...
    std::vector<ledger::Signature> each;         // ... and of each, where it is signed
    std::size_t of_interval = 0;                 // how many of them are of the present interval
    ledger::MilliWattHours slot_import, slot_export;  // registers at the slot's start
    std::vector<std::int64_t> forecast_wh;            // of the current day
    std::unique_ptr<ai::BiddingPolicy> policy;
    StandingContracts contracts{{}};
    std::deque<std::pair<ledger::Slot, ai::Bid>> bids;  // of slots that it has not heard of
    std::optional<FaultyMeter> faulty;
    // A paper that it signed, or will.
    struct Paper {
      std::optional<ledger::Slot> acts;  // said, and of use to the gateway until this slot begins
      Hash leaf{};
      ledger::SharedBytes message;
      Instant said;        // the last time
      bool taken = false;  // by its gateway, or refused
      bool waits() const { return acts && !taken; }
    };
    std::vector<Paper> papers;  // of its events ...
    Paper swap_paper;           // ... and of its meter's swap
    std::optional<FaultyMeter::Swapped> swapped;
    struct NextSigner {
      ledger::Slot from;
      ledger::Signer* signer = nullptr;
      std::size_t paper = 0;  // of papers
    };
    std::optional<NextSigner> next_meter, next_account;
    std::optional<KeyTag> tag_before;       // of the meter's key before its present one
    std::optional<ledger::Slot> last_slot;  // of a home that leaves
    bool has_left(std::int64_t time_ms, std::int64_t slot_ms) const {
      return last_slot && time_ms > (std::int64_t{last_slot->value} + 1) * slot_ms;
    }
    ledger::Signer& account_signer(ledger::Slot slot) const {
      return next_account && next_account->from <= slot ? *next_account->signer
                                                        : *meter.account_signer;
    }
  };
  // home_events.cpp
  void tell_events(Home& home, Instant now, Outbox& outbox) const;
  void say_paper(Home::Paper& paper, const ledger::Transaction& tx, ledger::Slot acts, Instant now,
                 Outbox& outbox) const;
  void say_papers_again(Home& home, Instant now, Outbox& outbox) const;
  void forget_paper(const Hash& leaf);
  void change_key(Home& home, std::size_t event, Instant now, Outbox& outbox) const;
  void leave(Home& home, std::size_t event, Instant now, Outbox& outbox) const;
  void tell_swap(Home& home, Instant now, Outbox& outbox) const;
  ledger::Slot slot_at(Instant now) const;
  void begin_slot(Home& home, ledger::Slot slot) const;
  void send_to_gateway(const ledger::Transaction& tx, Outbox& outbox) const;
  void read(Home& home, const MeterSample& sample, Outbox& outbox);
  void begin_new_meter(Home& home, const FaultyMeter::Swapped& swapped, Instant now,
                       Outbox& outbox);
  void take(const MeterSample& sample, Outbox& outbox);
  void show(Home& home, const MeterSample& sample, Outbox& outbox);
  void receive(Instant now, const PeerMessage& message, Outbox& outbox);
  void forget(const MeterReceived& received);
  void forget_before(Home& home, std::vector<ledger::ReadingBytes>::iterator first);
  Home* home_of(ledger::MeterId meter);
  ledger::PublicKey key_of(const Home& home) const;
  void go_on_behind(Home& home, std::uint32_t sequence);
  void close_interval(Home& home, Outbox& outbox);
  void send_from(const Home& home, std::size_t first, Outbox& outbox) const;
  ledger::Signature sign(const Home& home, std::uint32_t first, std::size_t count,
                         const Hash& root) const;
  void close_slot(Home& home, const MeterSample& sample);
  void issue_forecasts(std::uint32_t day, Outbox& outbox);
  void send_contracts(Home& home, ledger::Slot slot, Instant now, Outbox& outbox) const;
  void send_orders(ledger::Slot slot, Instant now, Outbox& outbox);
  ai::PriceRange range_in(ledger::Slot slot, Instant now) const;
  void send_order(const Home& home, ledger::Slot slot, const ai::Bid& bid, ledger::Rng& rng,
                  Outbox& outbox) const;
  std::vector<std::int64_t> same_slot_before(const Home& home) const;
  void hear(const market::SettlementBody& settled);
  void hear(const ContractsOnLedger& known);
  std::size_t slots_a_day() const;
  Instant order_time(std::uint32_t slot) const;
  Instant forecast_time(std::uint32_t day) const;

  FleetConfig config_;
  market::Tariff tariff_;
  Hash chain_id_;
  std::vector<Home> homes_;
  std::vector<std::int32_t> index_of_meter_;  // -1: not ours
  std::vector<std::size_t> others_;           // of homes_: those that measure another's
  std::uint32_t next_day_ = 0;                // whose forecast is not issued yet
  std::uint32_t next_order_slot_ = 1;
  std::optional<HomeControl> control_;
};

}  // namespace twin
