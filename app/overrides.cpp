#include "app/overrides.hpp"

namespace app {

ledger::Result<std::vector<twin::Override>> parse_overrides(const std::vector<std::string>& set) {
  std::vector<twin::Override> out;
  for (const std::string& pair : set) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return ledger::failure("--set " + pair + ": wants key=value");
    out.push_back({pair.substr(0, equals), pair.substr(equals + 1)});
  }
  return out;
}

}  // namespace app
