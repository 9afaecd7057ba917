#include "market/entries/roles.hpp"

#include "ledger/base/invariant.hpp"

namespace market {

using namespace ledger;

std::string_view name_of(Role role) {
  constexpr std::array<std::string_view, 5> names{
      "registrar", "metering operator", "gateway administrator", "certifier", "grid operator"};
  return names[static_cast<std::size_t>(role)];
}

const PublicKey& key_of(Role role, const Genesis& genesis) {
  switch (role) {
    case Role::registrar:
      return genesis.registrar;
    case Role::metering_operator:
      return genesis.metering_operator;
    case Role::gateway_administrator:
      return genesis.gateway_administrator;
    case Role::certifier:
      return genesis.certifier;
    case Role::network_operator:
      return genesis.grid_operator;
  }
  invariant(false, "there are five roles");
  return genesis.registrar;
}

std::string not_signed_by(Role role) {
  return "is not signed by the " + std::string(name_of(role));
}

}  // namespace market
