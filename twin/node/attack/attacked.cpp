#include "twin/node/attack/attacked.hpp"

#include <algorithm>

namespace twin {

std::vector<Attacked> attacked_behind(const Scenario& scenario, std::uint32_t gateway,
                                      const std::vector<Attack::Kind>& kinds) {
  std::vector<Attacked> out;
  for (const Attack& attack : scenario.attacks) {
    if (std::count(kinds.begin(), kinds.end(), attack.kind) == 0) continue;
    for (std::uint32_t h = 0; h < scenario.homes.size(); ++h) {
      const auto at = std::find(attack.homes.begin(), attack.homes.end(), scenario.homes[h].name);
      if (at == attack.homes.end() || scenario.homes[h].gateway != gateway) continue;
      out.push_back({attack, static_cast<std::size_t>(at - attack.homes.begin()), {h}});
    }
  }
  return out;
}

}  // namespace twin
