#include "tests/fuzz/ledger_decoders.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/consensus/sign_guard.hpp"
#include "ledger/merkle/proof.hpp"
#include "market/receipt/receipt.hpp"
#include "tests/fuzz/decoder_outcome.hpp"

namespace fuzz {

namespace {

Outcome read_block(BytesView bytes) {
  const Outcome block = canonical(bytes, decode_block);
  const Outcome header = canonical(bytes, decode_header);
  if (!block.taken) return any_of({block, header});
  const BlockHeader h = decode_block(bytes)->header;
  const auto value = read_value(bytes, block_id(bytes), h.height);
  const bool in_time = h.time_ms >= 0 && h.time_ms <= max_timestamp_ms;
  return and_then(any_of({block, header}), value.has_value() == in_time,
                  "a block is not the value that it is");
}

// Whoever signed is the seeds' council, and it said this.
bool sound(const Vote& vote) {
  const Council& c = council();
  if (!verify_vote(vote, c.chain_id, c.validators(), verifier())) return true;
  return vote ==
             c.vote(vote.type, vote.validator.value, vote.round, vote.value, vote.valid_round) &&
         (!vote.value || vote.value == c.id) && vote.height == c.height;
}

bool sound(const Certificate& certificate) {
  const Council& c = council();
  if (!verify_certificate(certificate, c.chain_id, c.validators(), verifier())) return true;
  return certificate == c.certificate(certificate.type, 0);
}

bool sound(const Evidence& evidence) {
  const Council& c = council();
  const auto culprit = verify_evidence(evidence, c.chain_id, c.validators(), verifier());
  return !culprit || *culprit == ValidatorId{2};
}

bool sound(const Decision& decision) {
  const Council& c = council();
  if (!verify_decision(decision, c.chain_id, c.validators(), verifier())) return true;
  return decision.value == c.block && sound(decision.certificate);
}

// A proposal's value is whatever its bytes are: its id is what is signed.
bool sound(const Proposal& proposal) {
  const Council& c = council();
  if (!verify_statement(statement_of(proposal), proposal.proposer, proposal.signature, c.chain_id,
                        c.validators(), verifier()))
    return true;
  return proposal.value_id == c.id && proposal.height == c.height;
}

bool sound(const DecisionRequest&) { return true; }

template <class Read>
Outcome said(BytesView bytes, Read read) {
  const Outcome form = canonical(bytes, read);
  return form.taken ? and_then(form, sound(*read(bytes)), "verifies, and nobody signed it") : form;
}

Outcome read_vote(BytesView bytes) {
  return any_of({said(bytes, decode_vote), said(bytes, decode_certificate),
                 said(bytes, decode_evidence), said(bytes, decode_decision_request)});
}

Outcome read_proposal(BytesView bytes) {
  return any_of({said(bytes, max_sized(decode_proposal)), said(bytes, max_sized(decode_decision)),
                 canonical(bytes, decode_signed_proposal, signed_statement)});
}

// ---- proofs: a proof that verifies proves what is so

std::vector<Hash> hashes_left(ByteReader& in) {
  std::vector<Hash> out;
  while (in.left() >= sizeof(Hash)) out.push_back(in.hash());
  return out;
}

// index u64, entry sized, hashes
Outcome read_inclusion(ByteReader in) {
  const std::uint64_t index = in.u64();
  const BytesView entry = in.sized();
  if (in.failed()) return {};
  const auto hashes = hashes_left(in);
  if (!verify_inclusion(leaf_hash(entry), index, proved_entries, hashes, proved_log().root()))
    return {};
  return and_then({true, ""},
                  index < proved_entries && equal(entry, proved_entry(index)) &&
                      hashes == proved_log().inclusion_proof(index, proved_entries),
                  "an inclusion that is not so");
}

// old size u64, old root, hashes
Outcome read_consistency(ByteReader in) {
  const std::uint64_t size = in.u64();
  const Hash root = in.hash();
  const auto hashes = hashes_left(in);
  if (!verify_consistency(size, proved_entries, root, proved_log().root(), hashes)) return {};
  return and_then({true, ""},
                  size > 0 && size <= proved_entries && root == proved_log().root_at(size) &&
                      hashes == proved_log().consistency_proof(size, proved_entries),
                  "a consistency that is not so");
}

// key, u8 1 for a value and 0 for none, value, key and value of the leaf, steps
Outcome read_state(ByteReader in) {
  const Hash key = in.hash();
  const bool has_value = in.u8() == 1;
  const Hash value = in.hash();
  StateTree::Proof proof;
  proof.leaf.emplace();
  proof.leaf->first = in.hash();
  proof.leaf->second = in.hash();
  while (in.left() >= sizeof(Hash) + 2) {
    auto& step = proof.steps.emplace_back();
    step.depth = in.u16();
    step.sibling = in.hash();
  }
  const Hash root = proved_state().root();
  const auto claimed = has_value ? std::optional(value) : std::nullopt;
  for (const Hash& there : proved_keys())
    if (verify_state(root, there, std::nullopt, proof)) return {true, "a key that is there is not"};
  if (!verify_state(root, key, claimed, proof)) return {};
  return and_then({true, ""}, proved_state().find(key) == claimed, "a state that is not so");
}

Outcome read_proof(std::uint8_t which, BytesView bytes) {
  const ByteReader in(bytes);
  if (which % 3 == 0) return read_inclusion(in);
  return which % 3 == 1 ? read_consistency(in) : read_state(in);
}

// ---- texts

Outcome read_checkpoint(BytesView bytes) {
  const std::string text = text_of(bytes);
  const std::string true_text = checkpoint_text(signed_log().checkpoint());
  const Outcome form = canonical_text(bytes, parse_checkpoint, checkpoint_text);
  const auto checked = check_checkpoint(text, signed_log().policy, verifier());
  if (!checked) return any_of({form, refused(checked.error())});
  const std::size_t lines = parse_note(text)->signatures.size();
  return any_of(
      {form, and_then({true, ""},
                      checkpoint_text(*checked) == true_text && lines > signed_log().policy.quorum,
                      "a checkpoint holds that no quorum signed")});
}

bool sound(const SignedNote& note) {
  const Policy& policy = signed_log().policy;
  const auto holds = [&](const NoteSignature& line) {
    return verify_line(policy.log, line, note.text, verifier()) ||
           std::any_of(policy.witnesses.begin(), policy.witnesses.end(), [&](const NoteKey& key) {
             return verify_line(key, line, note.text, verifier());
           });
  };
  return note.text == checkpoint_text(signed_log().checkpoint()) ||
         std::none_of(note.signatures.begin(), note.signatures.end(), holds);
}

Outcome read_note(BytesView bytes) {
  Outcome note = canonical_text(bytes, parse_note, write_note);
  if (note.taken)
    note = and_then(note, sound(*parse_note(text_of(bytes))), "a line holds that nobody signed");
  return any_of({note, canonical_text(bytes, parse_vkey, vkey_text)});
}

Outcome read_policy(BytesView bytes) {
  const auto write = [](const Policy& policy) { return policy_text(policy); };
  const Outcome form = canonical_text(bytes, parse_policy, write);
  if (!form.taken) return form;
  const Policy policy = *parse_policy(text_of(bytes));
  return and_then(
      form,
      3 * policy.quorum > 2 * policy.witnesses.size() && policy.quorum <= policy.witnesses.size(),
      "a quorum of a third or less, or of more than all");
}

Outcome read_tlog_proof(BytesView bytes) {
  Outcome form = canonical_text(bytes, parse_tlog_proof, write_tlog_proof);
  if (!form.taken) return form;
  const TlogProof proof = *parse_tlog_proof(text_of(bytes));
  for (std::uint64_t i = 0; i < signed_log().entries.size(); ++i) {
    const auto ok =
        verify_tlog_proof(proof, signed_log().entries[i], signed_log().policy, verifier());
    if (ok)
      form = and_then(form, proof.index == i, "an entry stands where another one does");
    else
      form = and_then(form, refused(ok.error()).wrong.empty(), "a refusal without a good reason");
  }
  return form;
}

// From `"bill":` to its end: what the household pays.
std::string bill_of(const std::string& receipt) {
  const std::size_t at = receipt.find("\"bill\":");
  return receipt.substr(at, receipt.find(']', at) - at);
}

Outcome read_receipt(BytesView bytes) {
  const std::string text = text_of(bytes);
  const bool priced = text.find("capacity_price") != std::string_view::npos;
  const auto& chain = priced ? priced_village() : village();
  const auto checks = market::verify_receipt(text, chain.log.policy_text, verifier());
  for (const auto& check : checks)
    if (!check.ok) return refused(check.detail);
  const bool as_made =
      std::any_of(receipts().begin(), receipts().end(), [&](const std::string& made) {
        return text.find(bill_of(made)) != std::string::npos &&
               text.starts_with(made.substr(0, made.find(',')));  // "account"
      });
  if (checks.back().erased_by)
    return and_then({true, ""}, checks.size() == 4 && text == erasure_receipt(),
                    "an erasure that was never decided");
  return and_then({true, ""}, checks.size() == 10 && as_made, "a receipt of what was never billed");
}

Outcome read_genesis(BytesView bytes) {
  return canonical_text(bytes, decode_genesis, [](const Genesis& g) { return encode(g); });
}

}  // namespace

Outcome decode_bytes(Decoder decoder, BytesView bytes) {
  const std::uint8_t which = bytes.empty() ? 0 : bytes[0];
  const BytesView rest = bytes.subspan(bytes.empty() ? 0 : 1);
  switch (decoder) {
    case Decoder::transaction:
      return read_transaction(bytes);
    case Decoder::entry:
      return read_entry(bytes);
    case Decoder::opening:
      return read_opening(which, rest);
    case Decoder::block:
      return read_block(bytes);
    case Decoder::vote:
      return read_vote(bytes);
    case Decoder::proposal:
      return read_proposal(bytes);
    case Decoder::proof:
      return read_proof(which, rest);
    case Decoder::checkpoint:
      return read_checkpoint(bytes);
    case Decoder::note:
      return read_note(bytes);
    case Decoder::policy:
      return read_policy(bytes);
    case Decoder::tlog_proof:
      return read_tlog_proof(bytes);
    case Decoder::receipt:
      return read_receipt(bytes);
    case Decoder::frame:
      return read_stream(bytes);
    case Decoder::genesis:
      return read_genesis(bytes);
    case Decoder::openings_file:
      return read_openings_file(which, rest);
    case Decoder::record:
      return read_record(which, rest);
    case Decoder::masked_sum:
      return read_masked_sum(which, rest);
    case Decoder::ocmf:
      break;
  }
  return read_ocmf_record(which % (ocmf_meters + 1), rest);
}

}  // namespace fuzz
