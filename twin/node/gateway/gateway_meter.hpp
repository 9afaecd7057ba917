#pragma once
// What a gateway keeps of one of its meters: its metered point, its alerts, and the minute that
// waits for the next batch. Only the gateway's own files read it.

#include "twin/node/gateway/gateway_node.hpp"

namespace twin {

struct GatewayNode::MeterState {
  struct Heard {
    MeterMinute minute;
    ledger::Hash root{};  // of its readings
    ledger::Instant received;
    market::SignedBy by{};
    std::uint32_t newest = 0;  // sequence
    std::size_t bytes() const { return minute.readings.size() * ledger::reading_size; }
    // A single signed reading that comes next.
    bool is_followed_by(const MeterMinute& next) const {
      return !minute.each.empty() && next.each.size() == 1 && next.first_sequence == newest + 1 &&
             minute.readings.size() < max_readings;
    }
    void add(const MeterMinute& next, ledger::Instant now) {
      minute.readings.push_back(next.readings[0]);
      minute.each.push_back(next.each[0]);
      received = now;
      ++newest;
    }
  };
  GatewayMeter meter;
  market::MeteredPoint point;
  ai::MeterAlerts alerts;
  std::optional<Heard> heard;  // for the batch being collected
  bool erased = false;         // its account's personal data
  ledger::Slot ordered{};      // the last one that an order of this life is for

  ledger::MeterId id() const { return meter.registration.meter; }
  bool in(ledger::Slot slot) const { return point.registration().valid_in(slot); }
  bool feeder() const { return meter.registration.kind == market::MeterKind::feeder; }
};

}  // namespace twin
