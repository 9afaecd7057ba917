#include "app/ladder_json.hpp"

#include <nlohmann/json.hpp>

#include "twin/ladder/ladder_comparison.hpp"

namespace app {

using nlohmann::json;
using twin::LadderRuns;

namespace {

json to_json(const twin::Estimate& e) {
  json out = {{"mean", e.mean}};
  if (e.low) out["low"] = *e.low;
  if (e.high) out["high"] = *e.high;
  return out;
}

json worse_json(const LadderRuns& all, std::size_t variant) {
  json out = json::array();
  for (const twin::Worse& w : twin::worse_elements(all, variant))
    out.push_back({{"element", w.element},
                   {"minutes_outside", w.after.minutes},
                   {"minutes_outside_without", w.before.minutes},
                   {"overload_kwh", w.after.kwh},
                   {"overload_kwh_without", w.before.kwh},
                   {"seed", w.seed}});
  return out;
}

json variant_json(const LadderRuns& all, std::size_t v) {
  json figures = json::object(), differences = json::object();
  for (const auto& [name, value] : all.runs[v][0].figures) {
    if (!twin::has_figure(all, v, name)) continue;
    figures[name] = to_json(twin::over_seeds(all, v, name));
    if (v > 0) differences[name] = to_json(twin::against_none(all, v, name));
  }
  json out = {{"figures", figures}, {"name", all.variants[v]}};
  if (v == 0) return out;
  out["against_none"] = differences;
  out["worse"] = worse_json(all, v);
  const auto eur = twin::eur_per_avoided_hour(all, v);
  out["eur_per_avoided_overload_hour"] = eur ? json(*eur) : json(nullptr);
  out["beaten_by"] = twin::beaten_by(all, v);
  for (const twin::Criterion& c : twin::criteria) out["ranks"][c.figure] = twin::rank_of(all, v, c);
  return out;
}

}  // namespace

std::string ladder_json(const LadderRuns& all) {
  json variants = json::array();
  for (std::size_t v = 0; v < all.variants.size(); ++v) variants.push_back(variant_json(all, v));
  return json{{"scenario", all.scenario}, {"seeds", all.seeds}, {"variants", variants}}.dump(2) +
         "\n";
}

}  // namespace app
