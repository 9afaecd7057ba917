#include "market/entries/feeder_entries.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/crypto/commitment.hpp"

namespace market {

Bytes encode(const FindingsBody& v) {
  return ByteWriter().u32(v.oracle).u32(v.slot.value).u32(v.count).raw(v.signature).take();
}

Result<FindingsBody> decode_findings_body(BytesView body) {
  ByteReader r(body);
  FindingsBody v;
  v.oracle = r.u32();
  v.slot.value = r.u32();
  v.count = r.u32();
  v.signature = r.array<64>();
  if (!r.done()) return failure("body of feeder findings is not in its canonical form");
  return v;
}

Bytes encode(const OwnedFindings& v) {
  return ByteWriter().raw(v.account.bytes).raw(encode(v.findings)).take();
}

Result<OwnedFindings> decode_owned_findings(BytesView opening) {
  ByteReader r(opening);
  OwnedFindings v;
  v.account.bytes = r.array<16>();
  auto findings = decode_feeder_findings(r.raw(r.left()));
  if (!findings) return failure(findings.error());
  v.findings = *findings;
  return v;
}

Opening opening_of(const SubjectKey& restricted_key, MeterId meter, const OwnedFindings& v,
                   std::uint32_t oracle) {
  const Bytes more = oracle == 0 ? Bytes{} : ByteWriter().u32(oracle).take();
  return {
      derive_salt(restricted_key, SaltLabel::findings, meter.value, v.findings.slot.value, more),
      encode(v)};
}

FeederSums sums_of(const FeederSlot& slot) {
  FeederSums out{slot.feeder_meter.import_energy, slot.feeder_meter.export_energy, {}, {}};
  for (const PointEnergy& home : slot.homes) {
    if (home.quarantined) continue;
    out.homes_import += home.import_energy;
    out.homes_export += home.export_energy;
  }
  return out;
}

}  // namespace market
