#include "market/audit/erased_openings.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/settlement/slot_clearing.hpp"

namespace market {
namespace {

Hash state_key(std::string_view label, BytesView id) { return sha256({bytes_of(label), id}); }

// Reads records of one file until its end; `take` says whether one stands in its place.
template <class Take>
Result<void> read_records(const FileSet& files, const std::string& path, std::size_t head,
                          Take take) {
  const auto bytes = files.read(path);
  if (!bytes) return {};
  ByteReader r(*bytes);
  const BytesView front = r.raw(head);
  for (std::size_t number = 0; r.left() > 0 || number == 0; ++number)
    if (!take(r, front) || r.failed())
      return failure(path + ": record " + std::to_string(number) + " is cut off or out of order");
  return {};
}

// Whether a map takes the key behind all that it holds.
template <class Map>
bool append_to(Map& map, typename Map::key_type key, typename Map::mapped_type value) {
  if (!map.empty() && !(map.rbegin()->first < key)) return false;
  map.emplace(std::move(key), std::move(value));
  return true;
}

ErasedLeaf leaf_from(ByteReader& r) {
  ErasedLeaf out;
  out.leaf = r.hash();
  out.record = r.u64();
  return out;
}

Result<void> read_restricted(const FileSet& files, ErasedOpenings& out) {
  return read_records(files, "erased/restricted", 0, [&](ByteReader& r, BytesView) {
    const std::uint64_t entry = r.u64();
    const std::uint16_t position = r.u16();
    if (!out.restricted.empty() && out.restricted.rbegin()->first > entry) return false;
    return append_to(out.restricted[entry], position, leaf_from(r));
  });
}

Result<void> read_personal(const FileSet& files, ErasedOpenings& out) {
  return read_records(files, "erased/personal", 0, [&](ByteReader& r, BytesView) {
    const std::uint32_t gateway = r.u32(), epoch = r.u32(), meter = r.u32();
    const std::pair batch{gateway, epoch};
    if (!out.personal.empty() && batch < out.personal.rbegin()->first) return false;
    return append_to(out.personal[batch], meter, leaf_from(r));
  });
}

Result<void> read_book(const FileSet& files, const Genesis& genesis, ErasedOpenings& out) {
  const BookForm form = book_form_of(genesis);
  const std::size_t size = row_size(form) + (form == BookForm::plain ? 0 : 4);
  return read_records(files, "erased/book", 0, [&](ByteReader& r, BytesView) {
    const std::uint32_t slot = r.u32();
    Bytes row = to_bytes(r.raw(size));
    if (!out.book.empty() && out.book.rbegin()->first > slot) return false;
    std::set<Bytes>& rows = out.book[slot];
    const bool behind = rows.empty() || *rows.rbegin() < row;
    rows.insert(std::move(row));
    return behind;
  });
}

Result<void> read_state(const FileSet& files, ErasedOpenings& out) {
  std::uint64_t height = 0;
  std::map<Hash, Hash> leaves;
  auto ok = read_records(files, "erased/state", 8, [&](ByteReader& r, BytesView front) {
    height = ByteReader(front).u64();
    const Hash key = r.hash(), value = r.hash();
    return value != Hash{} && append_to(leaves, key, value);
  });
  if (ok && !leaves.empty()) out.state.emplace(height, leaves);
  return ok;
}

}  // namespace

BareState::BareState(std::uint64_t height, const std::map<Hash, Hash>& leaves) : height_(height) {
  tree_.update(leaves);
}

Result<void> BareState::execute(std::span<const Transaction> block, const Genesis& genesis,
                                Verifier& verifier) {
  for (const Transaction& tx : block)
    if (auto ok = apply(tx, genesis, verifier); !ok) return ok;
  ++height_;
  return {};
}

// MarketState::apply_erasure, with the tree alone.
Result<void> BareState::apply(const Transaction& tx, const Genesis& genesis, Verifier& verifier) {
  if (tx.kind != TransactionKind::erasure) return failure("holds more than erasures");
  const auto body = decode_erasure_body(tx.body);
  if (!body) return failure(body.error());
  if (tx.openings.size() != 1 || tx.openings[0].salt != body->salt)
    return failure("an erasure has one opening, under the salt of its body");
  const auto erasure = decode_erasure(tx.openings[0].data);
  if (!erasure) return failure(erasure.error());
  if (!verifier.verify(genesis.registrar, entry_signed_bytes(chain_id_of(genesis), tx.entry()),
                       body->signature))
    return failure("is not signed by the registrar");
  const BytesView account = erasure->account.bytes;
  if (!tree_.find(state_key("account", account))) return failure("erasure of an unknown account");
  const Hash key = state_key("erased", account);
  const auto found = tree_.find(key);
  Stages so_far = 0;
  for (const Stages s : {personal_stage, Stages(personal_stage | billing_stage)})
    if (found == erased_value(s)) so_far = s;
  const auto stages = next_stages(so_far, erasure->stages);
  if (!stages) return failure(stages.error());
  tree_.update({{key, erased_value(*stages)}});
  return {};
}

std::map<std::string, Bytes> encode(const ErasedOpenings& erased) {
  ByteWriter restricted, personal, book, state;
  for (const auto& [entry, leaves] : erased.restricted)
    for (const auto& [position, l] : leaves)
      restricted.u64(entry).u16(position).raw(l.leaf).u64(l.record);
  for (const auto& [batch, leaves] : erased.personal)
    for (const auto& [meter, l] : leaves)
      personal.u32(batch.first).u32(batch.second).u32(meter).raw(l.leaf).u64(l.record);
  for (const auto& [slot, rows] : erased.book)
    for (const Bytes& row : rows) book.u32(slot).raw(row);
  if (erased.state) {
    state.u64(erased.state->height());
    for (const auto& [key, value] : erased.state->tree().leaves()) state.raw(key).raw(value);
  }
  return {{"erased/book", book.take()},
          {"erased/personal", personal.take()},
          {"erased/restricted", restricted.take()},
          {"erased/state", state.take()}};
}

Result<ErasedOpenings> read_erased(const FileSet& files, const Genesis& genesis) {
  ErasedOpenings out;
  if (auto ok = read_book(files, genesis, out); !ok) return failure(ok.error());
  for (const auto read : {read_restricted, read_personal, read_state})
    if (auto ok = read(files, out); !ok) return failure(ok.error());
  return out;
}

std::vector<ErasureRecord> erasures_of(const PublicLog& log, const AccountId& account) {
  std::vector<ErasureRecord> out;
  for (std::uint64_t i = 0; i < log.entries.size(); ++i)
    if (const auto entry = view_entry(log.entries[i]))
      if (const Stages stages = erases(*entry, account)) out.push_back({i, stages});
  return out;
}

}  // namespace market
