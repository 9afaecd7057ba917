#include "sim/disturbances.hpp"

#include <algorithm>

namespace sim {

using namespace ledger;
using twin::Directory;
using twin::Scenario;
using twin::ValidatorFault;

namespace {

bool holds(const std::vector<std::uint32_t>& rising, std::uint32_t n) {
  return std::binary_search(rising.begin(), rising.end(), n);
}

}  // namespace

bool Disturbances::is_target(const ValidatorFault& f, NodeId node) const {
  if (node < directory_.gateway(0)) return holds(f.targets, node.value);
  if (directory_.is_concentrator(node))
    return holds(f.concentrators, node.value - directory_.concentrator(0).value);
  return node < directory_.fleet(0) && holds(f.gateways, node.value - directory_.gateway(0).value);
}

Disturbances::Disturbances(const Scenario& scenario, const Directory& directory)
    : faults_(scenario.validator_faults), loss_(scenario.consensus.loss), directory_(directory) {
  const Rng rng = Rng(scenario.seed).fork("loss");
  for (std::uint32_t n = 0; n <= directory.observer().value; ++n)
    rng_.push_back(rng.fork("node", n));
}

const ValidatorFault* Disturbances::find(Kind kind, NodeId node, Instant now) const {
  for (const ValidatorFault& f : faults_)
    if (f.kind == kind && f.acts(now.since_epoch()) && is_target(f, node)) return &f;
  return nullptr;
}

std::optional<Instant> Disturbances::crashed_until(NodeId node, Instant now) const {
  const ValidatorFault* f = find(Kind::crash, node, now);
  if (!f) return std::nullopt;
  return Instant{} + f->at + f->length;
}

Duration Disturbances::clock_offset(NodeId node, Instant now) const {
  const ValidatorFault* f = find(Kind::clock_offset, node, now);
  return f ? f->offset : Duration{};
}

Instant Disturbances::next_clock_change(NodeId node, Instant now) const {
  Instant next = never;
  for (const ValidatorFault& f : faults_) {
    if (f.kind != Kind::clock_offset || !is_target(f, node)) continue;
    for (const Instant change : {Instant{} + f.at, Instant{} + f.at + f.length})
      if (change > now) next = std::min(next, change);
  }
  return next;
}

std::optional<Duration> Disturbances::delay(NodeId from, NodeId to, Instant now) {
  // Drawn first, so that a fault takes no other message's luck.
  const bool dropped = lost(from, to);
  if (dropped || find(Kind::silent, from, now) || cut_off(from, to, now)) return std::nullopt;
  const ValidatorFault* slow = find(Kind::slow, from, now);
  return slow ? slow->delay : Duration{};
}

bool Disturbances::cut_off(NodeId from, NodeId to, Instant now) const {
  return std::any_of(faults_.begin(), faults_.end(), [&](const ValidatorFault& f) {
    return f.kind == Kind::partition && f.acts(now.since_epoch()) &&
           is_target(f, from) != is_target(f, to) && !at_home(from) && !at_home(to);
  });
}

bool Disturbances::lost(NodeId from, NodeId to) {
  return loss_ > 0 && from <= directory_.observer() && to <= directory_.observer() &&
         rng_[from.value].uniform(0, 1) < loss_;
}

bool Disturbances::has_twin(NodeId node, Instant now) const {
  return find(Kind::equivocate, node, now) != nullptr;
}

}  // namespace sim
