#pragma once
// A visit to a network: one signed transaction of a user, brought to all doors of its validators
// and its observer at once (visitor_links.hpp, twin/node/base/visit_answer.hpp).
//
// What counts is checked here: a proof by the policy that follows from genesis, whoever says it;
// that the ledger refuses by the word of f + 1 of its 3 f + 1 validators, of whom one is honest,
// each asked three times half a second apart: one may be a block behind. The block's height is the
// observer's word alone.

#include "hil/network/node_config.hpp"
#include "ledger/chain/transaction.hpp"
#include "ledger/tlog/tlog_proof.hpp"

namespace hil {

struct VisitOptions {
  std::chrono::milliseconds patience{120'000};         // until it is final
  std::function<void(const std::string& line)> say{};  // what each node said
};

struct VisitOutcome {
  bool final = false;
  std::string why;  // where the ledger refuses it
  std::uint64_t height = 0;
  ledger::TlogProof proof;
};

// The error: that patience ended, or that nobody could be visited.
ledger::Result<VisitOutcome> visit(const NodeConfig& network, const ledger::Transaction& tx,
                                   const VisitOptions& options);

}  // namespace hil
