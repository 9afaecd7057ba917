#pragma once
// The public ledger as static files (log/): read without trust, each part with its own verdict.

#include <set>

#include "ledger/chain/block.hpp"
#include "ledger/chain/genesis.hpp"
#include "ledger/consensus/messages.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/tlog/checkpoint.hpp"
#include "market/audit/files.hpp"
#include "market/settlement/concentration.hpp"

namespace market {

using namespace ledger;

// Blocks in one file of log/blocks: 256, from 256 n + 1 on; each a header of 257 bytes and a commit
// certificate behind a u32 length.
inline constexpr std::uint64_t blocks_a_file = 256;
inline std::string block_file_path(std::uint64_t height) {
  return "blocks/" + std::to_string((height - 1) / blocks_a_file);
}

struct PublicLog {
  Genesis genesis;
  Hash chain_id{};
  std::string policy_text, checkpoint_note;
  Policy policy;
  Checkpoint checkpoint;
  std::vector<Bytes> entries;
  LogTree tree;
  BatchesByEntry concentrated;  // what stands behind concentrators' entries
  struct Certified {
    HeaderBytes bytes{};
    BlockHeader header;
    Certificate certificate;
  };
  std::vector<Certified> blocks;  // from height 1
};

// The batch entries at an entry's place: itself where it is one, a concentrator's, or none.
std::span<const Bytes> batches_at(const PublicLog& log, std::uint64_t entry);

// What R1, R2 and R3 rest on. `trusted_policy`: the trust root from elsewhere, or empty: then the
// directory's own is taken. Each error names the file and what is wrong with it.
Result<void> load_trust(PublicLog& log, const FileSet& files, const std::string& trusted_policy);
Result<void> load_entries(PublicLog& log, const FileSet& files, Verifier& verifier);  // R1
Result<void> load_blocks(PublicLog& log, const FileSet& files);
Result<void> check_consistency(const PublicLog& log);                       // R2
Result<void> check_certificates(const PublicLog& log, Verifier& verifier);  // R3
Result<void> check_sequences(const PublicLog& log);                         // R7
Result<void> check_rules(const PublicLog& log);                             // R12
// A file that no list names is a finding.
Result<void> check_listing(const PublicLog& log, const FileSet& files);

}  // namespace market
