#include "twin/world/load_sources.hpp"

#include <numeric>

#include "ledger/base/time.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

Result<LoadSources> LoadSources::read(const Scenario& scenario, const LoadFile& open) {
  LoadSources out;
  out.start_ = scenario.time.start;
  for (const HomeSpec& home : scenario.homes)
    if (auto ok = out.add(home.load, open); !ok)
      return failure((home.load.where.empty() ? "" : home.load.where + ": ") + ok.error());
  return out;
}

LoadSources::SeriesKey LoadSources::key_of(const LoadSpec& load) {
  return {load.file, load.step ? load.step->ns : 0};
}

Result<void> LoadSources::add(const LoadSpec& load, const LoadFile& open) {
  const bool standard = load.kind == LoadSpec::Kind::bdew;
  if (!standard && load.kind != LoadSpec::Kind::csv) return {};
  if (standard ? profiles_.contains(load.file) : series_.contains(key_of(load))) return {};
  const auto bytes = open(load.file);
  if (!bytes) return failure(bytes.error());
  if (standard) {
    auto profile = read_standard_profile(*bytes, load.file);
    if (!profile) return failure(profile.error());
    profiles_.emplace(load.file, std::move(*profile));
  } else {
    auto series = read_load_series(*bytes, load.file, load.step);
    if (!series) return failure(series.error());
    series_.emplace(key_of(load), std::move(*series));
  }
  return {};
}

ProfileView LoadSources::view(const LoadSpec& load) const {
  ProfileView out;
  if (load.kind == LoadSpec::Kind::bdew) {
    out.standard = &profiles_.at(load.file);
    return out;
  }
  const LoadSeries& series = series_.at(key_of(load));
  out.values_w = series.values;
  out.step_s = series.step.seconds();
  const auto count = static_cast<std::int64_t>(series.values.size());
  if (series.shape) {
    const double sum = std::accumulate(series.values.begin(), series.values.end(), 0.0);
    out.scale = load.annual_kwh * 1000 / 8760 / (sum / static_cast<double>(count));
  } else if (series.first) {
    // Whole rounds of the series are left out: a file may be centuries away from the scenario.
    const std::int64_t round_ms = series.step.whole_ms() * count;
    out.first_ns = (series.first->unix_ms - start_.unix_ms) % round_ms * 1'000'000;
  } else {
    const std::int64_t local_ms = start_.unix_ms + std::int64_t{start_.offset_minutes} * 60'000;
    const std::int64_t of_day =
        (local_ms % ledger::ms_per_day + ledger::ms_per_day) % ledger::ms_per_day;
    out.first_ns = series.after_midnight.ns - of_day * 1'000'000;
  }
  return out;
}

}  // namespace twin
