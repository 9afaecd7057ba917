#pragma once
// The seam. A node is a pure function of (time, inputs): it returns effects and nothing else gets
// out. Two hosts build nodes: sim/ in virtual time, hil/ in real time.
//
//   step(now, inputs, outbox)   inputs are frozen for the step; timers that are due at `now` fire
//   next_deadline()             when the node wants to be stepped again at the latest
//
// Effects are carried out in their order. A durable Persist completes before any later Send of the
// same step leaves.

#include <memory>
#include <string>
#include <variant>

#include "ai/alerts.hpp"
#include "ledger/base/shared_bytes.hpp"
#include "ledger/base/time.hpp"
#include "ledger/chain/genesis.hpp"
#include "market/state/market_state.hpp"
#include "twin/congestion/measure.hpp"
#include "twin/world/grid_measurement.hpp"
#include "twin/world/world.hpp"

namespace twin {

using ledger::Bytes;
using ledger::BytesView;
using ledger::Hash;
using ledger::Instant;
using ledger::NodeId;
using ledger::SharedBytes;

struct PeerMessage {
  NodeId from;
  SharedBytes bytes;
};

struct Inputs {
  std::span<const PeerMessage> messages;
  std::span<const MeterSample> samples;
  // Of a run with a grid operator, at the end of each minute: what homes' devices did in its last
  // step, by home of the world, for their own managers; what the operator measures in its grid.
  std::span<const HomeState> homes{};
  const GridMeasurement* grid = nullptr;
};

struct Send {
  NodeId to;
  SharedBytes bytes;
};

// A record for the host's store. What its bytes are stands with each kind.
enum class RecordKind : std::uint8_t {
  last_signed = 1,         // consensus: restored into the sign guard after a restart
  block = 2,               // decided block: certificate sized, block sized
  checkpoint = 3,          // signed note with a quorum of cosignatures
  restricted_opening = 4,  // account 16, then a sealed record for its file
  personal_opening = 5,    // the same
  gateway = 6,             // gateway_record.hpp: what a gateway is restarted from
  evidence = 7,            // culprit u32, then evidence (ledger/consensus/messages.hpp)
  signed_twice = 8,        // gateway_watch.hpp: two batches of one epoch, two marks of one slot,
                           // two attestations of one of these by one oracle (oracle_watch.hpp)
  erased = 9,              // accounts 16 each, rising: the host destroys what it kept of them
};

struct Persist {
  RecordKind kind{};
  Bytes record;
  bool durable = false;
};

// What a host may show or count. Never an input of another node.
struct BlockDecided {
  std::uint64_t height = 0;
  std::int64_t time_ms = 0;  // of the block
  std::uint32_t round = 0;
  std::uint32_t transactions = 0;
  std::size_t bytes = 0;
  ledger::Duration finality;  // from the block's time to its decision here
  Hash log_root{}, state_root{}, content_root{};
  std::uint64_t log_size = 0;
};
struct AlertRaised {
  ai::Alert alert;
  bool cleared = false;  // true: the alert has ended
};
struct Refused {  // an input that does not hold: from whom and why
  NodeId from;
  std::string why;
};
struct Judged {  // readings of one meter minute that the oracle marked
  std::uint32_t meter = 0;
  std::uint16_t verdict = 0;
  std::uint32_t readings = 0;
};
struct SlotSettled {  // by the observer, once a slot has closed
  std::shared_ptr<const market::ClosedSlot> slot;
};
struct EvidenceSeen {  // verified; each node tells it once
  ledger::ValidatorId culprit;
};
struct FeederFound {  // by an oracle
  ledger::FeederFindings findings;
};
struct FeederNotFound {  // an oracle has no findings of a feeder and slot: why
  std::uint32_t feeder = 0;
  ledger::Slot slot;
  std::string why;
};
struct NotAttested {  // by an oracle: what a gateway posted does not hold
  ledger::AttestedEntry what;
  std::string why;
};
struct OracleNamed {  // by others: an oracle says other than they do
  std::uint32_t oracle = 0;
  std::string what;
};
struct MeasuresTaken {  // by the grid operator, for the minutes to come
  std::vector<Measure> measures;
};
struct LoadingForecast {  // by the grid operator: slots in which an element is expected to overload
  ledger::Slot first, end;  // that it is about
  std::vector<ExpectedOverload> overloads;
};
using Event =
    std::variant<BlockDecided, AlertRaised, Refused, Judged, SlotSettled, EvidenceSeen, FeederFound,
                 FeederNotFound, NotAttested, OracleNamed, MeasuresTaken, LoadingForecast>;

// What a home asks of its devices. It holds until the next one for that home.
struct Command {
  std::uint32_t home = 0;
  SetPoints asked;
};

using Effect = std::variant<Send, Persist, Event, Command>;

class Outbox {
 public:
  void send(NodeId to, SharedBytes bytes) { effects_.emplace_back(Send{to, std::move(bytes)}); }
  void persist(RecordKind kind, Bytes record, bool durable) {
    effects_.emplace_back(Persist{kind, std::move(record), durable});
  }
  void event(Event e) { effects_.emplace_back(std::move(e)); }
  void command(std::uint32_t home, const SetPoints& asked) {
    effects_.emplace_back(Command{home, asked});
  }
  void put(Effect effect) { effects_.push_back(std::move(effect)); }

  std::span<const Effect> effects() const { return effects_; }
  void clear() { effects_.clear(); }

 private:
  std::vector<Effect> effects_;
};

class Node {
 public:
  virtual ~Node() = default;
  virtual void step(Instant now, const Inputs& inputs, Outbox& outbox) = 0;
  virtual Instant next_deadline() const = 0;
};

}  // namespace twin
