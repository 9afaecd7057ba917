#include "twin/scenario/home_contracts.hpp"

#include <cmath>

#include "market/settlement/flexibility.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;
using ledger::Rng;
using market::Template;

namespace {

constexpr double most_kwh = static_cast<double>(market::max_order_energy.value) / 1000;
constexpr double most_eur = static_cast<double>(market::max_order_price.value) / 1e6;

// What a template has no use for, and what it cannot do without.
void check_keys(TomlTable& t, const std::string& name, Template of) {
  const bool key = of == Template::community_key, energy = market::has_energy(of);
  struct Key {
    const char* name;
    bool taken;
  };
  for (const Key& k :
       {Key{"energy_kwh", energy}, Key{"price_eur_per_kwh", energy}, Key{"side", key},
        Key{"key_percent", key}, Key{"tenants", of == Template::sub_meters}}) {
    if (!k.taken && t.has(k.name))
      t.fail(k.name, "a contract of template \"" + name + "\" has no such key");
    if (k.taken && !t.has(k.name))
      t.fail(k.name, "missing; a contract of template \"" + name + "\" wants it");
  }
}

std::uint16_t read_key(TomlTable& t) {
  const double permille = 10 * t.number("key_percent", 100, 0.1, 100);
  if (std::abs(permille - std::round(permille)) > 1e-9) t.refuse("key_percent", "one decimal");
  return static_cast<std::uint16_t>(std::lround(permille));
}

ContractRanges read_contract(TomlTable& t, bool population) {
  ContractRanges r;
  const std::vector<std::string>& names = market::names_of_templates();
  if (!t.has("template")) t.fail("template", "missing; wants one of the templates' names");
  const std::string name = t.one_of("template", names.front(), names);
  r.where = t.where("template");
  if (population) r.share = t.number("share", 1, 0, 1);
  r.spec.of = *market::template_named(name);
  const ledger::Duration at = t.duration("at", {}), length = t.duration("for", {});
  if (t.has("at")) r.spec.at = at;
  if (t.has("for")) r.spec.length = length;
  r.where_at = t.where("at");
  r.energy_kwh = t.range("energy_kwh", {1, 1}, 0.001, most_kwh);
  r.eur_per_kwh = t.range("price_eur_per_kwh", {0, 0}, 0, most_eur);
  const bool sells = t.one_of("side", "buy", {"buy", "sell"}) == "sell";
  r.spec.side = sells ? market::Side::sell : market::Side::buy;
  r.spec.key_permille = read_key(t);
  if (r.spec.of != Template::community_key) r.spec.key_permille = 0;
  for (const std::int64_t weight : t.integers("tenants", 1, UINT32_MAX, market::max_tenants))
    r.spec.tenants.push_back(static_cast<std::uint32_t>(weight));
  t.close();
  check_keys(t, name, r.spec.of);
  return r;
}

}  // namespace

std::vector<ContractRanges> read_contracts(TomlTable& home, bool population) {
  std::vector<ContractRanges> out;
  for (TomlTable& t : home.tables("contracts")) {
    ContractRanges r = read_contract(t, population);
    for (const ContractRanges& other : out)
      if (other.spec.of == r.spec.of) t.refuse("template", "each template once");
    out.push_back(std::move(r));
  }
  return out;
}

PreferenceRanges read_preference(TomlTable t, bool population) {
  PreferenceRanges r;
  if (!t.present()) return r;
  r.where = t.where("");
  r.where_partner = t.where("partner");
  r.share = population ? t.number("share", 1, 0, 1) : 1;
  r.spec.partner = t.text("partner", "");
  r.spec.green = t.boolean("green", false);
  t.close();
  if (!r.spec.any()) t.fail("", "wants a partner, green = true, or both");
  return r;
}

std::vector<ContractSpec> draw_contracts(const std::vector<ContractRanges>& all, const Rng& home) {
  std::vector<ContractSpec> out;
  for (const ContractRanges& r : all) {
    Rng rng = home.fork("contract").fork(market::name_of(r.spec.of));
    const bool has = rng.chance(r.share);
    ContractSpec c = r.spec;
    const double energy_kwh = rng.uniform(r.energy_kwh.low, r.energy_kwh.high);
    const double eur = rng.uniform(r.eur_per_kwh.low, r.eur_per_kwh.high);
    if (market::has_energy(c.of)) {
      c.energy.value = std::llround(energy_kwh * 1000);
      c.price.value = std::llround(eur * 1e6);
    }
    if (has) out.push_back(std::move(c));
  }
  return out;
}

// Whom its neighbours would rather trade with cannot prefer itself.
PreferenceSpec draw_preference(const PreferenceRanges& ranges, const std::string& name,
                               const Rng& home) {
  Rng rng = home.fork("preference");
  if (!rng.chance(ranges.share)) return {};
  PreferenceSpec out = ranges.spec;
  if (out.partner == name) out.partner.clear();
  return out;
}

Result<void> check_contracts(const std::vector<ContractRanges>& all, const Scenario& s) {
  for (const ContractRanges& r : all) {
    const std::string name = "\"" + std::string(market::name_of(r.spec.of)) + "\"";
    if (market::with_grid_operator(r.spec.of) && s.congestion.empty())
      return failure(r.where + ": found " + name +
                     ", a contract with the grid operator; there is none without a [[congestion]]");
    if (r.spec.at && *r.spec.at >= s.time.duration)
      return failure(r.where_at + ": found " + ledger::to_text(*r.spec.at) +
                     "; wants less than time.duration (" + ledger::to_text(s.time.duration) + ")");
  }
  return {};
}

Result<void> check_preference(const PreferenceRanges& ranges, const Scenario& s) {
  if (!ranges.spec.any() || s.market.mechanism == market::name_of(market::Mechanism::bilateral))
    return {};
  return failure(ranges.where + ": market.mechanism \"" + s.market.mechanism +
                 "\" knows no preferences; \"bilateral\" does");
}

}  // namespace twin
