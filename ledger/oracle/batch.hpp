#pragma once
// A gateway's batch: one record a meter, each behind a salted commitment, under one root.
//
// Record of one meter (the opening's data; personal), 143 bytes:
//   0    account          16
//   16   meter            u32
//   20   epoch            u32   the gateway's batch number, from 1
//   24   first_sequence   u32
//   28   count            u16   readings
//   30   readings_root    32    RFC 6962 root over the readings' salted commitments
//   62   end_time_ms      u40   of the last reading
//   67   import_register  u40   mWh, of the last reading
//   72   export_register  u40   mWh
//   77   verdict          u16   union of the readings' verdicts
//   79   signature        64    by the meter, over what `meter_signed_bytes` gives
//
// Body of the public batch entry, whose openings_root is the batch root:
//   0    gateway          u32
//   4    epoch            u32
//   8    count            u32   readings
//   12   first_sequence   u32   lowest over the meters
//   16   last_sequence    u32   highest
//   20   import_sum       i64   mWh moved since the batch before, homes only
//   28   export_sum       i64
//   36   quarantine_root  32    RFC 6962 root over the commitments of quarantined records
//   68   previous         32    SHA-256 of the gateway's entry before, zeros for the first
//   100  signature        64    by the gateway, over label, chain id and the entry without it

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/oracle/reading.hpp"
#include "ledger/oracle/rules.hpp"

namespace ledger {

struct MeterRecord {
  AccountId account;
  MeterId meter;
  std::uint32_t epoch = 0;
  std::uint32_t first_sequence = 0;
  std::uint16_t count = 0;
  Hash readings_root{};
  std::int64_t end_time_ms = 0;
  MilliWattHours import_register, export_register;
  Verdict verdict = 0;
  Signature signature{};
};

Bytes encode(const MeterRecord& record);
Result<MeterRecord> decode_meter_record(BytesView bytes);

// What a meter signs: label, chain id, meter, first sequence, count, root.
Bytes meter_signed_bytes(const Hash& chain_id, MeterId meter, std::uint32_t first_sequence,
                         std::uint16_t count, const Hash& readings_root);

struct Batch {
  GatewayId gateway;
  std::uint32_t epoch = 0;
  std::uint32_t count = 0;
  std::uint32_t first_sequence = 0, last_sequence = 0;
  MilliWattHours import_sum, export_sum;
  Hash quarantine_root{};
  Hash previous{};
  Signature signature{};
};

Bytes encode(const Batch& batch);  // the entry's body
Result<Batch> decode_batch(BytesView body);

// What any signed entry's signer signs: "aipchain entry 1", chain id, and the entry without its
// last 64 bytes. Batches, marks, forecasts and registrations end in their signature.
Bytes entry_signed_bytes(const Hash& chain_id, BytesView entry);

// The salted leaf of a record in its batch.
Hash record_commitment(const SubjectKey& key, const MeterRecord& record);

}  // namespace ledger
