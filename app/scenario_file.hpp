#pragma once
// A scenario from its file, with the files that it names found beside it.

#include <memory>
#include <string>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/world/world.hpp"

namespace app {

// The whole file, or one message that names it.
ledger::Result<std::string> read_file(const std::string& path);

// Paths that are not absolute are meant from the folder of `scenario_path`.
twin::LoadFile files_beside(const std::string& scenario_path);

// A scenario that was read, with what it was read from.
struct LoadedScenario {
  twin::Scenario scenario;
  std::string path;           // of the file
  std::string resolved;       // all defaults written out
  ledger::Hash input_hash{};  // SHA-256 over the resolved text and every file that was read

  // A world of it. The files are read again.
  ledger::Result<std::unique_ptr<twin::World>> make_world() const;
};

// Reads the scenario (a file, or a folder that holds scenario.toml), its grid, and expands its
// homes. All errors are the user's to mend.
ledger::Result<LoadedScenario> load_scenario(const std::string& path,
                                             const std::vector<twin::Override>& overrides = {});

}  // namespace app
