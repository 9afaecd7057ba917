#pragma once
// One more block behind a published chain, with what a person asks for in it (an erasure, a
// consent), decided by validators whose keys are all at hand: a twin's. Where they are not, the
// transaction goes to the network like any.

#include "market/audit/replay.hpp"
#include "twin/node/base/operator_keys.hpp"

namespace twin {

// Why none is decided. Refused: the ledger takes the transaction not, or not now; otherwise the
// directory's files or keys are at fault.
struct NotDecided {
  NotDecided(std::string words, bool by_the_ledger = false)
      : why(std::move(words)), refused(by_the_ledger) {}
  std::string why;
  bool refused = false;
};

// A decided block, the checkpoint that covers it, and the state after it.
struct NextBlock {
  ledger::Block block;
  ledger::Bytes certificate;
  std::string checkpoint;
  std::map<ledger::Hash, ledger::Hash> state;
};

// Executes the chain anew (or takes the state that is left where billing data were erased before)
// and lets all validators decide and cosign. Refused where the keys are not the chain's, where the
// openings do not execute, where the state machine refuses the transaction, and where billing data
// would go that an open slot still has to be settled with.
tl::expected<NextBlock, NotDecided> decide_next(const market::PublicLog& log,
                                                const market::Openings& openings,
                                                const OperatorKeys& keys,
                                                const ledger::Transaction& tx,
                                                ledger::Verifier& verifier);

// By the registrar, under a salt that nobody else can make. `number`: another one each time.
ledger::Transaction signed_erasure(const ledger::Hash& chain_id, const ledger::KeySeed& registrar,
                                   const market::Erasure& erasure, std::uint64_t number);

}  // namespace twin
