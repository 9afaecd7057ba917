// What changes of a home in the registry: the part of FleetNode that tells it and lives by it.
//
// Each acts in a slot that leaves its transaction time to come onto the ledger: a meter's key in
// the next one, since its minutes are judged by slots; an account's in the one behind that, since
// orders for the next one may be there already; a lost key's in the third, as the ledger wants it.

#include "twin/node/home/fleet_node.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::uint32_t meter_notice = 1, account_notice = 2, lost_notice = 3, leaving_notice = 1;

}  // namespace

void FleetNode::send_to_gateway(const Transaction& tx, Outbox& outbox) const {
  outbox.send(config_.directory.gateway(config_.gateway),
              frame(MessageKind::transaction, tx.encode()));
}

void FleetNode::tell_events(Home& home, Instant now, Outbox& outbox) const {
  const auto slot = static_cast<std::uint32_t>((now.whole_ms() - 1) / config_.genesis.slot_ms);
  for (std::size_t i = 0; i < home.told.size(); ++i) {
    const RegistryEvent& event = home.meter.events[i];
    if (home.told[i] || now.since_epoch() <= event.at || home.last_slot) continue;
    home.told[i] = true;
    if (event.kind == RegistryEvent::Kind::key_change) change_key(home, event, {slot}, outbox);
    if (event.kind == RegistryEvent::Kind::deregistration) leave(home, {slot}, outbox);
  }
}

void FleetNode::change_key(Home& home, const RegistryEvent& event, Slot now, Outbox& outbox) const {
  const FleetMeter& m = home.meter;
  const bool account = event.of == RegistryEvent::Of::account;
  Signer* next = account ? m.changed_account_signer : m.changed_meter_signer;
  Signer* old = account ? m.account_signer : m.meter_signer;
  const std::uint32_t notice = event.lost ? lost_notice : account ? account_notice : meter_notice;
  const Slot from{now.value + notice};
  (account ? home.next_account : home.next_meter) = Home::NextSigner{from, next};
  const market::KeyOf of = account ? market::KeyOf::account : market::KeyOf::meter;
  const market::KeyChange change{m.account, m.meter, of, from, next->public_key(), {}};
  send_to_gateway(market::key_change_of(chain_id_, {config_.gateway}, change, m.restricted_key,
                                        event.lost ? nullptr : old,
                                        account ? m.roles->registrar : m.roles->metering_operator),
                  outbox);
}

void FleetNode::leave(Home& home, Slot now, Outbox& outbox) const {
  const FleetMeter& m = home.meter;
  home.last_slot = Slot{now.value + leaving_notice};
  send_to_gateway(market::deregistration_of(
                      chain_id_, {config_.gateway}, {m.account, m.meter, *home.last_slot, {}},
                      m.restricted_key, home.account_signer(*home.last_slot), m.roles->registrar),
                  outbox);
}

// What is kept and was signed reading by reading is signed anew: the key before is over soon.
void FleetNode::begin_slot(Home& home, Slot slot) const {
  if (!home.next_meter || slot < home.next_meter->from) return;
  home.tag_before = tag_of(key_of(home));
  home.meter.meter_signer = home.next_meter->signer;
  home.next_meter.reset();
  for (std::size_t i = 0; i < home.each.size(); ++i)
    home.each[i] = sign(home, decode_reading(home.readings[i]).sequence, 1,
                        reading_leaf(home.meter.personal_key, home.meter.meter, home.readings[i]));
}

}  // namespace twin
