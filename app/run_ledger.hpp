#pragma once
// A finished run's ledger as commands take it up again.

#include "twin/store/run_ledger.hpp"

namespace app {

// DIR/log and DIR/openings. The error names the directory.
ledger::Result<twin::RunLedger> load_run_ledger(const std::string& directory,
                                                ledger::Verifier& verifier);

// From the seed of the scenario that lies in the directory: of it nothing else is wanted.
ledger::Result<twin::OperatorKeys> operator_keys_of(const std::string& directory,
                                                    const ledger::Genesis& genesis);

}  // namespace app
