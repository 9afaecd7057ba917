#pragma once
// A fleet between which and its gateway somebody stands: minutes of some homes are sent again,
// late, in another order or not at all. What is none of these homes' minutes passes as it is,
// whatever its kind. Minutes are not changed: they are signed.
//
//   message_drop     a minute is lost with probability `share`
//   message_replay   with each minute goes the newest one that left `delay` ago or earlier
//   message_reorder  each second minute waits for the next one and leaves behind it
//   message_delay    what is left of these leaves `delay` later

#include <deque>
#include <map>

#include "ledger/base/rng.hpp"
#include "twin/node/attack/attacked.hpp"
#include "twin/node/base/node.hpp"

namespace twin {

class HostileLink final : public Node {
 public:
  // The attacks are of the four kinds, on homes of this fleet.
  HostileLink(std::unique_ptr<Node> fleet, NodeId gateway, std::vector<Attacked> attacks,
              const ledger::Rng& rng);
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

 private:
  struct Sent {
    Instant at;
    SharedBytes bytes;
  };
  struct Line {  // of one home
    ledger::Rng rng{0};
    ledger::Duration memory;             // of what was sent: as long as replays want it
    std::deque<Sent> sent;               // oldest first
    std::optional<SharedBytes> waiting;  // for the minute that overtakes it
  };
  const Attack* acting(Attack::Kind kind, std::uint32_t meter, Instant now) const;
  void take(Instant now, std::uint32_t meter, const SharedBytes& minute, Outbox& outbox);
  void replay(Instant now, std::uint32_t meter, const SharedBytes& minute, Outbox& outbox);
  void reorder(Instant now, std::uint32_t meter, const SharedBytes& minute, Outbox& outbox);
  void leave(Instant now, std::uint32_t meter, const SharedBytes& minute, Outbox& outbox);

  std::unique_ptr<Node> fleet_;
  NodeId gateway_;
  std::vector<Attacked> attacks_;
  std::map<std::uint32_t, Line> lines_;       // by attacked meter
  std::multimap<Instant, SharedBytes> held_;  // by when they leave
};

}  // namespace twin
