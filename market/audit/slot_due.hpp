#pragma once
// Whether a slot is to be settled by now, for who has the log without what the state was: where
// billing data are erased, nobody can execute it any more.

#include "market/audit/public_log.hpp"

namespace market {

// As MarketState::due has it, by entries alone: all gateways that are waited for have marked the
// slot and all that counts in it is attested, where genesis wants that; or its grace is over. Of a
// later gateway only its batches tell whether it has meters: without one of the slot nobody waits
// for it here, so that the slot may be due a little earlier than it is.
bool is_slot_due(const PublicLog& log, std::int64_t time_ms);

// The first slot that is open in a block of this time, behind what the block itself settles.
Slot open_slot(const PublicLog& log, std::int64_t time_ms);

}  // namespace market
