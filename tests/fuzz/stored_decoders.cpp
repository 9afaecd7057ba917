// What comes on a stream, what lies on a disk, and what a station signed.

#include "hil/network/message_frame.hpp"
#include "ledger/base/codec.hpp"
#include "ledger/ocmf/ocmf_check.hpp"
#include "ledger/ocmf/ocmf_samples.hpp"
#include "ledger/privacy/masked_sum_format.hpp"
#include "market/audit/erased_openings.hpp"
#include "tests/fuzz/decoder_outcome.hpp"
#include "tests/support/ocmf_record.hpp"
#include "twin/node/base/attest_request.hpp"
#include "twin/node/base/grid_words.hpp"
#include "twin/node/base/key_shares.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/base/records.hpp"
#include "twin/node/base/slot_report.hpp"
#include "twin/node/base/visit_answer.hpp"
#include "twin/node/gateway/gateway_record.hpp"

namespace fuzz {

namespace {

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
    case twin::MessageKind::paper:
      return canonical(
          message, [](BytesView all) { return twin::decode_paper_leaf(all.subspan(1)); },
          [](const Hash& leaf) { return twin::frame(twin::MessageKind::paper, leaf); });
    case twin::MessageKind::contracts:
      return whole(twin::decode_contracts_on_ledger);
  }
  return {};
}

// Message after message, until one is cut off or its size is none.
Outcome read_erased_file(const char* path, BytesView bytes) {
  market::FileSet files;
  files.read = [&](const std::string& asked) {
    return asked == path ? std::optional(to_bytes(bytes)) : std::nullopt;
  };
  return canonical(
      bytes, [&](BytesView) { return market::read_erased(files, village().log.genesis); },
      [&](const market::ErasedOpenings& erased) { return market::encode(erased).at(path); });
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

}  // namespace

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

}  // namespace fuzz
