#pragma once
// What validators say to each other, and its bytes (docs/formats/consensus.md has worked ones).
// Tendermint, arXiv:1807.04938, Algorithm 1, with what practice added: prevotes name the valid
// round they rest on, so that a fork names its culprits; a re-proposal carries the certificate of
// its valid round; the proposer's time is inside the value, so that it is agreed on with it.
//
// Every encoding begins with version u8 = 1 and kind u8; integers are big-endian; `round?` is a
// u32 whose ffffffff means none; rounds are at most 7ffffffe; heights count from 1.
//
//   1 proposal     height u64, round u32, valid_round round?, value_id 32, proposer u32 | signature
//                  64, certificate u32 length (0 where valid_round is none), value u32 length
//   2 prevote      height u64, round u32, has_value u8, [value_id 32], valid_round round?,
//                  validator u32 | signature 64
//   3 precommit    the same without valid_round
//   4 prevote certificate   height u64, round u32, value_id 32, count u16, then for each vote
//                  validator u32, valid_round round?, signature 64, validators strictly ascending,
//                  valid rounds all the same
//   5 commit certificate    the same without valid_round
//   6 decision     certificate u32 length (kind 5), value u32 length
//   7 decision request      height u64
//   8 evidence     two statements with their signatures, each u32 length, in ascending order
//   9 signing record        sign_guard.hpp
//
// The part of 1, 2 and 3 before `|` is the statement. What is signed is the 20 bytes
// "aipchain/consensus/1", the chain id (32 bytes) and the statement. A value is an encoded block
// (ledger/chain/block.hpp) and its id is SHA-256 of the block's header, which binds all the rest:
// who holds header and certificate can check the decision without the transactions. A decoder
// accepts exactly what an encoder writes and nothing else.

#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace ledger {

inline constexpr std::int32_t no_round = -1;
inline constexpr std::uint32_t max_round = 0x7fff'fffe;
// 146 years: sums with an Instant stay far from overflow.
inline constexpr std::int64_t max_timestamp_ms = INT64_MAX / 2'000'000;
inline constexpr std::size_t max_validators = 1024;
inline constexpr std::size_t default_max_value_bytes = 8u << 20;

// Why a message, certificate or record is refused.
enum class ConsensusFault : std::uint8_t {
  malformed,          // not the canonical bytes of its kind
  wrong_version,      // first byte is not 1
  unknown_kind,       // a kind that is not expected here
  too_large,          // above the bound on values or validators
  unknown_validator,  // an index outside the validator set
  wrong_proposer,     // not the proposer of that height and round
  bad_signature,
  bad_certificate,  // fewer than a quorum, or about something else
  wrong_value,      // the value's hash or header does not fit its message
  wrong_chain,      // a record of another chain or validator
  corrupt_record,   // a record whose checksum does not hold
};
std::string_view to_text(ConsensusFault fault);

template <class T>
using Decoded = tl::expected<T, ConsensusFault>;

enum class VoteType : std::uint8_t { prevote = 2, precommit = 3 };

struct Vote {
  VoteType type = VoteType::prevote;
  std::uint64_t height = 0;
  std::uint32_t round = 0;
  std::optional<Hash> value;            // nothing: nil
  std::int32_t valid_round = no_round;  // prevotes for a value: the proposal's valid round
  ValidatorId validator;
  Signature signature{};
  bool operator==(const Vote&) const = default;
};

// More than two thirds of the validators voted for one value in one round. The commit certificate
// (precommits) is what the public log stores for each block.
struct CertificateVote {
  ValidatorId validator;
  std::int32_t valid_round = no_round;  // prevotes only
  Signature signature{};
  bool operator==(const CertificateVote&) const = default;
};
struct Certificate {
  VoteType type = VoteType::precommit;
  std::uint64_t height = 0;
  std::uint32_t round = 0;
  Hash value{};
  std::vector<CertificateVote> votes;  // ascending by validator
  bool operator==(const Certificate&) const = default;
};

struct Proposal {
  std::uint64_t height = 0;
  std::uint32_t round = 0;
  std::int32_t valid_round = no_round;
  Hash value_id{};
  ValidatorId proposer;
  Signature signature{};
  std::optional<Certificate> certificate;  // of the prevotes of valid_round
  Bytes value;                             // encoded block; not signed itself, its id is
  bool operator==(const Proposal&) const = default;
};

struct Decision {
  Certificate certificate;  // of precommits
  Bytes value;
  bool operator==(const Decision&) const = default;
};

struct DecisionRequest {
  std::uint64_t height = 0;
  bool operator==(const DecisionRequest&) const = default;
};

// Two statements of one validator that contradict each other (evidence.hpp), each with its
// signature.
struct Evidence {
  Bytes first, second;
  bool operator==(const Evidence&) const = default;
};

// The part that is signed, without label and chain id.
Bytes statement_of(const Vote& vote);
Bytes statement_of(const Proposal& proposal);
Bytes signed_bytes(const Hash& chain_id, BytesView statement);

Bytes encode(const Vote& vote);
Bytes encode(const Certificate& certificate);
Bytes encode(const Proposal& proposal);
Bytes encode(const Decision& decision);
Bytes encode(const DecisionRequest& request);
Bytes encode(const Evidence& evidence);
// A proposal whose value's bytes are kept elsewhere; proposal.value is ignored.
Bytes encode(const Proposal& proposal, BytesView value);
// A statement and its signature, as evidence holds it.
Bytes signed_statement(const Proposal& proposal);

Decoded<Vote> decode_vote(BytesView bytes);
Decoded<Certificate> decode_certificate(BytesView bytes);
Decoded<Proposal> decode_signed_proposal(BytesView bytes);  // reads signed_statement's bytes
Decoded<Proposal> decode_proposal(BytesView bytes, std::size_t max_value_bytes);
Decoded<Decision> decode_decision(BytesView bytes, std::size_t max_value_bytes);
Decoded<DecisionRequest> decode_decision_request(BytesView bytes);
Decoded<Evidence> decode_evidence(BytesView bytes);

// Whatever may arrive from a peer. A lone certificate is one of prevotes.
using Message = std::variant<Proposal, Vote, Certificate, Decision, DecisionRequest>;
Decoded<Message> decode_message(BytesView bytes, std::size_t max_value_bytes);

// The header of a value whose form is right: a canonical block of that id and height whose
// transactions fit its header, with a time that an Instant can hold; wrong_value otherwise.
Decoded<BlockHeader> read_value(BytesView value, const Hash& id, std::uint64_t height);

}  // namespace ledger
