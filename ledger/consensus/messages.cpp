#include "ledger/consensus/messages.hpp"

#include "ledger/base/codec.hpp"

namespace ledger {
namespace {

constexpr std::uint8_t message_version = 1;
constexpr std::uint32_t none_on_wire = 0xffff'ffff;
constexpr std::string_view label = "aipchain/consensus/1";
constexpr std::size_t max_statement_bytes = 128;

enum Kind : std::uint8_t {
  proposal_kind = 1,
  prevote_kind = 2,
  precommit_kind = 3,
  prevote_certificate_kind = 4,
  commit_certificate_kind = 5,
  decision_kind = 6,
  request_kind = 7,
  evidence_kind = 8,
};

ByteWriter start(std::uint8_t kind) {
  ByteWriter out;
  out.u8(message_version).u8(kind);
  return out;
}

std::uint32_t on_wire(std::int32_t round_or_none) {
  return static_cast<std::uint32_t>(round_or_none);
}

// The kind byte, once version and kind are known to be readable.
Decoded<std::uint8_t> kind_of(BytesView bytes) {
  if (bytes.size() < 2) return tl::unexpected(ConsensusFault::malformed);
  if (bytes[0] != message_version) return tl::unexpected(ConsensusFault::wrong_version);
  return bytes[1];
}

// A reader placed after the header, or why there is none.
Decoded<ByteReader> open(BytesView bytes, std::uint8_t kind) {
  const auto found = kind_of(bytes);
  if (!found) return tl::unexpected(found.error());
  if (*found != kind) return tl::unexpected(ConsensusFault::unknown_kind);
  return ByteReader(bytes.subspan(2));
}

std::uint64_t read_height(ByteReader& in) {
  const std::uint64_t height = in.u64();
  if (height == 0) in.fail();
  return height;
}

std::uint32_t read_round(ByteReader& in) {
  const std::uint32_t round = in.u32();
  if (round > max_round) in.fail();
  return round;
}

// A valid round lies before the round that refers to it.
std::int32_t read_valid_round(ByteReader& in, std::uint32_t round) {
  const std::uint32_t wire = in.u32();
  if (wire == none_on_wire) return no_round;
  if (wire >= round) in.fail();
  return static_cast<std::int32_t>(wire);
}

Proposal read_signed_proposal(ByteReader& in) {
  Proposal out;
  out.height = read_height(in);
  out.round = read_round(in);
  out.valid_round = read_valid_round(in, out.round);
  out.value_id = in.hash();
  out.proposer.value = in.u32();
  out.signature = in.array<64>();
  return out;
}

std::uint8_t certificate_kind(VoteType type) {
  return type == VoteType::prevote ? prevote_certificate_kind : commit_certificate_kind;
}

template <class T>
Decoded<T> finish(const ByteReader& in, T value) {
  if (!in.done()) return tl::unexpected(ConsensusFault::malformed);
  return value;
}

Bytes with_signature(Bytes statement, const Signature& signature) {
  append(statement, signature);
  return statement;
}

Decoded<Message> widen(auto decoded) {
  if (!decoded) return tl::unexpected(decoded.error());
  return Message(std::move(*decoded));
}

}  // namespace

std::string_view to_text(ConsensusFault fault) {
  switch (fault) {
    case ConsensusFault::malformed:
      return "not the canonical bytes of a message";
    case ConsensusFault::wrong_version:
      return "not version 1";
    case ConsensusFault::unknown_kind:
      return "a kind that is not expected here";
    case ConsensusFault::too_large:
      return "larger than allowed";
    case ConsensusFault::unknown_validator:
      return "a validator outside the set";
    case ConsensusFault::wrong_proposer:
      return "not the proposer of its height and round";
    case ConsensusFault::bad_signature:
      return "a signature that does not hold";
    case ConsensusFault::bad_certificate:
      return "a certificate that does not hold";
    case ConsensusFault::wrong_value:
      return "a value that does not fit its message";
    case ConsensusFault::wrong_chain:
      return "a record of another chain or validator";
    case ConsensusFault::corrupt_record:
      return "a record whose checksum does not hold";
  }
  return "unknown fault";
}

Bytes signed_bytes(const Hash& chain_id, BytesView statement) {
  Bytes out;
  out.reserve(label.size() + chain_id.size() + statement.size());
  append(out, bytes_of(label));
  append(out, chain_id);
  append(out, statement);
  return out;
}

Decoded<BlockHeader> read_value(BytesView value, const Hash& id, std::uint64_t height) {
  if (block_id(value) != id) return tl::unexpected(ConsensusFault::wrong_value);
  const auto block = decode_block(value);
  if (!block || block->header.height != height || block->header.time_ms < 0 ||
      block->header.time_ms > max_timestamp_ms)
    return tl::unexpected(ConsensusFault::wrong_value);
  return block->header;
}

// ---- votes

Bytes statement_of(const Vote& vote) {
  ByteWriter out = start(static_cast<std::uint8_t>(vote.type));
  out.u64(vote.height).u32(vote.round).u8(vote.value ? 1 : 0);
  if (vote.value) out.raw(*vote.value);
  if (vote.type == VoteType::prevote) out.u32(on_wire(vote.valid_round));
  return out.u32(vote.validator.value).take();
}

Bytes encode(const Vote& vote) { return with_signature(statement_of(vote), vote.signature); }

Decoded<Vote> decode_vote(BytesView bytes) {
  const auto kind = kind_of(bytes);
  if (!kind) return tl::unexpected(kind.error());
  if (*kind != prevote_kind && *kind != precommit_kind)
    return tl::unexpected(ConsensusFault::unknown_kind);
  ByteReader in(bytes.subspan(2));
  Vote vote;
  vote.type = static_cast<VoteType>(*kind);
  vote.height = read_height(in);
  vote.round = read_round(in);
  const std::uint8_t has_value = in.u8();
  if (has_value > 1) in.fail();
  if (has_value == 1) vote.value = in.hash();
  if (vote.type == VoteType::prevote) vote.valid_round = read_valid_round(in, vote.round);
  if (!vote.value && vote.valid_round != no_round) in.fail();
  vote.validator.value = in.u32();
  vote.signature = in.array<64>();
  return finish(in, vote);
}

// ---- certificates

Bytes encode(const Certificate& certificate) {
  ByteWriter out = start(certificate_kind(certificate.type));
  out.u64(certificate.height).u32(certificate.round).raw(certificate.value);
  out.u16(static_cast<std::uint16_t>(certificate.votes.size()));
  for (const CertificateVote& vote : certificate.votes) {
    out.u32(vote.validator.value);
    if (certificate.type == VoteType::prevote) out.u32(on_wire(vote.valid_round));
    out.raw(vote.signature);
  }
  return out.take();
}

Decoded<Certificate> decode_certificate(BytesView bytes) {
  const auto kind = kind_of(bytes);
  if (!kind) return tl::unexpected(kind.error());
  if (*kind != prevote_certificate_kind && *kind != commit_certificate_kind)
    return tl::unexpected(ConsensusFault::unknown_kind);
  ByteReader in(bytes.subspan(2));
  Certificate out;
  out.type = *kind == prevote_certificate_kind ? VoteType::prevote : VoteType::precommit;
  out.height = read_height(in);
  out.round = read_round(in);
  out.value = in.hash();
  const std::size_t count = in.u16();
  if (count > max_validators) return tl::unexpected(ConsensusFault::too_large);
  const std::size_t width = out.type == VoteType::prevote ? 72 : 68;
  if (in.left() != count * width) return tl::unexpected(ConsensusFault::malformed);
  out.votes.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    CertificateVote& vote = out.votes[i];
    vote.validator.value = in.u32();
    if (i > 0 && vote.validator <= out.votes[i - 1].validator) in.fail();
    if (out.type == VoteType::prevote) vote.valid_round = read_valid_round(in, out.round);
    if (vote.valid_round != out.votes[0].valid_round) in.fail();
    vote.signature = in.array<64>();
  }
  return finish(in, std::move(out));
}

// ---- proposals

Bytes statement_of(const Proposal& proposal) {
  ByteWriter out = start(proposal_kind);
  out.u64(proposal.height).u32(proposal.round).u32(on_wire(proposal.valid_round));
  return out.raw(proposal.value_id).u32(proposal.proposer.value).take();
}

Bytes signed_statement(const Proposal& proposal) {
  return with_signature(statement_of(proposal), proposal.signature);
}

Bytes encode(const Proposal& proposal) { return encode(proposal, proposal.value); }

Bytes encode(const Proposal& proposal, BytesView value) {
  const Bytes statement = statement_of(proposal);
  const Bytes certificate = proposal.certificate ? encode(*proposal.certificate) : Bytes{};
  ByteWriter out(statement.size() + proposal.signature.size() + 8 + certificate.size() +
                 value.size());
  out.raw(statement).raw(proposal.signature).sized(certificate);
  return out.sized(value).take();
}

Decoded<Proposal> decode_signed_proposal(BytesView bytes) {
  auto in = open(bytes, proposal_kind);
  if (!in) return tl::unexpected(in.error());
  Proposal out = read_signed_proposal(*in);
  return finish(*in, std::move(out));
}

Decoded<Proposal> decode_proposal(BytesView bytes, std::size_t max_value_bytes) {
  auto in = open(bytes, proposal_kind);
  if (!in) return tl::unexpected(in.error());
  Proposal out = read_signed_proposal(*in);
  const BytesView certificate = in->sized();
  const BytesView value = in->sized();
  if (!in->done()) return tl::unexpected(ConsensusFault::malformed);
  if (value.size() > max_value_bytes) return tl::unexpected(ConsensusFault::too_large);
  if (certificate.empty() != (out.valid_round == no_round))
    return tl::unexpected(ConsensusFault::malformed);
  if (!certificate.empty()) {
    auto decoded = decode_certificate(certificate);
    if (!decoded) return tl::unexpected(decoded.error());
    const bool fits = decoded->type == VoteType::prevote && decoded->height == out.height &&
                      static_cast<std::int32_t>(decoded->round) == out.valid_round &&
                      decoded->value == out.value_id;
    if (!fits) return tl::unexpected(ConsensusFault::bad_certificate);
    out.certificate = std::move(*decoded);
  }
  out.value = to_bytes(value);
  return out;
}

// ---- decisions, requests, evidence

Bytes encode(const Decision& decision) {
  return start(decision_kind).sized(encode(decision.certificate)).sized(decision.value).take();
}

Decoded<Decision> decode_decision(BytesView bytes, std::size_t max_value_bytes) {
  auto in = open(bytes, decision_kind);
  if (!in) return tl::unexpected(in.error());
  const BytesView certificate = in->sized();
  const BytesView value = in->sized();
  if (!in->done()) return tl::unexpected(ConsensusFault::malformed);
  if (value.size() > max_value_bytes) return tl::unexpected(ConsensusFault::too_large);
  auto decoded = decode_certificate(certificate);
  if (!decoded) return tl::unexpected(decoded.error());
  if (decoded->type != VoteType::precommit) return tl::unexpected(ConsensusFault::bad_certificate);
  return Decision{std::move(*decoded), to_bytes(value)};
}

Bytes encode(const DecisionRequest& request) {
  return start(request_kind).u64(request.height).take();
}

Decoded<DecisionRequest> decode_decision_request(BytesView bytes) {
  auto in = open(bytes, request_kind);
  if (!in) return tl::unexpected(in.error());
  const DecisionRequest out{read_height(*in)};
  return finish(*in, out);
}

Bytes encode(const Evidence& evidence) {
  const bool in_order = evidence.first < evidence.second;
  return start(evidence_kind)
      .sized(in_order ? evidence.first : evidence.second)
      .sized(in_order ? evidence.second : evidence.first)
      .take();
}

Decoded<Evidence> decode_evidence(BytesView bytes) {
  auto in = open(bytes, evidence_kind);
  if (!in) return tl::unexpected(in.error());
  const BytesView first = in->sized();
  const BytesView second = in->sized();
  if (first.size() > max_statement_bytes + 64 || second.size() > max_statement_bytes + 64)
    return tl::unexpected(ConsensusFault::too_large);
  Evidence out{to_bytes(first), to_bytes(second)};
  if (!(out.first < out.second)) in->fail();
  return finish(*in, std::move(out));
}

Decoded<Message> decode_message(BytesView bytes, std::size_t max_value_bytes) {
  const auto kind = kind_of(bytes);
  if (!kind) return tl::unexpected(kind.error());
  switch (*kind) {
    case proposal_kind:
      return widen(decode_proposal(bytes, max_value_bytes));
    case prevote_kind:
    case precommit_kind:
      return widen(decode_vote(bytes));
    case prevote_certificate_kind:
      return widen(decode_certificate(bytes));
    case decision_kind:
      return widen(decode_decision(bytes, max_value_bytes));
    case request_kind:
      return widen(decode_decision_request(bytes));
    default:
      return tl::unexpected(ConsensusFault::unknown_kind);
  }
}

}  // namespace ledger
