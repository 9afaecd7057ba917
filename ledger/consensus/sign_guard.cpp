#include "ledger/consensus/sign_guard.hpp"

#include <algorithm>
#include <utility>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::uint8_t record_kind = 9;
constexpr std::size_t most_statements = 6;  // three steps in two rounds

using Place = std::pair<std::uint32_t, SignStep>;
Place place(const SignGuard::Statement& s) { return {s.round, s.step}; }

// What a statement's own bytes say of its place, so that a record cannot lie about it.
struct Claim {
  std::uint64_t height;
  std::uint32_t round;
  SignStep step;
  ValidatorId validator;
};

std::optional<Claim> claim_of(BytesView statement) {
  Bytes bytes = to_bytes(statement);
  bytes.resize(bytes.size() + Signature{}.size());
  if (const auto vote = decode_vote(bytes)) {
    const bool prevote = vote->type == VoteType::prevote;
    return Claim{vote->height, vote->round, prevote ? SignStep::prevote : SignStep::precommit,
                 vote->validator};
  }
  const auto proposal = decode_signed_proposal(bytes);
  if (!proposal) return std::nullopt;
  return Claim{proposal->height, proposal->round, SignStep::propose, proposal->proposer};
}

bool in_order(const std::vector<SignGuard::Statement>& statements) {
  for (std::size_t i = 1; i < statements.size(); ++i)
    if (place(statements[i]) <= place(statements[i - 1])) return false;
  return true;
}

Decoded<SignGuard::Lock> read_lock(BytesView certificate, BytesView value, std::uint64_t height) {
  auto decoded = decode_certificate(certificate);
  if (!decoded) return tl::unexpected(decoded.error());
  if (decoded->type != VoteType::prevote || decoded->height != height)
    return tl::unexpected(ConsensusFault::bad_certificate);
  const auto header = read_value(value, decoded->value, height);
  if (!header) return tl::unexpected(header.error());
  return SignGuard::Lock{std::move(*decoded), to_bytes(value)};
}

}  // namespace

bool SignGuard::is_open(std::uint64_t height, std::uint32_t round, SignStep step) const {
  if (height != height_) return height > height_;
  return statements_.empty() || Place{round, step} > place(statements_.back());
}

SignGuard::Verdict SignGuard::admit(std::uint64_t height, std::uint32_t round, SignStep step,
                                    BytesView statement) {
  if (is_open(height, round, step)) {
    if (height > height_) begin(height);
    std::erase_if(statements_, [&](const Statement& s) { return s.round + 1 < round; });
    statements_.push_back({round, step, to_bytes(statement)});
    return Verdict::fresh;
  }
  const bool signed_before =
      height == height_ && std::any_of(statements_.begin(), statements_.end(), [&](const auto& s) {
        return place(s) == Place{round, step} && equal(s.bytes, statement);
      });
  return signed_before ? Verdict::again : Verdict::refused;
}

void SignGuard::set_lock(std::uint64_t height, Lock lock) {
  if (height < height_) return;
  if (height > height_) begin(height);
  lock_ = std::move(lock);
}

void SignGuard::begin(std::uint64_t height) {
  height_ = height;
  statements_.clear();
  lock_.reset();
}

Bytes SignGuard::record() const {
  constexpr std::size_t beside_the_value = 4096;
  ByteWriter out(beside_the_value + (lock_ ? lock_->value.size() : 0));
  out.u8(record_version).u8(record_kind).raw(chain_id_).u32(self_.value).u64(height_);
  out.u8(static_cast<std::uint8_t>(statements_.size()));
  for (const Statement& s : statements_) {
    out.u32(s.round).u8(static_cast<std::uint8_t>(s.step));
    out.u16(static_cast<std::uint16_t>(s.bytes.size())).raw(s.bytes);
  }
  out.sized(lock_ ? encode(lock_->certificate) : Bytes{});
  out.sized(lock_ ? BytesView(lock_->value) : BytesView{});
  const Hash checksum = sha256(out.view());
  return out.raw(checksum).take();
}

Decoded<SignGuard> SignGuard::restore(BytesView record, const Hash& chain_id, ValidatorId self,
                                      std::size_t max_value_bytes) {
  const std::size_t checksum_size = Hash{}.size();
  if (record.size() < checksum_size) return tl::unexpected(ConsensusFault::corrupt_record);
  const BytesView body = record.first(record.size() - checksum_size);
  if (!equal(sha256(body), record.last(checksum_size)))
    return tl::unexpected(ConsensusFault::corrupt_record);

  ByteReader in(body);
  if (in.u8() != record_version) return tl::unexpected(ConsensusFault::wrong_version);
  if (in.u8() != record_kind) return tl::unexpected(ConsensusFault::unknown_kind);
  if (in.hash() != chain_id || in.u32() != self.value)
    return tl::unexpected(ConsensusFault::wrong_chain);
  SignGuard out(chain_id, self);
  out.height_ = in.u64();
  const std::size_t count = in.u8();
  if (count > most_statements) return tl::unexpected(ConsensusFault::malformed);
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    const std::uint32_t round = in.u32();
    const auto step = static_cast<SignStep>(in.u8());
    const std::size_t size = in.u16();
    out.statements_.push_back({round, step, to_bytes(in.raw(size))});
    const auto claim = claim_of(out.statements_.back().bytes);
    if (!claim || claim->height != out.height_ || claim->round != round || claim->step != step ||
        claim->validator != self)
      in.fail();
  }
  const BytesView certificate = in.sized();
  const BytesView value = in.sized();
  if (!in.done() || !in_order(out.statements_)) return tl::unexpected(ConsensusFault::malformed);
  if (value.size() > max_value_bytes) return tl::unexpected(ConsensusFault::too_large);
  if (!certificate.empty()) {
    auto lock = read_lock(certificate, value, out.height_);
    if (!lock) return tl::unexpected(lock.error());
    out.lock_ = std::move(*lock);
  } else if (!value.empty()) {
    return tl::unexpected(ConsensusFault::malformed);
  }
  return out;
}

}  // namespace ledger
