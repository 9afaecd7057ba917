#pragma once
// What a gateway and an oracle say to each other about a batch or marks (ledger/oracle/
// attestation.hpp, market/metering/attestor.hpp).
//
//   request  the entry's transaction sized, with openings where it is marks; papers u16 of meter
//            swaps in the slot, each transaction sized; records u16 of a batch, then each:
//              meter record 144, its salt 32, the record's count times reading 23 and salt 32,
//              signatures u16 of the readings, none or all, 64 each
//   answer   gateway u32, kind u8, number u32, entry's hash 32, oracle u16, attested u8, then the
//            oracle's signature 64, or why not, sized, at most 256 bytes
//
// Salts instead of keys: a request opens its batch and nothing else of the month.

#include "market/metering/attestor.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

// A record with what opens it.
struct RecordOpening {
  ledger::MeterRecord record;
  ledger::Salt salt{};
  std::vector<ledger::ReadingBytes> readings;
  std::vector<ledger::Salt> salts;  // of the readings
  std::vector<ledger::Signature> each;
};
RecordOpening opening_of(const ledger::SubjectKey& personal_key, const ledger::MeterRecord& record,
                         std::span<const ledger::ReadingBytes> readings,
                         std::span<const ledger::Signature> each);

struct AttestRequest {
  ledger::Transaction entry;
  std::vector<ledger::Transaction> papers;
  std::vector<RecordOpening> records;
};
// With the message's kind byte before it.
ledger::Bytes encode(const AttestRequest& request);
ledger::Result<AttestRequest> decode_request(ledger::BytesView body);
// What its salts open.
market::Attestor::Request opened(AttestRequest request);

struct AttestAnswer {
  ledger::AttestedEntry what;
  std::uint16_t oracle = 0;
  std::optional<ledger::Signature> signature;  // none: it does not attest it ...
  std::string why;                             // ... and why
};
ledger::Bytes encode(const AttestAnswer& answer);
ledger::Result<AttestAnswer> decode_answer(ledger::BytesView body);

}  // namespace twin
