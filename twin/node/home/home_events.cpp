// What changes of a home in the registry: the part of FleetNode that tells it and lives by it.
//
// Each acts in a slot that leaves its transaction time to come onto the ledger: a meter's key in
// the next one, since its minutes are judged by slots; an account's in the one behind that, since
// orders for the next one may be there already; a lost key's in the third, as the ledger wants it.
//
// The gateway may be down: each is said again until it has the paper, or has refused it.

#include "ledger/merkle/log_tree.hpp"
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

Slot FleetNode::slot_at(Instant now) const {
  return {static_cast<std::uint32_t>((now.whole_ms() - 1) / config_.genesis.slot_ms)};
}

// What was said before its slot began may be taken yet; what nobody took by then is told anew.
void FleetNode::tell_events(Home& home, Instant now, Outbox& outbox) const {
  for (std::size_t i = 0; i < home.papers.size(); ++i) {
    const RegistryEvent& event = home.meter.events[i];
    const Home::Paper& paper = home.papers[i];
    if (paper.taken || now.since_epoch() <= event.at || (home.last_slot && !paper.acts)) continue;
    if (paper.acts && slot_at(now) < *paper.acts) continue;
    if (event.kind == RegistryEvent::Kind::key_change) change_key(home, i, now, outbox);
    if (event.kind == RegistryEvent::Kind::deregistration) leave(home, i, now, outbox);
  }
  if (home.swap_paper.waits() && slot_at(now) >= *home.swap_paper.acts)
    tell_swap(home, now, outbox);
}

void FleetNode::say_paper(Home::Paper& paper, const Transaction& tx, Slot acts, Instant now,
                          Outbox& outbox) const {
  paper = {acts, leaf_hash(tx.entry()), frame(MessageKind::transaction, tx.encode()), now};
  outbox.send(config_.directory.gateway(config_.gateway), paper.message);
}

// Those that were said before, before the minute that may hang on them.
void FleetNode::say_papers_again(Home& home, Instant now, Outbox& outbox) const {
  const auto again = [&](Home::Paper& paper) {
    if (!paper.waits() || now <= paper.said) return;
    paper.said = now;
    outbox.send(config_.directory.gateway(config_.gateway), paper.message);
  };
  for (Home::Paper& paper : home.papers) again(paper);
  again(home.swap_paper);
}

void FleetNode::forget_paper(const Hash& leaf) {
  const auto forget = [&](Home::Paper& paper) {
    if (paper.waits() && paper.leaf == leaf) paper.taken = true;
  };
  for (Home& home : homes_) {
    for (Home::Paper& paper : home.papers) forget(paper);
    forget(home.swap_paper);
  }
}

void FleetNode::change_key(Home& home, std::size_t event, Instant now, Outbox& outbox) const {
  const FleetMeter& m = home.meter;
  const RegistryEvent& e = m.events[event];
  const bool account = e.of == RegistryEvent::Of::account;
  Signer* next = account ? m.changed_account_signer : m.changed_meter_signer;
  Signer* old = account ? m.account_signer : m.meter_signer;
  const std::uint32_t notice = e.lost ? lost_notice : account ? account_notice : meter_notice;
  const Slot from{slot_at(now).value + notice};
  (account ? home.next_account : home.next_meter) = Home::NextSigner{from, next, event};
  const market::KeyOf of = account ? market::KeyOf::account : market::KeyOf::meter;
  const market::KeyChange change{m.account, m.meter, of, from, next->public_key(), {}};
  const Transaction tx = market::key_change_of(
      chain_id_, {config_.gateway}, change, m.restricted_key, e.lost ? nullptr : old,
      account ? m.roles->registrar : m.roles->metering_operator);
  // Of a lost key a whole slot's notice is wanted.
  say_paper(home.papers[event], tx, {from.value - (e.lost ? 1 : 0)}, now, outbox);
}

void FleetNode::leave(Home& home, std::size_t event, Instant now, Outbox& outbox) const {
  const FleetMeter& m = home.meter;
  home.last_slot = Slot{slot_at(now).value + leaving_notice};
  const Transaction tx = market::deregistration_of(
      chain_id_, {config_.gateway}, {m.account, m.meter, *home.last_slot, {}}, m.restricted_key,
      home.account_signer(*home.last_slot), m.roles->registrar);
  say_paper(home.papers[event], tx, *home.last_slot, now, outbox);
}

// In whole Wh, rounded up. It is of its slot alone, and of no use behind it.
void FleetNode::tell_swap(Home& home, Instant now, Outbox& outbox) const {
  const auto whole = [](MilliWattHours v) { return MilliWattHours{(v.value + 999) / 1000 * 1000}; };
  market::MeterSwap swap;
  swap.account = home.meter.account;
  swap.meter = home.meter.meter;
  swap.slot = slot_at(now);
  swap.closing_import = whole(home.swapped->closing_import);
  swap.closing_export = whole(home.swapped->closing_export);
  swap.meter_key = home.meter.next_meter_signer->public_key();
  swap.signature = home.account_signer(swap.slot).sign(
      market::swap_signed_bytes(chain_id_, market::encode(swap)));
  Transaction tx;
  tx.kind = TransactionKind::meter_swap;
  tx.openings = {market::opening_of(home.meter.restricted_key, swap)};
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(market::MeterSwapBody{{config_.gateway}, 1, {}});
  sign_entry(tx, chain_id_, home.meter.roles->metering_operator);
  say_paper(home.swap_paper, tx, {swap.slot.value + 1}, now, outbox);
}

// What is kept and was signed reading by reading is signed anew: the key before is over soon. In
// the first slot of a key the one before stands as well: a home whose paper nobody has taken goes
// on.
void FleetNode::begin_slot(Home& home, Slot slot) const {
  if (!home.next_meter || slot < home.next_meter->from) return;
  if (!home.papers[home.next_meter->paper].taken) return;
  home.tag_before = tag_of(key_of(home));
  home.meter.meter_signer = home.next_meter->signer;
  home.next_meter.reset();
  for (std::size_t i = 0; i < home.each.size(); ++i)
    home.each[i] = sign(home, decode_reading(home.readings[i]).sequence, 1,
                        reading_leaf(home.meter.personal_key, home.meter.meter, home.readings[i]));
}

}  // namespace twin
