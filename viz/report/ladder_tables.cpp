#include "viz/report/ladder_tables.hpp"

#include <algorithm>
#include <vector>

#include "twin/ladder/ladder_comparison.hpp"
#include "viz/report/html.hpp"
#include "viz/report/ladder_words.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

using twin::LadderRuns;

constexpr std::size_t most_worse_rows = 300;

struct LadderColumn {
  const char* head;  // HTML
  const char* figure;
  int decimals;
  double factor = 1;
};

twin::Estimate scaled(const twin::Estimate& e, double factor) {
  if (!e.low) return {factor * e.mean, {}, {}};
  const double one = factor * *e.low, other = factor * *e.high;
  return {factor * e.mean, std::min(one, other), std::max(one, other)};
}

std::string two_lines(const std::string& above, const std::string& below) {
  return "<td>" + escape(above) +
         (below.empty() ? "" : "<br/><small>" + escape(below) + "</small>") + "</td>";
}

std::string brackets(const twin::Estimate& e, int decimals) {
  return e.low ? "[" + number_text(*e.low, decimals) + ", " + number_text(*e.high, decimals) + "]"
               : "";
}

bool is_zero(const twin::Estimate& e) {
  return e.mean == 0 && e.low.value_or(0) == 0 && e.high.value_or(0) == 0;
}

// A difference to none and its interval, without the mean where that is the figure itself.
std::string difference_text(const twin::Estimate& none, const twin::Estimate& difference,
                            int decimals) {
  if (is_zero(difference)) return "as none";
  return is_zero(none) ? brackets(difference, decimals) : interval_text(difference, decimals);
}

// Of none the mean alone; "–" where runs do not have the figure.
std::string compared_cell(const LadderRuns& all, std::size_t v, const LadderColumn& c) {
  if (!twin::has_figure(all, v, c.figure)) return cell("–");
  const int decimals = c.factor == 1 ? decimals_shown(all, c.figure, c.decimals) : c.decimals;
  const std::string mean =
      number_text(c.factor * twin::over_seeds(all, v, c.figure).mean, decimals);
  if (v == 0) return two_lines(mean, "");
  return two_lines(
      mean, difference_text(twin::over_seeds(all, 0, c.figure),
                            scaled(twin::against_none(all, v, c.figure), c.factor), decimals));
}

std::string difference_cell(const LadderRuns& all, std::size_t v, const LadderColumn& c) {
  const twin::Estimate e = scaled(twin::against_none(all, v, c.figure), c.factor);
  return two_lines(number_text(e.mean, c.decimals), is_zero(e) ? "" : brackets(e, c.decimals));
}

std::string head_of(const std::vector<LadderColumn>& columns) {
  std::string out = "<th class=\"name\">Rung</th>";
  for (const LadderColumn& c : columns) out += "<th>" + std::string(c.head) + "</th>";
  return out;
}

std::string compared_cells(const LadderRuns& all, std::size_t v,
                           const std::vector<LadderColumn>& columns) {
  std::string out;
  for (const LadderColumn& c : columns) out += compared_cell(all, v, c);
  return out;
}

std::string row_html(const LadderRuns& all, std::size_t v, const std::string& cells) {
  return "<tr><td class=\"name\">" + escape(all.variants[v]) + "</td>" + cells + "</tr>\n";
}

std::string worse_cell(const LadderRuns& all, std::size_t v) {
  return v == 0 ? cell("")
                : cell(std::to_string(twin::seeds_with_worse(all, v)) + " of " +
                       std::to_string(all.seeds.size()));
}

std::string avoided_hour_cell(const LadderRuns& all, std::size_t v) {
  const auto eur = v == 0 ? std::nullopt : twin::eur_per_avoided_hour(all, v);
  return cell(eur ? number_text(*eur, 2) : v == 0 ? "" : "none avoided");
}

std::string outside_cells(double before, double after, int decimals) {
  return cell(number_text(before, decimals)) + cell(number_text(after, decimals));
}

}  // namespace

std::string limits_table(const LadderRuns& all) {
  const std::vector<LadderColumn> columns{
      {"Overload<br/>minutes", "overload_minutes", 0},
      {"Above the limit<br/>kWh", "overload_kwh", 2},
      {"Highest loading<br/>%", "max_loading", 0, 100},
      {"Outside the voltage<br/>band, minutes", "voltage_minutes", 0}};
  std::string rows;
  for (std::size_t v = 0; v < all.variants.size(); ++v)
    rows += row_html(all, v, compared_cells(all, v, columns) + worse_cell(all, v));
  return table_html(head_of(columns) + "<th>An element is worse<br/>in seeds</th>", rows);
}

std::string measures_table(const LadderRuns& all) {
  const std::vector<LadderColumn> columns{{"Cost to the<br/>operator, EUR", "cost_eur", 2},
                                          {"Homes<br/>limited", "limited_homes", 1},
                                          {"Gini of limited<br/>minutes", "limited_gini", 2},
                                          {"Most limited<br/>home, min", "most_limited_minutes", 0},
                                          {"Cars lack<br/>kWh", "ev_unmet_kwh", 2},
                                          {"Too cold<br/>K h", "cold_kelvin_hours", 1},
                                          {"Rebound<br/>kW", "rebound_kw", 1}};
  std::string rows;
  for (std::size_t v = 0; v < all.variants.size(); ++v) {
    const std::vector<LadderColumn> first{columns.front()},
        rest{columns.begin() + 1, columns.end()};
    rows += row_html(
        all, v,
        compared_cells(all, v, first) + avoided_hour_cell(all, v) + compared_cells(all, v, rest));
  }
  std::string head = head_of(columns);
  const std::string behind = "EUR</th>";
  head.insert(head.find(behind) + behind.size(), "<th>EUR an hour<br/>avoided</th>");
  return table_html(head, rows);
}

std::string payers_table(const LadderRuns& all) {
  const std::vector<LadderColumn> columns{
      {"Bill of a home<br/>EUR", "bill_eur", 2},
      {"Of it for the<br/>month’s peak", "capacity_eur", 2},
      {"Homes that<br/>pay more", "homes_paying_more", 1},
      {"Largest loss in<br/>a seed, EUR", "largest_loss_eur", 2},
      {"Operator gets<br/>EUR", "operator_got_eur", 2},
      {"Operator pays<br/>EUR", "operator_paid_eur", 2},
      {"Of it<br/>compensation EUR", "compensation_eur", 2}};
  std::string rows;
  for (std::size_t v = 0; v < all.variants.size(); ++v)
    rows += row_html(all, v, compared_cells(all, v, columns));
  return table_html(head_of(columns), rows);
}

std::string energy_table(const LadderRuns& all) {
  const std::vector<LadderColumn> moved{
      {"Shifted between<br/>slots, kWh", "shifted_kwh", 1},
      {"Drawn less by the<br/>end, kWh", "drawn_less_kwh", 1},
      {"… left undone<br/>kWh", "left_undone_kwh", 1},
      {"… batteries<br/>emptier, kWh", "emptier_batteries_kwh", 1},
      {"… never served<br/>kWh", "unserved_kwh", 1},
      {"… PV held back<br/>kWh", "generated_kwh", 1},
      {"… lost in batteries<br/>kWh", "storage_losses_kwh", 1, -1}};
  std::string rows;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    std::string cells;
    for (const LadderColumn& c : moved) cells += difference_cell(all, v, c);
    rows += row_html(all, v, cells);
  }
  return table_html(head_of(moved), rows);
}

std::string worse_table(const LadderRuns& all) {
  std::string rows;
  std::size_t count = 0;
  for (std::size_t v = 1; v < all.variants.size(); ++v)
    for (const twin::Worse& w : twin::worse_elements(all, v))
      if (++count <= most_worse_rows)
        rows += row_html(all, v,
                         word_cell(w.element) + cell(std::to_string(w.seed)) +
                             outside_cells(w.before.minutes, w.after.minutes, 1) +
                             outside_cells(w.before.kwh, w.after.kwh, 2));
  if (rows.empty()) return "";
  const std::string table = table_html(
      "<th class=\"name\">Rung</th><th class=\"words\">Element</th><th>Seed</th>"
      "<th>Outside with none<br/>minutes</th><th>with it<br/>minutes</th>"
      "<th>Above the limit with<br/>none, kWh</th><th>with it<br/>kWh</th>",
      rows);
  return count <= most_worse_rows
             ? table
             : table + element("p", "message",
                               "The first " + std::to_string(most_worse_rows) + " of " +
                                   std::to_string(count) + "; ladder.json has all.");
}

}  // namespace viz
