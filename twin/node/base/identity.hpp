#pragma once
// Keys and pseudonyms of everybody in a scenario, all derived from its seed by label, so that
// adding a home changes nobody else's. In the field the host reads secrets from key files instead.

#include "ledger/base/ids.hpp"
#include "ledger/base/rng.hpp"
#include "ledger/chain/genesis.hpp"
#include "ledger/crypto/commitment.hpp"
#include "twin/node/base/operator_keys.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/weather/sun.hpp"

namespace twin {

// A metering point and the subject behind it.
struct MeterIdentity {
  ledger::MeterId meter;
  std::uint32_t gateway = 0;
  bool feeder = false;
  ledger::AccountId account;  // pseudonym of the month
  ledger::KeySeed meter_seed{}, next_meter_seed{}, account_seed{};
  ledger::KeySeed changed_meter_seed{}, changed_account_seed{};  // behind a key change
  ledger::SubjectKey root_key{};                        // the household's own, of all months
  ledger::SubjectKey personal_key{}, restricted_key{};  // of the month, and of the chain
};

struct Identities : OperatorKeys {
  std::vector<ledger::KeySeed> oracles, concentrators;
  std::vector<MeterIdentity> meters;  // homes in their order, then the feeder's
};

Identities make_identities(const Scenario& scenario);

// A subject's key of the month as one chain uses it: SHA-256("aipchain subject key 1" || chain id
// || key). Salts and boxes are made with this key alone, so that two chains with the same people
// share neither a salt nor a key stream.
ledger::SubjectKey on_chain(const ledger::Hash& chain_id, const ledger::SubjectKey& monthly);
void bind_to_chain(Identities& identities, const ledger::Hash& chain_id);

// Nights are those of `place`. `input_hash`: of everything that the scenario was read from.
ledger::Genesis make_genesis(const Scenario& scenario, const Identities& identities,
                             const Place& place, const ledger::Hash& input_hash);

}  // namespace twin
