#include "twin/node/base/records.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/openings/sealed_record.hpp"

namespace twin {

using namespace ledger;

bool replaces(RecordKind kind) {
  return kind == RecordKind::last_signed || kind == RecordKind::gateway ||
         kind == RecordKind::erased;
}

Bytes encode(const BlockRecord& record) {
  ByteWriter out(8 + record.certificate.size() + record.block.size());
  return out.sized(record.certificate).sized(record.block).take();
}

std::optional<BlockRecord> decode_block_record(BytesView record) {
  ByteReader r(record);
  BlockRecord out;
  out.certificate = to_bytes(r.sized());
  out.block = to_bytes(r.sized());
  if (!r.done() || out.block.size() < header_size) return std::nullopt;
  if (!decode_header(BytesView(out.block).first(header_size))) return std::nullopt;
  return out;
}

std::uint64_t height_of(const BlockRecord& record) {
  return decode_header(BytesView(record.block).first(header_size))->height;
}

Bytes personal_opening(const Hash& chain_id, const SubjectKey& key, GatewayId gateway,
                       const MeterRecord& record, std::span<const ReadingBytes> readings,
                       std::span<const Signature> each) {
  Bytes out = ByteWriter().raw(record.account.bytes).u32(gateway.value).u32(record.epoch).take();
  append(out, seal_personal(chain_id, key, {gateway, record.epoch, record.meter}, record, readings,
                            each));
  return out;
}

void MemoryRecords::keep(const Persist& persist) {
  if (replaces(persist.kind)) newest_[persist.kind] = persist.record;
  if (persist.kind == RecordKind::block)
    if (const auto record = decode_block_record(persist.record))
      blocks_[height_of(*record)] = persist.record;
}

std::optional<Bytes> MemoryRecords::newest(RecordKind kind) const {
  const auto at = newest_.find(kind);
  return at == newest_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<Bytes> MemoryRecords::block(std::uint64_t height) const {
  const auto at = blocks_.find(height);
  return at == blocks_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace twin
