#pragma once
// A node's own records, as it persisted them and its host kept them: what it starts from after a
// restart, and where it finds blocks that it decided long ago. A value that the host injects, as
// signers are; what it gives follows from the node's own Persist effects and from nothing else.

#include <map>
#include <optional>

#include "ledger/oracle/batch.hpp"
#include "twin/node/base/node.hpp"

namespace twin {

class Records {
 public:
  virtual ~Records() = default;
  // The newest record of a kind that replaces the one before (last_signed, gateway, erased).
  virtual std::optional<Bytes> newest(RecordKind kind) const = 0;
  // The block record of a height.
  virtual std::optional<Bytes> block(std::uint64_t height) const = 0;
};

// Kept in memory: a simulated disk, and a test's or a replay's.
class MemoryRecords final : public Records {
 public:
  void keep(const Persist& persist);
  std::optional<Bytes> newest(RecordKind kind) const override;
  std::optional<Bytes> block(std::uint64_t height) const override;

 private:
  std::map<RecordKind, Bytes> newest_;
  std::map<std::uint64_t, Bytes> blocks_;
};

// Whether a record replaces the one before it of its kind.
bool replaces(RecordKind kind);

// A record of kind personal_opening: account 16, gateway u32, epoch u32, and what of the meter's
// record and readings goes into the account's file, sealed.
Bytes personal_opening(const Hash& chain_id, const ledger::SubjectKey& key,
                       ledger::GatewayId gateway, const ledger::MeterRecord& record,
                       std::span<const ledger::ReadingBytes> readings,
                       std::span<const ledger::Signature> each);

// A block record is a commit certificate, sized, and the block, sized.
struct BlockRecord {
  Bytes certificate, block;
};
Bytes encode(const BlockRecord& record);
// Form only: two parts, the second of which begins with a header. Nothing otherwise.
std::optional<BlockRecord> decode_block_record(BytesView record);
std::uint64_t height_of(const BlockRecord& record);

}  // namespace twin
