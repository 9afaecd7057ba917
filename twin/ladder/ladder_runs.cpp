#include "twin/ladder/ladder_runs.hpp"

#include <algorithm>
#include <cmath>

namespace twin {
namespace {

constexpr double a_cent = 0.01;

}  // namespace

double shifted_kwh(const LadderRun& run, const LadderRun& none) {
  std::int64_t up = 0, down = 0;
  for (std::size_t s = 0; s < std::min(run.slot_wh.size(), none.slot_wh.size()); ++s) {
    const std::int64_t more = run.slot_wh[s] - none.slot_wh[s];
    (more > 0 ? up : down) += std::abs(more);
  }
  return static_cast<double>(std::min(up, down)) / 1000;
}

EnergyGap energy_gap(const LadderRun& run, const LadderRun& none) {
  const auto less = [&](const char* figure) {
    return none.figures.at(figure) - run.figures.at(figure);
  };
  return {less("consumed_kwh") + less("unserved_kwh"), less("stored_delta_kwh"),
          -less("unserved_kwh"), -less("generated_kwh"), less("storage_losses_kwh")};
}

std::optional<Losers> losers(const LadderRun& run, const LadderRun& none) {
  if (run.bill_eur.empty() || run.bill_eur.size() != none.bill_eur.size()) return std::nullopt;
  Losers out;
  for (std::size_t h = 0; h < run.bill_eur.size(); ++h) {
    const double more = run.bill_eur[h] - none.bill_eur[h];
    out.homes += more > a_cent ? 1 : 0;
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
      const EnergyGap gap = energy_gap(runs[s], none);
      figures["left_undone_kwh"] = gap.left_undone_kwh;
      figures["emptier_batteries_kwh"] = gap.emptier_batteries_kwh;
      figures["beyond_end_kwh"] = gap.beyond_end_kwh();
      figures["drawn_less_kwh"] = gap.sum_kwh();
      const auto who = losers(runs[s], none);
      if (!who) continue;
      figures["homes_paying_more"] = who->homes;
      figures["largest_loss_eur"] = who->largest_eur;
    }
}

}  // namespace twin
