#include "twin/node/validator/next_block.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/consensus/validator_set.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/tlog/checkpoint.hpp"
#include "market/audit/slot_due.hpp"

namespace twin {

using namespace ledger;
using namespace market;

namespace {

constexpr std::size_t block_bytes = 4u << 20;

bool are_the_chains(const OperatorKeys& keys, const Genesis& genesis) {
  if (Ed25519Signer(keys.registrar).public_key() != genesis.registrar ||
      Ed25519Signer(keys.observer).public_key() != genesis.observer)
    return false;
  for (std::size_t v = 0; v < genesis.validators.size(); ++v)
    if (Ed25519Signer(keys.validators.at(v)).public_key() != genesis.validators[v]) return false;
  return true;
}

// The next block and the state after it, not yet decided.
struct Proposed {
  Block block;
  Hash state_root{};
  std::map<Hash, Hash> state;
};

bool erases_billing(const Transaction& tx) {
  if (tx.kind != TransactionKind::erasure || tx.openings.empty()) return false;
  const auto erasure = decode_erasure(tx.openings[0].data);
  return erasure && (erasure->stages & billing_stage);
}

tl::unexpected<NotDecided> refused(std::string why) {
  return tl::unexpected(NotDecided{std::move(why), true});
}

class ChainEnd {
 public:
  ChainEnd(const PublicLog& log, const Openings& openings, Verifier& verifier)
      : log_(log), openings_(openings), verifier_(verifier) {}

  tl::expected<Proposed, NotDecided> propose(const Transaction& tx) const {
    return openings_.erased.state ? from_what_is_left(tx) : from_execution(tx);
  }

 private:
  std::int64_t next_ms() const { return log_.blocks.back().header.time_ms + 1; }
  ValidatorId proposer() const {
    return ValidatorSet(log_.genesis.validators).proposer(log_.blocks.size() + 1, 0);
  }
  tl::expected<Proposed, NotDecided> from_execution(const Transaction& tx) const;
  tl::expected<Proposed, NotDecided> from_what_is_left(const Transaction& tx) const;

  const PublicLog& log_;
  const Openings& openings_;
  Verifier& verifier_;
};

tl::expected<Proposed, NotDecided> ChainEnd::from_execution(const Transaction& tx) const {
  auto chain = executed_chain(log_, openings_, verifier_);
  if (!chain) return failure(chain.error());
  Mempool pool;
  pool.add(tx, chain->height());
  Chain::Built built = chain->build(next_ms(), proposer(), pool.ordered(), block_bytes);
  const auto& all = built.tried.block.transactions;
  if (all.empty() || all.back().root != tx.root) {
    // What is refused changes nothing: asked again behind what was due, it says why.
    const auto applied =
        built.tried.state->apply(tx, leaf_of(tx), SignatureIs::unchecked, next_ms());
    return refused(applied ? "it does not fit into a block" : applied.error().why);
  }
  if (erases_billing(tx) &&
      (built.tried.state->wants_proposal(next_ms()) || !built.tried.state->due(next_ms()).empty()))
    return refused("a slot is not settled yet, and its bills need these data");
  Proposed out;
  out.block = chain->commit(std::move(built.tried));
  out.state_root = chain->state_root();
  out.state = static_cast<const MarketState&>(chain->state()).tree().leaves();
  return out;
}

tl::expected<Proposed, NotDecided> ChainEnd::from_what_is_left(const Transaction& tx) const {
  if (auto ok = check_what_is_left(log_, openings_, verifier_); !ok) return failure(ok.error());
  if (is_slot_due(log_, next_ms()))
    return refused("a slot is to be settled, for which data are erased");
  auto state = state_after(log_, openings_, verifier_);
  if (!state) return failure(state.error());
  if (auto ok = state->execute({&tx, 1}, log_.genesis, verifier_); !ok) return refused(ok.error());
  const BlockHeader& last = log_.blocks.back().header;
  Proposed out;
  out.block.transactions = {tx};
  out.block.leaves = {leaf_of(tx)};
  BlockHeader& h = out.block.header;
  h = last;
  h.height = last.height + 1;
  h.time_ms = next_ms();
  h.proposer = proposer();
  h.previous = block_id(log_.blocks.back().bytes);
  h.log_size = log_.entries.size();
  h.log_root = log_.tree.root();
  h.state_root = log_.checkpoint.state_root;
  h.entries = 1;
  h.entries_root = entries_root(out.block.transactions);
  out.state_root = state->tree().root();
  out.state = state->tree().leaves();
  return out;
}

Bytes certificate_of(const BlockHeader& header, const Hash& chain_id, const OperatorKeys& keys) {
  Certificate c;
  c.height = header.height;
  c.value = block_id(encode(header));
  for (std::uint32_t v = 0; v < keys.validators.size(); ++v) {
    Vote vote;
    vote.type = VoteType::precommit;
    vote.height = c.height;
    vote.value = c.value;
    vote.validator = {v};
    c.votes.push_back(
        {{v},
         no_round,
         Ed25519Signer(keys.validators[v]).sign(signed_bytes(chain_id, statement_of(vote)))});
  }
  return encode(c);
}

std::string checkpoint_of(const PublicLog& log, const Proposed& next, const OperatorKeys& keys) {
  LogTree tree = log.tree;
  for (const Hash& leaf : next.block.leaves) tree.append(leaf);
  SignedNote note{checkpoint_text({log.policy.log.name, tree.size(), tree.root(), next.state_root}),
                  {}};
  const auto seconds =
      static_cast<std::uint64_t>((log.genesis.epoch.unix_ms + next.block.header.time_ms) / 1000);
  Ed25519Signer observer(keys.observer);
  note.signatures.push_back(sign_note(log.policy.log, observer, note.text));
  for (std::size_t v = 0; v < keys.validators.size(); ++v)
    note.signatures.push_back(cosignature_line(
        log.policy.witnesses[v], seconds,
        Ed25519Signer(keys.validators[v]).sign(bytes_of(cosigned_text(seconds, note.text)))));
  return write_note(note);
}

}  // namespace

tl::expected<NextBlock, NotDecided> decide_next(const PublicLog& log, const Openings& openings,
                                                const OperatorKeys& keys, const Transaction& tx,
                                                Verifier& verifier) {
  if (!are_the_chains(keys, log.genesis))
    return failure("the keys that follow from the scenario are not this ledger's");
  auto next = ChainEnd(log, openings, verifier).propose(tx);
  if (!next) return tl::unexpected(next.error());
  return NextBlock{next->block, certificate_of(next->block.header, log.chain_id, keys),
                   checkpoint_of(log, *next, keys), std::move(next->state)};
}

Transaction signed_erasure(const Hash& chain_id, const KeySeed& registrar, const Erasure& erasure,
                           std::uint64_t number) {
  const Bytes what = ByteWriter().raw(erasure.account.bytes).u8(erasure.stages).u64(number).take();
  const Salt salt = sha256({bytes_of("aipchain erasure salt 1"), registrar, what});
  Ed25519Signer signer(registrar);
  return erasure_of(chain_id, erasure, salt, signer);
}

}  // namespace twin
