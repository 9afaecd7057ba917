// What homes and feeder meters say together: the part of MarketState that awaits findings.

#include <algorithm>

#include "ledger/oracle/feeder_median.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

// Energy of the slot's own is what a balance can use; a lump over several slots is none.
PointEnergy energy_in(MeterId meter, const JudgedMark& judged) {
  if (judged.standing != Standing::metered) return {meter, {}, {}, 0, true};
  return {meter, judged.import_rise, judged.export_rise, 0, false};
}

}  // namespace

// Feeders of whose meters one has a mark; a home without one is simply not among the homes.
std::vector<FeederSlot> MarketState::feeders_of(const OpenSlot& slot,
                                                std::vector<WitnessApart>& apart) const {
  std::map<std::uint32_t, std::vector<PointEnergy>> feeder_meters;
  std::map<std::uint32_t, FeederSlot> of_feeder;
  for (const auto& [id, mark] : *slot.marks) {
    const Meter& meter = meters_->at(id);
    if (meter.registration.kind == MeterKind::feeder)
      feeder_meters[meter.registration.feeder].push_back(
          energy_in({id}, *closing_in(slot, meter).mark));
  }
  if (feeder_meters.empty()) return {};
  std::map<std::uint32_t, std::vector<MeterId>> meters;
  for (const auto& [id, meter] : *meters_)
    if (meter.registration.kind == MeterKind::feeder && meter.registration.valid_in({next_slot_}))
      meters[meter.registration.feeder].push_back({id});
  for (const auto& [feeder, marked] : feeder_meters) {
    const std::vector<MeterId>& all = meters[feeder];
    const Witnessed w = witnessed(marked, all.front(), all.size(), genesis_->slot_ms);
    of_feeder[feeder] = {feeder, {next_slot_}, genesis_->slot_ms, w.energy, {}};
    for (const PointEnergy& e : marked)
      if (std::count(w.apart.begin(), w.apart.end(), e.meter) > 0)
        apart.push_back({e.meter,
                         {next_slot_},
                         e.import_energy - e.export_energy,
                         w.energy.import_energy - w.energy.export_energy});
  }
  for (const auto& [id, mark] : *slot.marks) {
    const Meter& meter = meters_->at(id);
    const auto feeder = of_feeder.find(meter.registration.feeder);
    if (meter.registration.kind != MeterKind::home || feeder == of_feeder.end()) continue;
    feeder->second.homes.push_back(energy_in({id}, *closing_in(slot, meter).mark));
  }
  std::vector<FeederSlot> out;
  for (auto& [feeder, energies] : of_feeder) out.push_back(std::move(energies));
  return out;
}

void MarketState::await_findings(const std::vector<FeederSlot>& feeders) {
  while (!awaited_.empty() && awaited_.begin()->first.first + findings_patience < next_slot_) {
    const auto [slot, feeder] = awaited_.begin()->first;
    decide_findings(awaited_.begin()->second, true);
    put_feeder(feeder, slot, nullptr);
    awaited_.erase(awaited_.begin());
  }
  for (const FeederSlot& f : feeders) {
    if (f.feeder_meter.quarantined) continue;
    Awaited& awaited = awaited_[{f.slot.value, f.feeder}];
    awaited = {sums_of(f), {}, {}};
    put_feeder(f.feeder, f.slot.value, &awaited);
  }
}

MarketState::Applied MarketState::apply_findings(const Transaction& tx) {
  const auto body = decode_findings_body(tx.body);
  if (!body) return never(body.error());
  if (body->count != tx.openings.size() || body->count == 0)
    return never("findings do not fit their count");
  if (body->slot.value >= next_slot_) return not_yet("findings of a slot that is not settled");
  std::map<std::uint32_t, FeederFindings> of_feeder;
  for (const Opening& o : tx.openings) {
    if (auto ok = check_findings(o, body->slot, body->oracle); !ok) return ok;
    const FeederFindings f = decode_owned_findings(o.data)->findings;
    if (!of_feeder.emplace(f.feeder, f).second) return never("two findings of one feeder");
  }
  for (const auto& [feeder, findings] : of_feeder) {
    const auto at = awaited_.find({body->slot.value, feeder});
    take_findings(at->second, body->oracle, findings);
    const bool more = at->second.findings.size() < genesis_->oracles.size();
    put_feeder(feeder, body->slot.value, more ? &at->second : nullptr);
    if (!more) awaited_.erase(at);
  }
  return {};
}

void MarketState::take_findings(Awaited& awaited, std::uint32_t oracle,
                                const FeederFindings& findings) {
  awaited.findings.emplace(oracle, findings);
  if (genesis_->oracles.size() == 1) return;
  if (!awaited.median) return decide_findings(awaited, false);
  if (lies_apart(findings, *awaited.median))
    new_verdicts_.push_back({findings.feeder, findings.slot, std::nullopt, {oracle}});
}

void MarketState::decide_findings(Awaited& awaited, bool no_more) {
  if (awaited.median || !enough(awaited.findings.size(), genesis_->oracles.size(), no_more)) return;
  std::vector<FeederFindings> all;
  for (const auto& [oracle, findings] : awaited.findings) all.push_back(findings);
  awaited.median = median_findings(all);
  FeederVerdict verdict{awaited.median->feeder, awaited.median->slot, awaited.median, {}};
  for (const auto& [oracle, findings] : awaited.findings)
    if (lies_apart(findings, *awaited.median)) verdict.apart.push_back(oracle);
  new_verdicts_.push_back(std::move(verdict));
}

MarketState::Applied MarketState::check_findings(const Opening& opening, Slot slot,
                                                 std::uint32_t oracle) const {
  const auto owned = decode_owned_findings(opening.data);
  if (!owned) return never(owned.error());
  const FeederFindings& f = owned->findings;
  if (f.slot != slot) return never("findings of another slot");
  const auto awaited = awaited_.find({slot.value, f.feeder});
  if (awaited == awaited_.end() || awaited->second.findings.contains(oracle))
    return never("findings of a feeder that has them already, or none to await");
  const auto meter = meter_of_account_->find(owned->account);
  if (meter == meter_of_account_->end()) return never("findings of an unknown account");
  const Registration& r = meters_->at(meter->second).registration;
  if (r.kind != MeterKind::feeder || r.feeder != f.feeder)
    return never("findings that are not the feeder meter's account's");
  if (const auto ok = consistent(f, awaited->second.sums); !ok) return never(ok.error());
  return {};
}

}  // namespace market
