#include "twin/node/attack/hostile_link.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

using ledger::Rng;

namespace {

// The meter whose minute a message is; the first field behind the kind's byte.
std::optional<std::uint32_t> meter_of_minute(BytesView message) {
  if (kind_of(message) != MessageKind::minute) return std::nullopt;
  ledger::ByteReader r(message.subspan(1));
  const std::uint32_t meter = r.u32();
  return r.failed() ? std::nullopt : std::optional(meter);
}

}  // namespace

HostileLink::HostileLink(std::unique_ptr<Node> fleet, NodeId gateway, std::vector<Attacked> attacks,
                         const Rng& rng)
    : fleet_(std::move(fleet)), gateway_(gateway), attacks_(std::move(attacks)) {
  for (const Attacked& a : attacks_) {
    Line& line = lines_[a.meter.value];
    line.rng = rng.fork("hostile link", a.meter.value);
    if (a.attack.kind == Attack::Kind::message_replay)
      line.memory = std::max(line.memory, a.attack.delay);
  }
}

Instant HostileLink::next_deadline() const {
  const Instant own = held_.empty() ? ledger::never : held_.begin()->first;
  return std::min(fleet_->next_deadline(), own);
}

void HostileLink::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  for (; !held_.empty() && held_.begin()->first <= now; held_.erase(held_.begin()))
    outbox.send(gateway_, held_.begin()->second);
  Outbox own;
  fleet_->step(now, inputs, own);
  for (const Effect& effect : own.effects()) {
    const auto* message = std::get_if<Send>(&effect);
    const auto meter =
        message && message->to == gateway_ ? meter_of_minute(message->bytes) : std::nullopt;
    if (meter && lines_.contains(*meter))
      take(now, *meter, message->bytes, outbox);
    else
      outbox.put(effect);
  }
}

const Attack* HostileLink::acting(Attack::Kind kind, std::uint32_t meter, Instant now) const {
  for (const Attacked& a : attacks_)
    if (a.attack.kind == kind && a.meter.value == meter && a.attack.acts(now.since_epoch()))
      return &a.attack;
  return nullptr;
}

void HostileLink::take(Instant now, std::uint32_t meter, const SharedBytes& minute,
                       Outbox& outbox) {
  Line& line = lines_.at(meter);
  const Attack* drop = acting(Attack::Kind::message_drop, meter, now);
  if (drop && line.rng.chance(drop->share)) return;
  reorder(now, meter, minute, outbox);
  replay(now, meter, minute, outbox);
}

void HostileLink::replay(Instant now, std::uint32_t meter, const SharedBytes& minute,
                         Outbox& outbox) {
  Line& line = lines_.at(meter);
  if (line.memory == ledger::Duration{}) return;
  line.sent.push_back({now, minute});
  while (line.sent.size() > 1 && line.sent[1].at + line.memory <= now) line.sent.pop_front();
  const Attack* replay = acting(Attack::Kind::message_replay, meter, now);
  if (!replay) return;
  const auto late_enough = [&](const Sent& s) { return s.at + replay->delay <= now; };
  const auto newest = std::find_if(line.sent.rbegin(), line.sent.rend(), late_enough);
  if (newest != line.sent.rend()) outbox.send(gateway_, newest->bytes);
}

void HostileLink::reorder(Instant now, std::uint32_t meter, const SharedBytes& minute,
                          Outbox& outbox) {
  Line& line = lines_.at(meter);
  if (!line.waiting && acting(Attack::Kind::message_reorder, meter, now)) {
    line.waiting = minute;
    return;
  }
  leave(now, meter, minute, outbox);
  if (line.waiting) leave(now, meter, *std::exchange(line.waiting, std::nullopt), outbox);
}

void HostileLink::leave(Instant now, std::uint32_t meter, const SharedBytes& minute,
                        Outbox& outbox) {
  if (const Attack* late = acting(Attack::Kind::message_delay, meter, now))
    held_.emplace(now + late->delay, minute);
  else
    outbox.send(gateway_, minute);
}

}  // namespace twin
