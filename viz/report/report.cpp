#include "viz/report/report.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "viz/report/canvas.hpp"
#include "viz/report/congestion_section.hpp"
#include "viz/report/html.hpp"
#include "viz/report/page.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

constexpr std::size_t most_rows = 200;

double euros(std::int64_t micro_eur) { return static_cast<double>(micro_eur) / 1e6; }

std::string or_dash(const std::optional<double>& value, int decimals = 0) {
  return value ? number_text(*value, decimals) : "–";
}

// "1 home", "40 homes".
std::string counted(std::size_t count, const std::string& one, const std::string& many) {
  return number_text(static_cast<double>(count)) + " " + (count == 1 ? one : many);
}

struct Card {
  std::string name, value, unit, more;
};

std::string card_html(const Card& card) {
  const std::string unit = card.unit.empty() ? "" : " <small>" + escape(card.unit) + "</small>";
  return element("div", "card",
                 element("p", "name", escape(card.name)) +
                     element("p", "value", escape(card.value) + unit) +
                     element("p", "more", escape(card.more)));
}

std::vector<Card> energy_cards(const ReportData& data) {
  const Summary& s = data.summary;
  const std::string sufficiency =
      s.self_sufficiency ? percent_text(*s.self_sufficiency) + " of it without import" : "";
  const std::string own =
      s.self_consumption ? percent_text(*s.self_consumption) + " of it used on the feeder" : "";
  const std::string residual =
      s.balance_residual_kwh ? "residual " + number_text(*s.balance_residual_kwh, 6) + " kWh" : "";
  return {{"Consumed", or_dash(s.consumed_kwh, 1), "kWh", sufficiency},
          {"Generated", or_dash(s.generated_kwh, 1), "kWh", own},
          {"Imported", or_dash(s.imported_kwh, 1), "kWh",
           "exported " + or_dash(s.exported_kwh, 1) + " kWh"},
          {"Grid losses", or_dash(s.losses_kwh, 2), "kWh", residual}};
}

std::vector<Card> grid_cards(const ReportData& data) {
  const Summary& s = data.summary;
  const std::string loading = s.max_loading ? percent_text(*s.max_loading) : "–";
  return {{"Highest loading", loading, "",
           s.worst_element.empty() ? "" : "at " + element_text(s.worst_element)},
          {"Voltage", or_dash(s.v_min_pu, 3) + "–" + or_dash(s.v_max_pu, 3), "pu",
           "outside the band for " + or_dash(s.voltage_violation_minutes) + " min"},
          {"Voltage quality", s.least_share_inside ? percent_text(*s.least_share_inside) : "–", "",
           "of ten-minute means inside the band at the worst home; unbalance up to " +
               (s.max_unbalance ? number_text(100 * *s.max_unbalance, 1) : "–") + " %"}};
}

std::vector<Card> community_cards(const ReportData& data) {
  const Summary& s = data.summary;
  const std::string price =
      s.mean_price_eur_per_kwh
          ? "at " + number_text(100 * *s.mean_price_eur_per_kwh, 1) + " ct/kWh on average"
          : "";
  const std::string losers = s.losers ? or_dash(s.losers) + " of " +
                                            counted(data.run.homes.size(), "home", "homes") +
                                            (data.run.homes.size() == 1 ? " loses" : " lose")
                                      : "";
  return {
      {"Traded between neighbours", or_dash(s.traded_kwh, 1), "kWh", price},
      {"Mean saving on an energy bill", or_dash(s.savings_mean_eur, 2), "EUR", losers},
      {"Ledger height", or_dash(s.height), "blocks",
       or_dash(s.transactions) + " transactions, final in " + or_dash(s.finality_p50_ms) + " ms"},
      {"Speed", or_dash(s.speed_up), "× real time",
       or_dash(s.readings_per_s) + " readings a second"}};
}

std::string cards_html(const ReportData& data) {
  std::string out;
  for (const auto& group : {energy_cards(data), grid_cards(data), community_cards(data)})
    for (const Card& card : group) out += card_html(card);
  return element("div", "cards", out);
}

std::string alert_row(const ReportData& data, const twin::AlertRow& alert) {
  const std::string lasted =
      alert.cleared ? span_text(*alert.cleared - alert.time) : "active at the end";
  return "<tr>" + word_cell(moment_text(data, alert.time)) + word_cell(alert.kind) +
         word_cell(alert.subject) + word_cell(alert.words) + cell(figure_text(alert.value)) +
         cell(figure_text(alert.limit_value)) + cell(lasted) + "</tr>\n";
}

// "12 alerts." or "512 alerts; the first 200 are shown, run.db holds all."
std::string count_text(std::size_t count, const std::string& noun) {
  const std::string out = number_text(static_cast<double>(count)) + " " + noun;
  if (count <= most_rows) return out + ".";
  return out + "; the first " + std::to_string(most_rows) + " are shown, run.db holds all.";
}

std::string alerts_html(const ReportData& data) {
  if (data.alerts.empty()) return section_html("alerts", "Alerts", "No alert was raised.", "");
  std::string rows;
  for (std::size_t i = 0; i < std::min(most_rows, data.alerts.size()); ++i)
    rows += alert_row(data, data.alerts[i]);
  const std::string head =
      "<thead><tr><th class=\"words\">Raised</th><th class=\"words\">Kind</th>"
      "<th class=\"words\">Subject</th><th class=\"words\">What</th><th>Value</th><th>Limit</th>"
      "<th>Lasted</th></tr></thead>\n";
  return section_html(
      "alerts", "Alerts",
      count_text(data.alerts.size(), data.alerts.size() == 1 ? "alert" : "alerts"),
      element("div", "scroll", element("table", "", head + element("tbody", "", rows))));
}

std::string event_row(const ReportData& data, const twin::GridEventRow& event) {
  std::string kind = event.kind;
  std::replace(kind.begin(), kind.end(), '_', ' ');
  return "<tr>" + word_cell(moment_text(data, event.start)) + word_cell(kind) +
         word_cell(event.element) + word_cell(event.cause) + cell(figure_text(event.depth)) +
         word_cell(moment_text(data, event.deepest)) + cell(span_text(event.end - event.start)) +
         "</tr>\n";
}

std::string events_html(const ReportData& data) {
  if (data.events.empty())
    return section_html("events", "Grid events", "No element left its limits.", "");
  std::string rows;
  for (std::size_t i = 0; i < std::min(most_rows, data.events.size()); ++i)
    rows += event_row(data, data.events[i]);
  const std::string head =
      "<thead><tr><th class=\"words\">From</th><th class=\"words\">Kind</th>"
      "<th class=\"words\">Element</th><th class=\"words\">Cause</th><th>Depth</th>"
      "<th class=\"words\">Deepest at</th><th>Lasted</th></tr></thead>\n";
  return section_html(
      "events", "Grid events",
      count_text(data.events.size(), data.events.size() == 1 ? "event" : "events"),
      element("div", "scroll", element("table", "", head + element("tbody", "", rows))));
}

std::string devices_text(const twin::HomeRow& home) {
  std::string out;
  const auto add = [&out](const std::string& device) { out += (out.empty() ? "" : ", ") + device; };
  if (home.pv_peak_w > 0) add("PV " + number_text(home.pv_peak_w / 1000, 1) + " kWp");
  if (home.battery_wh > 0) add("battery " + number_text(home.battery_wh / 1000, 1) + " kWh");
  if (home.has_ev) add("EV");
  if (home.has_heat_pump) add("heat pump");
  return out.empty() ? "–" : out;
}

std::string saving_cell(std::int64_t micro_eur) {
  const std::string classes = micro_eur < 0 ? " class=\"loss\"" : "";
  return "<td" + classes + ">" + escape(number_text(euros(micro_eur), 2)) + "</td>";
}

// Of the capacity tariff, where the run has one.
bool has_peaks(const ReportData& data) {
  return std::any_of(data.bills.begin(), data.bills.end(),
                     [](const twin::HomeBill& bill) { return bill.peak_wh.has_value(); });
}

std::string peak_figures(const ReportData& data, const twin::HomeBill& bill) {
  if (!has_peaks(data)) return "";
  const double hours = static_cast<double>(data.run.meta.slot.whole_ms()) / 3.6e6;
  return cell(bill.peak_wh ? number_text(kwh(*bill.peak_wh) / hours, 1) : "–") +
         cell(number_text(euros(bill.capacity_micro_eur), 2));
}

std::string bill_figures(const twin::HomeBill& bill) {
  return cell(number_text(kwh(bill.import_wh), 1)) + cell(number_text(kwh(bill.export_wh), 1)) +
         cell(number_text(kwh(bill.bought_wh), 1)) + cell(number_text(kwh(bill.sold_wh), 1)) +
         cell(number_text(euros(bill.baseline_micro_eur), 2)) +
         cell(number_text(euros(bill.total_micro_eur), 2)) +
         saving_cell(bill.baseline_micro_eur - bill.total_micro_eur);
}

twin::HomeBill sum_of(const std::vector<twin::HomeBill>& bills) {
  twin::HomeBill out;
  for (const auto& bill : bills) {
    out.import_wh += bill.import_wh;
    out.export_wh += bill.export_wh;
    out.bought_wh += bill.bought_wh;
    out.sold_wh += bill.sold_wh;
    out.total_micro_eur += bill.total_micro_eur;
    out.baseline_micro_eur += bill.baseline_micro_eur;
    out.capacity_micro_eur += bill.capacity_micro_eur;
  }
  return out;
}

std::string bills_message(const std::vector<twin::HomeBill>& bills) {
  const auto sum = sum_of(bills);
  const auto losers = std::count_if(bills.begin(), bills.end(), [](const auto& bill) {
    return bill.total_micro_eur > bill.baseline_micro_eur;
  });
  return "The homes’ energy bills come to " + number_text(euros(sum.total_micro_eur), 2) +
         " EUR, " + number_text(std::abs(euros(sum.baseline_micro_eur - sum.total_micro_eur)), 2) +
         (sum.baseline_micro_eur >= sum.total_micro_eur ? " EUR less" : " EUR more") +
         " than with the retailer alone; " +
         (losers == 0 ? "no home’s is higher"
                      : std::to_string(losers) + (losers == 1 ? " is higher" : " are higher")) +
         ". What the grid operator pays and gets by contract and for measures is not in them.";
}

std::string homes_html(const ReportData& data) {
  if (data.bills.empty()) return section_html("homes", "Homes", "No statement was settled.", "");
  const std::string head =
      "<thead><tr><th class=\"words\">Home</th><th class=\"words\">Devices</th>"
      "<th>Import<br/>kWh</th><th>Export<br/>kWh</th><th>Bought from<br/>neighbours, kWh</th>"
      "<th>Sold to<br/>neighbours, kWh</th><th>Retailer<br/>alone, EUR</th>"
      "<th>Energy bill<br/>EUR</th>"
      "<th>Saving<br/>EUR</th>" +
      std::string(has_peaks(data)
                      ? "<th>Highest<br/>import, kW</th><th>Of the energy<br/>bill for it, EUR</th>"
                      : "") +
      "</tr></thead>\n";
  std::string rows;
  for (std::size_t i = 0; i < std::min(most_rows, data.bills.size()); ++i) {
    const auto& home = data.run.homes[data.bills[i].home];
    rows += "<tr>" + word_cell(home.name) + word_cell(devices_text(home)) +
            bill_figures(data.bills[i]) + peak_figures(data, data.bills[i]) + "</tr>\n";
  }
  const std::string foot = "<tfoot><tr>" + word_cell("All") + word_cell("") +
                           bill_figures(sum_of(data.bills)) +
                           peak_figures(data, sum_of(data.bills)) + "</tr></tfoot>\n";
  const std::string more =
      data.bills.size() > most_rows ? " " + count_text(data.bills.size(), "homes") : "";
  return section_html(
      "homes", "Homes", bills_message(data.bills) + more,
      element("div", "scroll", element("table", "", head + element("tbody", "", rows) + foot)));
}

std::string shadows_html(const ReportData& data) {
  const Summary& s = data.summary;
  if (s.shadows.empty()) return "";
  const auto row = [](const std::string& name, const std::optional<double>& traded_kwh,
                      const std::optional<double>& turnover_eur, const std::optional<double>& price,
                      const std::optional<double>& efficiency) {
    return "<tr>" + word_cell(name) + cell(or_dash(traded_kwh, 1)) +
           cell(or_dash(turnover_eur, 2)) + cell(or_dash(price, 4)) +
           cell(efficiency ? percent_text(*efficiency, 1) : "–") + "</tr>\n";
  };
  std::string rows;
  for (const ShadowFigures& m : s.shadows)
    rows += row(m.mechanism, m.traded_kwh, m.turnover_eur, m.mean_price_eur_per_kwh, m.efficiency);
  const std::string head =
      "<thead><tr><th "
      "class=\"words\">Mechanism</th><th>Traded<br/>kWh</th><th>Turnover<br/>EUR</th>"
      "<th>Mean price<br/>EUR/kWh</th><th>Welfare of the<br/>best possible</th></tr></thead>\n";
  const std::string foot = "<tfoot>" +
                           row(data.run.meta.mechanism + ", settled", s.traded_kwh, s.turnover_eur,
                               s.mean_price_eur_per_kwh, s.efficiency) +
                           "</tfoot>\n";
  return section_html(
      "shadows", "Other market mechanisms",
      "What other mechanisms would have made of the same orders, before metering; the last line is "
      "what was settled of what was metered. Turnover and mean price are what sellers get, without "
      "fees and congestion rent; the best possible knows neither a grid nor its fees.",
      element("div", "scroll", element("table", "", head + element("tbody", "", rows) + foot)));
}

std::string root_html(const std::string& root) {
  return root.empty() ? "–" : "<code>" + escape(root) + "</code>";
}

std::string megabytes(const std::optional<double>& bytes) {
  return bytes ? number_text(*bytes / 1e6, 2) + " MB" : "–";
}

std::string ledger_html(const ReportData& data) {
  const Summary& s = data.summary;
  std::uint64_t bytes = 0;
  for (const auto& block : data.blocks) bytes += block.bytes;
  const std::string body = element(
      "dl", "",
      fact_html("Height", or_dash(s.height) + " blocks, " + or_dash(s.transactions) +
                              " transactions, " +
                              number_text(static_cast<double>(bytes) / 1000, 0) + " kB") +
          fact_html("Finality", or_dash(s.finality_p50_ms) + " ms median, " +
                                    or_dash(s.finality_p95_ms) + " ms in 95 %, " +
                                    or_dash(s.finality_p99_ms) + " ms in 99 % of blocks; at most " +
                                    or_dash(s.rounds_max) + " rounds, " +
                                    or_dash(s.rounds_mean, 2) + " on average") +
          fact_html("Missed slots",
                    or_dash(s.missed_slots) + " blocks not decided within their interval; " +
                        or_dash(s.evidence) + " proofs of two statements for one step") +
          fact_html("Messages", or_dash(s.messages) +
                                    " between gateways, validators and observer, " +
                                    megabytes(s.message_bytes) + "; " + or_dash(s.messages_lost) +
                                    " of them lost") +
          fact_html("Posted",
                    or_dash(s.posted) + " transactions of gateways and homes, decided after " +
                        or_dash(s.posted_p50_ms) + " ms (median) and " + or_dash(s.posted_p99_ms) +
                        " ms (99 %); " + or_dash(s.posted_undecided) + " undecided at the end") +
          fact_html("Log root", root_html(s.log_root)) +
          fact_html("State root", root_html(s.state_root)) +
          fact_html("Content root", root_html(s.content_root)) +
          fact_html("Energy tokens", or_dash(s.minted_wh) + " Wh minted, " + or_dash(s.retired_wh) +
                                         " Wh retired, residual " + or_dash(s.tokens_residual_wh) +
                                         " Wh") +
          fact_html("Money residual", or_dash(s.money_residual_eur, 6) + " EUR") +
          fact_html("Result hash", root_html(s.result_hash)));
  return section_html("ledger", "Ledger", "", body);
}

std::string lead_text(const ReportData& data) {
  const auto& meta = data.run.meta;
  const Period period = period_of(data);
  return date_text(meta.epoch) + " from " + clock_text(meta.epoch) + " on, " +
         span_text(period.to - period.from) + " simulated; " +
         counted(data.run.homes.size(), "home", "homes") + ", " +
         counted(data.run.buses.size(), "bus", "buses") + "; market: " + meta.mechanism +
         "; seed " + std::to_string(meta.seed) + ".";
}

}  // namespace

std::string render_report(const ReportData& data) {
  std::string body = element("h1", "", escape(data.run.meta.scenario)) +
                     element("p", "lead", escape(lead_text(data))) + cards_html(data);
  for (const auto& figure :
       {power_figure(data), flow_figure(data), voltage_figure(data), loading_figure(data),
        map_figure(data), price_figure(data), forecast_figure(data), consensus_figure(data)})
    body += figure_html(figure);
  body += congestion_html(data.summary) + alerts_html(data) + events_html(data) +
          market_html(data.summary) + shadows_html(data) + homes_html(data) + ledger_html(data);
  body += element("footer", "",
                  "Times are civil times of the scenario. Import from the grid is positive. "
                  "Figures come from run.db and summary.json beside this page.");
  return page_html(data.run.meta.scenario + " – AIPCHAIN run report", body);
}

tl::expected<std::string, std::string> make_report(twin::RunReader& run,
                                                   std::string_view summary_json) {
  auto summary = parse_summary(summary_json);
  if (!summary) return tl::unexpected(summary.error());
  const auto data = read_report_data(run, std::move(*summary));
  if (!data) return tl::unexpected(data.error().message);
  return render_report(*data);
}

}  // namespace viz
