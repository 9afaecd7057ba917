#pragma once
// The files that a scenario's loads follow, each read once, and how a home looks into them.

#include <map>
#include <span>
#include <string>

#include "ledger/base/result.hpp"
#include "twin/device/load_profile_reader.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

// What a load follows that is no household: the series of a connection (grid_profile) or of a file
// (csv), or a standard load profile (bdew).
struct ProfileView {
  // Mean powers of equal steps, in W once scaled, going around where they end.
  std::span<const double> values_w;
  double step_s = 0;
  double scale = 1;
  // Scenario time of the first value, ns; without it local midnight of the scenario's first day.
  std::optional<std::int64_t> first_ns;
  const StandardProfile* standard = nullptr;
};

// BDEW means H25, P25 and S25 with its dynamisation, G25 and L25 without (h25_table.hpp).
inline bool dynamised(const LoadSpec& load) {
  return load.profile != "G25" && load.profile != "L25";
}

class LoadSources {
 public:
  // Reads every file that a home names. An error begins with the key that names the file, then says
  // file and line.
  static ledger::Result<LoadSources> read(const Scenario& scenario, const LoadFile& load);

  // Of a load of kind bdew or csv of that scenario; valid as long as this is.
  ProfileView view(const LoadSpec& load) const;

 private:
  using SeriesKey = std::pair<std::string, std::int64_t>;  // path, and step of a shape in ns or 0
  static SeriesKey key_of(const LoadSpec& load);
  ledger::Result<void> add(const LoadSpec& load, const LoadFile& open);

  ledger::CivilTime start_;
  std::map<std::string, StandardProfile> profiles_;
  std::map<SeriesKey, LoadSeries> series_;
};

}  // namespace twin
