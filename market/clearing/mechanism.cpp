#include "market/clearing/mechanism.hpp"

#include <algorithm>

namespace market {

std::optional<Mechanism> mechanism_named(std::string_view name) {
  const auto at = std::find(mechanism_names.begin(), mechanism_names.end(), name);
  if (at == mechanism_names.end()) return std::nullopt;
  return static_cast<Mechanism>(at - mechanism_names.begin());
}

std::vector<std::string> acting_names() {
  std::vector<std::string> out;
  for (const std::string_view name : mechanism_names)
    if (can_act(*mechanism_named(name))) out.emplace_back(name);
  return out;
}

}  // namespace market
