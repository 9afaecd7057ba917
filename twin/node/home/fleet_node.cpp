#include "twin/node/home/fleet_node.hpp"

#include <algorithm>

#include "ai/forecast.hpp"
#include "ledger/base/invariant.hpp"
#include "market/entries/fee_change.hpp"
#include "market/settlement/flexibility.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t bids_kept = 16;  // of slots that are not settled yet

}  // namespace

FleetNode::FleetNode(FleetConfig config)
    : config_(std::move(config)),
      tariff_(market::tariff_of(config_.genesis)),
      chain_id_(chain_id_of(config_.genesis)) {
  for (FleetMeter& m : config_.meters) {
    if (index_of_meter_.size() <= m.meter.value) index_of_meter_.resize(m.meter.value + 1, -1);
    index_of_meter_[m.meter.value] = static_cast<std::int32_t>(homes_.size());
    Home home;
    home.meter = m;
    home.slot_import = m.first_import;
    home.slot_export = m.first_export;
    home.papers.resize(m.events.size());
    home.policy = ai::make_bidding_policy(m.strategy, slots_a_day(), m.rng.fork("policy"));
    if (!m.faults.empty()) home.faulty.emplace(m.first_import, m.first_export, m.faults);
    home.contracts = StandingContracts(m.contracts);
    if (m.measures) others_.push_back(homes_.size());
    homes_.push_back(std::move(home));
  }
  if (config_.control) control_.emplace(*config_.control);
}

std::size_t FleetNode::slots_a_day() const {
  return static_cast<std::size_t>(hours(24).whole_ms() / config_.genesis.slot_ms);
}

// A third into the slot before: late enough to know the day, early enough for a block before the
// gate closes at the slot's start.
Instant FleetNode::order_time(std::uint32_t slot) const {
  return Instant{} +
         milliseconds(config_.genesis.slot_ms * (slot - 1) + config_.genesis.slot_ms / 3);
}

// Before the day begins, with its first slot's orders; the first day's at once, without slot 0.
Instant FleetNode::forecast_time(std::uint32_t day) const {
  return day == 0 ? Instant{} : order_time(static_cast<std::uint32_t>(day * slots_a_day()));
}

Instant FleetNode::next_deadline() const {
  return std::min(forecast_time(next_day_), order_time(next_order_slot_));
}

void FleetNode::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  for (const PeerMessage& m : inputs.messages) receive(now, m, outbox);
  for (const MeterSample& s : inputs.samples) take(s, outbox);
  if (control_ && !inputs.homes.empty()) control_->look(now, inputs.homes, outbox);
  while (now >= forecast_time(next_day_)) issue_forecasts(next_day_++, outbox);
  for (; now >= order_time(next_order_slot_); ++next_order_slot_) {
    for (Home& home : homes_) send_contracts(home, {next_order_slot_}, now, outbox);
    send_orders({next_order_slot_}, now, outbox);
  }
}

void FleetNode::take(const MeterSample& sample, Outbox& outbox) {
  for (const std::size_t other : others_) {
    Home& home = homes_[other];
    if (home.meter.measures->value != sample.meter) continue;
    MeterSample own = sample;
    own.meter = home.meter.meter.value;
    show(home, own, outbox);
  }
  Home* const home = home_of({sample.meter});
  if (home && !home->meter.measures) show(*home, sample, outbox);
}

void FleetNode::show(Home& home, const MeterSample& sample, Outbox& outbox) {
  const std::int64_t time_ms = sample.time.whole_ms();
  if (home.has_left(time_ms, config_.genesis.slot_ms)) return;
  tell_events(home, sample.time, outbox);
  FaultyMeter::Shown shown{sample, std::nullopt};
  if (sample.given == MeterSample::Given::nothing)
    shown.sample.reset();
  else if (home.faulty)
    shown = home.faulty->show(sample);
  if (shown.swapped) begin_new_meter(home, *shown.swapped, sample.time, outbox);
  if (shown.sample) read(home, *shown.sample, outbox);
  // It was read, and did not arrive; or it was held, and what counts next has flowed since earlier:
  // a gap tells the oracle that power and energy of what follows do not belong together.
  if (!shown.sample || sample.given == MeterSample::Given::held) ++home.next_sequence;
  const bool ends = time_ms % config_.genesis.batch_ms == 0;
  if (ends) say_papers_again(home, sample.time, outbox);
  if (ends)
    close_interval(home, outbox);
  else if (shown.sample && config_.signing == Signing::reading && !home.readings.empty())
    send_from(home, home.readings.size() - 1, outbox);
  if (time_ms % config_.genesis.slot_ms != 0) return;
  close_slot(home, sample);
  begin_slot(home, {static_cast<std::uint32_t>(time_ms / config_.genesis.slot_ms)});
}

void FleetNode::read(Home& home, const MeterSample& sample, Outbox& outbox) {
  const Reading reading{home.next_sequence++,   sample.time.whole_ms(), sample.import_register,
                        sample.export_register, sample.power_w,         sample.voltage_v};
  const auto bytes = encode(reading);
  if (!bytes)
    return outbox.event(Refused{{},
                                "meter " + std::to_string(sample.meter) +
                                    ": a reading that does not fit the canonical form"});
  home.readings.push_back(*bytes);
  ++home.of_interval;
  if (config_.signing == Signing::reading)
    home.each.push_back(sign(home, reading.sequence, 1,
                             reading_leaf(home.meter.personal_key, home.meter.meter, *bytes)));
  if (home.readings.size() > max_readings) forget_before(home, home.readings.begin() + 1);
}

void FleetNode::forget_before(Home& home, std::vector<ReadingBytes>::iterator first) {
  if (!home.each.empty())
    home.each.erase(home.each.begin(), home.each.begin() + (first - home.readings.begin()));
  home.readings.erase(home.readings.begin(), first);
}

void FleetNode::receive(Instant now, const PeerMessage& message, Outbox& outbox) {
  if (control_ && message.from == config_.directory.grid_operator()) {
    const auto heard = kind_of(message.bytes) == MessageKind::grid_word
                           ? control_->hear(now, message.bytes.view().subspan(1), outbox)
                           : failure("a home takes no such message of the grid operator");
    if (!heard) outbox.event(Refused{message.from, heard.error()});
    return;
  }
  if (message.from != config_.directory.gateway(config_.gateway))
    return outbox.event(Refused{message.from, "a home listens to its own gateway only"});
  if (kind_of(message.bytes) == MessageKind::settled) {
    const auto settled = market::decode_settlement_body(message.bytes.view().subspan(1));
    return settled ? hear(*settled) : outbox.event(Refused{message.from, settled.error()});
  }
  if (kind_of(message.bytes) == MessageKind::contracts) {
    const auto known = decode_contracts_on_ledger(message.bytes.view().subspan(1));
    return known ? hear(*known) : outbox.event(Refused{message.from, known.error()});
  }
  if (kind_of(message.bytes) == MessageKind::paper) {
    const auto leaf = decode_paper_leaf(message.bytes.view().subspan(1));
    return leaf ? forget_paper(*leaf) : outbox.event(Refused{message.from, leaf.error()});
  }
  const auto all = kind_of(message.bytes) == MessageKind::received
                       ? decode_received(message.bytes.view().subspan(1))
                       : failure("a home takes no such message");
  if (!all) return outbox.event(Refused{message.from, all.error()});
  for (const MeterReceived& r : *all) forget(r);
}

// Null where it is another gateway's.
FleetNode::Home* FleetNode::home_of(MeterId meter) {
  if (meter.value >= index_of_meter_.size() || index_of_meter_[meter.value] < 0) return nullptr;
  return &homes_[static_cast<std::size_t>(index_of_meter_[meter.value])];
}

// Zeros where it has none.
PublicKey FleetNode::key_of(const Home& home) const {
  return config_.signing == Signing::gateway ? PublicKey{} : home.meter.meter_signer->public_key();
}

void FleetNode::forget(const MeterReceived& received) {
  Home* const known = home_of(received.meter);
  if (!known) return;
  Home& home = *known;
  if (received.key != tag_of(key_of(home)) && received.key != home.tag_before) return;
  if (received.sequence >= home.next_sequence) return go_on_behind(home, received.sequence);
  const auto later = [&](const ReadingBytes& r) {
    return decode_reading(r).sequence > received.sequence;
  };
  forget_before(home, std::find_if(home.readings.begin(), home.readings.end(), later));
}

// What is kept was counted anew from 1 and is numbered as it would have been.
void FleetNode::go_on_behind(Home& home, std::uint32_t sequence) {
  for (std::size_t i = 0; i < home.readings.size(); ++i) {
    Reading reading = decode_reading(home.readings[i]);
    reading.sequence += sequence;
    if (const auto again = encode(reading)) home.readings[i] = *again;
    if (!home.each.empty())
      home.each[i] =
          sign(home, reading.sequence, 1,
               reading_leaf(home.meter.personal_key, home.meter.meter, home.readings[i]));
  }
  home.next_sequence += sequence;
}

// Its papers are the first thing that the gateway hears of it.
void FleetNode::begin_new_meter(Home& home, const FaultyMeter::Swapped& swapped, Instant now,
                                Outbox& outbox) {
  home.next_sequence = 1;
  home.readings.clear();
  home.each.clear();
  home.meter.meter_signer = home.meter.next_meter_signer;
  if (!swapped.papers) return;
  home.swapped = swapped;
  tell_swap(home, now, outbox);
}

// Where each reading was sent when it came, only those that the gateway ought to have told are sent
// again.
void FleetNode::close_interval(Home& home, Outbox& outbox) {
  const std::size_t fresh = std::exchange(home.of_interval, 0);
  if (home.readings.empty()) return;
  const bool sent = config_.signing == Signing::reading && home.readings.size() <= fresh;
  send_from(home, sent ? home.readings.size() - 1 : 0, outbox);
}

void FleetNode::send_from(const Home& home, std::size_t first, Outbox& outbox) const {
  const auto from = static_cast<std::ptrdiff_t>(first);
  MeterMinute minute;
  minute.meter = home.meter.meter;
  minute.readings.assign(home.readings.begin() + from, home.readings.end());
  minute.first_sequence = decode_reading(minute.readings.front()).sequence;
  if (config_.signing == Signing::minute)
    minute.signature = sign(home, minute.first_sequence, minute.readings.size(),
                            readings_root(home.meter.personal_key, minute.meter, minute.readings));
  if (!home.each.empty()) minute.each.assign(home.each.begin() + from, home.each.end());
  outbox.send(config_.directory.gateway(config_.gateway), encode(minute));
}

Signature FleetNode::sign(const Home& home, std::uint32_t first, std::size_t count,
                          const Hash& root) const {
  return home.meter.meter_signer->sign(meter_signed_bytes(chain_id_, home.meter.meter, first,
                                                          static_cast<std::uint16_t>(count), root));
}

void FleetNode::close_slot(Home& home, const MeterSample& sample) {
  const auto net = [](MilliWattHours in, MilliWattHours out) {
    return whole_watt_hours(in).value - whole_watt_hours(out).value;
  };
  std::vector<std::int64_t>& history = home.meter.history_wh;
  if (!history.empty()) {
    history.push_back(net(sample.import_register, sample.export_register) -
                      net(home.slot_import, home.slot_export));
    history.erase(history.begin());
  }
  home.slot_import = sample.import_register;
  home.slot_export = sample.export_register;
}

void FleetNode::issue_forecasts(std::uint32_t day, Outbox& outbox) {
  const std::size_t slots = slots_a_day();
  // The chain begins with the first day's slot 0, for which nothing can be said in advance.
  const std::size_t skipped = day == 0 ? 1 : 0;
  const Slot first{static_cast<std::uint32_t>(day * slots + skipped)};
  FleetForecast message{first, static_cast<std::uint16_t>(slots - skipped), {}};
  for (Home& home : homes_) {
    if (home.meter.feeder || (home.last_slot && *home.last_slot < first)) continue;
    home.forecast_wh = ai::seven_day_mean(home.meter.history_wh, slots);
    // Later days' are made within the last slot before, which the history lacks: it begins there.
    if (day > 0 && !home.forecast_wh.empty())
      std::rotate(home.forecast_wh.begin(), home.forecast_wh.begin() + 1, home.forecast_wh.end());
    const auto ahead = std::span<const std::int64_t>(home.forecast_wh)
                           .subspan(std::min(skipped, home.forecast_wh.size()));
    if (control_) control_->forecast(home.meter.meter.value, first, ahead);
    market::Forecast f{home.meter.account, home.meter.meter, first, {}};
    for (std::size_t k = skipped; k < home.forecast_wh.size(); ++k)
      f.net_wh.push_back(static_cast<std::int32_t>(
          std::clamp<std::int64_t>(home.forecast_wh[k], INT32_MIN, INT32_MAX)));
    const Salt salt =
        derive_salt(home.meter.restricted_key, SaltLabel::forecast, f.meter.value, first.value);
    message.openings.push_back({salt, market::encode(f)});
  }
  if (!message.openings.empty() && message.slots > 0)
    outbox.send(config_.directory.gateway(config_.gateway), encode(message));
}

// When an order leaves, the newest slot of the history is the second one before the order's.
std::vector<std::int64_t> FleetNode::same_slot_before(const Home& home) const {
  const std::vector<std::int64_t>& all = home.meter.history_wh;
  const std::size_t day = slots_a_day();
  std::vector<std::int64_t> out;
  for (std::size_t back = std::max<std::size_t>(day - 1, 1); back <= all.size(); back += day)
    out.push_back(all[all.size() - back]);
  std::reverse(out.begin(), out.end());
  return out;
}

// Of those with the grid operator, the metering operator signs for it.
void FleetNode::send_contracts(Home& home, Slot slot, Instant now, Outbox& outbox) const {
  const Slot next{static_cast<std::uint32_t>(now.whole_ms() / config_.genesis.slot_ms) + 1};
  for (market::Contract& c : home.contracts.begin(slot, next)) {
    if (home.last_slot && *home.last_slot < c.first_slot) continue;
    Signer* other =
        market::with_grid_operator(c.of) ? &home.meter.roles->metering_operator : nullptr;
    Signer& account = home.account_signer(c.first_slot);
    send_to_gateway(
        market::contract_of(chain_id_, std::move(c), home.meter.restricted_key, account, other),
        outbox);
  }
}

// The fee of a slot is fixed when the one before it begins, and told at once: before this order.
ai::PriceRange FleetNode::range_in(Slot slot, Instant now) const {
  const std::int32_t added = control_ ? control_->added_fee(now, slot) : 0;
  return ai::range_of(market::with_added_fee(tariff_, added));
}

void FleetNode::send_orders(Slot slot, Instant now, Outbox& outbox) {
  const ai::PriceRange range = range_in(slot, now);
  for (Home& home : homes_) {
    if (home.meter.feeder || home.forecast_wh.empty()) continue;
    if (home.last_slot && *home.last_slot < slot) continue;
    const std::vector<std::int64_t> day = home.contracts.left_of(home.forecast_wh, slot);
    const std::vector<std::int64_t> past = home.contracts.left_of(same_slot_before(home), slot);
    const std::int64_t expected = day[slot.value % slots_a_day()];
    Rng rng = home.meter.rng.fork("order", slot.value);
    const auto bid = home.policy->bid({slot, WattHours{expected}, range, day, past}, rng);
    if (!bid) continue;
    home.bids.emplace_back(slot, *bid);
    if (home.bids.size() > bids_kept) home.bids.pop_front();
    send_order(home, slot, *bid, rng, outbox);
  }
}

void FleetNode::send_order(const Home& home, Slot slot, const ai::Bid& bid, Rng& rng,
                           Outbox& outbox) const {
  market::SignedOrder order;
  order.order = {{}, home.meter.account, slot, bid.side, bid.energy, bid.limit};
  order.order.partner = home.meter.partner;
  order.order.green =
      bid.side == market::Side::sell ? home.meter.offers_green : home.meter.wants_green;
  const auto id = rng.bytes32();
  std::copy_n(id.begin(), order.order.id.bytes.size(), order.order.id.bytes.begin());
  order.meter = home.meter.meter;
  order.signature =
      home.account_signer(slot).sign(market::order_signed_bytes(chain_id_, market::encode(order)));
  Transaction tx;
  tx.kind = TransactionKind::order;
  tx.body = market::encode(market::OrderBody{slot});
  tx.openings.push_back(
      {market::order_salt(home.meter.restricted_key, order), market::encode(order)});
  tx.root = openings_root(tx.openings);
  send_to_gateway(tx, outbox);
}

void FleetNode::hear(const ContractsOnLedger& known) {
  for (const auto& [place, number] : known)
    if (Home* home = home_of(place.first)) home->contracts.on_ledger(place.second, number);
}

void FleetNode::hear(const market::SettlementBody& settled) {
  for (Home& home : homes_) {
    if (home.meter.feeder) continue;
    ai::SlotOutcome outcome{settled.slot, settled.price, settled.volume, {}};
    while (!home.bids.empty() && home.bids.front().first <= settled.slot) {
      if (home.bids.front().first == settled.slot) outcome.own = home.bids.front().second;
      home.bids.pop_front();
    }
    Rng rng = home.meter.rng.fork("outcome", settled.slot.value);
    home.policy->hear(outcome, rng);
  }
}

}  // namespace twin
