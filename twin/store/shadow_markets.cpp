#include "twin/store/shadow_markets.hpp"

#include <algorithm>

#include "market/clearing/book_row.hpp"
#include "market/clearing/grid_clearing.hpp"

namespace twin {

using namespace ledger;

namespace {

// Each deal is rounded once, as a bill's line is.
std::int64_t earned_in(std::span<const market::Trade> trades) {
  std::int64_t sum = 0;
  for (const market::Trade& t : trades) sum += cost_of(t.energy, t.price).value;
  return sum;
}

std::int64_t earned_in(const market::Clearing& c) {
  return c.price ? cost_of(c.volume, *c.price).value : earned_in(c.trades);
}

// As a chain has them that knows accounts by their numbers alone.
std::vector<market::Order> by_party(std::span<const market::Order> orders) {
  std::vector<market::Order> out;
  for (market::BookRow& row : market::rows_of(market::BookForm::parties, orders))
    out.push_back(std::move(row.order));
  return out;
}

}  // namespace

Result<ShadowFeeder> ShadowFeeder::of(const Scenario& scenario, const Network& network) {
  ShadowFeeder out;
  for (const auto& [mechanism, feeder] : {std::pair{market::Mechanism::grid_aware, &out.limits},
                                          std::pair{market::Mechanism::fee_tree, &out.fees}}) {
    if (!scenario.market.has_shadow(mechanism)) continue;
    auto found = traded_feeder_of(scenario, network, *market::form_of(mechanism));
    if (!found)
      return failure("market.shadows: " + std::string(market::name_of(mechanism)) + ": " +
                     found.error());
    *feeder = std::move(*found);
  }
  return out;
}

ShadowMarkets::ShadowMarkets(const Scenario& scenario, const Deployment& deployment,
                             const RunDescription& run, ShadowFeeder feeder, Summary& summary)
    : feeder_(std::move(feeder)), figures_(summary.market.shadows) {
  for (const std::string& name : scenario.market.shadows) {
    mechanisms_.push_back(market::acting_named(name).value());
    figures_.push_back({name});
  }
  for (const MeterIdentity& m : deployment.identities().meters)
    if (!m.feeder) {
      const HomeRow& home = run.homes[m.meter.value];
      places_[m.account] = {home.bus + 1, home.pv_peak_w > 0, m.meter.value};
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
  const std::vector<market::Order> worth = market::at_worth(orders, slot.tariff.local_grid_fee);
  const std::int64_t optimal = market::optimal_welfare(worth).value;
  for (std::size_t i = 0; i < mechanisms_.size(); ++i) {
    Summary::Shadow& figures = figures_[i];
    figures.optimal_welfare_micro_eur += optimal;
    const auto outcome = clear(mechanisms_[i], orders, worth, slot.tariff);
    if (!outcome) {
      ++figures.slots_uncleared;
      continue;
    }
    figures.traded_wh += outcome->traded_wh;
    figures.earned_micro_eur += outcome->earned_micro_eur;
    figures.welfare_micro_eur += market::welfare_of(worth, outcome->fills).value;
  }
}

std::optional<ShadowMarkets::Outcome> ShadowMarkets::clear(const market::Acting& acting,
                                                           std::span<const market::Order> orders,
                                                           std::span<const market::Order> worth,
                                                           const market::Tariff& tariff) const {
  if (acting.mechanism == market::Mechanism::grid_aware) return clear_grid_aware(orders);
  if (acting.mechanism == market::Mechanism::fee_tree) return clear_fee_tree(worth);
  market::ClearingTerms terms = market::terms_of(tariff);
  terms.key = acting.key;
  market::Clearing c = terms.key == market::SharingKey::static_key
                           ? market::clear(acting.mechanism, by_party(orders), terms)
                           : market::clear(acting.mechanism, orders, terms);
  return Outcome{c.volume.value, earned_in(c), std::move(c.fills)};
}

std::vector<std::uint32_t> ShadowMarkets::buses_of(std::span<const market::Order> orders,
                                                   const TradedFeeder& feeder,
                                                   std::uint32_t elsewhere) const {
  std::vector<std::uint32_t> out;
  for (const market::Order& o : orders) {
    const auto home = places_.find(o.account);
    out.push_back(home == places_.end() ? elsewhere : feeder.bus_of_home[home->second.home]);
  }
  return out;
}

std::optional<ShadowMarkets::Outcome> ShadowMarkets::clear_grid_aware(
    std::span<const market::Order> orders) const {
  const auto& limits = std::get<market::TradeLimits>(feeder_.limits->terms);
  const std::uint32_t busbar = limits.buses - 1;
  const std::vector<std::uint32_t> buses = buses_of(orders, *feeder_.limits, busbar);
  const auto proposal = market::propose_grid_clearing(orders, buses, limits);
  if (!proposal) return std::nullopt;
  const auto nodal = market::check_proposal(orders, buses, limits, *proposal).value();
  Outcome out{nodal.volume.value, 0, proposal->fills};
  for (std::size_t i = 0; i < orders.size(); ++i)
    if (orders[i].side == market::Side::sell)
      out.earned_micro_eur += cost_of(proposal->fills[i], nodal.prices[buses[i]]).value;
  return out;
}

ShadowMarkets::Outcome ShadowMarkets::clear_fee_tree(std::span<const market::Order> orders) const {
  constexpr std::uint32_t root = 0;
  const std::vector<std::uint32_t> nodes = buses_of(orders, *feeder_.fees, root);
  market::FeeTreeClearing c =
      market::clear_fee_tree(orders, nodes, std::get<market::FeeTree>(feeder_.fees->terms));
  return {c.volume.value, earned_in(c.trades), std::move(c.fills)};
}

}  // namespace twin
