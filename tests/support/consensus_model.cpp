#include "tests/support/consensus_model.hpp"

#include "ledger/crypto/sha256.hpp"

namespace consensus_sim {

using namespace ledger;

namespace {

Signature model_signature(const PublicKey& key, BytesView message) {
  const Hash half = sha256({key, message});
  Signature out;
  std::copy(half.begin(), half.end(), out.begin());
  std::copy(half.begin(), half.end(), out.begin() + 32);
  return out;
}

}  // namespace

PublicKey key_of(std::uint32_t validator) {
  return sha256(bytes_of("validator " + std::to_string(validator)));
}

Signature ModelSigner::sign(BytesView message) { return model_signature(key_, message); }

bool ModelVerifier::verify(const PublicKey& key, BytesView message, const Signature& signature) {
  return model_signature(key, message) == signature;
}

ConsensusConfig config_of(std::uint32_t validators) {
  ConsensusConfig config;
  config.chain_id = sha256(bytes_of("a simulated chain"));
  for (std::uint32_t v = 0; v < validators; ++v) config.validators.push_back(key_of(v));
  config.block_interval = seconds(1);
  config.propose_timeout = milliseconds(400);
  config.vote_timeout = milliseconds(200);
  config.timeout_growth = milliseconds(100);
  config.precision = milliseconds(250);
  config.message_delay = milliseconds(200);
  config.max_value_bytes = 1 << 16;
  return config;
}

Bytes block_of(std::uint64_t height, std::int64_t time_ms, ValidatorId proposer,
               std::uint64_t nonce) {
  Block block;
  block.header.height = height;
  block.header.time_ms = time_ms;
  block.header.proposer = proposer;
  block.header.log_size = nonce;
  block.header.entries_root = entries_root({});
  return encode(block);
}

Bytes Application::next_block(std::int64_t time, ValidatorId proposer, std::uint64_t nonce) const {
  Block block;
  BlockHeader& h = block.header;
  h.height = height + 1;
  h.time_ms = time;
  h.proposer = proposer;
  h.previous = last_id;
  h.log_size = log.size();
  h.log_root = log.root();
  h.state_root = state_root;
  h.entries_root = entries_root({});
  std::memcpy(h.rules.data(), &nonce, sizeof nonce);
  return encode(block);
}

Bytes Application::bad_block(std::int64_t time, ValidatorId proposer, std::uint64_t nonce) const {
  Application other = *this;
  other.state_root[0] ^= 1;
  return other.next_block(time, proposer, nonce);
}

bool Application::continues(BytesView block) const {
  const auto h = decode_header(block.first(std::min(block.size(), header_size)));
  return h && h->height == height + 1 && h->previous == last_id && h->log_size == log.size() &&
         h->log_root == log.root() && h->state_root == state_root;
}

void Application::apply(BytesView block) {
  last_id = block_id(block);
  state_root = sha256({state_root, last_id});
  log.append(leaf_hash(last_id));
  time_ms = decode_header(block.first(header_size))->time_ms;
  ++height;
}

}  // namespace consensus_sim
