#pragma once
// Random operations on a MarketState in memory: what meters move, what accounts, gateways and roles
// sign, slots that close, restarts; after each block every invariant. An operation is a value that
// means something after whatever came before it, so that a trace can be cut and still be run.

#include <string>
#include <vector>

#include "ledger/base/rng.hpp"
#include "market/state/market_state.hpp"

namespace market_test {

enum class Act : std::uint8_t {
  meter,       // `home` imports and `other` exports `amount` mWh
  quarantine,  // the next mark of `home` is quarantined
  miss,        // `home` has no mark in this slot
  swap,        // papers for the meter of `home`
  bid,         // `home` buys `amount` Wh at `price` in this slot, under one of few ids
  list,        // `home` sells
  cancel,      // an order of `home`
  contract,    // of `home`, or its withdrawal
  transfer,    // tokens of `home` to `other`
  retire,      // tokens of `home`
  correct,     // a ruling on one of the cases that wait
  measure,     // the grid operator owes `home` and `other` `amount` and `price` micro-euro for one
  fee,         // the grid operator adds `amount` less a constant to the fee of a slot to come
  erase,       // data of `home`
  restart,     // from the blocks alone
  close,       // batches, marks, settlement and statements of this slot
};

struct Operation {
  Act act = Act::close;
  std::uint8_t home = 1, other = 2;  // 1 to 4
  std::uint32_t pick = 0;            // chooses among what there is
  std::int64_t amount = 0, price = 0;
};
std::string words_of(const Operation& operation);

// Amounts are small ones, or among 0, 1, 2^31 and 2^53 with their neighbours, and INT64_MAX.
std::vector<Operation> random_operations(ledger::Rng& rng, std::size_t count);

// What is wrong on purpose.
enum class Fault : std::uint8_t {
  none,
  transfer_credited_twice,
  correction_posted_beside,
  cancellation_lost_on_restart,
  retired_tokens_held_on,
  peak_forgotten,  // by the state, of the month so far
  compensation_posted_twice,
};

// What the chain's genesis says beside what all of them have.
struct OperationTerms {
  std::string mechanism = "uniform";
  std::int64_t capacity_price = 0;  // micro-euro per kW; a month ends with slot 34
};

struct Trace {
  std::string broken;    // the first invariant that does not hold; empty where all do
  std::size_t done = 0;  // operations, the breaking one among them
  std::size_t taken = 0, refused = 0, restarts = 0;
  ledger::Hash root{};  // of the state at the end
};
// Runs them, and at the end replays all blocks to the same root.
Trace carry_out(std::span<const Operation> operations, const OperationTerms& terms,
                Fault fault = Fault::none);

// A trace that still breaks, from which no operation can be left out (Zeller and Hildebrandt, 2002,
// "Simplifying and isolating failure-inducing input": ddmin).
std::vector<Operation> shrunk(std::vector<Operation> operations, const OperationTerms& terms,
                              Fault fault);

}  // namespace market_test
