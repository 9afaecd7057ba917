#pragma once
// What is left of openings that were erased, below openings/erased/, so that everybody else's still
// prove what they proved. Leaves are hashes of salted commitments whose salts are gone with the
// subject's keys. Each file is a list of records, strictly rising; one without records is not
// there.
//
//   restricted  entry u64, position u16, leaf 32, record u64: an opening of a transaction
//   personal    gateway u32, epoch u32, meter u32, leaf 32, record u64: a meter record of a batch
//   book        slot u32, row: a row of the slot's anonymous book (market/clearing/book_row.hpp),
//               which the others' receipts need; it names neither account nor record. Where rows
//               are not of the plain form a place u32 from 0 stands before each, and whole books
//               are here
//   state       height u64, then key 32, value 32: the state tree after that block, the last one
//               that erased billing data
//
// `record` is the log index of the erasure that destroyed the opening.

#include <map>
#include <set>

#include "ledger/merkle/state_tree.hpp"
#include "market/audit/files.hpp"
#include "market/audit/public_log.hpp"
#include "market/entries/erasure.hpp"

namespace market {

struct ErasedLeaf {
  Hash leaf{};
  std::uint64_t record = 0;
};

// The state as hashes alone: it can still execute erasures, which need no more of it.
class BareState {
 public:
  BareState(std::uint64_t height, const std::map<Hash, Hash>& leaves);

  std::uint64_t height() const { return height_; }
  const StateTree& tree() const { return tree_; }
  // Executes a block of erasures with their openings, the one after `height`.
  Result<void> execute(std::span<const Transaction> block, const Genesis& genesis,
                       Verifier& verifier);

 private:
  Result<void> apply(const Transaction& tx, const Genesis& genesis, Verifier& verifier);

  std::uint64_t height_ = 0;
  StateTree tree_;
};

struct ErasedOpenings {
  std::map<std::uint64_t, std::map<std::uint16_t, ErasedLeaf>> restricted;  // by entry
  // By gateway and epoch, then meter.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::map<std::uint32_t, ErasedLeaf>> personal;
  std::map<std::uint32_t, std::set<Bytes>> book;  // by slot
  std::optional<BareState> state;

  bool empty() const { return restricted.empty() && personal.empty() && !state; }
};

inline constexpr std::array erased_files{"erased/book", "erased/personal", "erased/restricted",
                                         "erased/state"};

// The four files, by path below openings/; empty ones are not to be written.
std::map<std::string, Bytes> encode(const ErasedOpenings& erased);
// The error names the file and the record.
Result<ErasedOpenings> read_erased(const FileSet& files, const Genesis& genesis);

// Whether this account's data were erased: by which records, the latest last.
struct ErasureRecord {
  std::uint64_t entry = 0;
  Stages stages = 0;
};
std::vector<ErasureRecord> erasures_of(const PublicLog& log, const AccountId& account);

}  // namespace market
