#include "twin/store/decided_openings.hpp"

#include <utility>

#include "market/entries/erasure.hpp"

namespace twin {

using namespace ledger;

DecidedOpenings::DecidedOpenings(const Scenario& scenario, const Deployment& deployment)
    : genesis_(deployment.genesis()) {
  const auto slots_a_day = static_cast<std::size_t>(hours(24) / scenario.time.market_slot);
  for (const MeterIdentity& m : deployment.identities().meters)
    if (!m.feeder)
      yesterday_of_meter_[m.meter.value] =
          ai::persistence(deployment.history_wh(m.meter.value), slots_a_day);
}

void DecidedOpenings::take(const Block& block) {
  std::optional<Slot> closed;
  for (const Transaction& tx : block.transactions) {
    count_change(tx);
    if (tx.kind == TransactionKind::grid_measure) ++grid_measures_;
    if (tx.kind == TransactionKind::tariff_change) fees_.add(*market::decode_fee_change(tx.body));
    if (tx.kind == TransactionKind::settlement) {
      settlement_height_ = block.header.height;
      closed = market::decode_settlement_body(tx.body)->slot;
      for (const market::Correction& c : std::exchange(corrections_[closed->value], {}))
        statements_.add(c);
      for (const market::HomeMeasure& m : std::exchange(measures_[closed->value], {}))
        statements_.add(m);
      for (const market::Transfer& t : std::exchange(transfers_[closed->value], {}))
        statements_.add(t);
      for (const market::Retirement& v : std::exchange(retirements_[closed->value], {}))
        statements_.add(v);
    }
    if (tx.kind == TransactionKind::registration) take_registrations(tx);
    for (const Opening& o : tx.openings) take_opening(tx.kind, o.data);
  }
  if (closed) statements_.close(*closed);
}

// What changes behind registration and is no meter swap.
void DecidedOpenings::count_change(const Transaction& tx) {
  if (tx.kind == TransactionKind::key_change) ++changes_["key_changes"];
  if (tx.kind == TransactionKind::deregistration) ++changes_["deregistrations"];
  if (tx.kind == TransactionKind::gateway) ++changes_["gateways"];
  if (tx.kind == TransactionKind::certificate) changes_["certificates"] += tx.openings.size();
}

void DecidedOpenings::take_registrations(const Transaction& tx) {
  const auto meters = market::decode_registrations(tx.openings);
  invariant(meters.has_value(), "an executed registration decodes");
  for (const market::Registered& m : *meters) statements_.add(m.registration);
}

void DecidedOpenings::take_opening(TransactionKind kind, const Bytes& data) {
  if (kind == TransactionKind::deregistration) {
    statements_.add(*market::decode_deregistration(data));
  } else if (kind == TransactionKind::statements) {
    const market::Statement s = *market::decode_statement(data);
    statements_.add(s);
    score_forecast(s);
  } else if (kind == TransactionKind::ruling) {
    const market::Ruling r = *market::decode_ruling(data);
    corrections_[r.slot.value].push_back(
        market::correction_of(r, market::tariff_in(genesis_, fees_, r.settled)));
  } else if (kind == TransactionKind::grid_measure) {
    const market::HomeMeasure m = *market::decode_home_measure(data);
    measures_[m.paid_in.value].push_back(m);
  } else if (kind == TransactionKind::transfer) {
    if (const auto t = market::decode_transfer(data)) transfers_[t->slot.value].push_back(*t);
  } else if (kind == TransactionKind::retirement) {
    const market::Retirement v = *market::decode_retirement(data);
    retirements_[v.slot.value].push_back(v);
  } else if (kind == TransactionKind::contract) {
    const market::Contract c = *market::decode_contract(data);
    statements_.add(c);
    if (!c.withdraws()) ++contracts_[std::string(market::name_of(c.of))];
  } else if (kind == TransactionKind::erasure) {
    statements_.forget_contracts(market::decode_erasure(data)->account);
  } else if (kind == TransactionKind::forecast) {
    take_forecast(*market::decode_forecast(data));
  }
}

void DecidedOpenings::take_forecast(const market::Forecast& f) {
  for (std::size_t k = 0; k < f.net_wh.size(); ++k)
    feeder_forecast_wh_[f.first_slot.value + static_cast<std::uint32_t>(k)] += f.net_wh[k];
  forecast_of_meter_.try_emplace(f.meter.value, f);  // the first day's
}

// The first day alone has a day before that the twin knows for persistence.
void DecidedOpenings::score_forecast(const market::Statement& s) {
  const auto f = forecast_of_meter_.find(s.meter.value);
  const auto y = yesterday_of_meter_.find(s.meter.value);
  const std::uint32_t slot = s.slot.value;
  if (f == forecast_of_meter_.end() || y == yesterday_of_meter_.end() || slot >= y->second.size())
    return;
  const std::uint32_t first = f->second.first_slot.value;
  if (slot < first || slot - first >= f->second.net_wh.size()) return;
  const std::int64_t actual = (s.imported - s.exported).value;
  score_.add(f->second.net_wh[slot - first], actual);
  persistence_score_.add(y->second[slot], actual);
}

std::optional<std::int64_t> DecidedOpenings::forecast_wh(Slot slot) const {
  const auto f = feeder_forecast_wh_.find(slot.value);
  return f == feeder_forecast_wh_.end() ? std::nullopt : std::optional(f->second);
}

Summary::Forecast DecidedOpenings::forecast_score() const {
  return {score_.mae(), persistence_score_.mae(), score_.n};
}

}  // namespace twin
