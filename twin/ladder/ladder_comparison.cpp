#include "twin/ladder/ladder_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace twin {
namespace {

constexpr double least_minutes = 1.0 / 600, least_kwh = 1e-3;

std::vector<double> by_seed(const std::vector<LadderRun>& runs, const std::string& figure) {
  std::vector<double> out;
  for (const LadderRun& r : runs) out.push_back(r.figures.at(figure));
  return out;
}

// How much more of it a variant has than another one, 0 where they are the same.
double excess(const LadderRuns& all, std::size_t variant, std::size_t other,
              const Criterion& criterion) {
  const double more = over_seeds(all, variant, criterion.figure).mean -
                      over_seeds(all, other, criterion.figure).mean;
  return std::abs(more) < 0.5 * std::pow(10, -criterion.decimals) ? 0 : more;
}

}  // namespace

bool has_figure(const LadderRuns& all, std::size_t variant, const std::string& figure) {
  const std::vector<LadderRun>& runs = all.runs[variant];
  return std::all_of(runs.begin(), runs.end(),
                     [&](const LadderRun& r) { return r.figures.contains(figure); });
}

Estimate over_seeds(const LadderRuns& all, std::size_t variant, const std::string& figure) {
  return estimate_of(by_seed(all.runs[variant], figure));
}

Estimate against_none(const LadderRuns& all, std::size_t variant, const std::string& figure) {
  std::vector<double> out = by_seed(all.runs[variant], figure);
  const std::vector<double> none = by_seed(all.runs[0], figure);
  for (std::size_t s = 0; s < out.size(); ++s) out[s] -= none[s];
  return estimate_of(out);
}

std::optional<double> eur_per_avoided_hour(const LadderRuns& all, std::size_t variant) {
  const double avoided_h = -against_none(all, variant, "overload_minutes").mean / 60;
  if (avoided_h <= 0) return std::nullopt;
  return over_seeds(all, variant, "cost_eur").mean / avoided_h;
}

std::vector<Worse> worse_elements(const LadderRuns& all, std::size_t variant) {
  std::vector<Worse> out;
  for (std::size_t s = 0; s < all.seeds.size(); ++s) {
    const auto& before = all.runs[0][s].outside;
    for (const auto& [element, is] : all.runs[variant][s].outside) {
      const auto at = before.find(element);
      const LadderRun::Outside was = at == before.end() ? LadderRun::Outside{} : at->second;
      if (is.minutes > was.minutes + least_minutes || is.kwh > was.kwh + least_kwh)
        out.push_back({all.seeds[s], element, was, is});
    }
  }
  return out;
}

std::size_t seeds_with_worse(const LadderRuns& all, std::size_t variant) {
  std::set<std::uint64_t> out;
  for (const Worse& w : worse_elements(all, variant)) out.insert(w.seed);
  return out.size();
}

std::size_t rank_of(const LadderRuns& all, std::size_t variant, const Criterion& criterion) {
  std::size_t better = 0;
  for (std::size_t v = 1; v < all.variants.size(); ++v)
    better += excess(all, variant, v, criterion) > 0 ? 1 : 0;
  return better + 1;
}

TradeOff trade_off(const LadderRuns& all, std::size_t variant, std::size_t other) {
  TradeOff out;
  for (std::size_t c = 0; c < criteria.size(); ++c) {
    const double more = excess(all, variant, other, criteria[c]);
    if (more < 0) out.better.push_back(c);
    if (more > 0) out.worse.push_back(c);
  }
  return out;
}

std::vector<std::string> beaten_by(const LadderRuns& all, std::size_t variant) {
  std::vector<std::string> out;
  for (std::size_t v = 1; v < all.variants.size(); ++v) {
    const TradeOff t = trade_off(all, v, variant);
    if (t.worse.empty() && !t.better.empty()) out.push_back(all.variants[v]);
  }
  return out;
}

}  // namespace twin
