#include "app/ladder_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "app/input_file.hpp"
#include "app/paired_difference.hpp"
#include "twin/store/run_reader.hpp"

namespace app {

using ledger::failure;
using ledger::Result;
using nlohmann::json;

namespace {

struct FigureKey {
  const char* name;
  const char* pointer;  // in summary.json
};
constexpr std::array<FigureKey, 25> keys{{
    {"overload_minutes", "/grid/overload_minutes"},
    {"overload_kwh", "/grid/overload_kwh"},
    {"voltage_minutes", "/grid/voltage_violation_minutes"},
    {"max_loading", "/grid/max_loading"},
    {"consumed_kwh", "/energy/consumed_kwh"},
    {"curtailed_kwh", "/congestion/curtailed_kwh"},
    {"shed_kwh", "/congestion/shed_kwh"},
    {"held_back_kwh", "/congestion/held_back_kwh"},
    {"ev_unmet_kwh", "/congestion/ev_unmet_kwh"},
    {"cold_kelvin_hours", "/congestion/cold_kelvin_hours"},
    {"cost_eur", "/congestion/cost_eur"},
    {"limited_homes", "/congestion/limited/homes"},
    {"limited_gini", "/congestion/limited/gini"},
    {"most_limited_minutes", "/congestion/limited/most_minutes"},
    {"rebound_kw", "/congestion/rebound_kw"},
    {"forecast_precision", "/congestion/forecast/precision"},
    {"forecast_recall", "/congestion/forecast/recall"},
    {"forecast_lead_h", "/congestion/forecast/lead_h"},
    {"mean_saving_eur", "/market/savings_eur/mean"},
    {"losers", "/market/savings_eur/losers"},
    {"bill_eur", "/market/bills_eur/mean"},
    {"capacity_eur", "/market/bills_eur/capacity_mean"},
    {"operator_got_eur", "/market/bills_eur/grid_operator_got"},
    {"operator_paid_eur", "/market/bills_eur/grid_operator_paid"},
    {"owed_eur", "/congestion/owed_eur/sum"},
}};

constexpr double a_cent = 0.01;

// A tenth of a second is below what a step of the physics resolves.
constexpr double least_minutes = 1.0 / 600;

std::vector<double> of_all(const std::vector<LadderRun>& runs, const std::string& figure) {
  std::vector<double> out;
  for (const LadderRun& r : runs) out.push_back(r.figures.at(figure));
  return out;
}

Estimate difference(const LadderRuns& all, std::size_t variant, const std::string& figure) {
  std::vector<double> out = of_all(all.runs[variant], figure);
  const std::vector<double> none = of_all(all.runs[0], figure);
  for (std::size_t s = 0; s < out.size(); ++s) out[s] -= none[s];
  return estimate_of(out);
}

json to_json(const Estimate& e) {
  json out = {{"mean", e.mean}};
  if (e.low) out["low"] = *e.low;
  if (e.high) out["high"] = *e.high;
  return out;
}

// What an hour of overload that was avoided cost; nothing where none was.
std::optional<double> eur_per_avoided_hour(const LadderRuns& all, std::size_t variant) {
  const double avoided_h = -difference(all, variant, "overload_minutes").mean / 60;
  if (avoided_h <= 0) return std::nullopt;
  return estimate_of(of_all(all.runs[variant], "cost_eur")).mean / avoided_h;
}

// Numbers of a list in a summary; empty where there is none.
std::vector<double> by_home(const json& summary, const char* pointer) {
  const json::json_pointer at(pointer);
  std::vector<double> out;
  if (!summary.contains(at)) return out;
  for (const json& value : summary[at]) out.push_back(value.get<double>());
  return out;
}

struct Worse {
  std::uint64_t seed = 0;
  std::string element;
  double before = 0, after = 0;
};

std::vector<Worse> worse_elements(const LadderRuns& all, std::size_t variant) {
  std::vector<Worse> out;
  for (std::size_t s = 0; s < all.seeds.size(); ++s) {
    const auto& before = all.runs[0][s].minutes_outside;
    for (const auto& [element, minutes] : all.runs[variant][s].minutes_outside) {
      const auto at = before.find(element);
      const double was = at == before.end() ? 0 : at->second;
      if (minutes > was + least_minutes) out.push_back({all.seeds[s], element, was, minutes});
    }
  }
  return out;
}

// What rungs are weighed by against each other; less is better of each.
struct Weighed {
  const char* name;
  const char* figure;
  int decimals;
};
constexpr std::array<Weighed, 7> weighed{{{"overload kWh", "overload_kwh", 2},
                                          {"voltage min", "voltage_minutes", 0},
                                          {"EV unmet kWh", "ev_unmet_kwh", 2},
                                          {"curtailed kWh", "curtailed_kwh", 1},
                                          {"cold K h", "cold_kelvin_hours", 2},
                                          {"cost EUR", "cost_eur", 2},
                                          {"Gini", "limited_gini", 2}}};
constexpr double same = 1e-6;

double mean_of(const LadderRuns& all, std::size_t variant, const char* figure) {
  return estimate_of(of_all(all.runs[variant], figure)).mean;
}

// 1: no other rung has less of it.
std::size_t rank_of(const LadderRuns& all, std::size_t variant, const char* figure) {
  std::size_t better = 0;
  for (std::size_t v = 1; v < all.variants.size(); ++v)
    better += mean_of(all, v, figure) < mean_of(all, variant, figure) - same;
  return better + 1;
}

// Rungs that are no worse in anything weighed, and better in something.
std::vector<std::string> beaten_by(const LadderRuns& all, std::size_t variant) {
  std::vector<std::string> out;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    bool worse = false, better = false;
    for (const Weighed& w : weighed) {
      const double more = mean_of(all, v, w.figure) - mean_of(all, variant, w.figure);
      worse |= more > same;
      better |= more < -same;
    }
    if (better && !worse) out.push_back(all.variants[v]);
  }
  return out;
}

json variant_json(const LadderRuns& all, std::size_t v) {
  json figures = json::object(), differences = json::object(), worse = json::array();
  for (const auto& [name, value] : all.runs[v][0].figures) {
    figures[name] = to_json(estimate_of(of_all(all.runs[v], name)));
    if (v > 0) differences[name] = to_json(difference(all, v, name));
  }
  for (const Worse& w : worse_elements(all, v))
    worse.push_back({{"element", w.element},
                     {"minutes_outside", w.after},
                     {"minutes_outside_without", w.before},
                     {"seed", w.seed}});
  json out = {{"figures", figures}, {"name", all.variants[v]}};
  if (v == 0) return out;
  out["against_none"] = differences;
  out["worse"] = worse;
  const auto eur = eur_per_avoided_hour(all, v);
  out["eur_per_avoided_overload_hour"] = eur ? json(*eur) : json(nullptr);
  out["beaten_by"] = beaten_by(all, v);
  for (const Weighed& w : weighed) out["ranks"][w.figure] = rank_of(all, v, w.figure);
  return out;
}

std::string number(double value, int decimals) {
  std::array<char, 40> out{};
  const int n = std::snprintf(out.data(), out.size(), "%.*f", decimals, value);
  return {out.data(), static_cast<std::size_t>(n)};
}

std::string interval(const Estimate& e, int decimals) {
  if (!e.low) return number(e.mean, decimals);
  return number(e.mean, decimals) + " [" + number(*e.low, decimals) + ", " +
         number(*e.high, decimals) + "]";
}

struct Column {
  const char* head;
  const char* figure;
  int decimals;
};
constexpr std::array<Column, 12> columns{{{"overload min", "overload_minutes", 0},
                                          {"overload kWh", "overload_kwh", 2},
                                          {"voltage min", "voltage_minutes", 0},
                                          {"shifted kWh", "shifted_kwh", 1},
                                          {"curtailed kWh", "curtailed_kwh", 1},
                                          {"shed kWh", "shed_kwh", 2},
                                          {"EV unmet kWh", "ev_unmet_kwh", 2},
                                          {"cold K h", "cold_kelvin_hours", 2},
                                          {"homes", "limited_homes", 1},
                                          {"Gini", "limited_gini", 2},
                                          {"rebound kW", "rebound_kw", 1},
                                          {"cost EUR", "cost_eur", 2}}};

// Beside these the bill's difference to none.
constexpr std::array<Column, 8> who_pays{
    {{"bill EUR a home", "bill_eur", 2},
     {"of it for the month's peak", "capacity_eur", 2},
     {"homes that pay more", "homes_paying_more", 1},
     {"largest loss EUR", "largest_loss_eur", 2},
     {"operator gets EUR", "operator_got_eur", 2},
     {"operator pays EUR", "operator_paid_eur", 2},
     {"compensation EUR *", "owed_eur", 2},
     {"that pay more with it", "homes_paying_more_with_owed", 1}}};

std::vector<std::string> heads() {
  std::vector<std::string> out{"rung", columns[0].head, "against none"};
  for (std::size_t c = 1; c < columns.size(); ++c) out.push_back(columns[c].head);
  out.insert(out.end(), {"EUR an avoided hour", "worse in"});
  return out;
}

// In how many seeds some element got worse.
std::size_t seeds_with_worse(const LadderRuns& all, std::size_t variant) {
  std::set<std::uint64_t> out;
  for (const Worse& w : worse_elements(all, variant)) out.insert(w.seed);
  return out.size();
}

std::vector<std::string> row_of(const LadderRuns& all, std::size_t v) {
  std::vector<std::string> out{all.variants[v]};
  for (const Column& c : columns)
    out.push_back(number(estimate_of(of_all(all.runs[v], c.figure)).mean, c.decimals));
  const auto eur = v == 0 ? std::nullopt : eur_per_avoided_hour(all, v);
  out.insert(out.begin() + 2, v == 0 ? "-" : interval(difference(all, v, "overload_minutes"), 0));
  out.push_back(eur ? number(*eur, 2) : "-");
  out.push_back(v == 0 ? "-" : std::to_string(seeds_with_worse(all, v)));
  return out;
}

// Of figures that not every run has.
std::string mean_or_dash(const std::vector<LadderRun>& runs, const Column& c) {
  const bool known = std::all_of(runs.begin(), runs.end(),
                                 [&](const LadderRun& r) { return r.figures.contains(c.figure); });
  return known ? number(estimate_of(of_all(runs, c.figure)).mean, c.decimals) : "-";
}

// A line a rung: its place among all in what is weighed, and who is better all round.
std::string trade_offs(const LadderRuns& all) {
  if (all.variants.size() < 3) return "";
  std::string out = "trade-offs, with the place among the " +
                    std::to_string(all.variants.size() - 1) + " (1: least)\n";
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    out += "  " + all.variants[v] + ":";
    for (const Weighed& w : weighed)
      out += std::string(w.name == weighed[0].name ? " " : ", ") + w.name + " " +
             number(mean_of(all, v, w.figure), w.decimals) + " (" +
             std::to_string(rank_of(all, v, w.figure)) + ")";
    std::string better;
    for (const std::string& name : beaten_by(all, v)) better += (better.empty() ? "" : ", ") + name;
    out += better.empty() ? "; none is better all round\n" : "; better all round: " + better + "\n";
  }
  return out;
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string room(widths[c] - row[c].size(), ' ');
      out += (c == 0 ? row[c] + room : "  " + room + row[c]);
    }
    out += "\n";
  }
  return out;
}

// A line a rung: what homes and the grid operator pay.
std::string payers(const LadderRuns& all) {
  std::vector<std::vector<std::string>> rows{{"who pays", who_pays[0].head, "against none"}};
  for (std::size_t c = 1; c < who_pays.size(); ++c) rows[0].push_back(who_pays[c].head);
  for (std::size_t v = 0; v < all.variants.size(); ++v) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(all.variants[v]);
    for (const Column& c : who_pays) row.push_back(mean_or_dash(all.runs[v], c));
    row.insert(row.begin() + 2, v == 0 ? "-" : interval(difference(all, v, "bill_eur"), 2));
  }
  return aligned(rows) + "  * owed by the grid operator, on no account of the ledger\n";
}

}  // namespace

Result<LadderRun> read_ladder_run(const std::string& directory) {
  const auto text = read_file(directory + "/summary.json");
  if (!text) return failure(text.error());
  const json summary = json::parse(*text, nullptr, false);
  LadderRun out;
  for (const FigureKey& key : keys) {
    const json::json_pointer at(key.pointer);
    if (!summary.is_object() || !summary.contains(at) || !summary[at].is_number())
      return failure(directory + "/summary.json: " + key.pointer + " is missing");
    out.figures[key.name] = summary[at].get<double>();
  }
  for (const json& e : summary["grid"]["elements"])
    out.minutes_outside[e.at("name").get<std::string>()] =
        e.contains("minutes_outside") ? e["minutes_outside"].get<double>()
                                      : e.at("overload_minutes").get<double>();
  out.bill_eur = by_home(summary, "/market/bills_eur/by_home");
  out.owed_eur = by_home(summary, "/congestion/owed_eur/by_home");
  auto reader = twin::RunReader::open(directory + "/run.db");
  if (!reader) return failure(reader.error().message);
  const auto slots = reader->slots();
  if (!slots) return failure(slots.error().message);
  for (const twin::SlotRow& s : *slots) out.slot_wh.push_back(s.actual_wh);
  return out;
}

double shifted_kwh(const LadderRun& run, const LadderRun& none) {
  std::int64_t up = 0, down = 0;
  for (std::size_t s = 0; s < std::min(run.slot_wh.size(), none.slot_wh.size()); ++s) {
    const std::int64_t more = run.slot_wh[s] - none.slot_wh[s];
    (more > 0 ? up : down) += std::abs(more);
  }
  return static_cast<double>(std::min(up, down)) / 1000;
}

std::optional<Losers> losers(const LadderRun& run, const LadderRun& none) {
  if (run.bill_eur.empty() || run.bill_eur.size() != none.bill_eur.size()) return std::nullopt;
  Losers out;
  for (std::size_t h = 0; h < run.bill_eur.size(); ++h) {
    const double more = run.bill_eur[h] - none.bill_eur[h];
    const double owed = run.owed_eur.at(h) - none.owed_eur.at(h);
    out.homes += more > a_cent ? 1 : 0;
    out.with_owed += more - owed > a_cent ? 1 : 0;
    if (more > a_cent) out.largest_eur = std::max(out.largest_eur, more);
  }
  return out;
}

void compare_with_none(LadderRuns& all) {
  for (std::vector<LadderRun>& runs : all.runs)
    for (std::size_t s = 0; s < runs.size(); ++s) {
      const LadderRun& none = all.runs[0][s];
      std::map<std::string, double>& figures = runs[s].figures;
      figures["shifted_kwh"] = shifted_kwh(runs[s], none);
      const auto who = losers(runs[s], none);
      if (!who) continue;
      figures["homes_paying_more"] = who->homes;
      figures["largest_loss_eur"] = who->largest_eur;
      figures["homes_paying_more_with_owed"] = who->with_owed;
    }
}

std::string ladder_json(const LadderRuns& all) {
  json variants = json::array();
  for (std::size_t v = 0; v < all.variants.size(); ++v) variants.push_back(variant_json(all, v));
  return json{{"scenario", all.scenario}, {"seeds", all.seeds}, {"variants", variants}}.dump(2) +
         "\n";
}

std::string ladder_text(const LadderRuns& all) {
  std::vector<std::vector<std::string>> rows{heads()};
  for (std::size_t v = 0; v < all.variants.size(); ++v) rows.push_back(row_of(all, v));
  std::string out = all.scenario + ": means over " + std::to_string(all.seeds.size()) +
                    (all.seeds.size() == 1 ? " seed" : " seeds, differences with 95 % intervals") +
                    "\n" + aligned(rows) + payers(all) + trade_offs(all);
  for (std::size_t v = 1; v < all.variants.size(); ++v)
    for (const Worse& w : worse_elements(all, v))
      out += all.variants[v] + " makes " + w.element + " worse (seed " + std::to_string(w.seed) +
             "): " + number(w.before, 1) + " to " + number(w.after, 1) + " minutes outside\n";
  return out;
}

}  // namespace app
