#pragma once
// A fleet some of whose homes cheat with their keys.
//
//   double_spend    behind each order of the home go the same one again, another one with its id,
//                   and a third for the same energy with an id of its own
//   phantom_trade   half of a slot before each slot the first home offers `energy` at no price, and
//                   the second asks for it at the retailer's price
//   cloned_key      `clones`: a fleet of the cloned meters behind this fleet's gateway. It hears of
//                   samples while the attack acts, and of what it says minutes alone leave.
//
// Orders are signed by the homes' own keys: an order is nobody's proof of energy.

#include "twin/node/attack/attacked.hpp"
#include "twin/node/home/fleet_node.hpp"

namespace twin {

// The meters of `owner` that these attacks clone, as a fleet behind another gateway.
FleetConfig clones_of(FleetConfig owner, const std::vector<Attacked>& attacks,
                      std::uint32_t gateway);

class HostileHomes final : public Node {
 public:
  // The attacks are of the three kinds: on homes of this fleet, and those whose clones stand here.
  // `config` is the fleet's own; `clones` may be null.
  HostileHomes(std::unique_ptr<Node> fleet, FleetConfig config, std::vector<Attacked> attacks,
               std::unique_ptr<Node> clones);
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

 private:
  const FleetMeter* spends_twice(const market::SignedOrder& order, Instant now) const;
  void spend_again(const FleetMeter& home, const market::SignedOrder& order, Outbox& outbox) const;
  void trade_phantoms(ledger::Slot slot, Instant now, Outbox& outbox) const;
  void step_clones(Instant now, const Inputs& inputs, Outbox& outbox);
  void send_order(const FleetMeter& home, market::SignedOrder order, Outbox& outbox) const;
  Instant phantom_time(std::uint32_t slot) const;
  NodeId gateway() const { return config_.directory.gateway(config_.gateway); }

  std::unique_ptr<Node> fleet_, clones_;
  FleetConfig config_;
  std::vector<Attacked> attacks_;
  Hash chain_id_;
  std::uint32_t next_slot_ = 1;  // whose phantoms are not traded yet
};

}  // namespace twin
