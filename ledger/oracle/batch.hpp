#pragma once
// A gateway's batch: one record for each of its registered meters, each behind a salted commitment,
// under one root. A meter from which nothing came has an absence: its gateway says so, signed.
//
// Record of one meter (the opening's data; personal), 144 bytes:
//   0    account          16
//   16   version          u8    1; stands for the readings' form as well
//   17   meter            u32
//   21   epoch            u32   the gateway's batch number, from 1
//   25   first_sequence   u32
//   29   count            u16   readings
//   31   readings_root    32    RFC 6962 root over the readings' salted commitments
//   63   end_time_ms      u40   of the meter's last reading that was taken (minute.hpp)
//   68   import_register  u40   mWh, of the same reading
//   73   export_register  u40   mWh
//   78   verdict          u16   union of the readings' verdicts
//   80   signature        64    by the meter, over what `meter_signed_bytes` gives; zeros where it
//                               signs each reading (the signatures lie with the readings), or none
// Where none was taken yet, the time is 0 and the registers are the registration's. An absence has
// count 0 and the verdict `absent` alone, ends where any record does, and has the sequence after
// the last one taken (1 where none was), the empty root and a signature of zeros.
//
// Body of the public batch entry, whose openings_root is the batch root:
//   0    gateway          u32
//   4    epoch            u32
//   8    records          u32   meters, absent ones too
//   12   count            u32   readings of the records whose signature holds: what another one
//                               says is nobody's word
//   16   first_sequence   u32   lowest over the same records, 0 where there is none
//   20   last_sequence    u32   highest
//   24   import_sum       i64   mWh that the homes' registers rose: the rise of each record that is
//   32   export_sum       i64   not quarantined over the home's last such record, a fall being 0;
//                               -1 where ledger/oracle/public_sum.hpp hides it
//   40   quarantine_root  32    RFC 6962 root over the commitments of quarantined records
//   72   previous         32    SHA-256 of the gateway's entry before, zeros for the first
//   104  signature        64    by the gateway, over label, chain id and the entry without it

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

inline constexpr std::size_t meter_record_size = 144;

// Lets a record end at the last reading taken. Where none was, it keeps the end that it has: a
// record begins with its registration's registers.
void end_at(MeterRecord& record, const std::optional<Reading>& last);

// What a gateway says of a meter from which nothing came in the epoch. `registered` holds account,
// meter and the registration's registers, `last` is the last reading taken.
MeterRecord absence_after(const MeterRecord& registered, const std::optional<Reading>& last,
                          std::uint32_t epoch);

Bytes encode(const MeterRecord& record);
Result<MeterRecord> decode_meter_record(BytesView bytes);

// What a meter signs: label, chain id, meter, first sequence, count, root. Neither epoch nor
// account: a meter knows neither its gateway's batches nor the month's pseudonym. Its sequence
// orders what it signs and the root is salted with the month's key, so that neither can be moved. A
// single reading is signed as a minute of one, whose root is its leaf.
Bytes meter_signed_bytes(const Hash& chain_id, MeterId meter, std::uint32_t first_sequence,
                         std::uint16_t count, const Hash& readings_root);

// A meter's word for readings: what it signed, and its signatures. None of either where it has no
// key.
struct MeterWord {
  std::vector<Bytes> messages;
  std::vector<Signature> signatures;
};
// Of a record's meter, first sequence, count, root and signature; where each reading is signed, of
// the readings, their leaves and `each`.
MeterWord word_of(const Hash& chain_id, const MeterRecord& record,
                  std::span<const ReadingBytes> readings, std::span<const Hash> leaves,
                  std::span<const Signature> each);
// The same by who holds the subject's personal key, which gives the leaves.
MeterWord word_of(const Hash& chain_id, const MeterRecord& record, const SubjectKey& personal_key,
                  std::span<const ReadingBytes> readings, std::span<const Signature> each);
// Whether the meter with the key gave it; the key of zeros is nobody's, who gives no signature.
bool gave(const PublicKey& meter_key, const MeterWord& word, Verifier& verifier);

struct Batch {
  GatewayId gateway;
  std::uint32_t epoch = 0;
  std::uint32_t records = 0;
  std::uint32_t count = 0;
  std::uint32_t first_sequence = 0, last_sequence = 0;
  MilliWattHours import_sum, export_sum;
  Hash quarantine_root{};
  Hash previous{};
  Signature signature{};
};

// Adds a record to a batch's records, count and sequences.
void count_record(Batch& batch, const MeterRecord& record);

Bytes encode(const Batch& batch);  // the entry's body
Result<Batch> decode_batch(BytesView body);

// What any signed entry's signer signs: "aipchain entry 1", chain id, and the entry without its
// last 64 bytes. Batches, marks, forecasts and registrations end in their signature.
Bytes entry_signed_bytes(const Hash& chain_id, BytesView entry);

// Puts the signer's signature at the end of the body, in place of the one that is there.
void sign_entry(Transaction& tx, const Hash& chain_id, Signer& signer);

// The salted leaf of a record in its batch.
Hash record_commitment(const SubjectKey& key, const MeterRecord& record);

}  // namespace ledger
