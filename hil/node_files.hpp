#pragma once
// One node's records on the disk: what it is started from after a restart of the machine.
//
//   PATH          the newest record that replaces those before (a signing record): kind u8, record
//                 sized, SHA-256 of both; replaced as a whole
//   PATH.evidence what was found against validators: records, sized, one behind the other
//   PATH.blocks   block records in the order of their heights: record sized, SHA-256 of it 32
//
// A tail that a power cut left behind is cut off when the files are opened.

#include <map>
#include <memory>
#include <string>

#include "ledger/base/result.hpp"
#include "twin/node/records.hpp"

namespace hil {

class NodeFiles final : public twin::Records {
 public:
  // Opens what is there, or begins anew. The error names the file.
  static ledger::Result<std::unique_ptr<NodeFiles>> open(const std::string& path);
  ~NodeFiles() override;

  // When it returns without an error, the record is on the disk. Kinds that no restart needs are
  // left to others.
  ledger::Result<void> keep(const twin::Persist& persist);

  std::optional<twin::Bytes> newest(twin::RecordKind kind) const override;
  std::optional<twin::Bytes> block(std::uint64_t height) const override;

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
  };
  explicit NodeFiles(std::string path) : path_(std::move(path)) {}
  ledger::Result<void> read_newest();
  ledger::Result<void> read_blocks();
  ledger::Result<void> add_block(const twin::Bytes& record);
  ledger::Result<void> add_evidence(const twin::Bytes& record) const;

  std::string path_;
  std::map<twin::RecordKind, twin::Bytes> newest_;
  int blocks_file_ = -1;
  std::uint64_t blocks_end_ = 0;
  std::map<std::uint64_t, Place> blocks_;
};

}  // namespace hil
