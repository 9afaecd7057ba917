#pragma once
// What nodes say to each other: one kind byte, then the kind's canonical bytes.
//
//   1 consensus     a signed consensus message as ledger/consensus/messages.hpp encodes it
//   2 transaction   as ledger/chain/transaction.hpp encodes it
//   3 minute        fleet to gateway: meter u32, first sequence u32, count u16, readings 23 each,
//                   the meter's signature 64, signatures u16 of the readings, none or all, 64 each
//   4 cosignature   validator to observer: height u64, log size u64, timestamp u64, signature 64
//   5 forecast      fleet to gateway: first slot u32, slots u16, count u16, then salt 32 and sized
//                   data each
//   6 evidence      among validators and observer: as ledger/consensus/messages.hpp encodes it
//   7 received      gateway to fleet: count u16, then meter u32, the first eight bytes of its key,
//                   sequence u32 each: the gateway's disk has all up to there
//   8 progress      validator to gateway: epoch u32, slots u32: how far the ledger is with it; to
//                   the grid operator: 0, and the slot before which the ledger has its measures
//   9 slot report   observer to oracle: slot_report.hpp
//  10 batches       validator to concentrator: count u16, then by rising gateway: gateway u32 and
//                   the epoch u32 of its last batch that is on the ledger
//   11 visit        who is no node to a validator or the observer: a transaction, as 2
//   12 visit answer the same way back: visit_answer.hpp
//   13 erased       validator to gateway: count u16, 1 or more, then by rising account: account 16.
//                   Of the gateway's accounts those whose personal data are erased
//   14 request      gateway to oracle: attest_request.hpp
//   15 answer       oracle to gateway: the same
//   16 on ledger    validator to gateway: a key change or a deregistration that the ledger has, as
//                   ledger/chain/transaction.hpp encodes it
//   17 settled      validator to gateway, gateway to fleet: the body of a slot's settlement, as
//                   market/entries/slot_entries.hpp encodes it
//   18, 19          home reports and grid word: grid_words.hpp
//  20 contracts     validator to gateway, gateway to fleet: count u16, 1 or more, then by rising
//  meter
//                   and template: meter u32, template u8, number u32: of the meter's account the
//                   newest contract of the template that the ledger has
//  21 paper         gateway to fleet: 32, the log's leaf of a paper that the gateway has on its
//  disk,
//                   or has refused: its home says it no more
// Decoders refuse every other byte sequence.

#include <map>
#include <set>

#include "ledger/oracle/batch.hpp"
#include "ledger/oracle/ledger_progress.hpp"
#include "market/settlement/contract.hpp"

namespace twin {

enum class MessageKind : std::uint8_t {
  consensus = 1,
  transaction = 2,
  minute = 3,
  cosignature = 4,
  forecast = 5,
  evidence = 6,
  received = 7,
  progress = 8,
  slot_report = 9,
  batches = 10,
  visit = 11,
  visit_answer = 12,
  erased = 13,
  attest_request = 14,
  attest_answer = 15,
  on_ledger = 16,
  settled = 17,
  home_reports = 18,
  grid_word = 19,
  contracts = 20,
  paper = 21,
};

inline constexpr std::uint16_t max_readings = 3600;  // of one minute: five hours at 5 s

// What a home's meter measured since what its gateway has: a minute, or more after an outage.
struct MeterMinute {
  ledger::MeterId meter;
  std::uint32_t first_sequence = 0;
  std::vector<ledger::ReadingBytes> readings;
  ledger::Signature signature{};  // ledger/oracle/batch.hpp, Signing: zeros where each is signed
  std::vector<ledger::Signature> each;
};

struct CheckpointCosignature {
  std::uint64_t height = 0;
  std::uint64_t log_size = 0;
  std::uint64_t timestamp = 0;  // Unix seconds
  ledger::Signature signature{};
};

struct FleetForecast {
  ledger::Slot first_slot;
  std::uint16_t slots = 0;
  std::vector<ledger::Opening> openings;
};

// A swapped meter counts anew, so that a sequence alone would not say which meter's it is.
using KeyTag = std::array<std::uint8_t, 8>;
KeyTag tag_of(const ledger::PublicKey& meter_key);

struct MeterReceived {
  ledger::MeterId meter;
  KeyTag key{};
  std::uint32_t sequence = 0;
};

using ledger::LedgerProgress;

// The epoch of the last batch that is on the ledger, by gateway.
using BatchesOnLedger = std::map<std::uint32_t, std::uint32_t>;

using ErasedAccounts = std::set<ledger::AccountId>;

// The number of the newest contract that is on the ledger, by meter and template. Numbers of an
// account's contracts rise, so that it answers for all before.
using ContractsOnLedger = std::map<std::pair<ledger::MeterId, market::Template>, std::uint32_t>;

// Of a message as it came; nothing where it is empty. The value may be none that is known.
std::optional<MessageKind> kind_of(ledger::BytesView message);
ledger::Bytes frame(MessageKind kind, ledger::BytesView body);
ledger::Bytes encode(const MeterMinute&);
ledger::Bytes encode(const CheckpointCosignature&);
ledger::Bytes encode(const FleetForecast&);
ledger::Bytes encode(const std::vector<MeterReceived>&);
ledger::Bytes encode(const LedgerProgress&);
ledger::Bytes encode(const BatchesOnLedger&);
ledger::Bytes encode(const ErasedAccounts&);
ledger::Bytes encode(const ContractsOnLedger&);

// The bodies, without the kind byte.
ledger::Result<MeterMinute> decode_minute(ledger::BytesView body);
ledger::Result<CheckpointCosignature> decode_cosignature(ledger::BytesView body);
ledger::Result<FleetForecast> decode_fleet_forecast(ledger::BytesView body);
ledger::Result<std::vector<MeterReceived>> decode_received(ledger::BytesView body);
ledger::Result<LedgerProgress> decode_progress(ledger::BytesView body);
ledger::Result<BatchesOnLedger> decode_batches_on_ledger(ledger::BytesView body);
ledger::Result<ErasedAccounts> decode_erased(ledger::BytesView body);
ledger::Result<ContractsOnLedger> decode_contracts_on_ledger(ledger::BytesView body);
ledger::Result<ledger::Hash> decode_paper_leaf(ledger::BytesView body);

}  // namespace twin
