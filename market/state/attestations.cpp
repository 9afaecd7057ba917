// What oracles attest: the part of MarketState that awaits their word for batches and marks.
//
// With attesters in genesis, each batch and each set of marks waits for an attestation in the slot
// that it counts in. A gateway's slot that closes with one missing is not attested: its marks are
// worth nothing, its meters' next energy is settled as quarantined energy is, and leaves cases.

#include <algorithm>

#include "ledger/oracle/batch.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
tl::expected<SignatureClaim, Refusal> MarketState::claim_of_attestation(
    const Transaction& tx) const {
  const auto a = decode_attestation(tx.body);
  if (!a) return never(a.error());
  return claim_of_gateway(tx, a->what.gateway, slot_of(a->what, *genesis_), a->signature);
}

MarketState::Applied MarketState::apply_attestation(const Transaction& tx) {
  const auto a = decode_attestation(tx.body);
  if (!a) return never(a.error());
  if (genesis_->attesters == 0) return never("attestation on a ledger that wants none");
  if (!tx.openings.empty()) return never("an attestation has no openings");
  std::uint32_t slot = 0;
  const Hash* entry = unattested(a->what, slot);
  if (!entry) {
    if (!progress(a->what.gateway).is_beyond(a->what))
      return not_yet("attestation before what it attests");
    return never("attestation of what is attested already, or of a slot that is closed");
  }
  if (*entry != a->what.entry) return never("attestation of another entry than the ledger's");
  if (auto ok =
          check_attestation(*a, chain_id_, genesis_->oracles, genesis_->attesters, *verifier_);
      !ok)
    return never(ok.error());
  Delivered& delivered = open_slots_.at(slot).delivered.at(a->what.gateway.value);
  delivered.unattested.erase({a->what.kind, a->what.number});
  put_unattested(a->what.gateway, {slot}, delivered);
  return {};
}

// Whether it was said before, or comes too late to matter.
bool MarketState::attested_or_late(const Transaction& tx) const {
  const auto a = decode_attestation(tx.body);
  if (!a || a->what.gateway.value >= gateways_.size()) return false;
  std::uint32_t slot = 0;
  return progress(a->what.gateway).is_beyond(a->what) && !unattested(a->what, slot);
}

void MarketState::await_attestation(const Transaction& tx, Slot counts_in) {
  if (genesis_->attesters == 0) return;
  const AttestedEntry what = *attested_entry(tx);
  Delivered& delivered = open_slots_.at(counts_in.value).delivered[what.gateway.value];
  delivered.unattested[{what.kind, what.number}] = what.entry;
  put_unattested(what.gateway, counts_in, delivered);
}

// The hash of the entry that waits in its place, and the slot that it counts in.
const Hash* MarketState::unattested(const AttestedEntry& what, std::uint32_t& slot) const {
  for (const auto& [number, open] : open_slots_) {
    const auto delivered = open.delivered.find(what.gateway.value);
    if (delivered == open.delivered.end()) continue;
    const auto at = delivered->second.unattested.find({what.kind, what.number});
    if (at == delivered->second.unattested.end()) continue;
    slot = number;
    return &at->second;
  }
  return nullptr;
}

bool MarketState::is_attested(const OpenSlot& slot, GatewayId gateway) {
  const auto delivered = slot.delivered.find(gateway.value);
  return delivered == slot.delivered.end() || delivered->second.unattested.empty();
}

bool MarketState::all_attested(const OpenSlot& slot) {
  return std::all_of(slot.delivered.begin(), slot.delivered.end(),
                     [](const auto& d) { return d.second.unattested.empty(); });
}

// A meter without a mark is concerned as well: batches that nobody attested lie behind its next.
MarketState::InSlot MarketState::closing_in(const OpenSlot& slot, const Meter& meter) const {
  InSlot out = judged_in(slot, meter, meter.anchor);
  if (is_attested(slot, meter.registration.gateway)) return out;
  const JudgedMark nothing =
      market::unattested(swapped_in(slot, meter.registration.meter, meter.anchor));
  const bool waits_for_mark = !out.mark && out.next.swapped;
  if (out.mark) out.mark = nothing;
  out.next = nothing.next;
  out.next.swapped = waits_for_mark;
  return out;
}

std::set<std::uint32_t> MarketState::meters_moved_in(const OpenSlot& slot) const {
  std::set<std::uint32_t> out;
  for (const auto& [id, swap] : *slot.swaps) out.insert(id);
  for (const auto& [id, mark] : *slot.marks) out.insert(id);
  if (all_attested(slot)) return out;
  for (const auto& [id, meter] : *meters_)
    if (meter.registration.valid_in({next_slot_}) && !is_attested(slot, meter.registration.gateway))
      out.insert(id);
  return out;
}

}  // namespace market
