#include "market/settlement/concentration.hpp"

#include "ledger/base/codec.hpp"

namespace market {
namespace {

constexpr std::uint64_t entries_a_file = 256;

// One of a concentrator's openings.
Result<BatchEntry> batch_in(const Opening& opening) {
  if (opening.salt != Salt{}) return failure("a concentrated batch has a salt");
  auto tx = decode_entry(opening.data);
  if (!tx) return failure("concentrated batch: " + tx.error());
  if (tx->kind != TransactionKind::batch) return failure("holds an entry that is no batch");
  const auto batch = decode_batch(tx->body);
  if (!batch) return failure("concentrated batch: " + batch.error());
  return BatchEntry{std::move(*tx), *batch};
}

std::pair<std::uint32_t, std::uint32_t> place_of(const Batch& batch) {
  return {batch.gateway.value, batch.epoch};
}

Result<std::vector<BatchEntry>> concentrated_in(const Transaction& tx) {
  const auto body = decode_concentrated_body(tx.body);
  if (!body) return failure(body.error());
  std::vector<BatchEntry> out;
  std::uint64_t readings = 0;
  for (const Opening& o : tx.openings) {
    auto batch = batch_in(o);
    if (!batch) return failure(batch.error());
    if (!out.empty() && !(place_of(out.back().batch) < place_of(batch->batch)))
      return failure("concentrated batches are not in order of gateway and epoch");
    readings += batch->batch.count;
    out.push_back(std::move(*batch));
  }
  if (out.empty()) return failure("a concentrator posts no batch");
  if (body->batches != out.size() || body->readings != readings)
    return failure("concentrated batches do not fit their number or that of their readings");
  return out;
}

}  // namespace

Bytes encode(const ConcentratedBody& v) {
  return ByteWriter().u32(v.concentrator).u32(v.batches).u64(v.readings).raw(v.signature).take();
}

Result<ConcentratedBody> decode_concentrated_body(BytesView body) {
  ByteReader r(body);
  ConcentratedBody v;
  v.concentrator = r.u32();
  v.batches = r.u32();
  v.readings = r.u64();
  v.signature = r.array<64>();
  if (!r.done()) return failure("body of concentrated batches is not in its canonical form");
  return v;
}

Result<std::vector<BatchEntry>> batches_of(const Transaction& tx) {
  if (tx.kind == TransactionKind::concentrated) return concentrated_in(tx);
  if (tx.kind != TransactionKind::batch) return std::vector<BatchEntry>{};
  const auto batch = decode_batch(tx.body);
  if (!batch) return failure(batch.error());
  return std::vector<BatchEntry>{{tx, *batch}};
}

Transaction concentrate(std::uint32_t concentrator, std::span<const BatchEntry> batches) {
  Transaction tx;
  tx.kind = TransactionKind::concentrated;
  ConcentratedBody body{concentrator, static_cast<std::uint32_t>(batches.size()), 0, {}};
  for (const BatchEntry& b : batches) {
    tx.openings.push_back({{}, b.tx.entry()});
    body.readings += b.batch.count;
  }
  tx.root = openings_root(tx.openings);
  tx.body = encode(body);
  return tx;
}

Transaction with_batches(Transaction entry, std::span<const Bytes> batches) {
  for (const Bytes& b : batches) entry.openings.push_back({{}, b});
  return entry;
}

std::string batch_file_path(std::uint64_t entry) {
  return "batches/" + std::to_string(entry / entries_a_file);
}

std::set<std::string> batch_file_paths(std::span<const Bytes> entries) {
  std::set<std::string> out;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (const auto entry = view_entry(entries[i]);
        entry && entry->kind == TransactionKind::concentrated)
      out.insert(batch_file_path(i));
  return out;
}

Bytes encode_batches(std::span<const Opening> batches) {
  ByteWriter w;
  for (const Opening& o : batches) w.u16(static_cast<std::uint16_t>(o.data.size())).raw(o.data);
  return w.take();
}

namespace {

// The batches of one entry off the front of its file.
Result<std::vector<Bytes>> take_batches(ByteReader& file, BytesView entry) {
  auto tx = decode_entry(entry);
  if (!tx) return failure(tx.error());
  const auto body = decode_concentrated_body(tx->body);
  if (!body) return failure(body.error());
  if (body->batches > max_openings) return failure("names more than 4,096 batches");
  std::vector<Bytes> out;
  for (std::uint32_t k = 0; k < body->batches && !file.failed(); ++k)
    out.push_back(to_bytes(file.raw(file.u16())));
  if (file.failed()) return failure("its batches are cut off");
  const Transaction whole = with_batches(std::move(*tx), out);
  if (openings_root(whole.openings) != whole.root)
    return failure("its batches do not hash to its openings root");
  if (const auto batches = batches_of(whole); !batches) return failure(batches.error());
  return out;
}

}  // namespace

Result<BatchesByEntry> read_batches(
    std::span<const Bytes> entries,
    const std::function<std::optional<Bytes>(const std::string& path)>& read) {
  BatchesByEntry out;
  std::string path;  // of the file being read
  Bytes bytes;
  ByteReader file({});
  const auto at_end = [&]() -> Result<void> {
    if (!file.done()) return failure(path + ": goes on behind its last batch");
    return {};
  };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto entry = view_entry(entries[i]);
    if (!entry || entry->kind != TransactionKind::concentrated) continue;
    if (batch_file_path(i) != path) {
      if (auto ok = at_end(); !ok) return failure(ok.error());
      path = batch_file_path(i);
      auto found = read(path);
      if (!found) return failure(path + ": missing");
      bytes = std::move(*found);
      file = ByteReader(bytes);
    }
    auto batches = take_batches(file, entries[i]);
    if (!batches) return failure(path + ": entry " + std::to_string(i) + ": " + batches.error());
    out.emplace(i, std::move(*batches));
  }
  if (auto ok = at_end(); !ok) return failure(ok.error());
  return out;
}

}  // namespace market
