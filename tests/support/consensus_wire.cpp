#include "tests/support/consensus_wire.hpp"

#include <algorithm>

namespace consensus_sim {

using namespace ledger;

namespace {

constexpr std::size_t history_size = 2048;

}  // namespace

PacketPtr packet_of(Bytes bytes) {
  std::uint64_t print = 14695981039346656037u;
  for (const std::uint8_t b : bytes) print = (print ^ b) * 1099511628211u;
  return std::make_shared<const Packet>(Packet{std::move(bytes), print});
}

// ---- events

void Events::at(Instant when, Act act) {
  push({std::max(when, now_), order_++, 0, 0, nullptr, std::move(act)});
}

void Events::deliver_at(Instant when, ActorId to, ActorId from, PacketPtr packet) {
  push({when, order_++, to, from, std::move(packet), nullptr});
}

void Events::push(Event event) {
  heap_.push_back(std::move(event));
  std::push_heap(heap_.begin(), heap_.end(), later);
}

void Events::run_until(Instant end,
                       const std::function<void(ActorId, ActorId, const Packet&)>& deliver,
                       const bool& stop) {
  while (!heap_.empty() && heap_.front().at <= end && !stop) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.at;
    if (event.packet)
      deliver(event.to, event.from, *event.packet);
    else
      event.act();
  }
}

// ---- the wire

Wire::Wire(const Options& options, Events& events, std::uint32_t actors)
    : options_(options),
      events_(events),
      rng_(Rng(options.seed).fork("wire")),
      actors_(actors),
      blocked_(actors * actors, 0),
      blocked_for_good_(actors * actors, 0) {
  for (std::size_t i = 0; i < actors_ * actors_; ++i) link_delay_.push_back(some(options_.delay));
  if (options_.cut != Cut::none) events_.after(seconds(1), [this] { cut(); });
}

void Wire::send(ActorId from, ActorId to, const PacketPtr& packet, Duration extra) {
  const std::size_t link = from * actors_ + to;
  if (blocked_for_good_[link]) return;
  if (faults_on()) {
    if (options_.replay > 0) {
      if (history_.size() < history_size) history_.emplace_back();
      history_[history_next_++ % history_size] = {from, packet};
      if (rng_.chance(options_.replay)) replay(to);
    }
    if (blocked_[link] || (options_.loss > 0 && rng_.chance(options_.loss))) return;
  }
  events_.deliver_at(events_.now() + delay(from, to) + extra, to, from, packet);
}

// Something that somebody said before, to whomever, comes (again).
void Wire::replay(ActorId to) {
  const auto& [from, packet] = history_[rng_.below(history_.size())];
  if (from != to && !blocked_for_good_[from * actors_ + to])
    events_.deliver_at(events_.now() + delay(from, to), to, from, packet);
}

Duration Wire::delay(ActorId from, ActorId to) {
  return milliseconds(1) +
         (options_.reorder ? some(options_.delay) : link_delay_[from * actors_ + to]);
}

Duration Wire::some(Duration most) {
  return nanoseconds(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(most.ns))));
}

bool Wire::faults_on() const { return events_.now() < Instant{} + options_.healed; }

// Two groups that do not hear each other, or links that carry one way only; then whole again.
void Wire::cut() {
  if (!faults_on()) return;
  std::vector<std::uint64_t> group(actors_);
  for (std::uint64_t& g : group) g = rng_.below(2);
  for (ActorId from = 0; from < actors_; ++from)
    for (ActorId to = 0; to < actors_; ++to)
      blocked_[from * actors_ + to] =
          options_.cut == Cut::symmetric ? group[from] != group[to] : rng_.chance(0.35);
  events_.after(milliseconds(500) + some(seconds(4)), [this] {
    std::fill(blocked_.begin(), blocked_.end(), 0);
    events_.after(some(seconds(3)), [this] { cut(); });
  });
}

}  // namespace consensus_sim
