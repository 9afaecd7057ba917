#pragma once
// Reads scenario.toml. Keys, units, defaults and limits: docs/scenario.md.
//
// Two steps, since a scenario names connections that only its grid knows: `read_scenario` takes the
// text, `expand` adds the homes. Every error is one message that begins with file, line, column and
// key (or with the command line's option that put it there) and says what was found and what is
// allowed.

#include <memory>
#include <string_view>

#include "ledger/base/result.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

struct Override {
  std::string key, value;  // "grid.file", "../x.dss"; a value that is not TOML is taken as text
  std::string option = "--set";  // what messages call it
};

// What was read, before the homes are known.
struct ScenarioParts;

class ReadScenario {
 public:
  ReadScenario(ReadScenario&&) noexcept;
  ~ReadScenario();
  const GridSpec& grid() const;
  const std::string& where_grid() const;  // file, line and key, for what is wrong with the grid
  const std::string& where_weather() const;
  std::uint64_t seed() const;
  ledger::CivilTime start() const;
  // The whole scenario on this network.
  ledger::Result<Scenario> expand(const Network& network) const;

 private:
  friend ledger::Result<ReadScenario> read_scenario(std::string_view, const std::string&,
                                                    const std::vector<Override>&);
  explicit ReadScenario(std::unique_ptr<ScenarioParts> parts);
  std::unique_ptr<ScenarioParts> parts_;
};

ledger::Result<ReadScenario> read_scenario(std::string_view toml, const std::string& file,
                                           const std::vector<Override>& overrides);

}  // namespace twin
