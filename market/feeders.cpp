// What homes and feeder meter say together: the part of MarketState that awaits findings.

#include "ledger/base/codec.hpp"
#include "market/market_state.hpp"
#include "market/refusals.hpp"

namespace market {
namespace {

// Energy of the slot's own is what a balance can use; a lump over several slots is none.
PointEnergy energy_in(MeterId meter, const JudgedMark& judged) {
  if (judged.standing != Standing::metered) return {meter, {}, {}, 0, true};
  return {meter, judged.import_rise, judged.export_rise, 0, false};
}

}  // namespace

// Feeders whose meter has a mark; a home without one is simply not among the homes.
std::vector<FeederSlot> MarketState::feeders_of(const OpenSlot& slot) const {
  std::map<std::uint32_t, FeederSlot> of_feeder;
  for (const auto& [id, mark] : *slot.marks) {
    const Meter& meter = meters_->at(id);
    const Registration& r = meter.registration;
    if (r.kind != MeterKind::feeder) continue;
    const PointEnergy energy = energy_in({id}, *judged_in(slot, meter, meter.anchor).mark);
    of_feeder.emplace(r.feeder, FeederSlot{r.feeder, {next_slot_}, genesis_->slot_ms, energy, {}});
  }
  if (of_feeder.empty()) return {};
  for (const auto& [id, mark] : *slot.marks) {
    const Meter& meter = meters_->at(id);
    const auto feeder = of_feeder.find(meter.registration.feeder);
    if (meter.registration.kind != MeterKind::home || feeder == of_feeder.end()) continue;
    feeder->second.homes.push_back(energy_in({id}, *judged_in(slot, meter, meter.anchor).mark));
  }
  std::vector<FeederSlot> out;
  for (auto& [feeder, energies] : of_feeder) out.push_back(std::move(energies));
  return out;
}

void MarketState::await_findings(const std::vector<FeederSlot>& feeders) {
  while (!awaited_.empty() && awaited_.begin()->first.first + findings_patience < next_slot_) {
    const auto [slot, feeder] = awaited_.begin()->first;
    put_feeder(feeder, slot, nullptr);
    awaited_.erase(awaited_.begin());
  }
  for (const FeederSlot& f : feeders) {
    if (f.feeder_meter.quarantined) continue;
    const FeederSums sums = sums_of(f);
    awaited_[{f.slot.value, f.feeder}] = sums;
    put_feeder(f.feeder, f.slot.value, &sums);
  }
}

MarketState::Applied MarketState::apply_findings(const Transaction& tx) {
  const auto body = decode_findings_body(tx.body);
  if (!body) return never(body.error());
  if (body->count != tx.openings.size() || body->count == 0)
    return never("findings do not fit their count");
  if (body->slot.value >= next_slot_) return not_yet("findings of a slot that is not settled");
  std::set<std::uint32_t> feeders;
  for (const Opening& o : tx.openings) {
    if (auto ok = check_findings(o, body->slot); !ok) return ok;
    if (!feeders.insert(decode_owned_findings(o.data)->findings.feeder).second)
      return never("two findings of one feeder");
  }
  for (const std::uint32_t feeder : feeders) {
    awaited_.erase({body->slot.value, feeder});
    put_feeder(feeder, body->slot.value, nullptr);
  }
  return {};
}

MarketState::Applied MarketState::check_findings(const Opening& opening, Slot slot) const {
  const auto owned = decode_owned_findings(opening.data);
  if (!owned) return never(owned.error());
  const FeederFindings& f = owned->findings;
  if (f.slot != slot) return never("findings of another slot");
  const auto sums = awaited_.find({slot.value, f.feeder});
  if (sums == awaited_.end())
    return never("findings of a feeder that has them already, or none to await");
  const auto meter = meter_of_account_->find(owned->account);
  if (meter == meter_of_account_->end()) return never("findings of an unknown account");
  const Registration& r = meters_->at(meter->second).registration;
  if (r.kind != MeterKind::feeder || r.feeder != f.feeder)
    return never("findings that are not the feeder meter's account's");
  if (const auto ok = consistent(f, sums->second); !ok) return never(ok.error());
  return {};
}

}  // namespace market
