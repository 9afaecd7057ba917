#include "app/ladder_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <vector>

#include "twin/ladder/ladder_comparison.hpp"

namespace app {

using twin::LadderRuns;

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string number(double value, int decimals) {
  std::array<char, 40> out{};
  const int n = std::snprintf(out.data(), out.size(), "%.*f", decimals, value);
  return {out.data(), static_cast<std::size_t>(n)};
}

std::string interval(const twin::Estimate& e, int decimals) {
  if (!e.low) return number(e.mean, decimals);
  return number(e.mean, decimals) + " [" + number(*e.low, decimals) + ", " +
         number(*e.high, decimals) + "]";
}

struct Column {
  const char* head;
  const char* figure;
  int decimals;
};
constexpr std::array<Column, 13> columns{{{"overload min", "overload_minutes", 0},
                                          {"overload kWh", "overload_kwh", 2},
                                          {"voltage min", "voltage_minutes", 0},
                                          {"shifted kWh", "shifted_kwh", 1},
                                          {"beyond the end kWh", "beyond_end_kwh", 1},
                                          {"curtailed kWh", "curtailed_kwh", 1},
                                          {"shed kWh", "shed_kwh", 2},
                                          {"EV unmet kWh", "ev_unmet_kwh", 2},
                                          {"cold K h", "cold_kelvin_hours", 1},
                                          {"homes", "limited_homes", 1},
                                          {"Gini", "limited_gini", 2},
                                          {"rebound kW", "rebound_kw", 1},
                                          {"cost EUR", "cost_eur", 2}}};

// Beside these the bill's difference to none.
constexpr std::array<Column, 7> who_pays{{{"bill EUR a home", "bill_eur", 2},
                                          {"of it for the month's peak", "capacity_eur", 2},
                                          {"homes that pay more", "homes_paying_more", 1},
                                          {"largest loss EUR", "largest_loss_eur", 2},
                                          {"operator gets EUR", "operator_got_eur", 2},
                                          {"operator pays EUR", "operator_paid_eur", 2},
                                          {"of it compensation EUR", "compensation_eur", 2}}};

// Of figures that not every run has.
std::string mean_or_dash(const LadderRuns& all, std::size_t variant, const Column& c) {
  return twin::has_figure(all, variant, c.figure)
             ? number(twin::over_seeds(all, variant, c.figure).mean, c.decimals)
             : "-";
}

// Under `heads` a line a variant; behind the first column its difference to none.
template <std::size_t n>
Rows compared(const LadderRuns& all, const char* corner, const std::array<Column, n>& of) {
  Rows rows{{corner}};
  for (const Column& c : of) rows[0].push_back(c.head);
  rows[0].insert(rows[0].begin() + 2, "against none");
  for (std::size_t v = 0; v < all.variants.size(); ++v) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(all.variants[v]);
    for (const Column& c : of) row.push_back(mean_or_dash(all, v, c));
    row.insert(row.begin() + 2,
               v == 0 ? "-" : interval(twin::against_none(all, v, of[0].figure), of[0].decimals));
  }
  return rows;
}

std::string aligned(const Rows& rows) {
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

// What rungs do, what an avoided hour costs, and in how many seeds some element got worse.
std::string effects(const LadderRuns& all) {
  Rows rows = compared(all, "rung", columns);
  rows[0].insert(rows[0].end(), {"EUR an avoided hour", "worse in"});
  rows[1].insert(rows[1].end(), {"-", "-"});
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    const auto eur = twin::eur_per_avoided_hour(all, v);
    rows[v + 1].push_back(eur ? number(*eur, 2) : "-");
    rows[v + 1].push_back(std::to_string(twin::seeds_with_worse(all, v)));
  }
  return aligned(rows);
}

std::string payers(const LadderRuns& all) { return aligned(compared(all, "who pays", who_pays)); }

// A line a rung: its place among all in what is weighed, and who is better all round.
std::string trade_offs(const LadderRuns& all) {
  if (all.variants.size() < 3) return "";
  std::string out = "trade-offs, with the place among the " +
                    std::to_string(all.variants.size() - 1) + " (1: least)\n";
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    out += "  " + all.variants[v] + ":";
    std::string sign = " ";
    for (const twin::Criterion& c : twin::criteria) {
      out += sign + c.name + " " + number(twin::over_seeds(all, v, c.figure).mean, c.decimals) +
             " (" + std::to_string(twin::rank_of(all, v, c)) + ")";
      sign = ", ";
    }
    std::string better;
    for (const std::string& name : twin::beaten_by(all, v))
      better += (better.empty() ? "" : ", ") + name;
    out += better.empty() ? "; none is better all round\n" : "; better all round: " + better + "\n";
  }
  return out;
}

std::string from_to(double before, double after, int decimals) {
  return number(before, decimals) + " to " + number(after, decimals);
}

std::string what_got_worse(const LadderRuns& all) {
  std::string out;
  for (std::size_t v = 1; v < all.variants.size(); ++v)
    for (const twin::Worse& w : twin::worse_elements(all, v)) {
      out += all.variants[v] + " makes " + w.element + " worse (seed " + std::to_string(w.seed) +
             "): " + from_to(w.before.minutes, w.after.minutes, 1) + " minutes outside";
      if (w.before.kwh + w.after.kwh > 0)
        out += ", " + from_to(w.before.kwh, w.after.kwh, 2) + " kWh above its limit";
      out += "\n";
    }
  return out;
}

}  // namespace

std::string ladder_text(const LadderRuns& all) {
  return all.scenario + ": means over " + std::to_string(all.seeds.size()) +
         (all.seeds.size() == 1 ? " seed" : " seeds, differences with 95 % intervals") + "\n" +
         effects(all) + payers(all) + trade_offs(all) + what_got_worse(all);
}

}  // namespace app
