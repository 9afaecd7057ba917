#include "viz/report/ladder_report.hpp"

#include "ledger/base/invariant.hpp"
#include "viz/report/html.hpp"
#include "viz/report/ladder_plots.hpp"
#include "viz/report/ladder_tables.hpp"
#include "viz/report/ladder_words.hpp"
#include "viz/report/page.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

using twin::LadderRuns;

std::string seeds_text(const LadderRuns& all) {
  if (all.seeds.size() == 1) return "seed " + std::to_string(all.seeds.front());
  return "seeds " + std::to_string(all.seeds.front()) + " to " + std::to_string(all.seeds.back());
}

std::string setting_text(const LadderRuns& all) {
  std::string set;
  for (const std::string& pair : all.overrides) set += (set.empty() ? "; set " : ", ") + pair;
  return date_text(all.epoch) + " from " + clock_text(all.epoch) + " on, " +
         span_text(all.simulated) + " simulated; " + std::to_string(all.homes) +
         (all.homes == 1 ? " home" : " homes") + "; market: " + all.mechanism + "; " +
         seeds_text(all) + set + ". Each line of a table is " +
         (all.variants.size() > 2 ? "a rung alone, or all of them in their order"
                                  : "a rung alone") +
         ", against the same feeder, homes and weather with none.";
}

std::string findings_html(const LadderRuns& all) {
  std::string facts;
  for (const Finding& f : ladder_findings(all)) facts += fact_html(f.subject, escape(f.words));
  return section_html("findings", "What it comes to", "", element("dl", "", facts));
}

const char* below_each(const LadderRuns& all) {
  return all.seeds.size() > 1 ? "Means over the seeds; below each the difference to none with its "
                                "95\u202f% interval."
                              : "Figures of one seed; below each the difference to none.";
}

std::string payers_html(const LadderRuns& all) {
  return section_html(
      "payers", "Who pays",
      std::string("What homes and the grid operator pay by the ledger. ") + below_each(all),
      payers_table(all));
}

std::string energy_html(const LadderRuns& all) {
  return section_html(
      "energy", "What was moved, and what is left undone",
      "Shifted is the lesser of all increases and all decreases of the homes’ net energy between "
      "slots, against none: what went from some slots into others within the run. Energy that is "
      "drawn less by the end is told apart: consumption left undone (of cars and houses, most of "
      "it "
      "still to come; what cooler houses lose less is saved), batteries that are emptier, what was "
      "shed or never reached a car, PV that was held back (negative: more is drawn for it), and "
      "losses in batteries. Negative: the other way round." +
          std::string(all.seeds.size() > 1 ? " Means, with 95\u202f% intervals." : ""),
      energy_table(all));
}

std::string trade_offs_html(const LadderRuns& all) {
  if (all.variants.size() < 3)
    return section_html("trade-offs", "Trade-offs",
                        "One rung is compared: there is no other to weigh it against.", "");
  std::string facts;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    std::string lines;
    for (const std::string& sentence : trade_off_sentences(all, v))
      lines += element("p", "line", escape(sentence));
    facts += fact_html(all.variants[v], lines);
  }
  return section_html(
      "trade-offs", "Each rung against the others",
      "By means over the seeds. What homes pay is not weighed: one’s fee is "
      "another’s income. All round: no worse in anything weighed, better in one. Means "
      "that differ by less than half of their last decimal, minutes by less than "
      "half a minute, count as the same and share a place.",
      element("dl", "", facts));
}

std::string worse_html(const LadderRuns& all) {
  const std::string table = worse_table(all);
  return section_html(
      "worse", "Elements made worse",
      table.empty()
          ? "No rung had an element longer or further outside of its limits than none had."
          : "Elements that were longer outside of their limits than with none on the "
            "same seed, or had more above them.",
      table);
}

std::string meanings_html() {
  const std::string body = element(
      "dl", "",
      fact_html("Overload",
                "minutes in which some branch was above its limit, and the energy "
                "above it, by the power flow after the measures") +
          fact_html("Cost",
                    "what the operator owes for limits (flexibility, the relief of section "
                    "14a, PV that curtailment takes), and shed load at its value; what price "
                    "rungs ask of homes is in their bills") +
          fact_html("EUR an hour avoided",
                    "mean cost by mean hours of overload less than with none") +
          fact_html("Gini",
                    "of the minutes in which each home was limited: 0 where all are alike") +
          fact_html("Rebound",
                    "the highest import in the hour after a measure, less its mean in "
                    "the measure’s last quarter of an hour") +
          fact_html("Month’s peak",
                    "what a capacity tariff asks for the highest import of a month, "
                    "however short the run") +
          fact_html("Largest loss",
                    "what a home pays more than with none, at most in a seed: its mean over the "
                    "seeds in the table, the most of all seeds above") +
          fact_html("Cars lack", "energy that cars did not get before they left"));
  return section_html("meanings", "What the figures mean", "", body);
}

}  // namespace

std::string render_ladder_report(const LadderRuns& all) {
  ledger::invariant(all.variants.size() > 1 && !all.seeds.empty(),
                    "a ladder has a rung and a seed");
  std::string body =
      element("h1", "", escape(all.scenario) + ": the congestion ladder") +
      element("p", "question",
              "Which measure keeps this feeder within its limits, at what cost, and who pays?") +
      element("p", "lead", escape(setting_text(all))) + findings_html(all);
  body += figure_html(relief_figure(all)) + figure_html(price_of_relief_figure(all)) +
          figure_html(weighed_figure(all));
  body += section_html("limits", "What is left", below_each(all), limits_table(all)) +
          section_html("measures", "What is done to homes, and at what cost", below_each(all),
                       measures_table(all)) +
          payers_html(all) + energy_html(all) + trade_offs_html(all) + worse_html(all) +
          meanings_html();
  body += element("footer", "",
                  "Import from the grid is positive. All figures with their differences are in "
                  "ladder.json beside this page; each run has a report of its own, in "
                  "RUNG/seed-N/report.html.");
  return page_html(all.scenario + " – AIPCHAIN ladder report", body);
}

}  // namespace viz
