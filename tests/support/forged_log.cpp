#include "tests/support/forged_log.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/consensus/verification.hpp"
#include "ledger/oracle/rules.hpp"
#include "ledger/tlog/tiles.hpp"

namespace ledger {
namespace {

// The parts that are made one after the other.
class Forgery {
 public:
  explicit Forgery(const LogForger& f) : f_(f), text_(encode(f.genesis)) {
    f.genesis_text(text_);
    chain_id_ = sha256(bytes_of(text_));
    policy_ = policy_of(f.genesis);
    policy_.log.name = "aipchain.example/" + f.genesis.name + "/" + to_hex(chain_id_);
    for (std::size_t v = 0; v < policy_.witnesses.size(); ++v)
      policy_.witnesses[v].name = policy_.log.name + "/validator-" + std::to_string(v);
  }

  std::map<std::string, Bytes> files() {
    std::map<std::string, Bytes> out;
    for (const auto& entries : f_.blocks) {
      const std::string path = "blocks/" + std::to_string(height_ / 256);
      append(out[path], block_of(entries));
    }
    for (auto& [path, bytes] : all_tiles(entries_, entries_.size())) out[path] = bytes;
    out["genesis"] = to_bytes(bytes_of(text_));
    out["policy"] = to_bytes(bytes_of(policy_text(policy_)));
    out["checkpoint"] = to_bytes(bytes_of(write_note(signed_note())));
    return out;
  }

 private:
  Bytes block_of(const std::vector<Bytes>& entries);
  Certificate certified(const Hash& id) const;
  SignedNote signed_note() const;

  const LogForger& f_;
  std::string text_;
  Hash chain_id_{}, previous_{};
  Policy policy_;
  std::uint64_t height_ = 0;
  std::vector<Bytes> entries_;
  LogTree tree_;
};

Bytes Forgery::block_of(const std::vector<Bytes>& entries) {
  BlockHeader h;
  h.height = ++height_;
  h.time_ms = static_cast<std::int64_t>(height_) * f_.genesis.block_ms;
  h.previous = previous_;
  h.log_size = tree_.size();
  h.log_root = tree_.root();
  h.entries = static_cast<std::uint32_t>(entries.size());
  std::vector<Hash> leaves;
  for (const Bytes& entry : entries) {
    leaves.push_back(leaf_hash(entry));
    tree_.append(leaves.back());
    entries_.push_back(entry);
  }
  h.entries_root = root_of(leaves);
  h.rules = rules_hash();
  h.validators = validators_hash(f_.genesis.validators);
  h.evidence_root = root_of({});
  f_.header(h);
  const HeaderBytes bytes = encode(h);
  previous_ = block_id(bytes);
  return ByteWriter().raw(bytes).sized(encode(certified(previous_))).take();
}

Certificate Forgery::certified(const Hash& id) const {
  Certificate c{VoteType::precommit, height_, 0, id, {}};
  for (const std::uint32_t v : f_.voters) {
    Vote vote{VoteType::precommit, height_, 0, id, no_round, {v}, {}};
    f_.vote(vote);
    Ed25519Signer signer = signer_of(static_cast<std::uint8_t>(v + 1));
    c.votes.push_back({{v}, no_round, signer.sign(signed_bytes(chain_id_, statement_of(vote)))});
  }
  f_.certificate(c);
  return c;
}

SignedNote Forgery::signed_note() const {
  Checkpoint c{policy_.log.name, tree_.size(), tree_.root(), sha256(bytes_of("state"))};
  f_.checkpoint(c);
  SignedNote out{checkpoint_text(c), {}};
  Ed25519Signer observer = signer_of(9);
  out.signatures.push_back(sign_note(policy_.log, observer, out.text));
  for (const std::size_t v : f_.cosigners) {
    Ed25519Signer signer = signer_of(static_cast<std::uint8_t>(v + 1));
    const Signature s = signer.sign(bytes_of(cosigned_text(f_.unix_seconds, out.text)));
    out.signatures.push_back(cosignature_line(policy_.witnesses[v], f_.unix_seconds, s));
  }
  f_.note(out);
  return out;
}

}  // namespace

Bytes entry_of(std::uint8_t kind, const std::string& body) {
  return ByteWriter().u8(1).u8(kind).raw(root_of({})).raw(bytes_of(body)).take();
}

LogForger::LogForger() : genesis(genesis_of(4)) {
  genesis.mechanism = "uniform";
  genesis.rules = rules_hash();
  blocks = {{entry_of(1, "one"), entry_of(2, "a"), entry_of(2, "b"), entry_of(4, "c")},
            {},
            {entry_of(5, "s"), entry_of(12, "s"), entry_of(3, "m"), entry_of(6, "f")}};
}

std::map<std::string, Bytes> LogForger::files() const { return Forgery(*this).files(); }

}  // namespace ledger
