#pragma once
// Virtual time and the network between simulated nodes: events in the order of (time, entry), and
// packets that are delayed, lost, replayed, reordered or cut off.

#include <functional>
#include <memory>
#include <vector>

#include "tests/support/consensus_sim.hpp"

namespace consensus_sim {

using ActorId = std::uint32_t;

struct Packet {
  ledger::Bytes bytes;
  std::uint64_t print;  // of the bytes, for the trace
};
using PacketPtr = std::shared_ptr<const Packet>;
PacketPtr packet_of(ledger::Bytes bytes);

class Events {
 public:
  using Act = std::function<void()>;
  void at(ledger::Instant when, Act act);
  void after(ledger::Duration delay, Act act) { at(now_ + delay, std::move(act)); }
  void deliver_at(ledger::Instant when, ActorId to, ActorId from, PacketPtr packet);
  // Until the time is over or `stop` is true.
  void run_until(ledger::Instant end,
                 const std::function<void(ActorId, ActorId, const Packet&)>& deliver,
                 const bool& stop);
  ledger::Instant now() const { return now_; }

 private:
  struct Event {
    ledger::Instant at;
    std::uint64_t order;
    ActorId to, from;
    PacketPtr packet;  // or else:
    Act act;
  };
  static bool later(const Event& a, const Event& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
  void push(Event event);

  std::vector<Event> heap_;
  std::uint64_t order_ = 0;
  ledger::Instant now_;
};

class Wire {
 public:
  Wire(const Options& options, Events& events, std::uint32_t actors);

  void send(ActorId from, ActorId to, const PacketPtr& packet, ledger::Duration extra = {});
  void send(ActorId from, ActorId to, ledger::Bytes bytes, ledger::Duration extra = {}) {
    send(from, to, packet_of(std::move(bytes)), extra);
  }
  void block(ActorId from, ActorId to) { blocked_for_good_[from * actors_ + to] = true; }
  std::uint32_t actors() const { return actors_; }

 private:
  bool faults_on() const;
  void cut();
  ledger::Duration delay(ActorId from, ActorId to);
  ledger::Duration some(ledger::Duration most);
  void replay(ActorId to);

  const Options& options_;
  Events& events_;
  ledger::Rng rng_;
  std::uint32_t actors_;
  std::vector<ledger::Duration> link_delay_;
  std::vector<char> blocked_, blocked_for_good_;
  std::vector<std::pair<ActorId, PacketPtr>> history_;  // a ring of what was sent
  std::size_t history_next_ = 0;
};

}  // namespace consensus_sim
