#include "app/run_ledger.hpp"

#include <filesystem>

#include "app/file_set.hpp"
#include "app/input_file.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/store/run_eraser.hpp"

namespace app {

using ledger::failure;
using ledger::Result;
namespace fs = std::filesystem;

namespace {

// A file that was to replace another one when somebody stopped us; the other one is still there.
Result<void> remove_unfinished(const std::string& folder) {
  std::vector<fs::path> unfinished;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error))
    if (it->path().extension() == twin::unfinished) unfinished.push_back(it->path());
  for (const fs::path& path : unfinished)
    if (!error) fs::remove(path, error);
  if (error) return failure(folder + ": " + error.message());
  return {};
}

}  // namespace

Result<twin::RunLedger> load_run_ledger(const std::string& directory, ledger::Verifier& verifier) {
  if (auto ok = remove_unfinished(directory + "/openings"); !ok) return failure(ok.error());
  const auto log = files_below(directory + "/log");
  if (!log) return failure(log.error());
  const auto openings = files_below(directory + "/openings");
  if (!openings) return failure(openings.error());
  auto out = twin::RunLedger::load(directory, *log, *openings, verifier);
  if (!out) return failure(directory + "/" + out.error());
  return out;
}

Result<twin::OperatorKeys> operator_keys_of(const std::string& directory,
                                            const ledger::Genesis& genesis) {
  const std::string path = directory + "/scenario.resolved.toml";
  const auto text = read_file(path);
  if (!text) return failure(text.error());
  const auto scenario = twin::read_scenario(*text, path, {});
  if (!scenario) return failure(scenario.error());
  return twin::operator_keys(scenario->seed(), genesis.validators.size(), genesis.gateways.size());
}

}  // namespace app
