#include "market/audit/yearly_statement.hpp"

#include <algorithm>

#include "market/audit/capacity_watch.hpp"
#include "market/audit/replay.hpp"
#include "market/audit/slot_books.hpp"
#include "market/clearing/proportional_shares.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/fee_change.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/settlement/ruling.hpp"
#include "market/settlement/sub_meters.hpp"

namespace market {
namespace {

constexpr std::int64_t last_year_ms = 253'370'764'800'000;  // 9999-01-01, UTC

class YearKeeper {
 public:
  YearKeeper(const PublicLog& log, const Openings& openings, const AccountId& account, Zone zone)
      : log_(log), openings_(openings), zone_(zone) {
    out_.account = account;
  }
  Result<YearlyStatement> keep(std::optional<std::int32_t> year);

 private:
  CivilFields began(Slot slot) const {
    return fields_of(local_time(
        zone_, log_.genesis.epoch.unix_ms + std::int64_t{slot.value} * log_.genesis.slot_ms));
  }
  Result<void> read();
  bool is_told(Slot slot) const {
    return log_.genesis.epoch.unix_ms + std::int64_t{slot.value} * log_.genesis.slot_ms <
           last_year_ms;
  }
  template <class Act>
  bool are_told(const std::vector<Act>& acts, Slot Act::*slot = &Act::slot) const {
    return std::all_of(acts.begin(), acts.end(), [&](const Act& a) { return is_told(a.*slot); });
  }
  void take(TransactionKind kind, const Opening& opening);
  void take_own(TransactionKind kind, const Opening& opening);
  void note_contracts(const Statement& s);
  Result<void> add(const Statement& s);
  bool add_tenants(const Statement& s);
  void add_corrections(Slot last);
  void add_measures(Slot last);
  void add_tokens(Slot last);
  bool in_year(Slot slot) const { return began(slot).year == out_.year; }
  void add_origin(const Statement& s, std::int32_t month);
  void add_origin_of_deals(const Statement& s, std::int32_t month);

  const PublicLog& log_;
  const Openings& openings_;
  Zone zone_;
  std::vector<Statement> statements_;  // the account's
  std::map<Template, ContractLine> contracts_;
  std::map<std::uint32_t, std::vector<ContractPayment>> payments_;  // by slot
  std::map<std::uint32_t, std::vector<Tenant>> tenants_;            // by slot
  std::vector<Ruling> rulings_;
  std::vector<HomeMeasure> measures_;  // that are owed something
  std::vector<Transfer> given_;
  std::vector<TransferNotice> received_;
  std::vector<Retirement> retirements_;
  std::map<AccountId, std::uint32_t> feeder_of_;
  // By slot, what sellers of each feeder delivered; of all whose openings are there.
  std::map<std::uint32_t, std::map<std::uint32_t, std::int64_t>> sold_by_feeder_;
  std::vector<Statement> sellers_;
  AddedFees fees_;
  std::map<std::uint32_t, std::uint32_t> statements_of_, accounts_of_;  // by slot: here, and in all
  SlotBooks books_;
  YearlyStatement out_;
};

void YearKeeper::take_own(TransactionKind kind, const Opening& o) {
  if (kind == TransactionKind::statements) {
    if (auto s = decode_statement(o.data)) {
      note_contracts(*s);
      statements_.push_back(std::move(*s));
    }
  } else if (kind == TransactionKind::erasure) {
    contracts_.clear();
  } else if (kind == TransactionKind::ruling) {
    if (const auto r = decode_ruling(o.data)) rulings_.push_back(*r);
  } else if (kind == TransactionKind::grid_measure) {
    if (const auto m = decode_home_measure(o.data); m && m->owed.value > 0) measures_.push_back(*m);
  } else if (kind == TransactionKind::transfer) {
    if (const auto t = decode_transfer(o.data)) given_.push_back(*t);
    if (const auto n = decode_transfer_notice(o.data)) received_.push_back(*n);
  } else if (kind == TransactionKind::retirement) {
    if (const auto v = decode_retirement(o.data)) retirements_.push_back(*v);
  } else if (kind == TransactionKind::contract) {
    if (auto c = decode_contract(o.data)) {
      contracts_[c->of].add(std::move(*c));
    }
  }
}

// By what stands before the statement on the log.
void YearKeeper::note_contracts(const Statement& s) {
  for (const auto& [of, line] : contracts_) {
    const Contract* c = line.standing_in(s.slot);
    if (!c) continue;
    if (of == Template::sub_meters) tenants_[s.slot.value] = c->tenants;
    if (const auto payment = payment_of(*c, s)) payments_[s.slot.value].push_back(*payment);
  }
}

void YearKeeper::take(TransactionKind kind, const Opening& o) {
  if (kind == TransactionKind::registration) {
    if (const auto r = decode_registration(o.data)) feeder_of_[r->account] = r->feeder;
  } else if (kind == TransactionKind::statements) {
    if (auto s = decode_statement(o.data)) {
      ++statements_of_[s->slot.value];
      if (s->sold.value > 0) sellers_.push_back(std::move(*s));
    }
  }
  if (owner_of(o) == out_.account) take_own(kind, o);
}

Result<void> YearKeeper::read() {
  for (const auto& [entry, all] : openings_.restricted) {
    if (entry >= log_.entries.size()) return failure("an opening is of no entry of the log");
    const auto tx = opened_part(log_, openings_, entry);
    if (!tx) return failure(tx.error());
    for (const Opening& o : tx->openings) take(tx->kind, o);
  }
  if (!are_told(statements_) || !are_told(rulings_) || !are_told(given_) || !are_told(received_) ||
      !are_told(retirements_) || !are_told(measures_, &HomeMeasure::paid_in))
    return failure("has a slot beyond the year 9998");
  fees_ = fees_in(log_.entries);
  for (const Bytes& entry : log_.entries) {
    const auto view = view_entry(entry);
    if (view && view->kind == TransactionKind::settlement)
      if (const auto body = decode_settlement_body(view->body))
        accounts_of_[body->slot.value] = body->accounts;
  }
  for (const Statement& s : sellers_) {
    const auto feeder = feeder_of_.find(s.account);
    sold_by_feeder_[s.slot.value][feeder == feeder_of_.end() ? unknown_feeder : feeder->second] +=
        s.sold.value;
  }
  std::sort(statements_.begin(), statements_.end(),
            [](const Statement& a, const Statement& b) { return a.slot < b.slot; });
  CapacityWatch capacity(log_.genesis, false);
  for (const Statement& s : statements_)
    if (const std::string broken = capacity.broken_by(s); !broken.empty())
      return failure("slot " + std::to_string(s.slot.value) + " has " + broken);
  return {};
}

void YearKeeper::add_origin_of_deals(const Statement& s, std::int32_t month) {
  if (books_.empty()) books_ = slot_books(log_, openings_);
  for (const DealLine& d : s.deals) {
    if (d.side != Side::buy || d.delivered.value == 0) continue;
    std::uint32_t feeder = unknown_feeder;
    if (const auto book = books_.find(s.slot.value); book != books_.end())
      if (const auto row = book->second.account_of.find(d.partner);
          row != book->second.account_of.end())
        if (const auto at = feeder_of_.find(row->second); at != feeder_of_.end())
          feeder = at->second;
    out_.origin_wh[{month, feeder}] += d.delivered.value;
  }
}

void YearKeeper::add_origin(const Statement& s, std::int32_t month) {
  if (s.bought.value == 0) return;
  if (!s.deals.empty()) return add_origin_of_deals(s, month);
  const auto sold = sold_by_feeder_.find(s.slot.value);
  if (sold == sold_by_feeder_.end() || statements_of_[s.slot.value] != accounts_of_[s.slot.value]) {
    out_.origin_wh[{month, unknown_feeder}] += s.bought.value;
    return;
  }
  std::vector<std::int64_t> weights;
  for (const auto& [feeder, wh] : sold->second) weights.push_back(wh);
  const auto parts = proportional_shares(weights, s.bought.value);
  std::size_t i = 0;
  for (const auto& [feeder, wh] : sold->second)
    if (const std::int64_t part = parts[i++]; part > 0) out_.origin_wh[{month, feeder}] += part;
}

bool YearKeeper::add_tenants(const Statement& s) {
  const auto tenants = tenants_.find(s.slot.value);
  if (tenants == tenants_.end()) return true;
  bool fits = out_.let.add(s);
  for (const TenantBill& bill : tenant_bills(s, tenants->second))
    fits &= out_.by_tenant[bill.tenant.name].add(bill.part);
  return fits;
}

Result<void> YearKeeper::add(const Statement& s) {
  const CivilFields at = began(s.slot);
  if (!out_.all.add(s)) return failure("has sums beyond 64 bits");
  bool fits = out_.by_month[static_cast<std::size_t>(at.month - 1)].add(s);
  fits &= out_.by_hour[static_cast<std::size_t>(at.hour)].add(s);
  fits &= out_.by_day[{at.month, at.day}].add(s);
  if (!fits || !add_tenants(s)) return failure("has sums beyond 64 bits");
  add_origin(s, at.month);
  if (const auto paid = payments_.find(s.slot.value); paid != payments_.end())
    for (const ContractPayment& p : paid->second) {
      if (p.of == Template::flexibility_offer) out_.flexibility -= p.amount.value;
      if (p.of == Template::controllable_load) out_.relief -= p.amount.value;
      if (p.of == Template::curtailment_duty) out_.curtailment += p.amount.value;
    }
  out_.balance = s.balance.value;
  out_.statements.push_back(s);
  return {};
}

void YearKeeper::add_corrections(Slot last) {
  for (const Ruling& r : rulings_) {
    if (!in_year(r.slot) || r.slot > last) continue;
    const Correction c = correction_of(r, tariff_in(log_.genesis, fees_, r.settled));
    ++out_.corrections.rulings;
    out_.corrections.retail_energy += c.retail_energy.value;
    out_.corrections.grid_fee += c.grid_fee.value;
    out_.corrections.levies += c.levies.value;
    out_.corrections.feed_in += c.feed_in.value;
    out_.corrections.total += c.total.value;
  }
}

void YearKeeper::add_measures(Slot last) {
  for (const HomeMeasure& m : measures_)
    if (in_year(m.paid_in) && m.paid_in <= last) out_.compensation += m.owed.value;
}

void YearKeeper::add_tokens(Slot last) {
  for (const Transfer& t : given_)
    if (in_year(t.slot) && t.slot <= last) out_.given_wh += t.quantity.value;
  for (const TransferNotice& n : received_)
    if (in_year(n.slot) && n.slot <= last) out_.received_wh += n.quantity.value;
  for (const Retirement& v : retirements_)
    if (in_year(v.slot) && v.slot <= last)
      (v.claim == TokenClaim::green ? out_.retired_green_wh : out_.retired_for_consumption_wh) +=
          v.quantity.value;
}

Result<YearlyStatement> YearKeeper::keep(std::optional<std::int32_t> year) {
  if (auto ok = read(); !ok) return failure(ok.error());
  if (statements_.empty()) return failure("has no settled slot");
  out_.year = year.value_or(began(statements_.back().slot).year);
  for (const Statement& s : statements_)
    if (in_year(s.slot))
      if (auto ok = add(s); !ok) return failure(ok.error());
  const Slot last{accounts_of_.empty() ? 0 : accounts_of_.rbegin()->first};
  add_corrections(last);
  add_measures(last);
  add_tokens(last);
  if (out_.statements.empty() && out_.corrections.rulings == 0 && out_.compensation == 0)
    return failure("has no settled slot in " + std::to_string(out_.year) + ", but in " +
                   std::to_string(began(statements_.front().slot).year) + " to " +
                   std::to_string(began(statements_.back().slot).year));
  return std::move(out_);
}

}  // namespace

bool StatementSums::add(const Statement& s) {
  bool fits = true;
  const auto plus = [&fits](std::int64_t& sum, std::int64_t more) {
    fits &= !__builtin_add_overflow(sum, more, &sum);
  };
  ++slots;
  plus(imported_wh, s.imported.value);
  plus(exported_wh, s.exported.value);
  plus(bought_wh, s.bought.value);
  plus(sold_wh, s.sold.value);
  plus(from_retailer_wh, (s.imported - s.bought).value);
  plus(fed_in_wh, (s.exported - s.sold).value);
  plus(minted_wh, s.minted.value);
  plus(retired_wh, s.retired.value);
  if (s.since < s.slot) plus(late_wh, (s.imported + s.exported).value);
  plus(trade_paid, s.trade_paid.value);
  plus(trade_earned, s.trade_earned.value);
  plus(local_grid_fee, s.local_grid_fee.value);
  plus(trade_levies, s.trade_levies.value);
  plus(retail_energy, s.retail_energy.value);
  plus(grid_fee, s.grid_fee.value);
  plus(levies, s.levies.value);
  plus(feed_in, s.feed_in.value);
  plus(total, s.total.value);
  if (s.capacity) {
    plus(capacity, s.capacity->charge.value);
    highest_import_wh = std::max(highest_import_wh, s.capacity->peak.value);
  }
  return fits;
}

std::int64_t vat_in(const StatementSums& s, const CorrectionSums& c, std::uint32_t permille) {
  const Wide gross = Wide{s.retail_energy} + s.grid_fee + s.levies + s.local_grid_fee +
                     s.trade_levies + s.capacity + c.retail_energy + c.grid_fee + c.levies;
  const Wide parts = 1000 + permille, twice = 2 * gross * permille;
  return static_cast<std::int64_t>((twice + (gross < 0 ? -parts : parts)) / (2 * parts));
}

Emissions emissions_of(const StatementSums& sums, const EmissionFactors& f) {
  return {sums.from_retailer_wh * f.grid_g_per_kwh, sums.bought_wh * f.local_g_per_kwh,
          sums.exported_wh * (f.grid_g_per_kwh - f.local_g_per_kwh)};
}

Result<YearlyStatement> yearly_statement(const PublicLog& log, const Openings& openings,
                                         const AccountId& account, const Zone& zone,
                                         std::optional<std::int32_t> year) {
  return YearKeeper(log, openings, account, zone).keep(year);
}

}  // namespace market
