#include "app/account_keys.hpp"

#include "app/scenario_file.hpp"
#include "market/audit/access_log.hpp"
#include "twin/node/base/identity.hpp"

namespace app {

using namespace ledger;

Result<AccountKeys> AccountKeys::load(const std::string& directory, const twin::RunLedger& ledger,
                                      const AccountId& account) {
  const auto loaded = load_scenario(directory);
  if (!loaded) return failure(loaded.error());
  auto line = market::account_keys_at(ledger.log(), ledger.openings(), account,
                                      ledger.log().entries.size());
  if (!line)
    return failure(directory + ": account " + to_hex(account.bytes) + " has no registration");
  for (const twin::MeterIdentity& m : twin::make_identities(loaded->scenario).meters)
    if (m.account == account)
      return AccountKeys(std::move(*line), {m.account_seed, m.changed_account_seed});
  return failure(directory + ": no home of the scenario has account " + to_hex(account.bytes));
}

Result<KeySeed> AccountKeys::in(Slot slot) const {
  for (const KeySeed& seed : seeds_)
    if (Ed25519Signer(seed).public_key() == line_.in(slot)) return seed;
  return failure("slot " + std::to_string(slot.value) +
                 ": the account's key does not follow from the scenario");
}

}  // namespace app
