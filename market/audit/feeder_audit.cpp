#include "market/audit/feeder_audit.hpp"

#include <algorithm>

#include "ledger/oracle/feeder_median.hpp"
#include "market/audit/replay.hpp"
#include "market/state/market_state.hpp"

namespace market {
namespace {

constexpr std::int64_t mwh_in_wh = 1000;

// Energy of one home over several slots.
struct Lump {
  MeterId meter;
  Slot since, slot;
  WattHours imported, exported;
};

struct AuditedFeeder {
  bool metered = false;
  std::map<std::uint32_t, WattHours> minted;                  // by slot, of its own energy
  std::map<std::uint32_t, std::vector<FeederFindings>> told;  // by slot, as the log has them
  std::map<std::uint32_t, FeederFindings> found;              // what counts of these
  std::vector<Lump> late;
};

std::string words(std::string_view what, MilliWattHours is, MilliWattHours allowed) {
  return std::string(what) + ": " + std::to_string(is.value) + " mWh, allowed " +
         std::to_string(allowed.value) + " mWh";
}

class FeederAudit {
 public:
  FeederAudit(const PublicLog& log, const Openings& openings) : log_(log), openings_(openings) {}
  Result<FeedersChecked> run();

 private:
  void take(const Transaction& tx);
  void decide(AuditedFeeder& feeder) const;
  void take_meter(const Registration& r);
  void take_statement(const Statement& s);
  Result<void> judge(std::uint32_t number, const AuditedFeeder& feeder);
  Result<void> judge_slot(const FeederFindings& f, WattHours minted) const;
  bool add_late(const AuditedFeeder& feeder, const Lump& lump, MilliWattHours& exported,
                MilliWattHours& bound) const;

  const PublicLog& log_;
  const Openings& openings_;
  std::map<std::uint32_t, std::uint32_t> feeder_of_meter_;
  std::map<std::uint32_t, AuditedFeeder> feeders_;
  std::map<CaseId, Lump> cases_;
  std::vector<Ruling> releases_;
  std::uint32_t next_slot_ = 0;
  FeedersChecked checked_;
};

Result<FeedersChecked> FeederAudit::run() {
  for (std::uint64_t i = 0; i < log_.entries.size(); ++i) {
    const auto tx = whole_transaction(log_, openings_, i);
    if (!tx) return failure(tx.error());
    take(*tx);
  }
  for (auto& [number, feeder] : feeders_) decide(feeder);
  for (const Ruling& r : releases_)
    if (const auto lump = cases_.find({r.meter.value, r.settled.value});
        r.slot.value < next_slot_ && lump != cases_.end())
      feeders_[feeder_of_meter_[r.meter.value]].late.push_back(lump->second);
  for (const auto& [number, feeder] : feeders_)
    if (auto ok = judge(number, feeder); !ok)
      return failure("feeder " + std::to_string(number) + ", " + ok.error());
  return checked_;
}

// What does not decode is R4's finding.
void FeederAudit::take(const Transaction& tx) {
  if (tx.kind == TransactionKind::registration)
    if (const auto all = decode_registrations(tx.openings))
      for (const Registered& m : *all) take_meter(m.registration);
  if (tx.kind == TransactionKind::settlement)
    if (const auto body = decode_settlement_body(tx.body)) next_slot_ = body->slot.value + 1;
  for (const Opening& o : tx.openings) {
    if (tx.kind == TransactionKind::statements)
      if (const auto s = decode_statement(o.data)) take_statement(*s);
    if (tx.kind == TransactionKind::ruling)
      if (const auto r = decode_ruling(o.data); r && r->outcome == Outcome::release)
        releases_.push_back(*r);
    if (tx.kind == TransactionKind::feeder_findings)
      if (const auto owned = decode_owned_findings(o.data))
        feeders_[owned->findings.feeder].told[owned->findings.slot.value].push_back(
            owned->findings);
  }
}

// As the state does: the median of the first that are enough, or of those that had come when its
// patience ended.
void FeederAudit::decide(AuditedFeeder& feeder) const {
  const std::size_t oracles = log_.genesis.oracles.size();
  for (const auto& [slot, told] : feeder.told) {
    const bool no_more = slot + findings_patience + 1 < next_slot_;
    std::size_t words = 1;
    while (words < told.size() && !enough(words, oracles, false)) ++words;
    if (enough(words, oracles, no_more))
      feeder.found[slot] = median_findings(std::span(told).first(words));
  }
}

void FeederAudit::take_meter(const Registration& r) {
  feeder_of_meter_[r.meter.value] = r.feeder;
  if (r.kind == MeterKind::feeder) feeders_[r.feeder].metered = true;
}

void FeederAudit::take_statement(const Statement& s) {
  const Lump lump{s.meter, s.since, s.slot, s.imported, s.exported};
  if (s.standing == Standing::recovering) cases_[{s.meter.value, s.slot.value}] = lump;
  if (s.minted.value == 0) return;
  AuditedFeeder& feeder = feeders_[feeder_of_meter_[s.meter.value]];
  if (s.standing == Standing::metered)
    feeder.minted[s.slot.value] += s.minted;
  else
    feeder.late.push_back(lump);
}

Result<void> FeederAudit::judge(std::uint32_t number, const AuditedFeeder& feeder) {
  const std::string name = "feeder " + std::to_string(number);
  const auto unknown = [&](const std::string& why) {
    if (checked_.unknown.empty()) checked_.unknown = name + " " + why;
  };
  if (!feeder.metered && !feeder.minted.empty()) unknown("has no meter");
  MilliWattHours exported, bound;
  for (const auto& [slot, f] : feeder.found) {
    const auto minted = feeder.minted.find(slot);
    const WattHours of_slot = minted == feeder.minted.end() ? WattHours{} : minted->second;
    if (auto ok = judge_slot(f, of_slot); !ok)
      return failure("slot " + std::to_string(slot) + ": " + ok.error());
    exported += f.homes_export;
    bound += mint_bound(f);
  }
  for (const auto& [slot, minted] : feeder.minted) {
    if (feeder.found.contains(slot)) continue;
    if (slot + findings_patience + 1 < next_slot_)
      unknown("has no findings of slot " + std::to_string(slot));
    else
      ++checked_.waiting;
  }
  for (const Lump& lump : feeder.late)
    if (!add_late(feeder, lump, exported, bound))
      unknown("has no findings of all slots that minted in slot " +
              std::to_string(lump.slot.value));
  if (exported > bound) return failure(words("minted in all slots", exported, bound));
  checked_.slots += feeder.found.size();
  checked_.exported += exported;
  checked_.bound += bound;
  return {};
}

Result<void> FeederAudit::judge_slot(const FeederFindings& f, WattHours minted) const {
  const MilliWattHours most{f.homes_export.value + std::int64_t{f.metered} * mwh_in_wh};
  const MilliWattHours is{minted.value * mwh_in_wh};
  if (is > most) return failure(words("minted beside what its homes exported", is, most));
  MilliWattHours bound = mint_bound(f);
  for (int k = 0; k < 3; ++k) bound += f.meters_sigma + f.losses_sigma;
  if (f.homes_export > bound)
    return failure(words("its homes' export against its meter", f.homes_export, bound));
  return {};
}

bool FeederAudit::add_late(const AuditedFeeder& feeder, const Lump& lump, MilliWattHours& exported,
                           MilliWattHours& bound) const {
  MilliWattHours mean;
  for (std::uint32_t slot = lump.since.value; slot <= lump.slot.value; ++slot) {
    const auto f = feeder.found.find(slot);
    if (f == feeder.found.end()) return false;
    if (f->second.metered > 0)
      mean.value += (f->second.homes_import - f->second.homes_export).value / f->second.metered;
  }
  exported.value += lump.exported.value * mwh_in_wh;
  bound.value += lump.imported.value * mwh_in_wh - mean.value;
  return true;
}

}  // namespace

Result<FeedersChecked> check_feeders(const PublicLog& log, const Openings& openings) {
  return FeederAudit(log, openings).run();
}

}  // namespace market
