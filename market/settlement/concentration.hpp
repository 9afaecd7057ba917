#pragma once
// A concentrator's transaction: the batches of many gateways behind one entry of the log, for
// fleets whose batches would fill it one by one.
//
//   body      concentrator u32 (index in genesis), batches u32, readings u64 (the sum of the
//             batches' own), concentrator's signature 64
//   openings  the gateways' batch entries (ledger/oracle/batch.hpp), 202 bytes each, each signed by
//             its gateway, strictly rising by gateway, then epoch; 1 to 4,096
//
// The openings root is thus a tree over trees: a reading's way to the log is reading, record, batch
// entry, concentrated entry. Each batch is executed as if it had come alone, with the leaf hash
// that its entry would have on the log; one that is refused is the whole transaction's refusal.
//
// The salts are zeros. A salt keeps what is easily guessed from being found by trying; nobody
// guesses an entry that ends in a signature and holds roots over salted commitments. Nor is it a
// secret: who may read the log may read the batches, which stand beside it as log/batches/<N>. So
// the tree follows from these files alone, and a batch has one opening and no other.
//
//   log/batches/<N>   for each concentrated entry of 256 N to 256 N + 255, in their order, its
//                     batch entries, each behind a u16 length; no file where there is none

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/oracle/batch.hpp"

namespace market {

using namespace ledger;

struct ConcentratedBody {
  std::uint32_t concentrator = 0;
  std::uint32_t batches = 0;
  std::uint64_t readings = 0;
  Signature signature{};
};
Bytes encode(const ConcentratedBody& body);
Result<ConcentratedBody> decode_concentrated_body(BytesView body);

// A batch and the entry that holds it.
struct BatchEntry {
  Transaction tx;
  Batch batch;
};

// The batches of a transaction, be it one of them or a concentrator's; none of any other kind. A
// concentrator's are refused that are not in their canonical form, order and number.
Result<std::vector<BatchEntry>> batches_of(const Transaction& tx);

// A concentrator's transaction, not signed yet, of batch entries in their order.
Transaction concentrate(std::uint32_t concentrator, std::span<const BatchEntry> batches);

// A concentrator's entry as it stands on the log, with the openings that its batches are.
Transaction with_batches(Transaction entry, std::span<const Bytes> batches);

// Batch entries by the log entry that concentrates them.
using BatchesByEntry = std::map<std::uint64_t, std::vector<Bytes>>;

// The file of an entry's batches, below log/.
std::string batch_file_path(std::uint64_t entry);
// Of all concentrated entries of a log.
std::set<std::string> batch_file_paths(std::span<const Bytes> entries);
// What a concentrated entry's batches add to its file.
Bytes encode_batches(std::span<const Opening> batches);
// Reads every file that `entries` ask for. Each batch is in its form and place, under its entry's
// openings root; the error names the file.
Result<BatchesByEntry> read_batches(
    std::span<const Bytes> entries,
    const std::function<std::optional<Bytes>(const std::string& path)>& read);

}  // namespace market
