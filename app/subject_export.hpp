#pragma once
// What a ledger's restricted openings say of one account, as JSON for the subject: lists by what
// they are, each in the log's order. Keys name their units; slots are numbers.

#include <nlohmann/json.hpp>

#include "market/entries/consent.hpp"
#include "twin/store/run_ledger.hpp"

namespace app {

// Every opening of the account is in one of the lists, or `registration`. An order that the account
// took back says so.
ledger::Result<nlohmann::json> openings_json(const twin::RunLedger& ledger,
                                             const ledger::AccountId& account);

nlohmann::json consent_json(const market::Consent& consent);

}  // namespace app
