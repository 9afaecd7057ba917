#include "twin/node/validator/recording.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "market/clearing/tariff.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::string_view magic = "aipchain recording 1\n";
constexpr std::uint8_t step_tag = 1, end_tag = 2, restart_tag = 3;
constexpr std::uint32_t max_nodes = 1'000'000;

void put(ByteWriter& w, const Send& e) { w.u8(1).u32(e.to.value).sized(e.bytes); }

void put(ByteWriter& w, const Persist& e) {
  w.u8(2).u8(static_cast<std::uint8_t>(e.kind)).u8(e.durable ? 1 : 0).sized(e.record);
}

// Events are for people; what of them is a result stands in the roots.
void put(ByteWriter& w, const Event& e) { w.u8(3).u8(static_cast<std::uint8_t>(e.index())); }

// Those whose inputs are recorded steer no devices.
void put(ByteWriter& w, const Command& c) { w.u8(4).u32(c.home); }

// Gives the recorded signatures back, in order, each only for the message it signs.
class ReplaySigner final : public Signer {
 public:
  explicit ReplaySigner(const PublicKey& key) : key_(key) {}
  void give(std::vector<Signature> signatures) {
    signatures_ = std::move(signatures);
    next_ = 0;
  }
  const PublicKey& public_key() const override { return key_; }
  Signature sign(BytesView message) override {
    if (next_ >= signatures_.size() || !verifier_.verify(key_, message, signatures_[next_])) {
      failed_ = true;
      return {};
    }
    return signatures_[next_++];
  }
  bool holds() const { return !failed_ && next_ == signatures_.size(); }

 private:
  PublicKey key_;
  Ed25519Verifier verifier_;
  std::vector<Signature> signatures_;
  std::size_t next_ = 0;
  bool failed_ = false;
};

struct Step {
  Instant now;
  std::vector<PeerMessage> messages;
  std::vector<Signature> signatures;
  Hash hash{};
};

Step read_step(ByteReader& r) {
  Step s;
  s.now = Instant{r.i64()};
  const std::uint32_t messages = r.u32();
  for (std::uint32_t i = 0; i < messages && !r.failed(); ++i) {
    const NodeId from{r.u32()};
    s.messages.push_back({from, to_bytes(r.sized())});
  }
  const std::uint16_t signatures = r.u16();
  for (int i = 0; i < signatures && !r.failed(); ++i) s.signatures.push_back(r.array<64>());
  s.hash = r.hash();
  return s;
}

RecordedRoots read_roots(ByteReader& r) {
  RecordedRoots roots;
  roots.height = r.u64();
  roots.log_size = r.u64();
  roots.log_root = r.hash();
  roots.state_root = r.hash();
  roots.content_root = r.hash();
  return roots;
}

Bytes header_body(const ValidatorConfig& config) {
  ByteWriter w;
  w.raw(bytes_of(magic)).sized(bytes_of(encode(config.genesis)));
  w.u32(config.directory.validators).u32(config.directory.gateways);
  return w.u32(config.self ? config.self->value : config.directory.validators).take();
}

Bytes step_body(Instant now, const Inputs& inputs, const std::vector<Signature>& signatures) {
  ByteWriter w;
  w.u8(step_tag).i64(now.ns).u32(static_cast<std::uint32_t>(inputs.messages.size()));
  for (const PeerMessage& m : inputs.messages) w.u32(m.from.value).sized(m.bytes);
  w.u16(static_cast<std::uint16_t>(signatures.size()));
  for (const Signature& s : signatures) w.raw(s);
  return w.take();
}

// Binds what a step was given to what it gave out.
Hash step_hash(BytesView body, std::span<const Effect> effects) {
  ByteWriter w;
  for (const Effect& e : effects) std::visit([&](const auto& effect) { put(w, effect); }, e);
  return sha256({body, w.view()});
}

Result<ValidatorConfig> read_header(ByteReader& r) {
  if (text_of(r.raw(magic.size())) != magic) return failure("this is not a recording");
  const auto genesis = decode_genesis(text_of(r.sized()));
  if (!genesis) return failure("genesis: " + genesis.error());
  if (const auto terms = market::check_terms(*genesis); !terms) return failure(terms.error());
  ValidatorConfig config;
  config.genesis = *genesis;
  config.directory.validators = r.u32();
  config.directory.gateways = r.u32();
  config.directory.oracles = static_cast<std::uint32_t>(genesis->oracles.size());
  const std::uint32_t self = r.u32();
  if (r.failed() || config.directory.validators != genesis->validators.size() ||
      config.directory.gateways > max_nodes || self > config.directory.validators)
    return failure("the recording's header does not fit its genesis");
  if (self < config.directory.validators) config.self = ValidatorId{self};
  const Hash hash = r.hash();
  if (r.failed() || sha256(header_body(config)) != hash)
    return failure("the recording's header was changed or is cut off");
  return config;
}

}  // namespace

Signature RecordingSigner::sign(BytesView message) {
  taken_.push_back(inner_.sign(message));
  return taken_.back();
}

RecordedRoots roots_of(const ValidatorNode& node) {
  const Chain& chain = node.chain();
  return {chain.height(), chain.log().size(), chain.log().root(), chain.state_root(),
          chain.state().content_root()};
}

Bytes recording_header(const ValidatorConfig& config) {
  const Bytes body = header_body(config);
  return ByteWriter().raw(body).raw(sha256(body)).take();
}

Bytes recorded_step(Instant now, const Inputs& inputs, const std::vector<Signature>& signatures,
                    std::span<const Effect> effects) {
  const Bytes body = step_body(now, inputs, signatures);
  return ByteWriter().raw(body).raw(step_hash(body, effects)).take();
}

Bytes recorded_restart() { return {restart_tag}; }

Bytes recorded_end(const RecordedRoots& roots) {
  ByteWriter w;
  w.u8(end_tag).u64(roots.height).u64(roots.log_size).raw(roots.log_root);
  return w.raw(roots.state_root).raw(roots.content_root).take();
}

Result<ReplayResult> replay(BytesView recording) {
  ByteReader r(recording);
  const auto config = read_header(r);
  if (!config) return failure(config.error());
  ReplaySigner signer(config->self ? config->genesis.validators[config->self->value]
                                   : config->genesis.observer);
  Ed25519Verifier plain;
  CachedVerifier verifier(plain);
  MemoryRecords records;
  std::optional<ValidatorNode> node(std::in_place, *config, signer, verifier, records);
  ReplayResult result;
  const auto differs = [&](const std::string& what) {
    if (result.first_difference.empty()) result.first_difference = what;
  };
  Outbox outbox;
  while (r.left() > 0 && !result.finished) {
    const std::uint8_t tag = r.u8();
    if (tag == end_tag) {
      result.recorded = read_roots(r);
      result.finished = true;
    } else if (tag == step_tag) {
      Step step = read_step(r);
      if (r.failed()) break;
      const Inputs inputs{step.messages, {}};
      const Bytes body = step_body(step.now, inputs, step.signatures);
      signer.give(std::move(step.signatures));
      outbox.clear();
      node->step(step.now, inputs, outbox);
      for (const Effect& e : outbox.effects())
        if (const auto* persist = std::get_if<Persist>(&e)) records.keep(*persist);
      const std::string where = "step " + std::to_string(result.steps++);
      if (!signer.holds()) differs(where + ": other messages were signed");
      if (step_hash(body, outbox.effects()) != step.hash)
        differs(where + ": other inputs or effects");
    } else if (tag == restart_tag) {
      signer.give({});
      node.emplace(*config, signer, verifier, records);
    } else {
      return failure("unknown record in the recording");
    }
  }
  if (r.failed() || r.left() > 0) return failure("the recording is cut off or has trailing bytes");
  result.replayed = roots_of(*node);
  if (result.finished && result.recorded != result.replayed) differs("end: other roots");
  return result;
}

}  // namespace twin
