#pragma once
// A chain of blocks over the village of tests/market/village_support.hpp: every kind of transaction
// in canonical order, signed for real, with meter records and readings behind the batches, all
// drawn from one seed. Homes trade and forecast, marks are quarantined, fall, or do not come at
// all, and a home is registered late. Integers only, so that blocks and roots are the same on every
// machine.

#include <functional>

#include "market/audit/openings.hpp"
#include "market/settlement/settlement.hpp"

namespace market_test {

struct VillageChain {
  std::vector<ledger::Bytes> blocks;      // encoded, from height 1
  std::vector<ledger::Hash> state_roots;  // after each block
  std::vector<ledger::Hash> content_roots;
  market::PublicLog log;      // with a checkpoint that validator and observer signed
  market::Openings openings;  // of every account
};

// Blocks at the start, at the end of each of the slots' minutes, and one that closes the last slot:
// 2 * slots + 2 of them.
// Settled by a mechanism: bilateral orders have preferences, some orders of a continuous book come
// a slot earlier than others.
// Where the mechanism heeds a feeder there is one from slot 0 on, and another one later.
// A lazy maker of blocks says now and then that it found no clearing, a modest one that exchanges
// are all that it can show for one.
enum class ProposalMaker { honest, lazy, modest };
VillageChain village_chain(std::uint64_t seed, std::uint32_t slots,
                           const std::string& mechanism = "uniform",
                           ProposalMaker maker = ProposalMaker::honest);

// The same with a capacity tariff of 4.321 EUR/kW, whose month ends with slot 9.
VillageChain capacity_village_chain(std::uint64_t seed, std::uint32_t slots,
                                    const std::string& mechanism = "uniform");

// What liars among validators could sign: one statement is another, and the log goes on as if it
// were the one.
void bend_statement(VillageChain& chain, const ledger::AccountId& account, ledger::Slot slot,
                    const std::function<void(market::Statement&)>& change);

}  // namespace market_test
