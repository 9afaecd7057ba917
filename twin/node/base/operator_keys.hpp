#pragma once
// The operators' secrets of a twin, derived from its seed by label: who decides, who meters for
// whom, who registers and who audits. In the field each party holds its own.

#include <array>
#include <cstdint>
#include <vector>

#include "ledger/crypto/commitment.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace twin {

struct OperatorKeys {
  std::vector<ledger::KeySeed> validators, gateways;
  // By market/entries/roles.hpp.
  ledger::KeySeed registrar{}, metering_operator{}, gateway_administrator{}, certifier{};
  ledger::KeySeed grid_operator{};
  ledger::SubjectKey grid_operator_key{};  // seals what is restricted to it (bind_to_chain)
  ledger::KeySeed observer{};
  std::array<std::uint8_t, 32> auditor_seed{};
};

// Who signs for the roles.
struct RoleSigners {
  ledger::Ed25519Signer registrar, metering_operator, gateway_administrator, certifier,
      grid_operator;
  explicit RoleSigners(const OperatorKeys& keys)
      : registrar(keys.registrar),
        metering_operator(keys.metering_operator),
        gateway_administrator(keys.gateway_administrator),
        certifier(keys.certifier),
        grid_operator(keys.grid_operator) {}
};

OperatorKeys operator_keys(std::uint64_t scenario_seed, std::size_t validators,
                           std::size_t gateways);

}  // namespace twin
