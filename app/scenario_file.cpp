#include "app/scenario_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ledger/crypto/sha256.hpp"
#include "twin/scenario/scenario_writer.hpp"
#include "twin/world/load_sources.hpp"

namespace app {

ledger::Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return ledger::failure(path + ": is a directory, not a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) return ledger::failure(path + ": cannot be read: " + std::strerror(errno));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (file.bad()) return ledger::failure(path + ": cannot be read to its end");
  return std::move(bytes).str();
}

twin::LoadFile files_beside(const std::string& scenario_path) {
  const auto folder = std::filesystem::path(scenario_path).parent_path();
  return [folder](const std::string& path) { return read_file((folder / path).string()); };
}

ledger::Result<LoadedScenario> load_scenario(const std::string& path,
                                             const std::vector<twin::Override>& overrides) {
  LoadedScenario out;
  std::error_code error;
  out.path = std::filesystem::is_directory(path, error)
                 ? (std::filesystem::path(path) / "scenario.toml").string()
                 : path;
  const auto text = read_file(out.path);
  if (!text) return ledger::failure(text.error());
  const auto file = twin::read_scenario(*text, out.path, overrides);
  if (!file) return ledger::failure(file.error());
  ledger::Bytes hashed;
  const twin::LoadFile beside = files_beside(out.path);
  const twin::LoadFile load = [&](const std::string& name) {
    auto bytes = beside(name);
    if (bytes) ledger::append(hashed, ledger::sha256(ledger::bytes_of(*bytes)));
    return bytes;
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
  out.scenario = std::move(*scenario);
  out.resolved = twin::write_scenario(out.scenario, *network);
  ledger::append(hashed, ledger::bytes_of(out.resolved));
  out.input_hash = ledger::sha256(hashed);
  return out;
}

ledger::Result<std::unique_ptr<twin::World>> LoadedScenario::make_world() const {
  return twin::World::create(scenario, files_beside(path));
}

}  // namespace app
