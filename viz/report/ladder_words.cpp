#include "viz/report/ladder_words.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "viz/text.hpp"

namespace viz {
namespace {

using twin::LadderRuns;
using Names = std::vector<std::string>;

constexpr double alike = 0.005;  // in the two decimals that are shown

double ladder_mean(const LadderRuns& all, std::size_t variant, const char* figure) {
  return twin::over_seeds(all, variant, figure).mean;
}

Names rungs_with_least(const LadderRuns& all, const char* figure) {
  double least = ladder_mean(all, 1, figure);
  for (std::size_t v = 2; v < all.variants.size(); ++v)
    least = std::min(least, ladder_mean(all, v, figure));
  Names out;
  for (std::size_t v = 1; v < all.variants.size(); ++v)
    if (ladder_mean(all, v, figure) < least + alike) out.push_back(all.variants[v]);
  return out;
}

std::size_t place_of(const LadderRuns& all, const std::string& name) {
  return static_cast<std::size_t>(std::find(all.variants.begin(), all.variants.end(), name) -
                                  all.variants.begin());
}

std::string verb(const Names& names, const std::string& one, const std::string& many) {
  return listed(names) + " " + (names.size() == 1 ? one : many);
}

std::string least_overload(const LadderRuns& all) {
  const double kwh_none = ladder_mean(all, 0, "overload_kwh");
  const double min_none = ladder_mean(all, 0, "overload_minutes");
  if (min_none <= 0)
    return "Without any measure nothing is overloaded: there is nothing to relieve.";
  const Names best = rungs_with_least(all, "overload_kwh");
  const std::size_t v = place_of(all, best.front());
  const double left_kwh = ladder_mean(all, v, "overload_kwh");
  if (left_kwh > kwh_none - alike)
    return "No rung leaves less than the " + number_text(kwh_none, 2) +
           " kWh above the limit that there are with none.";
  std::string out = verb(best, "leaves", "leave") +
                    " least of the overload: " + number_text(left_kwh, 2) + " of " +
                    number_text(kwh_none, 2) + " kWh above the limit";
  const int decimals = decimals_shown(all, "overload_minutes", 0);
  if (best.size() == 1)
    out += ", " + number_text(ladder_mean(all, v, "overload_minutes"), decimals) + " of " +
           number_text(min_none, decimals) + " minutes";
  const Names shortest = rungs_with_least(all, "overload_minutes");
  if (shortest == best) return out + ".";
  return out + ". In minutes it is " + listed(shortest) + " with " +
         number_text(ladder_mean(all, place_of(all, shortest.front()), "overload_minutes"),
                     decimals) +
         ".";
}

// Who avoids overload for nothing, and who at which price.
std::string cheapest_hour(const LadderRuns& all) {
  Names free;
  std::map<double, Names> at_eur;
  for (std::size_t v = 1; v < all.variants.size(); ++v)
    if (const auto eur = twin::eur_per_avoided_hour(all, v))
      (*eur < alike ? free : at_eur[std::round(*eur * 100) / 100]).push_back(all.variants[v]);
  if (free.empty() && at_eur.empty()) return "No rung avoids any overload.";
  std::string out;
  if (!free.empty())
    out = verb(free, "costs", "cost") +
          " the grid operator nothing for what is avoided; what homes pay for it stands below. ";
  if (at_eur.empty()) return out + "No other rung avoids overload.";
  return out + (free.empty() ? "Cheapest is " : "Of those that cost it something, cheapest is ") +
         listed(at_eur.begin()->second) + " with " + number_text(at_eur.begin()->first, 2) +
         " EUR an hour of overload avoided.";
}

std::string not_beaten(const LadderRuns& all) {
  if (all.variants.size() < 3) return "One rung is compared, with nothing but none.";
  Names weighed, unbeaten;
  for (const twin::Criterion& c : twin::criteria) weighed.push_back(c.words);
  std::string beaten;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    const Names by = twin::beaten_by(all, v);
    if (by.empty())
      unbeaten.push_back(all.variants[v]);
    else
      beaten += " " + all.variants[v] + " is beaten by " + listed(by) + ".";
  }
  return listed(unbeaten) + ": no other is as good in all of " + listed(weighed) +
         " and better in one." + beaten;
}

std::string elements_made_worse(const LadderRuns& all) {
  std::string out;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    std::set<std::string> elements;
    for (const twin::Worse& w : twin::worse_elements(all, v))
      elements.insert(element_text(w.element));
    if (elements.empty()) continue;
    const std::string what = elements.size() <= 3 ? listed({elements.begin(), elements.end()})
                                                  : std::to_string(elements.size()) + " elements";
    out += (out.empty() ? "" : " ") + all.variants[v] + " makes " + what + " worse than none, in " +
           std::to_string(twin::seeds_with_worse(all, v)) + " of " +
           std::to_string(all.seeds.size()) + (all.seeds.size() == 1 ? " seed." : " seeds.");
  }
  return out.empty() ? "No rung makes an element worse than none in any seed." : out;
}

// Of any home in any seed.
double largest_loss_eur(const LadderRuns& all, std::size_t variant) {
  double out = 0;
  for (const twin::LadderRun& run : all.runs[variant])
    out = std::max(out, run.figures.at("largest_loss_eur"));
  return out;
}

std::string who_pays_more(const LadderRuns& all) {
  std::string out;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    if (!twin::has_figure(all, v, "homes_paying_more"))
      return "Single homes' bills are not listed in runs of so many homes: how many pay more is "
             "not known.";
    const double homes = ladder_mean(all, v, "homes_paying_more");
    if (homes < 0.05) continue;
    out += (out.empty() ? "" : ", ") + number_text(homes, 1) + " with " + all.variants[v] + " (" +
           number_text(largest_loss_eur(all, v), 2) + " EUR at most)";
  }
  if (out.empty()) return "No home pays over a cent more than with none.";
  return "Of " + std::to_string(all.homes) + " homes pay over a cent more than with none: " + out +
         (all.seeds.size() == 1 ? "."
                                : ". Homes are counted in the mean of the seeds; the most is that "
                                  "of all seeds.");
}

// From there on what is left undone is worth a warning.
constexpr double much_left = 0.02;  // of what none consumes

std::string left_at_the_end(const LadderRuns& all) {
  const double consumed_kwh = ladder_mean(all, 0, "consumed_kwh");
  std::size_t most = 1;
  Names much;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    const double kwh = ladder_mean(all, v, "beyond_end_kwh");
    if (kwh > ladder_mean(all, most, "beyond_end_kwh")) most = v;
    if (kwh > much_left * consumed_kwh) much.push_back(all.variants[v]);
  }
  const double kwh = ladder_mean(all, most, "beyond_end_kwh");
  if (kwh < 0.05) return "No rung leaves more to be drawn at the run's end than none does.";
  const std::string out = "With " + all.variants[most] + " " + number_text(kwh, 1) +
                          " kWh are still to be drawn when the run ends, " +
                          number_text(100 * kwh / consumed_kwh, 1) +
                          "\u202f% of what none consumes by then" +
                          (all.variants.size() == 2 ? "." : "; no rung leaves more.");
  if (much.empty()) return out;
  return out + " What " + verb(much, "avoids", "avoid") +
         " is put off in part, not gone: only a longer run shows what becomes of it.";
}

std::string how_sure(const LadderRuns& all) {
  if (all.seeds.size() < 2)
    return "One seed has no interval: any difference may be its own. --seeds N runs more.";
  const Certainty c = certainty_of(all, "overload_minutes");
  std::string out;
  const auto add = [&out](const Names& names, const std::string& one, const std::string& many,
                          const std::string& rest) {
    if (!names.empty()) out += verb(names, one, many) + rest + " ";
  };
  add(c.less, "has", "have", " fewer minutes of overload than none beyond chance.");
  add(c.more, "has", "have", " more minutes of overload than none beyond chance.");
  add(c.open, "may", "may", " differ from none in minutes by chance: the interval has zero in it.");
  out += "Intervals are of 95\u202f% by Student's t over " + std::to_string(all.seeds.size()) +
         " seeds, of differences seed by seed.";
  return out;
}

Names words_of(const std::vector<std::size_t>& criteria) {
  Names out;
  for (const std::size_t c : criteria) out.push_back(twin::criteria[c].words);
  return out;
}

// What no other has less of while some have more, or the other way round.
Names extremes(const LadderRuns& all, std::size_t variant, bool least) {
  Names out;
  for (std::size_t c = 0; c < twin::criteria.size(); ++c) {
    bool first = true, told = false;
    for (std::size_t v = 1; v < all.variants.size(); ++v) {
      const twin::TradeOff t = twin::trade_off(all, variant, v);
      const auto has = [c](const std::vector<std::size_t>& in) {
        return std::find(in.begin(), in.end(), c) != in.end();
      };
      first = first && !has(least ? t.worse : t.better);
      told = told || has(least ? t.better : t.worse);
    }
    if (first && told) out.push_back(twin::criteria[c].words);
  }
  return out;
}

}  // namespace

std::string listed(const Names& words, const std::string& last) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? "" : i + 1 == words.size() ? " " + last + " " : ", ") + words[i];
  return out;
}

int decimals_shown(const LadderRuns& all, const std::string& figure, int decimals) {
  if (decimals > 0) return decimals;
  for (std::size_t v = 0; v < all.variants.size(); ++v) {
    const double mean = twin::has_figure(all, v, figure) ? ladder_mean(all, v, figure.c_str()) : 0;
    if (std::abs(mean - std::round(mean)) > 1e-6) return 1;
  }
  return 0;
}

std::string interval_text(const twin::Estimate& e, int decimals) {
  if (!e.low) return number_text(e.mean, decimals);
  return number_text(e.mean, decimals) + " [" + number_text(*e.low, decimals) + ", " +
         number_text(*e.high, decimals) + "]";
}

std::vector<Finding> ladder_findings(const LadderRuns& all) {
  return {{"Least overload", least_overload(all)},
          {"Left at the end", left_at_the_end(all)},
          {"Cheapest", cheapest_hour(all)},
          {"Not beaten", not_beaten(all)},
          {"Elements made worse", elements_made_worse(all)},
          {"Homes made worse", who_pays_more(all)},
          {"How sure", how_sure(all)}};
}

Certainty certainty_of(const LadderRuns& all, const std::string& figure) {
  Certainty out;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    const twin::Estimate e = twin::against_none(all, v, figure);
    const bool less = e.high && *e.high < 0, more = e.low && *e.low > 0;
    (less ? out.less : more ? out.more : out.open).push_back(all.variants[v]);
  }
  return out;
}

std::vector<std::string> trade_off_sentences(const LadderRuns& all, std::size_t variant) {
  Names beats, beaten, equal;
  std::vector<std::pair<twin::TradeOff, Names>> trades;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    if (v == variant) continue;
    const twin::TradeOff t = twin::trade_off(all, variant, v);
    if (t.better.empty() || t.worse.empty()) {
      (!t.better.empty() ? beats : !t.worse.empty() ? beaten : equal).push_back(all.variants[v]);
      continue;
    }
    const auto at = std::find_if(trades.begin(), trades.end(),
                                 [&](const auto& trade) { return trade.first == t; });
    if (at == trades.end())
      trades.push_back({t, {all.variants[v]}});
    else
      at->second.push_back(all.variants[v]);
  }
  Names out;
  const Names least = extremes(all, variant, true), most = extremes(all, variant, false);
  if (!least.empty()) out.push_back("No other has less " + listed(least, "or") + ".");
  if (!most.empty()) out.push_back("No other has more " + listed(most, "or") + ".");
  if (!beats.empty()) out.push_back("Better all round than " + listed(beats) + ".");
  if (!beaten.empty()) out.push_back("Beaten all round by " + listed(beaten) + ".");
  if (!equal.empty()) out.push_back("As " + listed(equal) + " in all that is weighed.");
  for (const auto& [t, names] : trades)
    out.push_back("Against " + listed(names) + ": less " + listed(words_of(t.better)) +
                  ", but more " + listed(words_of(t.worse)) + ".");
  return out;
}

std::vector<std::string> front_of(const LadderRuns& all, const std::string& one,
                                  const std::string& other) {
  Names out;
  const auto at = [&](std::size_t v) {
    return std::pair{twin::over_seeds(all, v, one).mean, twin::over_seeds(all, v, other).mean};
  };
  for (std::size_t v = 0; v < all.variants.size(); ++v) {
    const auto [x, y] = at(v);
    bool beaten = false;
    for (std::size_t w = 0; w < all.variants.size(); ++w) {
      const auto [a, b] = at(w);
      beaten = beaten || (a <= x && b <= y && (a < x - alike || b < y - alike));
    }
    if (!beaten) out.push_back(all.variants[v]);
  }
  return out;
}

}  // namespace viz
