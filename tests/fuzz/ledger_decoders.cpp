#include "tests/fuzz/ledger_decoders.hpp"

#include <algorithm>

#include "hil/message_frame.hpp"
#include "ledger/base/codec.hpp"
#include "ledger/consensus/sign_guard.hpp"
#include "ledger/merkle/proof.hpp"
#include "ledger/ocmf/ocmf_check.hpp"
#include "ledger/ocmf/ocmf_samples.hpp"
#include "ledger/privacy/masked_sum_format.hpp"
#include "market/account_entries.hpp"
#include "market/audit/erased_openings.hpp"
#include "market/clearing/book_row.hpp"
#include "market/clearing_proposal.hpp"
#include "market/concentration.hpp"
#include "market/consent.hpp"
#include "market/contract.hpp"
#include "market/erasure.hpp"
#include "market/fee_change.hpp"
#include "market/feeder_entries.hpp"
#include "market/grid_measure.hpp"
#include "market/receipt/receipt.hpp"
#include "market/registry_entries.hpp"
#include "market/ruling.hpp"
#include "market/settlement.hpp"
#include "market/slot_entries.hpp"
#include "market/trading_grid.hpp"
#include "tests/support/ocmf_record.hpp"
#include "twin/node/attest_request.hpp"
#include "twin/node/gateway_record.hpp"
#include "twin/node/grid_words.hpp"
#include "twin/node/key_shares.hpp"
#include "twin/node/messages.hpp"
#include "twin/node/records.hpp"
#include "twin/node/slot_report.hpp"
#include "twin/node/visit_answer.hpp"

namespace fuzz {

using namespace ledger;

namespace {

constexpr std::size_t max_value_bytes = 2048;

Verifier& verifier() {
  static Ed25519Verifier real;
  static CachedVerifier cached(real);
  return cached;
}

std::string reason_of(const std::string& error) { return error; }
std::string reason_of(ConsensusFault fault) { return std::string(to_text(fault)); }

Outcome refused(const std::string& reason) {
  const bool printable =
      std::all_of(reason.begin(), reason.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (reason.empty()) return {false, "refused without a reason"};
  return {false, printable ? "" : "a reason that is not printable"};
}

// Decodes, and encodes again what was decoded.
template <class Read, class Write>
Outcome canonical(BytesView bytes, Read read, Write write) {
  const auto value = read(bytes);
  if (!value) return refused(reason_of(value.error()));
  return {true, equal(write(*value), bytes) ? "" : "encodes to other bytes than it was read from"};
}

template <class Read>
Outcome canonical(BytesView bytes, Read read) {
  return canonical(bytes, read, [](const auto& value) { return encode(value); });
}

template <class Read, class Write>
Outcome canonical_text(BytesView bytes, Read read, Write write) {
  return canonical(
      bytes, [&](BytesView b) { return read(text_of(b)); },
      [&](const auto& value) { return to_bytes(bytes_of(write(value))); });
}

// Of decoders that take different bytes.
Outcome any_of(std::initializer_list<Outcome> all) {
  Outcome out;
  for (const Outcome& one : all) {
    if (one.taken && out.taken) out.wrong = "two decoders take the same bytes";
    out.taken |= one.taken;
    if (out.wrong.empty()) out.wrong = one.wrong;
  }
  return out;
}

Outcome and_then(Outcome first, bool holds, const char* otherwise) {
  if (first.wrong.empty() && !holds) first.wrong = otherwise;
  return first;
}

const auto max_sized = [](auto decode) {
  return [decode](BytesView bytes) { return decode(bytes, max_value_bytes); };
};

Outcome read_transaction(BytesView bytes) {
  return canonical(bytes, decode_transaction, [](const Transaction& tx) { return tx.encode(); });
}

Outcome read_body(const Transaction& tx) {
  using namespace market;
  switch (tx.kind) {
    case TransactionKind::registration:
      return canonical(tx.body, decode_registration_body);
    case TransactionKind::batch:
      return canonical(tx.body, decode_batch);
    case TransactionKind::meter_swap:
      return canonical(tx.body, decode_meter_swap_body);
    case TransactionKind::marks:
      return canonical(tx.body, decode_marks_body);
    case TransactionKind::order:
      return canonical(tx.body, decode_order_body);
    case TransactionKind::settlement:
      return canonical(tx.body, decode_settlement_body);
    case TransactionKind::forecast:
      return canonical(tx.body, decode_forecast_body);
    case TransactionKind::statements:
      return canonical(tx.body, decode_statements_body);
    case TransactionKind::ruling:
      return canonical(tx.body, decode_ruling_body);
    case TransactionKind::feeder_findings:
      return canonical(tx.body, decode_findings_body);
    case TransactionKind::concentrated:
      return canonical(tx.body, decode_concentrated_body);
    case TransactionKind::attestation:
      return canonical(tx.body, decode_attestation);
    case TransactionKind::consent:
      return tx.body.empty() ? Outcome{true, ""} : refused("a consent's body is empty");
    case TransactionKind::erasure:
      return canonical(tx.body, decode_erasure_body);
    case TransactionKind::key_change:
      return canonical(tx.body, decode_key_change_body);
    case TransactionKind::deregistration:
      return canonical(tx.body, decode_deregistration_body);
    case TransactionKind::gateway:
      return canonical(tx.body, decode_gateway_body);
    case TransactionKind::certificate:
      return canonical(tx.body, decode_certificate_body);
    case TransactionKind::transfer:
    case TransactionKind::retirement:
    case TransactionKind::cancellation:
      return canonical(tx.body, decode_order_body);
    case TransactionKind::contract:
      return canonical(tx.body, decode_contract_body);
    case TransactionKind::grid_measure:
      return canonical(tx.body, decode_grid_measure_body);
    case TransactionKind::tariff_change:
      return canonical(tx.body, decode_fee_change);
    case TransactionKind::clearing_proposal:
      return canonical(tx.body, decode_clearing_proposal_body);
    case TransactionKind::trading_grid:
      return canonical(tx.body, decode_trading_grid_body);
  }
  return {true, "a kind that there is not"};
}

Outcome read_entry(BytesView bytes) {
  const Outcome whole =
      canonical(bytes, decode_entry, [](const Transaction& tx) { return tx.entry(); });
  return whole.taken && whole.wrong.empty() ? read_body(*decode_entry(bytes)) : whole;
}

Outcome read_reading(BytesView bytes) {
  if (bytes.size() != reading_size) return {};
  ReadingBytes in{};
  std::copy(bytes.begin(), bytes.end(), in.begin());
  return and_then({true, ""}, encode(decode_reading(in)) == in, "a reading is not canonical");
}

// Its number of buses before it.
Outcome read_feeder(market::FeederForm form, BytesView bytes) {
  if (bytes.size() < 4) return {};
  const std::uint32_t buses = ByteReader(bytes).u32();
  const auto feeder = market::decode_feeder(form, buses, bytes.subspan(4));
  if (!feeder || !market::check_feeder(*feeder).empty()) return {};
  const Bytes again = market::encode(*feeder);
  return and_then({true, ""},
                  std::equal(again.begin(), again.end(), bytes.begin() + 4, bytes.end()),
                  "a feeder is not canonical");
}

Outcome read_opening(std::uint8_t which, BytesView bytes) {
  using namespace market;
  switch (which % 30) {
    case 28:
    case 29: {
      const BookForm form = which % 30 == 28 ? BookForm::parties : BookForm::results;
      return canonical(
          bytes, [&](BytesView row) { return decode_book_row(form, row); },
          [&](const BookRow& row) { return book_row(form, row); });
    }
    case 23:
      return canonical(bytes, decode_grid_operator_key);
    case 24:
      return canonical(bytes, decode_operator_piece);
    case 25:
      return canonical(bytes, decode_home_place);
    case 26:
      return read_feeder(FeederForm::limits, bytes);
    case 27:
      return read_feeder(FeederForm::fees, bytes);
    case 17:
      return canonical(bytes, decode_transfer);
    case 18:
      return canonical(bytes, decode_transfer_notice);
    case 19:
      return canonical(bytes, decode_retirement);
    case 20:
      return canonical(bytes, decode_contract);
    case 21:
      return canonical(bytes, decode_cancellation);
    case 22:
      return canonical(bytes, decode_home_measure);
    case 14:
      return canonical(bytes, decode_key_change);
    case 15:
      return canonical(bytes, decode_deregistration);
    case 16:
      return canonical(bytes, decode_meter_certificate);
    case 12:
      return canonical(bytes, decode_erasure);
    case 13:
      return canonical(bytes, decode_consent);
    case 0:
      return canonical(bytes, decode_registration);
    case 1:
      return canonical(bytes, decode_sealing_key);
    case 2:
      return canonical(bytes, decode_mark);
    case 3:
      return canonical(bytes, decode_order);
    case 4:
      return canonical(bytes, decode_forecast);
    case 5:
      return canonical(bytes, decode_statement);
    case 6:
      return canonical(
          bytes, [](BytesView row) { return decode_book_row(row); },
          [](const Order& row) { return book_row(row); });
    case 7:
      return canonical(bytes, decode_meter_record);
    case 8:
      return canonical(bytes, decode_meter_swap);
    case 9:
      return canonical(bytes, decode_ruling);
    case 10:
      return canonical(bytes, decode_owned_findings);
    default:
      return read_reading(bytes);
  }
}

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

// ---- what comes on a stream, and what lies on a disk

Bytes encoded(const Message& message) {
  return std::visit([](const auto& one) { return encode(one); }, message);
}

Outcome read_message(BytesView message) {
  const BytesView body = message.subspan(1);
  const auto whole = [&](auto decode) {
    return canonical(
        message, [&](BytesView all) { return decode(all.subspan(1)); },
        [](const auto& value) { return twin::encode(value); });
  };
  switch (static_cast<twin::MessageKind>(message[0])) {
    case twin::MessageKind::consensus:
      return canonical(body, max_sized(decode_message), encoded);
    case twin::MessageKind::transaction:
    case twin::MessageKind::on_ledger:
      return read_transaction(body);
    case twin::MessageKind::minute:
      return whole(twin::decode_minute);
    case twin::MessageKind::cosignature:
      return whole(twin::decode_cosignature);
    case twin::MessageKind::forecast:
      return whole(twin::decode_fleet_forecast);
    case twin::MessageKind::evidence:
      return canonical(body, decode_evidence);
    case twin::MessageKind::received:
      return whole(twin::decode_received);
    case twin::MessageKind::progress:
      return whole(twin::decode_progress);
    case twin::MessageKind::slot_report:
      return whole(twin::decode_slot_report);
    case twin::MessageKind::batches:
      return whole(twin::decode_batches_on_ledger);
    case twin::MessageKind::visit:
      return read_transaction(body);
    case twin::MessageKind::visit_answer:
      return whole(twin::decode_visit_answer);
    case twin::MessageKind::erased:
      return whole(twin::decode_erased);
    case twin::MessageKind::attest_request:
      return whole(twin::decode_request);
    case twin::MessageKind::attest_answer:
      return whole(twin::decode_answer);
    case twin::MessageKind::settled:
      return canonical(body, market::decode_settlement_body);
    case twin::MessageKind::home_reports:
      return whole(twin::decode_home_reports);
    case twin::MessageKind::grid_word:
      return whole(twin::decode_grid_word);
  }
  return {};
}

// Message after message, until one is cut off or its size is none.
Outcome read_stream(BytesView bytes) {
  ByteReader in(bytes);
  Outcome out;
  while (in.left() > 0) {
    const auto head = in.array<sizeof(hil::FrameHead)>();
    const std::size_t size = hil::message_size(head);
    if (in.failed() || size == 0 || size > hil::max_message_bytes) break;
    const BytesView message = in.raw(size);
    if (in.failed()) break;
    if (const Outcome one = read_message(message); one.taken || !one.wrong.empty()) out = one;
    const Bytes again = hil::framed(message);
    if (!std::equal(head.begin(), head.end(), again.begin())) out.wrong = "a frame of another size";
    if (!out.wrong.empty()) break;
  }
  return out;
}

Outcome read_erased_file(const char* path, BytesView bytes) {
  market::FileSet files;
  files.read = [&](const std::string& asked) {
    return asked == path ? std::optional(to_bytes(bytes)) : std::nullopt;
  };
  return canonical(
      bytes, [&](BytesView) { return market::read_erased(files, village().log.genesis); },
      [&](const market::ErasedOpenings& erased) { return market::encode(erased).at(path); });
}

Outcome read_openings_file(std::uint8_t which, BytesView bytes) {
  if (which % 7 == 6)
    return canonical_text(bytes, twin::decode_shares,
                          [](const auto& shares) { return twin::encode(shares); });
  if (which % 7 > 1) return read_erased_file(market::erased_files[which % 7 - 2], bytes);
  const Hash& chain_id = village().log.chain_id;
  const auto seal_all = [](const auto& records, auto seal_one) {
    Bytes out;
    for (const auto& record : records) append(out, seal_one(record));
    return out;
  };
  if (which % 7 == 0)
    return canonical(
        bytes, [&](BytesView b) { return unseal_restricted_file(chain_id, opening_key(), b); },
        [&](const auto& all) {
          return seal_all(all, [&](const RestrictedRecord& r) {
            return seal_restricted(chain_id, opening_key(), r.at, r.opening);
          });
        });
  return canonical(
      bytes, [&](BytesView b) { return unseal_personal_file(chain_id, opening_key(), b); },
      [&](const auto& all) {
        return seal_all(all, [&](const PersonalRecord& p) {
          return seal_personal(chain_id, opening_key(), p.at, p.record, p.readings, p.each);
        });
      });
}

Outcome read_record(std::uint8_t which, BytesView bytes) {
  if (which % 3 == 0)
    return canonical(
        bytes,
        [](BytesView b) { return SignGuard::restore(b, council().chain_id, {0}, max_value_bytes); },
        [](const SignGuard& guard) { return guard.record(); });
  if (which % 3 == 2) return canonical(bytes, twin::decode_gateway_record);
  const auto record = twin::decode_block_record(bytes);
  if (!record) return {};
  return and_then({true, ""}, equal(encode(*record), bytes), "a block record is not canonical");
}

Outcome read_masked_sum(std::uint8_t which, BytesView bytes) {
  if (which % 4 == 0) return canonical(bytes, decode_mask_roster);
  if (which % 4 == 1) return canonical(bytes, decode_masked_value);
  return which % 4 == 2 ? canonical(bytes, decode_mask_set) : canonical(bytes, decode_mask_opening);
}

// What a record that is taken says of energy converts, or is refused with a reason.
Outcome read_samples(const OcmfRecord& record) {
  const auto samples = samples_of(record);
  if (!samples) return and_then({true, ""}, refused(samples.error()).wrong.empty(), "no reason");
  for (const OcmfSample& sample : *samples) {
    const auto reading = reading_of(sample, {0, 0}, 1);
    if (reading && !encode(*reading)) return {true, "a reading that is not canonical"};
  }
  return {true, ""};
}

// Valid is what its meter signed, whatever stands around it.
Outcome read_ocmf_record(std::size_t meter, BytesView bytes) {
  const std::string& signed_here = ocmf_payloads()[0];
  if (meter == ocmf_meters) {
    const auto record = test::ocmf_record(signed_here, ocmf_meter(0));
    const OcmfCheck check = check_ocmf(record, text_of(bytes));
    if (check.verdict == OcmfVerdict::malformed || check.verdict == OcmfVerdict::unsupported)
      return refused(check.why);
    return {true, ""};
  }
  const std::string text = text_of(bytes);
  const OcmfCheck check = check_ocmf(text, ocmf_meter(meter).public_key());
  if (check.verdict != OcmfVerdict::valid) {
    const Outcome out = refused(check.why);
    return out.wrong.empty() && check.record ? read_samples(*check.record) : out;
  }
  const auto& all = ocmf_payloads();
  const bool was_signed = std::find(all.begin(), all.end(), check.record->payload) != all.end() &&
                          check.record->text == text &&
                          text.starts_with("OCMF|" + check.record->payload + "|");
  return and_then(read_samples(*check.record), was_signed, "valid, and no meter signed it");
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
