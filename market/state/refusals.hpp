#pragma once
// Shorthand of the state machine's own files for why a transaction does not hold.

#include "ledger/chain/state_machine.hpp"

namespace market {

// How far in the future a transaction may act.
inline constexpr std::uint32_t slots_ahead = 1000;

inline tl::unexpected<ledger::Refusal> never(std::string why) {
  return tl::unexpected(ledger::Refusal{false, std::move(why)});
}
inline tl::unexpected<ledger::Refusal> not_yet(std::string why) {
  return tl::unexpected(ledger::Refusal{true, std::move(why)});
}

}  // namespace market
