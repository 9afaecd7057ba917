#include <doctest/doctest.h>
#include <string>

#include "tests/support/made_up_ladder.hpp"
#include "tests/viz/well_formed.hpp"
#include "viz/report/ladder_report.hpp"
#include "viz/report/ladder_words.hpp"

namespace {

using twin::LadderRuns;

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Of a page, from the element with this id to where the next section or figure begins.
std::string piece(const std::string& page, const std::string& id) {
  const auto begin = page.find("id=\"" + id + "\"");
  REQUIRE(begin != std::string::npos);
  const auto end = std::min(page.find("</section>", begin), page.find("</figure>", begin));
  return page.substr(begin, end - begin);
}

// The line of a table that begins with a variant's name.
std::string line_of(const std::string& page, const std::string& id, const std::string& variant) {
  const std::string table = piece(page, id);
  const auto begin = table.find("<tr><td class=\"name\">" + variant + "</td>");
  REQUIRE(begin != std::string::npos);
  return table.substr(begin, table.find("</tr>", begin) - begin);
}

std::string finding_of(const LadderRuns& all, const std::string& subject) {
  for (const viz::Finding& f : viz::ladder_findings(all))
    if (f.subject == subject) return f.words;
  return "";
}

void check_whole(const std::string& page) {
  CHECK(made_up::well_formed(page));
  for (const char* never :
       {"nan", "inf<", "src=", "href=", "url(", "<script", "<link", "@import"}) {
    CAPTURE(never);
    CHECK_FALSE(says(page, never));
  }
  for (const char* id : {"findings", "relief", "price-of-relief", "weighed", "limits", "measures",
                         "payers", "energy", "trade-offs", "worse", "meanings"}) {
    CAPTURE(id);
    CHECK(says(page, "id=\"" + std::string(id) + "\""));
  }
}

}  // namespace

TEST_CASE("a ladder's page has every figure of every rung, paired with none") {
  LadderRuns all = test::made_up_ladder();
  double lost_kwh = 0.5;
  for (auto& run : all.runs[3]) run.figures["storage_losses_kwh"] = lost_kwh += 0.1;
  compare_with_none(all);
  const std::string page = viz::render_ladder_report(all);
  check_whole(page);
  CHECK(
      says(page, "Which measure keeps this feeder within its limits, at what cost, and who pays?"));
  CHECK(says(page,
             "Tuesday, 14 April 2026 from 17:30 on, 24 h simulated; 3 homes; market: "
             "uniform; seeds 7 to 9"));
  // 60, 61, 62 minutes against 33, 33.55, 34.1: -27.45 +- 4.3027 * 0.45 / sqrt(3).
  CHECK(says(line_of(page, "limits", "none"), "<td>61.0</td><td>21.00</td><td>200</td>"));
  const std::string dimming = line_of(page, "limits", "dimming-14a");
  CHECK(says(dimming, "<td>33.6<br/><small>−27.4 [−28.6, −26.3]</small></td>"));
  CHECK(says(dimming, "<td>10.50<br/><small>−10.50 [−11.74, −9.26]</small></td>"));
  CHECK(says(dimming, "<td>155<br/><small>−45 [−45, −45]</small></td>"));
  CHECK(says(dimming, "<td>0 of 3</td>"));
  CHECK(says(line_of(page, "limits", "flexibility"), "<td>1 of 3</td>"));
  // 6 EUR for 27.45 minutes.
  CHECK(says(line_of(page, "measures", "dimming-14a"),
             "<td>6.00<br/><small>[6.00, 6.00]</small></td><td>13.11</td>"));
  CHECK(says(line_of(page, "measures", "flexibility"), "<td>0.75<br/>"));
  const std::string payers = line_of(page, "payers", "flexibility");
  CHECK(says(payers, "<td>4.90<br/><small>−0.10 [−0.10, −0.10]</small></td>"));
  CHECK(says(payers, "<td>2.0<br/>"));
  CHECK(says(payers, "<td>0.50<br/>"));
  CHECK(says(piece(page, "payers"), "compensation EUR"));
  const std::string energy = line_of(page, "energy", "all");
  // 6 kWh less consumed, for 1.5 kWh of PV held back and 0.7 lost in batteries.
  CHECK(says(energy, "<td>3.8<br/><small>[3.6, 4.0]</small></td><td>6.0<br/>"));
  CHECK(says(energy, "<td>−1.5<br/>"));
  CHECK(says(energy, "<td>−0.7<br/><small>[−0.9, −0.5]</small></td>"));  // lost in batteries
  CHECK(says(energy, "<td>1.2<br/>"));                                   // shifted
  CHECK(says(line_of(page, "worse", "flexibility"),
             "<td class=\"words\">cable 3</td><td>7</td><td>0.0</td><td>2.0</td><td>0.00</td>"
             "<td>0.25</td>"));
}

TEST_CASE("a ladder's plots mark every rung with its figures, and what may be chance") {
  LadderRuns all = test::made_up_ladder();
  all.runs[3][0].figures["overload_minutes"] = 500;
  for (auto& run : all.runs[2]) run.figures["overload_kwh"] += 100;
  const std::string page = viz::render_ladder_report(all);
  const std::string relief = piece(page, "relief");
  CHECK(says(relief, "class=\"r-less\"><title>dimming-14a: −27.4 [−28.6, −26.3] minutes</title>"));
  CHECK(says(relief, "class=\"r-open\"><title>all: 115.9 ["));
  CHECK(says(relief,
             "class=\"r-more\"><title>flexibility: 87.40 [85.91, 88.89] kWh above the "
             "limit</title>"));
  CHECK(says(relief, "all takes most away: −18.48"));
  CHECK(says(piece(viz::render_ladder_report(test::made_up_ladder(1)), "relief"),
             "class=\"r-open\"><title>dimming-14a: −27 minutes</title>"));

  const std::string price = piece(page, "price-of-relief");
  CHECK(says(price, "<title>all: 2.52 kWh left, 12.00 EUR</title>"));
  CHECK(says(price, "<title>all: 2.52 kWh left, 7.83 EUR</title>"));
  CHECK(says(price,
             "operator’s money than none, dimming-14a and all; no other leaves less for a "
             "smaller bill than dimming-14a, flexibility and all."));
  const std::string weighed = piece(page, "weighed");
  CHECK(says(weighed, "<title>all: 12.00 cost EUR, place 3 from the least</title>"));
  CHECK(says(weighed, "<title>none: 21.00 overload kWh</title>"));
  CHECK(says(weighed, "class=\"tick least\">2.50</text>"));
  CHECK_FALSE(says(weighed, "class=\"tick least\">0.00</text>"));
  all.runs[1][0].figures["cold_kelvin_hours"] =
      0.12;  // 0.04 in the mean: shown as 0.0, without a bar
  CHECK(piece(viz::render_ladder_report(all), "weighed") == weighed);
}

TEST_CASE("a ladder's findings follow from its figures") {
  LadderRuns all = test::made_up_ladder();
  CHECK(
      finding_of(all, "Least overload") ==
      "all leaves least of the overload: 2.52 of 21.00 kWh above the limit, 15.2 of 61.0 minutes.");
  CHECK(finding_of(all, "Cheapest") ==
        "Cheapest is flexibility with 9.84 EUR an hour of overload avoided.");
  CHECK(
      says(finding_of(all, "Not beaten"), "dimming-14a, flexibility and all: no other is as good"));
  CHECK(finding_of(all, "Elements made worse") ==
        "flexibility makes cable 3 worse than none, in 1 of 3 seeds.");
  CHECK(finding_of(all, "Homes made worse") ==
        "Of 3 homes pay over a cent more than with none: 2.0 with flexibility (0.50 EUR at most), "
        "3.0 with all (3.00 EUR at most). Homes are counted in the mean of the seeds; the most is "
        "that of all seeds.");
  CHECK(finding_of(all, "Left at the end") ==
        "With flexibility 7.5 kWh are still to be drawn when the run ends, 7.5\u202f% of what none "
        "consumes by then; no rung leaves more. What dimming-14a, flexibility and all avoid is put "
        "off in part, not gone: only a longer run shows what becomes of it.");
  CHECK(says(finding_of(all, "How sure"),
             "dimming-14a, flexibility and all have fewer minutes of overload than none"));

  for (std::size_t v = 1; v < 4; ++v)
    for (auto& run : all.runs[v]) run.figures["beyond_end_kwh"] = v == 1 ? 1.9 : -3;
  CHECK(finding_of(all, "Left at the end") ==
        "With dimming-14a 1.9 kWh are still to be drawn when the run ends, 1.9\u202f% of what none "
        "consumes by then; no rung leaves more.");
  for (auto& run : all.runs[1]) run.figures["beyond_end_kwh"] = 0;
  CHECK(says(finding_of(all, "Left at the end"), "No rung leaves more to be drawn"));

  // Flexibility at no cost, dimming with all that flexibility has and more of each.
  for (auto& run : all.runs[2]) run.figures["cost_eur"] = 0;
  for (auto& run : all.runs[1]) run.figures["limited_gini"] = 0.8;
  CHECK(says(finding_of(all, "Cheapest"), "flexibility costs the grid operator nothing"));
  CHECK(says(finding_of(all, "Cheapest"), "cheapest is dimming-14a with 13.11 EUR"));
  CHECK(says(finding_of(all, "Not beaten"), "dimming-14a is beaten by flexibility."));
  for (auto& run : all.runs[3]) run.figures["overload_kwh"] = 30;
  CHECK(says(finding_of(all, "Least overload"), "flexibility leaves least"));
  CHECK(says(finding_of(all, "Least overload"), "In minutes it is all with 15.2."));
  all.runs[2][1].outside["transformer"] = {900, 9};
  CHECK(finding_of(all, "Elements made worse") ==
        "flexibility makes cable 3 and the transformer worse than none, in 2 of 3 seeds.");
  all.runs[2][1].outside.erase("transformer");
  for (auto& run : all.runs[2]) run.outside.erase("cable 3");
  CHECK(finding_of(all, "Elements made worse") ==
        "No rung makes an element worse than none in any seed.");
  all.runs[3][0].figures["overload_minutes"] = 150;  // less in the mean, and by chance
  CHECK(says(finding_of(all, "How sure"), "all may differ from none in minutes by chance"));
}

TEST_CASE("the largest loss is the most of all seeds, and its column the mean") {
  LadderRuns all = test::made_up_ladder();
  all.runs[2][1].figures["largest_loss_eur"] = 3.5;  // 0.5 in the two other seeds
  CHECK(says(finding_of(all, "Homes made worse"), "2.0 with flexibility (3.50 EUR at most)"));
  const std::string page = viz::render_ladder_report(all);
  CHECK(says(piece(page, "payers"), "<th>Largest loss in<br/>a seed, EUR</th>"));
  CHECK(says(line_of(page, "payers", "flexibility"), "<td>1.50<br/>"));
  CHECK(says(piece(page, "meanings"), "its mean over the seeds in the table"));
  CHECK_FALSE(says(finding_of(test::made_up_ladder(1), "Homes made worse"), "seeds"));
}

TEST_CASE("rungs that take as much away are named together") {
  LadderRuns all = test::made_up_ladder();
  for (auto& run : all.runs[1]) run.figures["overload_kwh"] = 2.4;
  for (auto& run : all.runs[3]) run.figures["overload_kwh"] = 2.4;
  const auto relief = [&all] { return piece(viz::render_ladder_report(all), "relief"); };
  CHECK(says(relief(),
             "dimming-14a and all take most away, alike: −18.60 [−21.08, −16.12] kWh of the 21.00 "
             "above the limit.</p>"));
  for (std::size_t s = 0; s < 3; ++s)
    all.runs[1][s].figures["overload_minutes"] = all.runs[3][s].figures["overload_minutes"];
  CHECK(says(relief(), "21.00 above the limit, −45.8 [−47.6, −43.9] of 61.0 minutes.</p>"));
  all.runs[1][0].figures["overload_kwh"] = 2.1;  // as much in the mean, with another interval
  all.runs[1][1].figures["overload_kwh"] = 2.7;
  CHECK(says(relief(), "dimming-14a and all take most away, alike: −18.60 kWh of the 21.00 above"));
  for (auto& run : all.runs[1]) run.figures["overload_kwh"] += 0.01;
  CHECK(says(relief(), ">all takes most away: −18.60 ["));
}

TEST_CASE("minutes that are whole are shown as such, and others with a decimal") {
  LadderRuns all = test::made_up_ladder(2);
  for (std::size_t v = 0; v < 4; ++v)
    for (std::size_t s = 0; s < 2; ++s)
      all.runs[v][s].figures["overload_minutes"] = 40.0 - 5 * static_cast<double>(v);
  CHECK(says(line_of(viz::render_ladder_report(all), "limits", "none"), "<td>40</td>"));
  all.runs[1][1].figures["overload_minutes"] = 26;  // a mean of 30.5, 9.5 less than none
  const std::string page = viz::render_ladder_report(all);
  CHECK(says(line_of(page, "limits", "none"), "<td>40.0</td>"));
  CHECK(says(line_of(page, "limits", "dimming-14a"), "<td>30.5<br/><small>−9.5 ["));
  CHECK(says(line_of(page, "limits", "dimming-14a"), "<td>155<br/>"));  // loading, %
  CHECK(says(piece(page, "relief"), "<title>dimming-14a: −9.5 ["));
  CHECK(says(finding_of(all, "Least overload"), "25.0 of 40.0 minutes"));
  all.runs[1][1].figures["voltage_minutes"] = 9;
  CHECK(says(piece(viz::render_ladder_report(all), "weighed"),
             "<title>dimming-14a: 4.5 voltage min, place 3 from the least</title>"));
}

TEST_CASE("a bar is drawn where its figure is not 0 as it is shown") {
  LadderRuns all = test::made_up_ladder();
  const auto bars = [&all] {
    const std::string weighed = piece(viz::render_ladder_report(all), "weighed");
    std::size_t out = 0;
    for (auto at = weighed.find("<rect"); at != std::string::npos;
         at = weighed.find("<rect", at + 1))
      ++out;
    return out;
  };
  CHECK(bars() == 11);  // 4 with overload, 1 curtailed, 3 cost, 3 limit unequally
  for (auto& run : all.runs[1]) run.figures["cold_kelvin_hours"] = 0.04;
  for (auto& run : all.runs[2]) run.figures["cold_kelvin_hours"] = 3;
  CHECK(bars() == 12);
  for (auto& run : all.runs[1]) run.figures["cold_kelvin_hours"] = 0.06;
  CHECK(bars() == 13);
}

TEST_CASE("a little cold beats nobody") {
  LadderRuns all = test::made_up_ladder();
  all.runs[2] = all.runs[1];
  for (auto& run : all.runs[1]) run.figures["cold_kelvin_hours"] = 0.012;
  for (auto& run : all.runs[2]) run.figures["cold_kelvin_hours"] = 0.003;
  CHECK_FALSE(says(finding_of(all, "Not beaten"), "beaten by"));
  CHECK(says(line_of(viz::render_ladder_report(all), "measures", "dimming-14a"), "<td>0.0<br/>"));
}

TEST_CASE("each rung is weighed against the others in words") {
  LadderRuns all = test::made_up_ladder();
  CHECK(viz::trade_off_sentences(all, 1) ==
        std::vector<std::string>{
            "No other has less curtailed PV or unequal limits.", "No other has more overload.",
            "Against flexibility: less unequal limits, but more overload and cost.",
            "Against all: less curtailed PV, cost and unequal limits, but more overload."});
  all.runs[2] = all.runs[1];
  CHECK(viz::trade_off_sentences(all, 1).at(2) == "As flexibility in all that is weighed.");
  for (auto& run : all.runs[2]) run.figures["cost_eur"] = 1;
  CHECK(viz::trade_off_sentences(all, 1).at(2) == "Beaten all round by flexibility.");
  CHECK(viz::trade_off_sentences(all, 2).at(2) == "Better all round than dimming-14a.");
  const std::string page = viz::render_ladder_report(all);
  CHECK(says(piece(page, "trade-offs"), "Better all round than dimming-14a."));
  CHECK(says(piece(page, "trade-offs"),
             "Means that differ by less than half of their last decimal, minutes by less than half "
             "a minute, count as the same and share a place."));
}

TEST_CASE("with one seed there are no intervals, and the page says so") {
  const std::string page = viz::render_ladder_report(test::made_up_ladder(1));
  check_whole(page);
  CHECK(says(piece(page, "findings"), "One seed has no interval"));
  CHECK(says(page, "market: uniform; seed 7. Each line"));
  CHECK(says(line_of(page, "limits", "dimming-14a"), "<td>33<br/><small>−27</small></td>"));
  CHECK_FALSE(says(page, "whisker\""));
  CHECK(says(viz::render_ladder_report(test::made_up_ladder(2)), "whisker\""));
}

TEST_CASE("with more homes than summaries list, how many pay more is not known") {
  LadderRuns all = test::made_up_ladder();
  for (auto& runs : all.runs)
    for (auto& run : runs) {
      run.bill_eur.clear();
      for (const char* figure : {"homes_paying_more", "largest_loss_eur"})
        run.figures.erase(figure);
    }
  compare_with_none(all);
  const std::string page = viz::render_ladder_report(all);
  check_whole(page);
  CHECK(says(piece(page, "findings"), "how many pay more is not known"));
  CHECK(says(line_of(page, "payers", "all"), "<td>–</td><td>–</td>"));
}

TEST_CASE("one rung alone has a page, and nothing it is weighed against") {
  LadderRuns all = test::made_up_ladder();
  all.variants.resize(2);
  all.runs.resize(2);
  const std::string page = viz::render_ladder_report(all);
  check_whole(page);
  CHECK(says(piece(page, "trade-offs"), "One rung is compared"));
  CHECK(says(piece(page, "findings"), "One rung is compared"));
}

TEST_CASE("a ladder without any overload and without effect says that") {
  LadderRuns all = test::made_up_ladder();
  all.runs = {4, {test::idle_run(), test::idle_run(), test::idle_run()}};
  compare_with_none(all);
  const std::string page = viz::render_ladder_report(all);
  check_whole(page);
  CHECK(finding_of(all, "Cheapest") == "No rung avoids any overload.");
  CHECK(says(finding_of(all, "Least overload"), "there is nothing to relieve"));
  CHECK(says(piece(page, "worse"), "No rung had an element longer"));
}

TEST_CASE("a ladder's page escapes names and is the same for the same runs") {
  LadderRuns all = test::made_up_ladder();
  const std::string hostile = "<script>alert('x')</script>\"&\x01\xff]]>";
  all.scenario = all.mechanism = hostile;
  all.variants[2] = hostile;
  all.overrides = {"name=" + hostile};
  all.runs[2][0].outside[hostile] = {9, 9};
  const std::string page = viz::render_ladder_report(all);
  check_whole(page);
  CHECK(says(page, "&lt;script&gt;alert(&#39;x&#39;)"));
  CHECK(page == viz::render_ladder_report(all));
}
