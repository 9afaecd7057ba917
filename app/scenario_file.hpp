#pragma once
// A scenario from its file, with the files that it names found beside it.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/world/world.hpp"

namespace app {

// A scenario that was read, with what it was read from.
struct LoadedScenario {
  twin::Scenario scenario;
  std::string path;           // of the file
  std::string resolved;       // all defaults written out
  ledger::Hash input_hash{};  // SHA-256 over the resolved text and every file that was read
  // The same without what differs between twin and field: transports of meters, the field's pace,
  // what is recorded. Genesis binds it, so that both hosts run one chain.
  ledger::Hash chain_hash{};
  std::shared_ptr<std::map<std::string, std::string>> files;  // those, by the scenario's names

  // A world of it, from the same bytes.
  ledger::Result<std::unique_ptr<twin::World>> make_world() const;
  // The resolved text as it reads from another folder: paths that are not absolute lead from there.
  std::string resolved_in(const std::string& folder, const twin::Network& network) const;
};

// Reads the scenario (a file, a folder that holds scenario.toml, or a run's directory), its grid,
// and expands its homes. `until`, where it is not empty, is --until's text: a duration from the
// start or a time. All errors are the user's to mend.
ledger::Result<LoadedScenario> load_scenario(const std::string& path,
                                             std::vector<twin::Override> overrides = {},
                                             const std::string& until = {});

}  // namespace app
