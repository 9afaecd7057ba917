#include "twin/congestion/congestion_figures.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "market/settlement/fairness.hpp"

namespace twin {

using ledger::Instant;

namespace {

constexpr std::size_t minutes_before = 15;
constexpr int minutes_after = 60;

const std::string& rung_name(RungSpec::Kind kind) {
  return names_of_rungs()[static_cast<std::size_t>(kind)];
}

}  // namespace

CongestionCounter::CongestionCounter(const std::vector<RungSpec>& rungs, double max_loading,
                                     ledger::Duration slot, std::size_t homes)
    : max_loading_(max_loading), slot_(slot) {
  for (const RungSpec& r : rungs) sums_.rungs.push_back(rung_name(r.kind));
  sums_.limited_minutes.resize(homes);
}

void CongestionCounter::measures(Instant now, const std::vector<Measure>& taken) {
  acted_.insert(now.since_epoch() / slot_);
  std::map<RungSpec::Kind, std::set<std::uint32_t>> homes;  // by rung, of this minute
  std::set<std::uint32_t> limited;
  for (const Measure& m : taken) {
    RungFigures& f = sums_.by_rung[rung_name(m.rung)];
    f.eur += m.eur_per_hour / 60;
    acting_.insert({m.why, m.element});
    for (const LimitedHome& h : m.homes) {
      f.moved_kwh += std::abs(static_cast<double>(h.change_w)) / 60e3;
      homes[m.rung].insert(h.home);
      limited.insert(h.home);
      sums_.owed_eur += h.owed_eur_per_hour / 60;
    }
  }
  for (const auto& [rung, of_it] : homes) {
    ++sums_.by_rung[rung_name(rung)].minutes;
    sums_.by_rung[rung_name(rung)].home_minutes += of_it.size();
  }
  for (const std::uint32_t h : limited) ++sums_.limited_minutes.at(h);
}

void CongestionCounter::expects(Instant now, const std::vector<ExpectedOverload>& overloads) {
  for (const ExpectedOverload& o : overloads)
    expected_.emplace(SlotOfBranch{o.slot.value, o.branch}, now);
}

void CongestionCounter::close(Followed& f) {
  sums_.rebound_kw = std::max(sums_.rebound_kw, (f.highest_w - f.mean_w) / 1000);
  f = {};
}

void CongestionCounter::follow(double import_w) {
  for (const Element& e : acting_) followed_[e];
  for (auto& [element, f] : followed_) {
    const bool acting = acting_.contains(element);
    if (acting) {
      if (!f.acting && f.minutes_since >= 0) close(f);
      f.acting = true;
      f.import_w.push_back(import_w);
      if (f.import_w.size() > minutes_before) f.import_w.erase(f.import_w.begin());
      continue;
    }
    if (f.acting) {
      f.acting = false;
      f.minutes_since = 0;
      f.mean_w = std::accumulate(f.import_w.begin(), f.import_w.end(), 0.0) /
                 static_cast<double>(f.import_w.size());
      f.highest_w = f.mean_w;
    }
    if (f.minutes_since < 0) continue;
    f.highest_w = std::max(f.highest_w, import_w);
    if (++f.minutes_since > minutes_after) close(f);
  }
  acting_.clear();
}

void CongestionCounter::minute(Instant end, const std::vector<HomeMinute>& homes,
                               const GridMeasurement& grid, double import_w) {
  for (const HomeMinute& h : homes) {
    sums_.curtailed_kwh += h.curtailed_wh / 1000;
    sums_.shed_kwh += h.shed_wh / 1000;
    sums_.held_back_kwh += h.held_back_wh / 1000;
    sums_.ev_unmet_kwh += h.ev_unmet_wh / 1000;
    sums_.cold_kh += h.cold_kh;
  }
  hours_ += 1.0 / 60;
  // A minute belongs to the slot in which it ends; one that ends with a slot, to that one.
  const auto slot =
      static_cast<std::uint32_t>((end - ledger::nanoseconds(1)).since_epoch() / slot_);
  for (std::uint32_t b = 0; b < grid.loading.size(); ++b)
    if (grid.loading[b] > max_loading_) happened_.insert({slot, b});
  follow(import_w);
}

void CongestionCounter::relief(double eur) {
  const std::string& rung = rung_name(RungSpec::Kind::dimming_14a);
  if (eur == 0 || std::find(sums_.rungs.begin(), sums_.rungs.end(), rung) == sums_.rungs.end())
    return;
  sums_.owed_eur += eur;
  sums_.by_rung[rung].eur += eur;
}

CongestionFigures CongestionCounter::figures() const {
  CongestionFigures out = sums_;
  for (const auto& [element, f] : followed_)
    if (f.minutes_since >= 0)
      out.rebound_kw = std::max(out.rebound_kw, (f.highest_w - f.mean_w) / 1000);
  out.slots_acted = acted_.size();
  out.limited_gini = market::gini(out.limited_minutes).value_or(0);
  for (const auto& [name, f] : out.by_rung) out.eur += f.eur;
  const auto now =
      static_cast<std::uint32_t>(ledger::nanoseconds(std::llround(hours_ * 3.6e12)) / slot_);
  double lead_s = 0;
  for (const auto& [what, since] : expected_) {
    if (what.first >= now) continue;  // is not over
    ++out.forecast.expected;
    if (!happened_.contains(what)) continue;
    ++out.forecast.hits;
    lead_s += (Instant{} + slot_ * std::int64_t{what.first} - since).seconds();
  }
  out.forecast.happened = happened_.size();
  if (out.forecast.hits > 0)
    out.forecast.lead_h = lead_s / 3600 / static_cast<double>(out.forecast.hits);
  return out;
}

}  // namespace twin
