#pragma once
// The public log as static files (docs/formats/log.md). It grows by publish(): tiles and
// certificates first, the checkpoint last and by rename, so that a reader never sees a checkpoint
// without its log.
//
//   genesis            canonical JSON, ledger/chain/genesis.hpp
//   policy             the trust root, ledger/tlog/policy.hpp
//   checkpoint         signed note with a quorum of cosignatures
//   tile/...           C2SP tlog-tiles
//   batches/<n>        market/settlement/concentration.hpp
//   blocks/<n>         256 blocks a file from 256 n + 1 on: header 257, certificate sized

#include <map>
#include <string>
#include <vector>

#include "ledger/base/result.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/chain/genesis.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace twin {

class LogDirectory {
 public:
  // Takes up a log of this genesis that stands there, or begins one. All blocks are added anew; the
  // first publication then writes every file of it again, with the bytes that it had, and removes
  // what an interrupted one left behind.
  static ledger::Result<LogDirectory> open(const std::string& path, const ledger::Genesis& genesis);

  // A decided block and its certificate, by rising height from 1.
  void add_block(const ledger::Block& block, ledger::BytesView certificate);
  std::uint64_t entries() const { return entries_.size(); }

  // Writes the log up to this checkpoint, which is not before the one published last.
  ledger::Result<void> publish(const std::string& checkpoint, std::uint64_t log_size,
                               std::uint64_t height);

 private:
  explicit LogDirectory(std::string path) : path_(std::move(path)) {}
  ledger::Result<void> publish_blocks(std::uint64_t height);
  ledger::Result<void> publish_batches(std::uint64_t log_size);
  ledger::Result<void> publish_tiles(std::uint64_t log_size);
  ledger::Result<void> remove_leftovers(std::uint64_t log_size, std::uint64_t height) const;
  void remove_obsolete(std::uint64_t log_size) const;

  std::string path_;
  std::vector<ledger::Bytes> entries_;
  ledger::LogTree tree_;                            // of their leaf hashes
  std::map<std::uint64_t, ledger::Bytes> batches_;  // by concentrated entry: its part of the file
  std::vector<ledger::Bytes> blocks_;               // header and sized certificate
  std::uint64_t published_size_ = 0, published_height_ = 0;
  bool published_ = false;  // by this process
};

// Writes or appends to a file below a folder, whose folders are made. The error names it.
ledger::Result<void> put_file(const std::string& path, ledger::BytesView bytes, bool append);

}  // namespace twin
