#include "twin/store/slot_recorder.hpp"

#include <algorithm>
#include <set>

namespace twin {

using namespace ledger;

SlotRecorder::SlotRecorder(const Scenario& scenario, const Deployment& deployment,
                           RunWriter& writer, Summary& summary, FirstFailure& failure)
    : scenario_(scenario), writer_(writer), summary_(summary), failure_(failure) {
  summary_.market.mechanism = scenario.market.mechanism;
  for (auto* by_home : {&summary_.market.savings_micro_eur, &summary_.market.bill_micro_eur,
                        &summary_.market.bought_wh, &summary_.market.sold_wh})
    by_home->resize(scenario.homes.size());
  for (const MeterIdentity& m : deployment.identities().meters)
    if (!m.feeder) home_of_account_[m.account] = m.meter.value;
  if (!scenario.ledger.masked_sums) return;
  masked_totals_.emplace(deployment.identities(), chain_id_of(deployment.genesis()), verifier_);
  Summary::MaskedSums sums;
  sums.groups = masked_totals_->groups();
  summary_.masked_sums = sums;
}

SlotRow SlotRecorder::take(const market::ClosedSlot& slot,
                           std::optional<std::int64_t> forecast_wh) {
  SlotRow row = row_of(slot);
  row.forecast_wh = forecast_wh;
  summary_.market.traded_wh += row.traded_wh;
  failure_.keep(writer_.slot(row));
  count_welfare(slot);
  count_orders(slot);
  count_contracts(slot);
  write_statements(slot);
  write_postings(slot);
  if (masked_totals_) sum_masked(slot);
  return row;
}

SlotRow SlotRecorder::row_of(const market::ClosedSlot& slot) const {
  SlotRow row;
  row.slot = slot.slot.value;
  row.start = Instant{} + scenario_.time.market_slot * slot.slot.value;
  if (slot.clearing.price) row.price_micro_eur_per_kwh = slot.clearing.price->value;
  for (const market::Order& o : slot.orders)
    (o.side == market::Side::buy ? row.orders_buy_wh : row.orders_sell_wh) += o.energy.value;
  for (const market::Statement& s : slot.settlement.statements) {
    row.import_wh += s.imported.value;
    row.export_wh += s.exported.value;
    row.traded_wh += s.bought.value;
    row.turnover_micro_eur += s.trade_earned.value;
  }
  row.actual_wh = row.import_wh - row.export_wh;
  return row;
}

void SlotRecorder::count_welfare(const market::ClosedSlot& slot) {
  const auto orders = market::at_worth(slot.orders, slot.tariff.local_grid_fee);
  summary_.market.welfare_micro_eur += market::welfare_of(orders, slot.clearing.fills).value;
  summary_.market.optimal_welfare_micro_eur += market::optimal_welfare(orders).value;
}

// Individual rationality is looked at from outside, whatever the mechanism says of itself.
void SlotRecorder::count_orders(const market::ClosedSlot& slot) {
  const auto is_worse = [](const market::Order& o, Price price) {
    return o.side == market::Side::buy ? price > o.limit : price < o.limit;
  };
  const market::Clearing& c = slot.clearing;
  std::set<std::uint32_t> worse;
  for (std::uint32_t i = 0; c.price && i < std::min(c.fills.size(), slot.orders.size()); ++i)
    if (c.fills[i].value > 0 && is_worse(slot.orders[i], *c.price)) worse.insert(i);
  for (const market::Trade& t : c.trades) {
    if (is_worse(slot.orders.at(t.buyer), t.price + t.beside + t.fee)) worse.insert(t.buyer);
    if (is_worse(slot.orders.at(t.seller), t.price)) worse.insert(t.seller);
  }
  summary_.market.orders += slot.orders.size();
  summary_.market.irrational_orders += worse.size();
}

void SlotRecorder::count_contracts(const market::ClosedSlot& slot) {
  summary_.contracts.orders += slot.contract_orders;
  for (const market::ContractPayment& p : slot.payments)
    if (p.of == market::Template::flexibility_offer)
      summary_.contracts.paid_micro_eur -= p.amount.value;
    else if (p.of == market::Template::controllable_load)
      summary_.contracts.relief_micro_eur -= p.amount.value;
    else
      summary_.contracts.due_micro_eur += p.amount.value;
}

void SlotRecorder::write_statements(const market::ClosedSlot& slot) {
  for (const market::Statement& s : slot.settlement.statements) {
    summary_.market.bought_wh[s.meter.value] += s.bought.value;
    summary_.market.sold_wh[s.meter.value] += s.sold.value;
    summary_.market.paid_micro_eur += s.trade_paid.value;
    summary_.market.earned_micro_eur += s.trade_earned.value;
    const MicroEuros alone = market::retailer_bill(s, slot.tariff);
    summary_.market.savings_micro_eur[s.meter.value] += (alone - s.total).value;
    StatementRow row;
    row.account = s.account;
    row.home = s.meter.value;
    row.slot = s.slot.value;
    row.import_wh = s.imported.value;
    row.export_wh = s.exported.value;
    row.bought_wh = s.bought.value;
    row.sold_wh = s.sold.value;
    row.trade_micro_eur = (s.trade_paid - s.trade_earned).value;
    row.retail_micro_eur = (s.retail_energy + s.grid_fee + s.levies - s.feed_in).value;
    row.fees_micro_eur = (s.local_grid_fee + s.trade_levies).value;
    if (s.capacity) {
      row.capacity_micro_eur = s.capacity->charge.value;
      row.peak_wh = s.capacity->peak.value;
    }
    row.total_micro_eur = s.total.value;
    row.baseline_micro_eur = alone.value;
    failure_.keep(writer_.statement(row));
  }
}

void SlotRecorder::write_postings(const market::ClosedSlot& slot) {
  const Instant end = Instant{} + scenario_.time.market_slot * (slot.slot.value + 1);
  for (const market::Posting& p : slot.settlement.postings) {
    count_bills(p);
    failure_.keep(
        writer_.posting({end, slot.slot.value, std::string(market::name_of(p.kind)),
                         name_of_account(p.from), name_of_account(p.to), p.amount.value}));
  }
}

// What is put in and taken out at the bank is no bill.
void SlotRecorder::count_bills(const market::Posting& p) {
  using Kind = market::PostingKind;
  if (p.kind == Kind::deposit || p.kind == Kind::payout) return;
  Summary::Market& m = summary_.market;
  const auto from = home_of_account_.find(p.from), to = home_of_account_.find(p.to);
  if (from != home_of_account_.end()) m.bill_micro_eur[from->second] += p.amount.value;
  if (to != home_of_account_.end()) m.bill_micro_eur[to->second] -= p.amount.value;
  if (p.kind == Kind::capacity) m.capacity_micro_eur += p.amount.value;
  if (p.kind == Kind::compensation || p.kind == Kind::relief)
    m.compensation_micro_eur += p.amount.value;
  if (p.kind == Kind::congestion_rent)
    m.congestion_rent_micro_eur += p.to == market::grid_operator ? p.amount.value : -p.amount.value;
  if (p.to == market::grid_operator) m.operator_got_micro_eur += p.amount.value;
  if (p.from == market::grid_operator) m.operator_paid_micro_eur += p.amount.value;
}

void SlotRecorder::sum_masked(const market::ClosedSlot& slot) {
  std::map<AccountId, std::int64_t> net_wh;
  for (const market::Statement& s : slot.settlement.statements)
    if (market::carries_energy(s.standing)) net_wh[s.account] = (s.imported - s.exported).value;
  const MaskedTotal total = masked_totals_->total(slot.slot, net_wh);
  Summary::MaskedSums& m = *summary_.masked_sums;
  ++m.slots;
  m.homes += total.homes.size();
  m.hidden_homes += total.hidden;
  m.net_wh += total.net_wh;
  m.difference_wh += total.net_wh;
  for (const AccountId& home : total.homes) m.difference_wh -= net_wh.at(home);
  m.bytes += total.bytes;
}

std::string SlotRecorder::name_of_account(const AccountId& account) const {
  if (const auto at = home_of_account_.find(account); at != home_of_account_.end())
    return scenario_.homes[at->second].name;
  const auto end = std::find(account.bytes.begin(), account.bytes.end(), 0);
  return {account.bytes.begin(), end};
}

}  // namespace twin
