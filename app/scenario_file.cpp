#include "app/scenario_file.hpp"

#include <filesystem>

#include "app/input_file.hpp"
#include "hil/field_host.hpp"
#include "ledger/crypto/sha256.hpp"
#include "twin/scenario/scenario_writer.hpp"
#include "twin/world/load_sources.hpp"

namespace app {

namespace fs = std::filesystem;

namespace {

// A run's directory has the scenario that it was made from, with all defaults written out.
std::string file_of(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return path;
  const fs::path own = fs::path(path) / "scenario.toml";
  const fs::path resolved = fs::path(path) / "scenario.resolved.toml";
  return (!fs::exists(own, error) && fs::exists(resolved, error) ? resolved : own).string();
}

// --until: a duration, or a time that is turned into one.
ledger::Result<twin::Override> duration_until(const std::string& until, ledger::CivilTime start) {
  const std::string option = "--until " + until;
  if (ledger::parse_duration(until))
    return twin::Override{"time.duration", "\"" + until + "\"", option};
  const auto time = ledger::from_rfc3339(until);
  if (!time)
    return ledger::failure(option +
                           ": wants a duration such as 6h or an RFC 3339 time with its offset");
  if (time->unix_ms <= start.unix_ms)
    return ledger::failure(option + ": is not after the scenario's start, " +
                           ledger::to_rfc3339(start));
  return twin::Override{"time.duration",
                        "\"" + std::to_string(time->unix_ms - start.unix_ms) + "ms\"", option};
}

// A time can only be turned into a duration once the scenario's start is known.
ledger::Result<twin::ReadScenario> read_until(const std::string& text, const std::string& path,
                                              std::vector<twin::Override> overrides,
                                              const std::string& until) {
  auto whole = twin::read_scenario(text, path, overrides);
  if (!whole || until.empty()) return whole;
  auto duration = duration_until(until, whole->start());
  if (!duration) return ledger::failure(duration.error());
  overrides.push_back(std::move(*duration));
  return twin::read_scenario(text, path, overrides);
}

}  // namespace

ledger::Result<LoadedScenario> load_scenario(const std::string& path,
                                             std::vector<twin::Override> overrides,
                                             const std::string& until) {
  LoadedScenario out;
  out.path = file_of(path);
  const auto text = read_file(out.path);
  if (!text) return ledger::failure(text.error());
  const auto file = read_until(*text, out.path, std::move(overrides), until);
  if (!file) return ledger::failure(file.error());
  ledger::Bytes hashed;
  out.files = std::make_shared<std::map<std::string, std::string>>();
  const twin::LoadFile load =
      [&, folder = fs::path(out.path).parent_path()](
          const std::string& name) -> tl::expected<std::string, std::string> {
    if (const auto known = out.files->find(name); known != out.files->end()) return known->second;
    auto bytes = read_file((folder / name).string());
    if (!bytes) return tl::unexpected(bytes.error());
    ledger::append(hashed, ledger::sha256(ledger::bytes_of(*bytes)));
    return out.files->emplace(name, std::move(*bytes)).first->second;
  };
  const auto network = twin::make_network(file->grid(), file->seed(), load);
  if (!network) return ledger::failure(file->where_grid() + ": " + network.error());
  auto scenario = file->expand(*network);
  if (!scenario) return ledger::failure(scenario.error());
  if (!scenario->weather.file.empty())
    if (const auto weather = twin::make_weather(*scenario, load); !weather)
      return ledger::failure(file->where_weather() + ": " + weather.error());
  if (const auto loads = twin::LoadSources::read(*scenario, load); !loads)
    return ledger::failure(loads.error());
  if (const auto meters = hil::check_meters(*scenario); !meters)
    return ledger::failure(meters.error());
  out.scenario = std::move(*scenario);
  out.resolved = twin::write_scenario(out.scenario, *network);
  twin::Scenario common = out.scenario;
  common.meters.clear();
  common.output = {};
  common.market.shadows.clear();
  common.time.real_time_factor = 1;
  ledger::Bytes shared = hashed;
  ledger::append(shared, ledger::bytes_of(twin::write_scenario(common, *network)));
  out.chain_hash = ledger::sha256(shared);
  ledger::append(hashed, ledger::bytes_of(out.resolved));
  out.input_hash = ledger::sha256(hashed);
  return out;
}

ledger::Result<std::unique_ptr<twin::World>> LoadedScenario::make_world() const {
  return twin::World::create(
      scenario, [files = files](const std::string& name) -> tl::expected<std::string, std::string> {
        const auto known = files->find(name);
        if (known == files->end()) return tl::unexpected(name + ": was not read with the scenario");
        return known->second;
      });
}

std::string LoadedScenario::resolved_in(const std::string& folder,
                                        const twin::Network& network) const {
  twin::Scenario moved = scenario;
  const auto lead = [&](std::string& file) {
    if (file.empty() || fs::path(file).is_absolute()) return;
    std::error_code error;
    const auto from_there = fs::proximate(fs::path(path).parent_path() / file, folder, error);
    if (!error) file = from_there.string();
  };
  lead(moved.grid.file);
  lead(moved.weather.file);
  for (twin::HomeSpec& home : moved.homes) lead(home.load.file);
  return twin::write_scenario(moved, network);
}

}  // namespace app
