#include "market/clearing/mechanism.hpp"

#include <algorithm>

namespace market {

std::optional<Mechanism> mechanism_named(std::string_view name) {
  const auto at = std::find(mechanism_names.begin(), mechanism_names.end(), name);
  if (at == mechanism_names.end()) return std::nullopt;
  return static_cast<Mechanism>(at - mechanism_names.begin());
}

bool can_act(Mechanism m) { return m == Mechanism::retailer || m == Mechanism::uniform; }

std::string acting_names() {
  std::string out;
  for (std::size_t i = 0; i < mechanism_names.size(); ++i)
    if (can_act(static_cast<Mechanism>(i)))
      out += (out.empty() ? "" : ", ") + std::string(mechanism_names[i]);
  return out;
}

}  // namespace market
