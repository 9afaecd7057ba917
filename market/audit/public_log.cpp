#include "market/audit/public_log.hpp"

#include <algorithm>
#include <map>

#include "ledger/base/codec.hpp"
#include "ledger/chain/mempool.hpp"
#include "ledger/consensus/verification.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "ledger/oracle/rules.hpp"
#include "ledger/tlog/tiles.hpp"
#include "market/clearing/tariff.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/registry_entries.hpp"

namespace market {
namespace {

Result<std::string> text_file(const FileSet& files, const std::string& path) {
  const auto bytes = files.read(path);
  if (!bytes) return failure(path + ": missing");
  return text_of(*bytes);
}

std::string block_name(std::uint64_t height) {
  return block_file_path(height) + ": block " + std::to_string(height);
}

}  // namespace

Result<void> load_trust(PublicLog& log, const FileSet& files, const std::string& trusted_policy) {
  const auto genesis = text_file(files, "genesis");
  if (!genesis) return failure(genesis.error());
  auto decoded = decode_genesis(*genesis);
  if (!decoded) return failure("genesis: " + decoded.error());
  if (const auto terms = check_terms(*decoded); !terms) return failure(terms.error());
  log.genesis = std::move(*decoded);
  log.chain_id = sha256(bytes_of(*genesis));
  const auto policy = text_file(files, "policy");
  if (!policy) return failure(policy.error());
  if (*policy != policy_text(log.genesis))
    return failure("policy: is not the one that follows from genesis");
  if (!trusted_policy.empty() && trusted_policy != *policy)
    return failure("policy: differs from the trusted policy that was given");
  log.policy_text = *policy;
  log.policy = policy_of(log.genesis);
  return {};
}

Result<void> load_entries(PublicLog& log, const FileSet& files, Verifier& verifier) {
  const auto note = text_file(files, "checkpoint");
  if (!note) return failure(note.error());
  const auto checkpoint = check_checkpoint(*note, log.policy, verifier);
  if (!checkpoint) return failure("checkpoint: " + checkpoint.error());
  log.checkpoint_note = *note;
  log.checkpoint = *checkpoint;
  auto tiled = read_tiles(checkpoint->size, files.read);
  if (!tiled) return failure(tiled.error());
  log.entries = std::move(tiled->entries);
  log.tree = std::move(tiled->tree);
  if (log.tree.root() != checkpoint->root)
    return failure("tile/entries: entries do not hash to the checkpoint's root");
  auto batches = read_batches(log.entries, files.read);
  if (!batches) return failure(batches.error());
  log.concentrated = std::move(*batches);
  return {};
}

std::span<const Bytes> batches_at(const PublicLog& log, std::uint64_t entry) {
  const auto view = view_entry(log.entries[entry]);
  if (view && view->kind == TransactionKind::batch) return std::span(&log.entries[entry], 1);
  const auto at = log.concentrated.find(entry);
  return at == log.concentrated.end() ? std::span<const Bytes>() : std::span(at->second);
}

Result<void> load_blocks(PublicLog& log, const FileSet& files) {
  std::uint64_t covered = 0;
  for (std::uint64_t height = 1;;) {
    const std::string path = block_file_path(height);
    const auto bytes = files.read(path);
    if (!bytes) break;
    ByteReader r(*bytes);
    std::size_t in_file = 0;
    while (r.left() > 0) {
      PublicLog::Certified c;
      c.bytes = r.array<header_size>();
      const BytesView certificate = r.sized();
      if (r.failed() || ++in_file > blocks_a_file)
        return failure(path + ": is cut off or holds too much");
      auto header = decode_header(c.bytes);
      auto decoded = decode_certificate(certificate);
      if (!header || !decoded || header->height != height)
        return failure(block_name(height) + " is not in its canonical form");
      if (header->log_size != covered)
        return failure(block_name(height) + " begins at entry " + std::to_string(header->log_size) +
                       ", the one before ends at " + std::to_string(covered));
      c.header = *header;
      c.certificate = std::move(*decoded);
      log.blocks.push_back(std::move(c));
      covered = header->log_size + header->entries;
      ++height;
    }
    if (in_file < blocks_a_file) break;
  }
  if (log.blocks.empty()) return failure("blocks/0: missing or empty");
  if (covered != log.checkpoint.size)
    return failure(block_name(log.blocks.size()) + " ends at entry " + std::to_string(covered) +
                   ", the checkpoint at " + std::to_string(log.checkpoint.size));
  return {};
}

namespace {

// Where an entry stands among a block's, in the bytes that were read: ledger/chain/mempool.hpp.
struct Place {
  EntryView entry;
  const Hash* leaf = nullptr;

  bool operator<(const Place& other) const {
    const BytesView a = entry.body, b = other.entry.body;
    if (entry.kind != other.entry.kind)
      return rank_in_block(entry.kind) < rank_in_block(other.entry.kind);
    const auto order =
        std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
    return order != 0 ? order < 0 : *leaf < *other.leaf;
  }
};

// A maker's proposal stands first, then what is due; all else by kind, body and leaf hash, nothing
// twice.
Result<void> check_canonical_order(const PublicLog& log, const BlockHeader& h) {
  std::optional<Place> last;
  for (std::uint64_t i = h.log_size; i < h.log_size + h.entries; ++i) {
    const auto entry = view_entry(log.entries[i]);
    if (!entry) return failure("entry " + std::to_string(i) + ": " + entry.error());
    if ((made_by_maker(entry->kind) && i == h.log_size) || (made_by_state(entry->kind) && !last))
      continue;
    const Place place{*entry, &log.tree.leaf(i)};
    if (made_by_state(entry->kind) || made_by_maker(entry->kind) || (last && !(*last < place)))
      return failure("entry " + std::to_string(i) + ": is not in its block's canonical order");
    last = place;
  }
  return {};
}

}  // namespace

Result<void> check_consistency(const PublicLog& log) {
  std::uint64_t size = 0;
  for (const auto& block : log.blocks) {
    const BlockHeader& h = block.header;
    if (h.log_size != size || h.log_size + h.entries > log.entries.size() ||
        h.log_root != log.tree.root_at(h.log_size))
      return failure(block_name(h.height) + " commits to another log before it");
    if (log.tree.root_between(size, size + h.entries) != h.entries_root)
      return failure(block_name(h.height) + " commits to other entries");
    if (auto ok = check_canonical_order(log, h); !ok) return ok;
    size += h.entries;
  }
  return {};
}

Result<void> check_certificates(const PublicLog& log, Verifier& verifier) {
  const ValidatorSet validators(log.genesis.validators);
  const Hash set = validators_hash(log.genesis.validators);
  Hash previous{};
  std::int64_t time_ms = -1;
  for (const auto& block : log.blocks) {
    const BlockHeader& h = block.header;
    const Hash id = block_id(block.bytes);
    if (h.previous != previous || h.time_ms <= time_ms)
      return failure(block_name(h.height) + " does not follow the block before it");
    if (h.validators != set)
      return failure(block_name(h.height) + " names other validators than genesis");
    if (h.evidence_root != root_of({}))
      return failure(block_name(h.height) + " names evidence, of which this format has none");
    const Certificate& c = block.certificate;
    if (c.type != VoteType::precommit || c.height != h.height || c.value != id)
      return failure(block_name(h.height) + ": its certificate is about another block");
    if (auto ok = verify_certificate(c, log.chain_id, validators, verifier); !ok)
      return failure(block_name(h.height) + ": its certificate does not hold (" +
                     std::string(to_text(ok.error())) + ")");
    previous = id;
    time_ms = h.time_ms;
  }
  return {};
}

Result<void> check_rules(const PublicLog& log) {
  const Hash rules = rules_hash();
  if (log.genesis.rules != rules)
    return failure("genesis: names another rule set than this program's");
  for (const auto& block : log.blocks)
    if (block.header.rules != rules)
      return failure(block_name(block.header.height) + " is executed under another rule set");
  return {};
}

namespace {

// What the log says of a gateway so far.
struct GatewayTrail {
  std::uint32_t epoch = 0, slots_marked = 0;
  Hash entry{};
};

using Trails = std::map<std::uint32_t, GatewayTrail>;  // by gateway

Result<void> follow_batch(Trails& trails, BytesView entry) {
  const auto tx = view_entry(entry);
  const auto decoded = tx ? decode_batch(tx->body) : failure(tx.error());
  if (!decoded) return failure(decoded.error());
  const Batch& batch = *decoded;
  GatewayTrail& trail = trails[batch.gateway.value];
  const std::string name = "gateway " + std::to_string(batch.gateway.value);
  if (batch.epoch != trail.epoch + 1 || batch.previous != trail.entry)
    return failure(name + " epoch " + std::to_string(batch.epoch) + " does not follow its epoch " +
                   std::to_string(trail.epoch));
  if (batch.last_sequence < batch.first_sequence || (batch.count > 0) != (batch.last_sequence > 0))
    return failure(name + " names sequences " + std::to_string(batch.first_sequence) + " to " +
                   std::to_string(batch.last_sequence) + " of " + std::to_string(batch.count) +
                   " readings");
  trail.epoch = batch.epoch;
  trail.entry = sha256(entry);
  return {};
}

// A slot may be passed over once it has closed without the gateway's marks.
Result<void> follow_marks(GatewayTrail& trail, const MarksBody& marks, std::uint32_t settled) {
  const std::uint32_t next = std::max(trail.slots_marked, settled);
  if (marks.slot.value != next)
    return failure("gateway " + std::to_string(marks.gateway.value) + " marks slot " +
                   std::to_string(marks.slot.value) + " where slot " + std::to_string(next) +
                   " is next");
  trail.slots_marked = next + 1;
  return {};
}

// A gateway beyond genesis begins behind what lies before its first slot.
void begin_trail(GatewayTrail& trail, const GatewayBody& body, const Genesis& genesis) {
  if (body.action != GatewayBody::Action::registered) return;
  const std::int64_t begin_ms = std::int64_t{body.first.value} * genesis.slot_ms;
  trail.epoch = static_cast<std::uint32_t>(begin_ms / genesis.batch_ms);
  trail.slots_marked = body.first.value;
}

}  // namespace

Result<void> check_sequences(const PublicLog& log) {
  Trails trails;
  std::uint32_t settled = 0;  // slots
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    const auto tx = view_entry(log.entries[i]);
    Result<void> ok = tx ? Result<void>() : failure(tx.error());
    if (tx && tx->kind == TransactionKind::marks) {
      const auto marks = decode_marks_body(tx->body);
      ok = marks ? follow_marks(trails[marks->gateway.value], *marks, settled)
                 : failure(marks.error());
    } else if (tx && tx->kind == TransactionKind::gateway) {
      if (const auto body = decode_gateway_body(tx->body))
        begin_trail(trails[body->gateway.value], *body, log.genesis);
    } else if (tx && tx->kind == TransactionKind::settlement) {
      ++settled;
    }
    for (const Bytes& entry : batches_at(log, i))
      if (ok) ok = follow_batch(trails, entry);
    if (!ok) return failure("entry " + std::to_string(i) + ": " + ok.error());
  }
  return {};
}

Result<void> check_listing(const PublicLog& log, const FileSet& files) {
  std::set<std::string> known{"genesis", "policy", "checkpoint"};
  for (std::string& path : tile_paths(log.entries.size())) known.insert(std::move(path));
  known.merge(batch_file_paths(log.entries));
  for (std::uint64_t h = 1; h <= log.blocks.size(); ++h) known.insert(block_file_path(h));
  for (const std::string& path : files.paths)
    if (!known.contains(path)) return failure(path + ": a file that no list names");
  return {};
}

}  // namespace market
