// What becomes of quarantined energy: the part of MarketState that opens cases and takes rulings.

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

CaseId case_of(const Ruling& ruling) { return {ruling.meter.value, ruling.settled.value}; }

// What a connection of this power lets through, whole Wh.
Wide most_wh(const Registration& r, std::int64_t slot_ms, std::uint32_t slots) {
  return Wide{slots} * r.max_power_w * slot_ms / 3'600'000;
}

}  // namespace

MarketState::Applied MarketState::apply_rulings(const Transaction& tx, const Hash& leaf) {
  const auto body = decode_ruling_body(tx.body);
  if (!body) return never(body.error());
  if (body->count != tx.openings.size() || body->count == 0)
    return never("rulings do not fit their count");
  if (body->slot.value < next_slot_) return never("ruling that acts in a slot that is closed");
  if (body->slot.value > next_slot_ + slots_ahead)
    return never("ruling that acts in a slot too far ahead");
  std::map<CaseId, Ruling> rulings;
  for (const Opening& o : tx.openings) {
    const auto ruling = decode_ruling(o.data);
    if (!ruling) return never(ruling.error());
    if (auto ok = check_ruling(*body, *ruling); !ok) return ok;
    if (!rulings.emplace(case_of(*ruling), *ruling).second) return never("two rulings of one case");
  }
  OpenSlot& slot = open_slots_[body->slot.value];
  slot.rulings.write().merge(rulings);
  slot.ruling_leaves.insert({tx.root, leaf});
  put_in_slot("ruling", tx.root, body->slot, leaf);
  return {};
}

MarketState::Applied MarketState::check_ruling(const RulingBody& body, const Ruling& v) const {
  const auto meter = meters_->find(v.meter.value);
  if (meter == meters_->end()) return not_yet("ruling on an unknown meter");
  const Registration& r = meter->second.registration;
  if (r.account != v.account) return never("ruling on a meter that is not the account's");
  if (v.slot != body.slot) return never("ruling that acts in another slot");
  if (v.settled.value >= next_slot_) return not_yet("ruling on energy that is not settled yet");
  const auto found = cases_->find(case_of(v));
  if (found == cases_->end())
    return never("ruling on a case that there is not, or that is decided already");
  if (ruled_in_open_slot(case_of(v))) return never("the case is decided already");
  const QuarantineCase& waits = found->second;
  if (v.imported != waits.imported || v.exported != waits.exported)
    return never("ruling on other energies than were settled");
  const Wide most = most_wh(r, genesis_->slot_ms, v.settled.value - waits.since.value + 1);
  if (v.import_in_place.value > most || v.export_in_place.value > most)
    return never("replacement above what the connection lets through");
  return {};
}

bool MarketState::ruled_in_open_slot(const CaseId& id) const {
  return std::any_of(open_slots_.begin(), open_slots_.end(),
                     [&](const auto& open) { return open.second.rulings->contains(id); });
}

std::map<CaseId, QuarantineCase> MarketState::undecided() const {
  std::map<CaseId, QuarantineCase> out;
  for (const auto& [id, waits] : *cases_)
    if (!ruled_in_open_slot(id)) out.emplace(id, waits);
  return out;
}

void MarketState::open_cases(const Settlement& settlement) {
  for (const Statement& s : settlement.statements) {
    if (s.standing != Standing::recovering) continue;
    const CaseId id{s.meter.value, s.slot.value};
    const QuarantineCase waits{s.since, s.imported, s.exported};
    cases_.write().emplace(id, waits);
    put_case(id, &waits);
  }
}

void MarketState::close_cases(const OpenSlot& slot, const ClosedSlot& closed) {
  for (const Correction& c : closed.corrections) {
    if (c.minted.value == 0) continue;
    tokens_.write().mint_late(c.account, c.vintage, c.minted);
    const auto fed_in = tokens_.write().transfer(c.account, retailer, c.vintage, c.minted);
    invariant(fed_in.has_value(), "what was just minted is held");
    put_vintage(c.vintage);
  }
  for (const auto& [id, ruling] : *slot.rulings) {
    cases_.write().erase(id);
    put_case(id, nullptr);
  }
}

}  // namespace market
