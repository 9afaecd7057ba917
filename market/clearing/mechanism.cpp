#include "market/clearing/mechanism.hpp"

#include <algorithm>

namespace market {

std::optional<Mechanism> mechanism_named(std::string_view name) {
  const auto at = std::find(mechanism_names.begin(), mechanism_names.end(), name);
  if (at == mechanism_names.end()) return std::nullopt;
  return static_cast<Mechanism>(at - mechanism_names.begin());
}

namespace {
constexpr std::string_view static_sharing = "bill-sharing-static";
}

std::optional<Acting> acting_named(std::string_view name) {
  if (name == static_sharing) return Acting{Mechanism::bill_sharing, SharingKey::static_key};
  const auto mechanism = mechanism_named(name);
  if (!mechanism) return std::nullopt;
  return Acting{*mechanism};
}

std::vector<std::string> acting_names() {
  std::vector<std::string> out;
  out.assign(mechanism_names.begin(), mechanism_names.end());
  out.emplace_back(static_sharing);
  return out;
}

}  // namespace market
