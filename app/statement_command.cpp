#include "app/statement_command.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/console.hpp"
#include "app/number_option.hpp"
#include "app/run_ledger.hpp"
#include "market/audit/yearly_statement.hpp"

namespace app {
namespace {

using namespace ledger;
using nlohmann::json;

struct StatementOptions {
  std::string directory, account, zone = "Europe/Berlin", out;
  std::int32_t year = 0;
  market::EmissionFactors factors;
  bool json = false;
  std::uint32_t vat_permille = 0;  // genesis'
  std::int64_t capacity_price = 0, slot_ms = 0;
};

json energy_json(const market::StatementSums& s, const market::EmissionFactors& factors) {
  const market::Emissions co2 = market::emissions_of(s, factors);
  return {{"slots", s.slots},
          {"imported_wh", s.imported_wh},
          {"exported_wh", s.exported_wh},
          {"bought_from_neighbours_wh", s.bought_wh},
          {"sold_to_neighbours_wh", s.sold_wh},
          {"from_retailer_wh", s.from_retailer_wh},
          {"fed_in_wh", s.fed_in_wh},
          {"minted_wh", s.minted_wh},
          {"retired_wh", s.retired_wh},
          {"of_several_slots_wh", s.late_wh},
          {"co2_grid_mg", co2.grid_mg},
          {"co2_local_mg", co2.local_mg},
          {"co2_avoided_mg", co2.avoided_mg}};
}

json money_json(const market::StatementSums& s) {
  return {{"capacity_micro_eur", s.capacity},
          {"bought_from_neighbours_micro_eur", s.trade_paid},
          {"sold_to_neighbours_micro_eur", s.trade_earned},
          {"local_grid_fee_micro_eur", s.local_grid_fee},
          {"levies_on_neighbours_energy_micro_eur", s.trade_levies},
          {"retail_energy_micro_eur", s.retail_energy},
          {"grid_fee_micro_eur", s.grid_fee},
          {"levies_micro_eur", s.levies},
          {"feed_in_micro_eur", s.feed_in},
          {"total_micro_eur", s.total}};
}

json sums_json(const market::StatementSums& s, const market::EmissionFactors& factors) {
  json out = energy_json(s, factors);
  out.update(money_json(s));
  return out;
}

std::string two_digits(std::int32_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

// Of a month, or of the year's highest, where the chain has a capacity tariff.
void add_peak(json& out, const market::StatementSums& s, const StatementOptions& o) {
  if (o.capacity_price > 0) out["highest_import_wh"] = s.highest_import_wh;
}

json tenants_json(const market::YearlyStatement& y, const market::EmissionFactors& factors) {
  json out = json::array();
  for (const auto& [name, sums] : y.by_tenant) {
    out.push_back(sums_json(sums, factors));
    out.back()["tenant"] = to_hex(name);
  }
  return out;
}

json statement_json(const market::YearlyStatement& y, const StatementOptions& o) {
  json out{{"format", "aipchain statement 1"},
           {"account", to_hex(y.account.bytes)},
           {"year", y.year},
           {"zone", o.zone},
           {"year_in_all", sums_json(y.all, o.factors)},
           {"balance_micro_eur", y.balance}};
  add_peak(out["year_in_all"], y.all, o);
  for (const char* list : {"by_month", "by_hour", "by_day", "origin"}) out[list] = json::array();
  for (std::size_t m = 0; m < y.by_month.size(); ++m) {
    if (y.by_month[m].slots == 0) continue;
    out["by_month"].push_back(sums_json(y.by_month[m], o.factors));
    out["by_month"].back()["month"] = m + 1;
    add_peak(out["by_month"].back(), y.by_month[m], o);
  }
  for (std::size_t h = 0; h < y.by_hour.size(); ++h) {
    out["by_hour"].push_back(energy_json(y.by_hour[h], o.factors));
    out["by_hour"].back()["hour"] = h;
  }
  for (const auto& [date, sums] : y.by_day) {
    out["by_day"].push_back(sums_json(sums, o.factors));
    out["by_day"].back()["date"] =
        std::to_string(y.year) + "-" + two_digits(date.first) + "-" + two_digits(date.second);
  }
  for (const auto& [of, wh] : y.origin_wh) {
    json row{{"vintage_month", of.first}, {"wh", wh}};
    row["feeder"] = of.second == market::unknown_feeder ? json() : json(of.second);
    out["origin"].push_back(row);
  }
  const std::int64_t vat = market::vat_in(y.all, y.corrections, o.vat_permille);
  const std::int64_t levies = y.all.trade_levies + y.all.levies + y.corrections.levies;
  out["taxes_and_levies"] = {
      {"vat_permille", o.vat_permille},
      {"vat_contained_micro_eur", vat},
      {"levies_paid_micro_eur", levies},
      {"grid_fees_paid_micro_eur",
       y.all.local_grid_fee + y.all.grid_fee + y.all.capacity + y.corrections.grid_fee},
      {"income_from_neighbours_micro_eur", y.all.trade_earned},
      {"income_from_feed_in_micro_eur", y.all.feed_in + y.corrections.feed_in}};
  out["corrections"] = {{"rulings", y.corrections.rulings},
                        {"retail_energy_micro_eur", y.corrections.retail_energy},
                        {"grid_fee_micro_eur", y.corrections.grid_fee},
                        {"levies_micro_eur", y.corrections.levies},
                        {"feed_in_micro_eur", y.corrections.feed_in},
                        {"total_micro_eur", y.corrections.total}};
  out["grid_operator"] = {{"flexibility_paid_to_account_micro_eur", y.flexibility},
                          {"relief_paid_to_account_micro_eur", y.relief},
                          {"compensation_paid_to_account_micro_eur", y.compensation},
                          {"curtailment_paid_micro_eur", y.curtailment}};
  out["tokens"] = {{"received_wh", y.received_wh},
                   {"given_wh", y.given_wh},
                   {"retired_for_consumption_wh", y.retired_for_consumption_wh},
                   {"retired_as_green_claim_wh", y.retired_green_wh}};
  out["co2_factors"] = {{"grid_g_per_kwh", o.factors.grid_g_per_kwh},
                        {"local_g_per_kwh", o.factors.local_g_per_kwh},
                        {"grid_source", "Umweltbundesamt, German mix of 2023, unless given"},
                        {"local_source", "IPCC AR5 WG III annex III, rooftop PV, unless given"}};
  if (!y.by_tenant.empty()) {
    out["tenants"] = tenants_json(y, o.factors);
    out["let_in_all"] = sums_json(y.let, o.factors);
  }
  return out;
}

// To the micro-euro, so that a bill's lines sum to its total as they stand there.
std::string eur(std::int64_t micro) {
  std::array<char, 40> text{};
  const std::int64_t whole = std::abs(micro / 1'000'000), rest = std::abs(micro % 1'000'000);
  std::snprintf(text.data(), text.size(), "%s%lld.%06lld EUR", micro < 0 ? "-" : "",
                static_cast<long long>(whole), static_cast<long long>(rest));
  return text.data();
}

// To the gram.
std::string kg(std::int64_t mg) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.3f kg", static_cast<double>(mg) / 1e6);
  return text.data();
}

std::string counted(std::size_t n, const char* one) {
  return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

std::string kwh(std::int64_t wh) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.3f kWh", static_cast<double>(wh) / 1e3);
  return text.data();
}

// Where genesis states a rate. It is contained in several lines, and stands behind their sum.
std::string vat_line(const market::YearlyStatement& y, const StatementOptions& o) {
  if (o.vat_permille == 0) return "";
  std::array<char, 160> text{};
  std::snprintf(
      text.data(), text.size(),
      "  VAT contained    %s, %.1f %% of the net of what retailer, grid operator and state got\n",
      eur(market::vat_in(y.all, y.corrections, o.vat_permille)).c_str(), o.vat_permille / 10.0);
  return text.data();
}

// Where genesis has a price for it.
std::string capacity_line(const market::YearlyStatement& y, const StatementOptions& o) {
  if (o.capacity_price == 0) return "";
  return "  highest imports  " + eur(y.all.capacity) + ", of a month at most " +
         market::power_text({y.all.highest_import_wh}, o.slot_ms) + "\n";
}

void print(const market::YearlyStatement& y, const StatementOptions& o) {
  const market::Emissions co2 = market::emissions_of(y.all, o.factors);
  const std::int64_t to_operator = y.curtailment - y.flexibility - y.relief - y.compensation;
  std::cout << "account " << to_hex(y.account.bytes) << ", " << y.year << ", "
            << counted(y.all.slots, "slot") << " on " << counted(y.by_day.size(), "day") << " ("
            << o.zone << ")\n"
            << "  from neighbours  " << kwh(y.all.bought_wh) << "  " << eur(y.all.trade_paid)
            << "\n"
            << "  from retailer    " << kwh(y.all.from_retailer_wh) << "  "
            << eur(y.all.retail_energy) << "\n"
            << "  to neighbours    " << kwh(y.all.sold_wh) << "  " << eur(-y.all.trade_earned)
            << "\n"
            << "  fed in           " << kwh(y.all.fed_in_wh) << "  " << eur(-y.all.feed_in) << "\n"
            << "  grid fees        " << eur(y.all.local_grid_fee + y.all.grid_fee) << "\n"
            << capacity_line(y, o) << "  taxes and levies "
            << eur(y.all.trade_levies + y.all.levies) << "\n"
            << "  corrections      " << eur(y.corrections.total) << "\n"
            << "  grid operator    " << eur(to_operator) << "\n"
            << "  total            " << eur(y.all.total + y.corrections.total + to_operator) << "\n"
            << vat_line(y, o) << "  CO2              " << kg(co2.grid_mg + co2.local_mg) << ", "
            << kg(co2.avoided_mg) << " avoided\n";
}

int put(const market::YearlyStatement& y, const StatementOptions& o) {
  if (o.out.empty()) {
    if (o.json)
      std::cout << statement_json(y, o).dump(2) << "\n";
    else
      print(y, o);
    return done;
  }
  std::ofstream file(o.out, std::ios::binary);
  file << statement_json(y, o).dump(2) << "\n";
  file.flush();
  return file ? done : complain(failed, o.out + ": cannot be written");
}

int state(StatementOptions o) {
  const auto account = array_from_hex<16>(o.account);
  if (!account)
    return complain(wrong_input,
                    "--account " + o.account + ": wants 32 lower-case hexadecimal digits");
  const auto zone = zone_named(o.zone);
  if (!zone) return complain(wrong_input, "--zone " + o.zone + ": wants " + zone_names());
  for (const auto& [key, factor] : {std::pair{"--grid-co2-g-per-kwh", o.factors.grid_g_per_kwh},
                                    {"--local-co2-g-per-kwh", o.factors.local_g_per_kwh}})
    if (factor < 0 || factor > 10'000)
      return complain(wrong_input,
                      std::string(key) + " " + std::to_string(factor) + ": wants 0 to 10000 g/kWh");
  Ed25519Verifier verifier;
  const auto ledger = load_run_ledger(o.directory, verifier);
  if (!ledger) return complain(wrong_input, ledger.error());
  if (const auto erased = market::erasures_of(ledger->log(), {*account}); !erased.empty())
    if (!ledger->openings().keys.contains({*account}))
      return complain(wrong_input, "--account " + o.account + ": its data were erased by record " +
                                       std::to_string(erased.front().entry));
  const auto year = market::yearly_statement(ledger->log(), ledger->openings(), {*account}, *zone,
                                             o.year == 0 ? std::nullopt : std::optional(o.year));
  if (!year) return complain(wrong_input, "--account " + o.account + ": " + year.error());
  o.vat_permille = ledger->log().genesis.vat_permille;
  o.capacity_price = ledger->log().genesis.capacity_price.value;
  o.slot_ms = ledger->log().genesis.slot_ms;
  return put(*year, o);
}

}  // namespace

void add_statement_command(CLI::App& program, std::function<int()>& chosen) {
  auto o = std::make_shared<StatementOptions>();
  auto* c = program.add_subcommand("statement", "an account's year: energy, CO2, taxes and levies");
  c->add_option("directory", o->directory, "a run's directory")->required();
  c->add_option("--account", o->account, "whose: 32 hexadecimal digits")->required();
  c->add_option("--year", o->year, "calendar year (default: that of the last settled slot)")
      ->check(whole_number_from(1970, 9999));
  c->add_option("--zone", o->zone, "whose local time counts (default: Europe/Berlin)");
  c->add_option("--grid-co2-g-per-kwh", o->factors.grid_g_per_kwh,
                "of what the retailer delivers (default: 380)")
      ->check(whole_number_from(0, 10'000));
  c->add_option("--local-co2-g-per-kwh", o->factors.local_g_per_kwh,
                "of what neighbours generate (default: 41)")
      ->check(whole_number_from(0, 10'000));
  c->add_flag("--json", o->json, "prints JSON");
  c->add_option("--out", o->out, "JSON file to write");
  c->callback([&chosen, o] { chosen = [o] { return state(*o); }; });
}

}  // namespace app
