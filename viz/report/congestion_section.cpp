#include "viz/report/congestion_section.hpp"

#include <algorithm>

#include "viz/report/canvas.hpp"
#include "viz/report/html.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

constexpr std::size_t most_elements = 200;

std::string known(const std::optional<double>& value, int decimals = 0) {
  return value ? number_text(*value, decimals) : "–";
}

std::string rungs_table(const Summary& s) {
  std::string rows;
  for (const Summary::Rung& r : s.rungs)
    rows += "<tr>" + word_cell(r.name) + cell(known(r.minutes)) + cell(known(r.home_minutes)) +
            cell(known(r.moved_kwh, 1)) + cell(known(r.eur, 2)) + "</tr>\n";
  return table_html(
      "<th class=\"words\">Rung</th><th>Acted, min</th><th>Homes limited,<br/>home minutes</th>"
      "<th>Exchange changed,<br/>kWh</th><th>Cost<br/>EUR</th>",
      rows);
}

std::string elements_table(const Summary& s) {
  std::string rows;
  for (std::size_t i = 0; i < std::min(most_elements, s.elements.size()); ++i) {
    const Summary::Element& e = s.elements[i];
    const std::string what = e.max_loading ? percent_text(*e.max_loading)
                                           : known(e.v_min_pu, 3) + "–" + known(e.v_max_pu, 3);
    rows += "<tr>" + word_cell(e.name) + cell(what) + cell(known(e.minutes, 1)) +
            cell(known(e.overload_kwh, 2)) + "</tr>\n";
  }
  return table_html(
      "<th class=\"words\">Element</th><th>Highest loading,<br/>or voltage in pu</th>"
      "<th>Outside, min</th><th>Above the limit,<br/>kWh</th>",
      rows);
}

std::string message_of(const Summary& s) {
  std::string out = s.elements.empty()
                        ? "No element left its limits."
                        : number_text(static_cast<double>(s.elements.size())) +
                              (s.elements.size() == 1 ? " element was" : " elements were") +
                              " outside of its limits at some time.";
  if (!s.has_ladder) return out;
  if (s.rungs.empty()) return out + " No rung of the ladder limited anybody.";
  return out + " The ladder limited " + known(s.limited_homes) +
         " homes, the most limited one for " + known(s.most_limited_minutes) + " minutes (Gini " +
         known(s.limited_gini, 2) + "); it cost " + known(s.ladder_cost_eur, 2) + " EUR.";
}

std::string ladder_facts(const Summary& s) {
  return element(
      "dl", "",
      fact_html("Held back", known(s.held_back_kwh, 1) + " kWh of cars and heat pumps at first; " +
                                 known(s.ev_unmet_kwh, 2) + " kWh never came before a car left") +
          fact_html("Comfort", known(s.cold_kelvin_hours, 2) + " kelvin-hours too cold") +
          fact_html("Curtailed", known(s.curtailed_kwh, 1) + " kWh of PV, " + known(s.shed_kwh, 2) +
                                     " kWh of household load") +
          fact_html("Rebound", known(s.rebound_kw, 1) + " kW at most in the hour after a measure") +
          fact_html("Forecast", known(s.forecast_expected) +
                                    " overloads of an element and slot were "
                                    "expected, " +
                                    known(s.forecast_happened) + " happened, " +
                                    known(s.forecast_hits) + " of them expected, " +
                                    known(s.forecast_lead_h, 1) + " h ahead"));
}

}  // namespace

std::string congestion_html(const Summary& s) {
  std::string body;
  if (!s.elements.empty()) body += elements_table(s);
  if (s.has_ladder && !s.rungs.empty()) body += rungs_table(s);
  if (s.has_ladder)
    body += ladder_facts(s) +
            element("p", "message",
                    "One run knows no other rungs: aipchain ladder runs none, each and all of a "
                    "scenario’s rungs on the same seeds and weighs them against each other.");
  return section_html("congestion", "Congestion", message_of(s), body);
}

// By the ledger's accounts.
std::string payers_facts(const Summary& s) {
  if (!s.bill_mean_eur) return "";
  std::string bills = known(s.bill_mean_eur, 2) + " EUR a home on average";
  if (s.bill_least_eur)
    bills += ", from " + known(s.bill_least_eur, 2) + " to " + known(s.bill_most_eur, 2) + " EUR";
  if (s.bill_capacity_eur.value_or(0) > 0)
    bills += "; " + known(s.bill_capacity_eur, 2) + " EUR of it for the month's highest import";
  bills += "; with what the grid operator pays and gets by contract and for measures";
  std::string paid = known(s.operator_paid_eur, 2) + " EUR";
  if (s.compensation_eur.value_or(0) > 0)
    paid += ", " + known(s.compensation_eur, 2) + " EUR of it to homes for measures and relief";
  return fact_html("Bills", bills) +
         fact_html("Grid operator", known(s.operator_got_eur, 2) + " EUR in fees, paid " + paid);
}

namespace {

std::string volume_text(const Summary& s) {
  if (!s.mean_price_eur_per_kwh) return "nothing was traded between neighbours";
  return known(s.traded_kwh, 1) + " kWh at " + known(s.mean_price_eur_per_kwh, 4) +
         " EUR/kWh on average; sellers got " + known(s.turnover_eur, 2) + " EUR";
}

}  // namespace

std::string market_html(const Summary& s) {
  const std::string body = element(
      "dl", "",
      fact_html("Volume", volume_text(s)) +
          fact_html("Welfare", known(s.welfare_eur, 4) + " EUR of at most " +
                                   known(s.optimal_welfare_eur, 4) +
                                   " EUR without a grid and its fees") +
          fact_html("Budget balance", known(s.budget_balance_eur, 6) +
                                          " EUR, buyers' payments less sellers' income: " +
                                          known(s.congestion_rent_eur, 6) +
                                          " EUR congestion rent of the grid operator, " +
                                          known(s.rounding_eur, 6) + " EUR rounding") +
          fact_html("Individual rationality",
                    known(s.irrational_orders) + " of " + known(s.orders) +
                        " orders traded at a price worse than their limit") +
          fact_html("Savings", known(s.savings_mean_eur, 2) +
                                   " EUR of a home’s energy bill on average, at least " +
                                   known(s.savings_min_eur, 2) + " EUR; " + known(s.losers) +
                                   " lose; Jain index " + known(s.jain_savings, 3) + ", Gini " +
                                   known(s.gini_savings, 3)) +
          payers_facts(s) +
          fact_html("Concentration", "HHI " + known(s.hhi_sellers) + " of sellers, " +
                                         known(s.hhi_buyers) + " of buyers"));
  return section_html("market", "Market", "", body);
}

}  // namespace viz
