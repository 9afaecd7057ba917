#include "twin/scenario/congestion_reader.hpp"

#include <algorithm>

#include "ledger/base/local_time.hpp"
#include "market/entries/grid_measure.hpp"

namespace twin {

namespace {

constexpr std::size_t most_rungs = 8;

void read_time_of_use(TomlTable& t, RungSpec& r) {
  r.high_from_h = t.number("high_from_h", r.high_from_h, 0, 24);
  r.high_until_h = t.number("high_until_h", r.high_until_h, 0, 24);
  r.high.value = t.micro_eur("high_eur_per_kwh", r.high.value);
  r.low_from_h = t.number("low_from_h", r.low_from_h, 0, 24);
  r.low_until_h = t.number("low_until_h", r.low_until_h, 0, 24);
  r.low.value = t.micro_eur("low_eur_per_kwh", r.low.value);
  if (r.low.value >= r.high.value) t.refuse("low_eur_per_kwh", "less than high_eur_per_kwh");
}

void read_grid_fee(TomlTable& t, RungSpec& r) {
  r.fee.value = t.micro_eur("fee_eur_per_kwh", r.fee.value);
  if (r.fee.value <= 0) t.refuse("fee_eur_per_kwh", "more than 0");
  r.from_loading = t.number("from_loading", r.from_loading, 0, 10);
  r.full_loading = t.number("full_loading", r.full_loading, 0, 10);
  if (r.full_loading <= r.from_loading) t.refuse("full_loading", "more than from_loading");
}

void read_offers(TomlTable& t, RungSpec& r) {
  r.offer_from.value = t.micro_eur("offer_from_eur_per_kwh", r.offer_from.value);
  r.offer_to.value = t.micro_eur("offer_to_eur_per_kwh", r.offer_to.value);
  if (r.offer_from.value < 0) t.refuse("offer_from_eur_per_kwh", "0 or more");
  if (r.offer_to.value < r.offer_from.value)
    t.refuse("offer_to_eur_per_kwh", "at least offer_from_eur_per_kwh");
}

void read_capacity_tariff(TomlTable& t, RungSpec& r) {
  r.capacity_price.value = t.micro_eur("eur_per_kw", r.capacity_price.value, 0.01, 1000);
  if (!t.has("zone")) return;
  r.zone = t.text("zone", "");
  if (!ledger::zone_named(r.zone)) t.refuse("zone", ledger::zone_names());
}

void read_limits(TomlTable& t, RungSpec& r) {
  r.max_loading = t.number("max_loading", r.max_loading, 0.1, 2);
  r.voltage_margin_pu = t.number("voltage_margin_pu", r.voltage_margin_pu, 0, 0.1);
}

}  // namespace

const std::vector<std::string>& names_of_rungs() {
  static const std::vector<std::string> names(market::names_of_rungs.begin(),
                                              market::names_of_rungs.end());
  return names;
}

void read_rung(TomlTable t, Scenario& s) {
  RungSpec r;
  if (!t.has("rung")) return t.refuse("rung", "the name of a rung");
  const std::string name = t.one_of("rung", "", names_of_rungs());
  if (name.empty()) return;  // which keys it may have beside, nobody knows
  r.kind = enum_named<RungSpec::Kind>(name, names_of_rungs());
  // The ladder and homes' managers go by the minute.
  if (ledger::minutes(1) % s.time.physics_step != ledger::Duration{})
    t.fail("rung", "a grid operator wants a time.physics_step that divides a minute");
  const ledger::Duration minute = ledger::minutes(1), metering = s.time.metering_interval;
  if (std::max(minute, metering) % std::min(minute, metering) != ledger::Duration{})
    t.fail("rung",
           "a grid operator wants a time.metering_interval of a minute's part or whole ones");
  if (r.kind >= RungSpec::Kind::dimming_14a) read_limits(t, r);
  if (r.kind == RungSpec::Kind::time_of_use) read_time_of_use(t, r);
  if (r.kind == RungSpec::Kind::dynamic_grid_fee) read_grid_fee(t, r);
  if (r.kind == RungSpec::Kind::capacity_tariff) read_capacity_tariff(t, r);
  if (r.kind == RungSpec::Kind::dimming_14a)
    r.relief_eur_per_year = t.number("relief_eur_per_year", r.relief_eur_per_year, 0, 10'000);
  if (r.kind == RungSpec::Kind::flexibility) read_offers(t, r);
  if (r.kind == RungSpec::Kind::curtailment) {
    r.lost_load.value = t.micro_eur("lost_load_eur_per_kwh", r.lost_load.value);
    if (r.lost_load.value < 0) t.refuse("lost_load_eur_per_kwh", "0 or more");
  }
  if (std::any_of(s.congestion.begin(), s.congestion.end(),
                  [&](const RungSpec& other) { return other.kind == r.kind; }))
    t.refuse("rung", "each rung once");
  t.close();
  s.congestion.push_back(r);
}

void read_ladder(TomlTable t, Scenario& s) {
  const std::vector<std::string> wanted = t.texts("rungs", most_rungs);
  const bool all = wanted.empty() || wanted == std::vector<std::string>{"all"};
  std::vector<RungSpec> chosen;
  for (const std::string& name : wanted) {
    if (all) break;
    const auto is_it = [&](const RungSpec& r) {
      return names_of_rungs()[static_cast<std::size_t>(r.kind)] == name;
    };
    const auto found = std::find_if(s.congestion.begin(), s.congestion.end(), is_it);
    if (name == "none" && wanted.size() == 1)
      chosen.push_back({});
    else if (found == s.congestion.end())
      t.refuse("rungs", "\"all\", \"none\", or rungs that [[congestion]] names");
    else
      chosen.push_back(*found);
  }
  if (!all) s.congestion = std::move(chosen);
  t.close();
}

}  // namespace twin
