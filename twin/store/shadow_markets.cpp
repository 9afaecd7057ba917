#include "twin/store/shadow_markets.hpp"

namespace twin {

using namespace ledger;

namespace {

// Each deal is rounded once, as a bill's line is.
std::int64_t turnover_of(const market::Clearing& c) {
  if (c.price) return cost_of(c.volume, *c.price).value;
  std::int64_t sum = 0;
  for (const market::Trade& t : c.trades) sum += cost_of(t.energy, t.price).value;
  return sum;
}

}  // namespace

ShadowMarkets::ShadowMarkets(const Scenario& scenario, const Deployment& deployment,
                             const RunDescription& run, Summary& summary)
    : figures_(summary.market.shadows) {
  for (const std::string& name : scenario.market.shadows) {
    mechanisms_.push_back(market::mechanism_named(name).value());
    figures_.push_back({name});
  }
  for (const MeterIdentity& m : deployment.identities().meters)
    if (!m.feeder) {
      const HomeRow& home = run.homes[m.meter.value];
      places_[m.account] = {home.bus + 1, home.pv_peak_w > 0};
    }
}

void ShadowMarkets::take(const market::ClosedSlot& slot) {
  if (mechanisms_.empty()) return;
  std::vector<market::Order> orders = slot.orders;
  for (market::Order& o : orders) {
    const auto home = places_.find(o.account);
    if (home == places_.end()) continue;  // not the scenario's: its place is not told
    o.bus = home->second.bus;
    o.green = o.side == market::Side::sell && home->second.green;
  }
  for (std::size_t i = 0; i < mechanisms_.size(); ++i) {
    const market::Clearing c = market::clear(mechanisms_[i], orders, market::terms_of(slot.tariff));
    Summary::Shadow& figures = figures_[i];
    figures.traded_wh += c.volume.value;
    figures.turnover_micro_eur += turnover_of(c);
    figures.welfare_micro_eur += c.welfare.value;
    figures.optimal_welfare_micro_eur += c.optimal_welfare.value;
  }
}

}  // namespace twin
