#pragma once
// Keys and pseudonyms of everybody in a scenario, all derived from its seed by label, so that
// adding a home changes nobody else's. In the field the host reads secrets from key files instead.

#include "ledger/base/ids.hpp"
#include "ledger/base/rng.hpp"
#include "ledger/chain/genesis.hpp"
#include "ledger/crypto/commitment.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

// A metering point and the subject behind it.
struct MeterIdentity {
  ledger::MeterId meter;
  std::uint32_t gateway = 0;
  bool feeder = false;
  ledger::AccountId account;  // pseudonym of the month
  ledger::KeySeed meter_seed{}, account_seed{};
  ledger::SubjectKey personal_key{}, restricted_key{};  // of the month
};

struct Identities {
  std::vector<ledger::KeySeed> validators, gateways;
  ledger::KeySeed registrar{}, observer{};
  std::array<std::uint8_t, 32> auditor_seed{};
  std::vector<MeterIdentity> meters;  // homes in their order, then the feeder meter
};

Identities make_identities(const Scenario& scenario);

// `input_hash`: of everything that the scenario was read from.
ledger::Genesis make_genesis(const Scenario& scenario, const Identities& identities,
                             const ledger::Hash& input_hash);

}  // namespace twin
