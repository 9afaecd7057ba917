#include "twin/node/attack/hostile_homes.hpp"

#include <algorithm>

namespace twin {

using namespace ledger;
using Kind = Attack::Kind;

FleetConfig clones_of(FleetConfig owner, const std::vector<Attacked>& attacks,
                      std::uint32_t gateway) {
  owner.gateway = gateway;
  owner.control.reset();  // the devices are the owner's
  std::erase_if(owner.meters, [&](const FleetMeter& m) {
    return std::none_of(attacks.begin(), attacks.end(), [&](const Attacked& a) {
      return a.attack.kind == Kind::cloned_key && a.meter == m.meter;
    });
  });
  return owner;
}

HostileHomes::HostileHomes(std::unique_ptr<Node> fleet, FleetConfig config,
                           std::vector<Attacked> attacks, std::unique_ptr<Node> clones)
    : fleet_(std::move(fleet)),
      clones_(std::move(clones)),
      config_(std::move(config)),
      attacks_(std::move(attacks)),
      chain_id_(chain_id_of(config_.genesis)) {}

Instant HostileHomes::phantom_time(std::uint32_t slot) const {
  return Instant{} +
         milliseconds(config_.genesis.slot_ms * (slot - 1) + config_.genesis.slot_ms / 2);
}

Instant HostileHomes::next_deadline() const {
  return std::min(fleet_->next_deadline(), phantom_time(next_slot_));
}

void HostileHomes::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  Outbox own;
  fleet_->step(now, inputs, own);
  for (const Effect& effect : own.effects()) {
    outbox.put(effect);
    const auto* message = std::get_if<Send>(&effect);
    if (!message || kind_of(message->bytes) != MessageKind::transaction) continue;
    const auto tx = decode_transaction(message->bytes.view().subspan(1));
    if (!tx || tx->kind != TransactionKind::order) continue;
    const auto order = market::decode_order(tx->openings[0].data);
    if (!order) continue;
    const FleetMeter* home = spends_twice(*order, now);
    if (!home) continue;
    outbox.put(effect);
    spend_again(*home, *order, outbox);
  }
  for (; now >= phantom_time(next_slot_); ++next_slot_)
    trade_phantoms(Slot{next_slot_}, now, outbox);
  if (clones_) step_clones(now, inputs, outbox);
}

const FleetMeter* HostileHomes::spends_twice(const market::SignedOrder& order, Instant now) const {
  const bool acts = std::any_of(attacks_.begin(), attacks_.end(), [&](const Attacked& a) {
    return a.attack.kind == Kind::double_spend && a.meter == order.meter &&
           a.attack.acts(now.since_epoch());
  });
  if (!acts) return nullptr;
  const auto home = std::find_if(config_.meters.begin(), config_.meters.end(),
                                 [&](const FleetMeter& m) { return m.meter == order.meter; });
  return home == config_.meters.end() ? nullptr : &*home;
}

void HostileHomes::spend_again(const FleetMeter& home, const market::SignedOrder& order,
                               Outbox& outbox) const {
  market::SignedOrder same_id = order, same_energy = order;
  same_id.order.energy += WattHours{1};
  same_energy.order.id.bytes[0] ^= 1;
  send_order(home, same_id, outbox);
  send_order(home, same_energy, outbox);
}

void HostileHomes::trade_phantoms(Slot slot, Instant now, Outbox& outbox) const {
  for (const Attacked& a : attacks_) {
    if (a.attack.kind != Kind::phantom_trade || !a.attack.acts(now.since_epoch())) continue;
    for (const FleetMeter& home : config_.meters) {
      if (home.meter != a.meter) continue;
      const bool sells = a.place == 0;
      market::SignedOrder order;
      order.order = {{},
                     home.account,
                     slot,
                     sells ? market::Side::sell : market::Side::buy,
                     WattHours{a.attack.energy.value / 1000},
                     sells ? Price{} : config_.genesis.retail_buy};
      const auto id = home.rng.fork("phantom", slot.value).bytes32();
      std::copy_n(id.begin(), order.order.id.bytes.size(), order.order.id.bytes.begin());
      order.meter = home.meter;
      send_order(home, order, outbox);
    }
  }
}

void HostileHomes::step_clones(Instant now, const Inputs& inputs, Outbox& outbox) {
  const bool acts = std::any_of(attacks_.begin(), attacks_.end(), [&](const Attacked& a) {
    return a.attack.kind == Kind::cloned_key && a.attack.acts(now.since_epoch());
  });
  Outbox said;
  clones_->step(now, acts ? inputs : Inputs{}, said);
  for (const Effect& effect : said.effects())
    if (const auto* message = std::get_if<Send>(&effect);
        message && kind_of(message->bytes) == MessageKind::minute)
      outbox.put(effect);
}

void HostileHomes::send_order(const FleetMeter& home, market::SignedOrder order,
                              Outbox& outbox) const {
  order.signature =
      home.account_signer->sign(market::order_signed_bytes(chain_id_, market::encode(order)));
  Transaction tx;
  tx.kind = TransactionKind::order;
  tx.body = market::encode(market::OrderBody{order.order.slot});
  tx.openings.push_back({market::order_salt(home.restricted_key, order), market::encode(order)});
  tx.root = openings_root(tx.openings);
  outbox.send(gateway(), frame(MessageKind::transaction, tx.encode()));
}

}  // namespace twin
