#include "market/audit/slot_due.hpp"

#include <algorithm>
#include <set>

#include "ledger/oracle/attestation.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/registry_entries.hpp"

namespace market {
namespace {

class OpenSlots {
 public:
  explicit OpenSlots(const PublicLog& log);
  Slot next() const { return {next_slot_}; }
  bool due(std::int64_t time_ms) const;

 private:
  struct Gateway {
    Slot first, end;
    bool in_genesis = false;
    std::uint32_t slots_marked = 0;
  };
  void take(const Transaction& tx);  // a batch by the other one
  void take_batch(const Transaction& tx);
  void take_gateway(const GatewayBody& body);
  bool waits_for(std::uint32_t gateway) const;
  void await(const Transaction& tx, Slot counts_in);

  const Genesis& genesis_;
  std::vector<Gateway> gateways_;
  std::uint32_t next_slot_ = 0;
  std::map<std::uint32_t, std::set<AttestedEntry>> unattested_;    // by slot
  std::set<std::pair<std::uint32_t, std::uint32_t>> with_meters_;  // slot, gateway
};

OpenSlots::OpenSlots(const PublicLog& log) : genesis_(log.genesis) {
  gateways_.resize(genesis_.gateways.size(), Gateway{{}, {UINT32_MAX}, true, 0});
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) {
    for (const Bytes& batch : batches_at(log, i))
      if (const auto tx = decode_entry(batch)) take_batch(*tx);
    if (const auto tx = decode_entry(log.entries[i])) take(*tx);
  }
}

void OpenSlots::take(const Transaction& tx) {
  if (tx.kind == TransactionKind::settlement) unattested_.erase(next_slot_++);
  if (tx.kind == TransactionKind::attestation)
    if (const auto a = decode_attestation(tx.body))
      for (auto& [slot, entries] : unattested_) entries.erase(a->what);
  if (tx.kind == TransactionKind::gateway)
    if (const auto body = decode_gateway_body(tx.body)) take_gateway(*body);
  if (tx.kind != TransactionKind::marks) return;
  const auto marks = decode_marks_body(tx.body);
  if (!marks || marks->gateway.value >= gateways_.size()) return;
  gateways_[marks->gateway.value].slots_marked = marks->slot.value + 1;
  await(tx, marks->slot);
}

void OpenSlots::take_batch(const Transaction& tx) {
  const auto batch = decode_batch(tx.body);
  if (!batch) return;
  const Slot slot = slot_of_epoch(genesis_, batch->epoch);
  if (batch->records > 0) with_meters_.insert({slot.value, batch->gateway.value});
  await(tx, std::max(slot, Slot{next_slot_}));
}

void OpenSlots::await(const Transaction& tx, Slot counts_in) {
  if (genesis_.attesters == 0) return;
  if (const auto what = attested_entry(tx)) unattested_[counts_in.value].insert(*what);
}

void OpenSlots::take_gateway(const GatewayBody& body) {
  if (body.action == GatewayBody::Action::registered)
    gateways_.push_back({body.first, body.end, false, body.first.value});
  else if (body.gateway.value < gateways_.size())
    gateways_[body.gateway.value].end = body.end;
}

bool OpenSlots::waits_for(std::uint32_t gateway) const {
  const Gateway& g = gateways_[gateway];
  if (g.slots_marked > next_slot_ || next_slot_ < g.first.value || next_slot_ >= g.end.value)
    return false;
  return g.in_genesis || with_meters_.contains({next_slot_, gateway});
}

bool OpenSlots::due(std::int64_t time_ms) const {
  const std::int64_t end_ms = (std::int64_t{next_slot_} + 1) * genesis_.slot_ms;
  if (time_ms < end_ms) return false;
  if (time_ms >= end_ms + genesis_.close_grace_ms) return true;
  const auto open = unattested_.find(next_slot_);
  if (open != unattested_.end() && !open->second.empty()) return false;
  for (std::uint32_t g = 0; g < gateways_.size(); ++g)
    if (waits_for(g)) return false;
  return true;
}

}  // namespace

bool is_slot_due(const PublicLog& log, std::int64_t time_ms) { return OpenSlots(log).due(time_ms); }

Slot open_slot(const PublicLog& log, std::int64_t time_ms) {
  const OpenSlots slots(log);
  return {slots.next().value + (slots.due(time_ms) ? 1 : 0)};
}

}  // namespace market
