#pragma once
// A record of an openings file: one subject's data, sealed under the subject's key of the month.
//
//   length   u32   of all that follows
//   context        restricted: entry index u64, position u16
//                  personal:   gateway u32, epoch u32, meter u32
//   nonce    24    ledger/crypto/seal.hpp: derived from key, chain, context and plaintext
//   box            XChaCha20-Poly1305 over the plaintext; label, chain id and context are
//                  authenticated with it, so that a record of one chain opens on no other
//
// Plaintext, restricted: salt 32, data. Personal: meter record 144, then readings 23 each, and
// where the meter signs each of them their signatures, 64 each. A file is such records one after
// the other; nothing else.

#include "ledger/crypto/seal.hpp"
#include "ledger/oracle/batch.hpp"

namespace ledger {

struct RestrictedContext {
  std::uint64_t entry = 0;     // index in the log
  std::uint16_t position = 0;  // of the opening in its transaction
  auto operator<=>(const RestrictedContext&) const = default;
};

struct PersonalContext {
  GatewayId gateway;
  std::uint32_t epoch = 0;
  MeterId meter;
  auto operator<=>(const PersonalContext&) const = default;
};

Bytes seal_restricted(const Hash& chain_id, const SymmetricKey& key, const RestrictedContext& at,
                      const Opening& opening);
Bytes seal_personal(const Hash& chain_id, const SymmetricKey& key, const PersonalContext& at,
                    const MeterRecord& record, std::span<const ReadingBytes> readings,
                    std::span<const Signature> each = {});

struct RestrictedRecord {
  RestrictedContext at;
  Opening opening;
};
struct PersonalRecord {
  PersonalContext at;
  MeterRecord record;
  std::vector<ReadingBytes> readings;
  std::vector<Signature> each;  // of the readings, where each is signed
};

// A whole file; the error names the record by number.
Result<std::vector<RestrictedRecord>> unseal_restricted_file(const Hash& chain_id,
                                                             const SymmetricKey& key,
                                                             BytesView file);
Result<std::vector<PersonalRecord>> unseal_personal_file(const Hash& chain_id,
                                                         const SymmetricKey& key, BytesView file);

}  // namespace ledger
