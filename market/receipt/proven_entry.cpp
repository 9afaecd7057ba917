#include "market/receipt/proven_entry.hpp"

#include "ledger/merkle/proof.hpp"
#include "ledger/oracle/batch.hpp"
#include "ledger/tlog/tlog_proof.hpp"
#include "market/audit/public_log.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/registry_entries.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/receipt/receipt_checks.hpp"
#include "market/settlement/ruling.hpp"

namespace market {

namespace {

// How many openings an entry says that it has.
std::uint64_t openings_of(const Transaction& tx, const std::string& name) {
  switch (tx.kind) {
    case TransactionKind::registration:
      return 2 * std::uint64_t{take(decode_registration_body(tx.body), name).meters};
    case TransactionKind::statements:
      return take(decode_statements_body(tx.body), name).count;
    case TransactionKind::marks:
      return take(decode_marks_body(tx.body), name).count;
    case TransactionKind::meter_swap:
      return take(decode_meter_swap_body(tx.body), name).count;
    case TransactionKind::ruling:
      return take(decode_ruling_body(tx.body), name).count;
    case TransactionKind::certificate:
      return take(decode_certificate_body(tx.body), name).count;
    case TransactionKind::grid_measure:
      return take(decode_grid_measure_body(tx.body), name).homes;
    case TransactionKind::batch:
      return take(decode_batch(tx.body), name).records;
    default:
      return 1;
  }
}

// `place`: of, path and position of what the root commits to.
void want_under(const Hash& root, std::uint64_t of, BytesView data, const Salt& salt,
                const ReceiptPart& place, const std::string& name) {
  std::vector<Hash> path;
  for (const ReceiptPart& h : place.list("path")) {
    const auto hash = array_from_hex<32>(h.text());
    want(hash.has_value(), name + ": path is not made of hashes");
    path.push_back(*hash);
  }
  want(place.number("of", UINT32_MAX) == of,
       name + ": of is not the number of openings that the entry has");
  want(verify_inclusion(leaf_hash(commitment(salt, data)), place.number("position", UINT32_MAX), of,
                        path, root),
       name + ": opening is not under the entry's root");
}

}  // namespace

ProvenEntry EntryReader::entry(const ReceiptPart& j, TransactionKind kind,
                               const std::string& name) {
  ProvenEntry e;
  e.entry = j.hex("entry");
  e.tx = take(decode_entry(e.entry), name);
  want(e.tx.kind == kind, name + ": is another kind of entry");
  const TlogProof proof = take(parse_tlog_proof(j.at("proof").text()), name);
  if (checkpoint_.empty()) checkpoint_ = proof.checkpoint;
  want(proof.checkpoint == checkpoint_, name + ": proof of another checkpoint");
  if (auto ok = verify_tlog_proof(proof, e.entry, trust_.policy, trust_.verifier); !ok)
    wrong(name + ": " + ok.error());
  e.index = proof.index;
  return e;
}

ProvenEntry EntryReader::concentrated_batch(const ReceiptPart& j, const std::string& name) {
  const ReceiptPart within = j.at("within");
  within.only_keys({"entry", "of", "path", "position", "proof"}, name + ".within");
  const ProvenEntry outer = entry(within, TransactionKind::concentrated, name + ".within");
  const auto body = take(decode_concentrated_body(outer.tx.body), name + ".within");
  const auto& concentrators = trust_.genesis.concentrators;
  want(body.concentrator < concentrators.size() &&
           trust_.signed_entry(outer.entry, concentrators[body.concentrator], body.signature),
       name + ".within: not signed by the concentrator");
  ProvenEntry e;
  e.entry = j.hex("entry");
  e.tx = take(decode_entry(e.entry), name);
  want(e.tx.kind == TransactionKind::batch, name + ": is another kind of entry");
  e.index = outer.index;
  want_under(outer.tx.root, body.batches, e.entry, Salt{}, within, name + ".within");
  return e;
}

ProvenEntry EntryReader::opened(const ReceiptPart& j, TransactionKind kind,
                                const std::string& name) {
  const bool batch = kind == TransactionKind::batch;
  const bool concentrated = batch && j.has("within");
  if (batch)
    j.only_keys({"entry", "opening", concentrated ? "within" : "proof", "readings"}, name);
  else
    j.only_keys({"entry", "opening", "proof"}, name);
  ProvenEntry e = concentrated ? concentrated_batch(j, name) : entry(j, kind, name);
  const ReceiptPart opening = j.at("opening");
  opening.only_keys({"data", "of", "path", "position", "salt"}, name + ".opening");
  e.opening.data = opening.hex("data");
  const auto salt = array_from_hex<32>(opening.at("salt").text());
  want(salt.has_value(), name + ": salt is not 64 hexadecimal digits");
  e.opening.salt = *salt;
  want_under(e.tx.root, openings_of(e.tx, name), e.opening.data, e.opening.salt, opening, name);
  want(owner_of(e.opening) == account_, name + ": opening is another account's");
  return e;
}

std::string proof_of(const PublicLog& log, std::uint64_t entry) {
  return write_tlog_proof(
      {entry, log.tree.inclusion_proof(entry, log.entries.size()), log.checkpoint_note});
}

}  // namespace market
