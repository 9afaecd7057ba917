#pragma once
// A transaction in two parts. The public part, the entry, is what the log holds:
//
//   0   version        u8    1
//   1   kind           u8
//   2   openings_root  32    RFC 6962 root over the commitments of the openings, in their order
//   34  body           rest  by kind; at most 65,535 bytes for the whole entry
//
// The openings are what it commits to: restricted data that validators execute and that the log
// never sees. On the wire, at most 1 MiB in all:
//
//   entry      sized (u32 length)
//   count      u16
//   count times: salt 32, data sized; data begins with the account that it belongs to
//
// A batch commits to personal data: its openings stay at the gateway and its count is 0.

#include <string>
#include <vector>

#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/crypto/commitment.hpp"

namespace ledger {

enum class TransactionKind : std::uint8_t {
  registration = 1,
  batch = 2,
  marks = 3,
  order = 4,
  settlement = 5,  // made by the state machine itself, never sent
  forecast = 6,
  consent = 7,
  erasure = 8,
  ruling = 10,         // on quarantined energy
  attestation = 11,    // of a batch or marks, by oracles
  statements = 12,     // made by the state machine itself, behind its settlement, one a gateway
  key_change = 13,     // of a meter, an account or a gateway
  tariff_change = 14,  // of the grid fee in slots to come
  meter_swap = 16,
  deregistration = 17,  // a metering point leaves
  feeder_findings = 18,
  concentrated = 19,       // the batches of many gateways: market/settlement/concentration.hpp
  gateway = 20,            // one more, or one less
  certificate = 21,        // of a meter's conformity or calibration
  clearing_proposal = 22,  // what the solver of a block's maker found, made by it, never sent
  transfer = 23,           // of held tokens, signed by the holder
  retirement = 24,         // of held tokens, signed by the holder
  contract = 25,           // a standing order, signed by its account
  cancellation = 26,       // of an order, signed by its account
  grid_measure = 27,       // what the grid operator did to homes in a slot
  trading_grid = 28,       // what a feeder lets trades add, or its fees, and where homes stand
  // Kept for what is coming: 9 evidence, 15 rules change
};

// Whether transactions of this kind are made by the state machine alone.
constexpr bool made_by_state(TransactionKind kind) {
  return kind == TransactionKind::settlement || kind == TransactionKind::statements;
}

// Whether they are made by the maker of a block for its beginning, and checked by all others.
constexpr bool made_by_maker(TransactionKind kind) {
  return kind == TransactionKind::clearing_proposal;
}

struct Opening {
  Salt salt{};
  Bytes data;
};

// The account that an opening belongs to: the first 16 bytes of its data.
AccountId owner_of(const Opening& opening);

Hash openings_root(std::span<const Opening> openings);

struct Transaction {
  TransactionKind kind{};
  Hash root{};  // openings_root
  Bytes body;
  std::vector<Opening> openings;

  Bytes entry() const;   // the public part
  Bytes encode() const;  // both parts
  std::size_t encoded_size() const;
};

inline constexpr std::size_t max_entry_size = 65'535;
inline constexpr std::size_t max_transaction_size = 1u << 20;  // with its openings
inline constexpr std::size_t max_openings = 4096;              // of one transaction
inline constexpr std::size_t entry_prefix_size = 34;

// Refuses every byte sequence but the canonical one, an openings root that does not fit the
// openings, and openings in a batch. The reason is in words.
Result<Transaction> decode_transaction(BytesView bytes);

// The entry in an encoded transaction, as it lies in the bytes; empty where they are none.
BytesView entry_in(BytesView transaction);

// The public part alone, as it lies in the bytes that were read.
struct EntryView {
  TransactionKind kind{};
  Hash root{};  // openings_root
  BytesView body;
};
Result<EntryView> view_entry(BytesView entry);

// The same with a body of its own, as an auditor reads it: no openings.
Result<Transaction> decode_entry(BytesView entry);

}  // namespace ledger
