#include "tests/support/flooder.hpp"

#include <cstdlib>

#include "ledger/base/codec.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/entries/entries.hpp"
#include "twin/node/base/messages.hpp"

namespace test {

using namespace ledger;
using twin::frame;
using twin::MessageKind;

namespace {

constexpr std::size_t block_bytes = 7u << 20;

hil::NodeConfig read(const std::string& path) {
  auto config = hil::read_node_config(path);
  if (!config) std::abort();
  return std::move(*config);
}

// Of transactions of `size` bytes each, which mean nothing but have the right form.
Bytes large_block(std::size_t size) {
  Block block;
  Transaction tx;
  tx.kind = TransactionKind::batch;
  tx.root = openings_root({});
  const std::size_t count = block_bytes / (size + 44);
  for (std::size_t n = 0; n < count; ++n) {
    tx.body = ByteWriter().u32(static_cast<std::uint32_t>(n)).take();
    tx.body.resize(std::max<std::size_t>(size, 4));
    block.transactions.push_back(tx);
  }
  block.header.entries = static_cast<std::uint32_t>(count);
  block.header.entries_root = entries_root(block.transactions);
  return encode(block);
}

}  // namespace

Flooder::Flooder(const std::string& node_file, Rng rng)
    : config_(read(node_file)),
      rng_(rng),
      chain_id_(chain_id_of(config_.chain.genesis)),
      signer_(config_.signing_secret) {
  auto links = hil::NodeLinks::open(config_.links);
  if (!links) std::abort();
  links_ = std::move(*links);
  if (config_.id <= config_.chain.directory.observer())
    for (const std::size_t size : {4u, 65'000u}) blocks_.push_back(large_block(size));
}

void Flooder::flood(const std::vector<NodeId>& targets, std::size_t messages) {
  for (std::size_t n = 0; n < messages; ++n)
    links_->send(targets[rng_.below(targets.size())], next());
  listen(std::chrono::steady_clock::now());
}

void Flooder::listen(std::chrono::steady_clock::time_point until) {
  do {
    links_->work(until, [&](NodeId, const Bytes& bytes) { hear(bytes); });
  } while (std::chrono::steady_clock::now() < until);
}

void Flooder::hear(BytesView message) {
  if (message.empty() || message[0] != static_cast<std::uint8_t>(MessageKind::consensus)) return;
  const auto vote = decode_vote(message.subspan(1));
  if (!vote || vote->height < height_) return;
  round_ = vote->height > height_ ? vote->round : std::max(round_, vote->round);
  height_ = vote->height;
}

Bytes Flooder::next() {
  return config_.id > config_.chain.directory.observer() ? of_gateway() : of_validator();
}

// The observer has no vote to sign.
Bytes Flooder::of_validator() {
  const std::uint64_t what = config_.chain.self ? rng_.below(100) : 66 + rng_.below(34);
  if (what < 55) return vote();
  if (what < 63) return evidence();
  if (what < 66) return proposal();
  if (what < 68) return decision();
  if (what < 73) return frame(MessageKind::consensus, encode(long_certificate(VoteType::prevote)));
  if (what < 88)
    return frame(MessageKind::consensus, encode(DecisionRequest{1 + rng_.below(height_)}));
  if (what < 92) return frame(MessageKind::cosignature, random_bytes(88));
  return garbage();
}

Bytes Flooder::of_gateway() { return rng_.below(4) == 0 ? garbage() : marks_that_wait(); }

// Near, next and far: what is kept, what is held, what is only noted.
std::uint64_t Flooder::far_height() {
  switch (rng_.below(3)) {
    case 0:
      return height_;
    case 1:
      return height_ + 1;
    default:
      return height_ + 2 + rng_.below(1u << 30);
  }
}

std::uint32_t Flooder::far_round() {
  const auto far = static_cast<std::uint32_t>(rng_.below(max_round - 8));
  return rng_.chance(0.5) ? round_ + static_cast<std::uint32_t>(rng_.below(6)) : far;
}

Vote Flooder::signed_vote(std::uint64_t height, std::uint32_t round) {
  Vote out;
  out.type = rng_.chance(0.5) ? VoteType::prevote : VoteType::precommit;
  out.height = height;
  out.round = round;
  if (rng_.chance(0.8)) out.value = rng_.bytes32();
  out.validator = *config_.chain.self;
  out.signature = signer_.sign(signed_bytes(chain_id_, statement_of(out)));
  return out;
}

Bytes Flooder::vote() {
  return frame(MessageKind::consensus, encode(signed_vote(far_height(), far_round())));
}

Bytes Flooder::proposal() {
  Bytes& value = blocks_[rng_.below(blocks_.size())];
  const std::uint32_t n = config_.chain.directory.validators, self = config_.chain.self->value;
  Proposal out;
  out.height = far_height();
  out.round = far_round();
  while ((out.height + out.round) % n != self) ++out.round;
  out.proposer = *config_.chain.self;
  auto header = decode_header(BytesView(value).first(header_size));
  header->height = out.height;
  header->time_ms = static_cast<std::int64_t>(rng_.below(1u << 30));
  header->proposer = out.proposer;
  const HeaderBytes bytes = encode(*header);
  std::copy(bytes.begin(), bytes.end(), value.begin());
  out.value_id = block_id(value);
  out.signature = signer_.sign(signed_bytes(chain_id_, statement_of(out)));
  return frame(MessageKind::consensus, encode(out, value));
}

Certificate Flooder::long_certificate(VoteType type) {
  Certificate out{type, height_, round_, rng_.bytes32(), {}};
  for (std::uint32_t v = 0; v < max_validators; ++v) out.votes.push_back({{v}, no_round, {}});
  return out;
}

Bytes Flooder::decision() {
  return frame(MessageKind::consensus, encode(Decision{long_certificate(VoteType::precommit),
                                                       blocks_[rng_.below(blocks_.size())]}));
}

Bytes Flooder::evidence() {
  Vote one = signed_vote(far_height(), far_round()), other = one;
  one.value = rng_.bytes32();
  other.value = rng_.bytes32();
  for (Vote* each : {&one, &other})
    each->signature = signer_.sign(signed_bytes(chain_id_, statement_of(*each)));
  return frame(MessageKind::evidence, encode(Evidence{encode(one), encode(other)}));
}

Bytes Flooder::random_bytes(std::size_t size) {
  Bytes out;
  while (out.size() < size) append(out, rng_.bytes32());
  out.resize(size);
  return out;
}

// Of any kind, and at times as long as it may be.
Bytes Flooder::garbage() {
  const auto kind = static_cast<MessageKind>(rng_.below(8));
  const bool gateway = config_.id > config_.chain.directory.observer();
  const std::size_t most = gateway ? max_transaction_size : hil::max_message_bytes - 1;
  const std::size_t size = rng_.chance(0.02) ? most : rng_.below(2000);
  Bytes body = random_bytes(std::min<std::size_t>(size, 2000));
  body.resize(size, 1);
  if (body.size() > 2) {
    body[0] = 1;
    body[1] = static_cast<std::uint8_t>(rng_.below(10));
  }
  return frame(kind, body);
}

// Well signed, of a slot far ahead: large openings, or as many as there may be.
Bytes Flooder::marks_that_wait() {
  Transaction tx;
  tx.kind = TransactionKind::marks;
  const bool large = rng_.chance(0.5);
  tx.openings.resize(large ? 15 : max_openings);
  for (Opening& o : tx.openings) o.data.resize(large ? 65'000 : 40);
  tx.root = openings_root(tx.openings);
  market::MarksBody body;
  body.gateway = {config_.id.value - config_.chain.directory.gateway(0).value};
  body.slot = {static_cast<std::uint32_t>(1'000'000 + rng_.below(1u << 30))};
  body.count = static_cast<std::uint32_t>(tx.openings.size());
  tx.body = encode(body);
  body.signature = signer_.sign(entry_signed_bytes(chain_id_, tx.entry()));
  tx.body = encode(body);
  return frame(MessageKind::transaction, tx.encode());
}

}  // namespace test
