#include "ledger/oracle/attestation.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

void put(ByteWriter& w, const AttestedEntry& what) {
  w.u32(what.gateway.value).u8(static_cast<std::uint8_t>(what.kind)).u32(what.number);
  w.raw(what.entry);
}

AttestedEntry take_entry(ByteReader& r) {
  AttestedEntry out;
  out.gateway.value = r.u32();
  out.kind = static_cast<TransactionKind>(r.u8());
  out.number = r.u32();
  out.entry = r.hash();
  if (out.kind != TransactionKind::batch && out.kind != TransactionKind::marks) r.fail();
  return out;
}

}  // namespace

// Both bodies begin with the gateway and the epoch or slot.
Result<AttestedEntry> attested_entry(const Transaction& tx) {
  if (tx.kind != TransactionKind::batch && tx.kind != TransactionKind::marks)
    return failure("neither a batch nor marks");
  ByteReader r(tx.body);
  AttestedEntry out;
  out.gateway.value = r.u32();
  out.kind = tx.kind;
  out.number = r.u32();
  out.entry = sha256(tx.entry());
  if (r.failed()) return failure("body is cut off");
  return out;
}

Bytes attestation_signed_bytes(const Hash& chain_id, const AttestedEntry& what) {
  ByteWriter w;
  w.raw(bytes_of("aipchain attestation 1")).raw(chain_id);
  put(w, what);
  return w.take();
}

Bytes encode(const Attestation& a) {
  ByteWriter w;
  put(w, a.what);
  w.u8(static_cast<std::uint8_t>(a.by.size()));
  for (const Attestation::By& by : a.by) w.u16(by.oracle).raw(by.signature);
  return w.raw(a.signature).take();
}

Result<Attestation> decode_attestation(BytesView body) {
  ByteReader r(body);
  Attestation a;
  a.what = take_entry(r);
  const std::uint8_t count = r.u8();
  if (count == 0) r.fail();
  for (int i = 0; i < count && !r.failed(); ++i) {
    Attestation::By by;
    by.oracle = r.u16();
    by.signature = r.array<64>();
    if (!a.by.empty() && by.oracle <= a.by.back().oracle) r.fail();
    a.by.push_back(by);
  }
  a.signature = r.array<64>();
  if (!r.done()) return failure("attestation is not in its canonical form");
  return a;
}

Result<void> check_attestation(const Attestation& a, const Hash& chain_id,
                               std::span<const PublicKey> oracles, std::uint32_t attesters,
                               Verifier& verifier) {
  if (a.by.size() < attesters)
    return failure("attestation by " + std::to_string(a.by.size()) + " oracles; " +
                   std::to_string(attesters) + " are needed");
  const Bytes said = attestation_signed_bytes(chain_id, a.what);
  std::vector<SignatureClaim> claims;
  for (const Attestation::By& by : a.by) {
    if (by.oracle >= oracles.size()) return failure("attestation by an unknown oracle");
    claims.push_back({oracles[by.oracle], said, by.signature});
  }
  const std::vector<std::uint8_t> holds = verifier.verify_all(claims);
  for (std::size_t i = 0; i < holds.size(); ++i)
    if (!holds[i])
      return failure("attestation that oracle " + std::to_string(a.by[i].oracle) + " did not sign");
  return {};
}

}  // namespace ledger
