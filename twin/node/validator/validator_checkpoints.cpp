// What follows a block: validators cosign its checkpoint; the observer archives what it opens,
// tells what it says and publishes the checkpoint. The part of ValidatorNode that does so.

#include "ledger/base/codec.hpp"
#include "ledger/openings/sealed_record.hpp"
#include "ledger/tlog/checkpoint.hpp"
#include "twin/node/base/slot_report.hpp"
#include "twin/node/validator/validator_node.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t early_cosignatures = 4;  // of one validator

}  // namespace

void ValidatorNode::archive(const ledger::Block& block, std::uint64_t first_entry,
                            Outbox& outbox) const {
  const Hash chain_id = chain_id_of(config_.genesis);
  for (std::size_t t = 0; t < block.transactions.size(); ++t) {
    if (block.transactions[t].kind == TransactionKind::concentrated) continue;  // public
    const auto& openings = block.transactions[t].openings;
    for (std::size_t k = 0; k < openings.size(); ++k) {
      const AccountId account = owner_of(openings[k]);
      const SubjectKey* key = chain_.state().restricted_key(account);
      invariant(key != nullptr, "an executed opening belongs to a registered account");
      const RestrictedContext at{first_entry + t, static_cast<std::uint16_t>(k)};
      Bytes record = ByteWriter().raw(account.bytes).u64(at.entry).take();
      append(record, seal_restricted(chain_id, *key, at, openings[k]));
      outbox.persist(RecordKind::restricted_opening, std::move(record), true);
    }
  }
}

void ValidatorNode::tell_slot(Outbox& outbox) const {
  outbox.event(SlotSettled{std::make_shared<const market::ClosedSlot>(*market().last_closed())});
  if (config_.directory.oracles == 0) return;
  const SharedBytes report = encode(report_of(market()));
  for (std::uint32_t o = 0; o < config_.directory.oracles; ++o)
    outbox.send(config_.directory.oracle(o), report);
}

void ValidatorNode::tell_verdicts(Outbox& outbox) const {
  for (const market::FeederVerdict& v : market().verdicts()) {
    if (v.median) outbox.event(FeederFound{*v.median});
    for (const std::uint32_t oracle : v.apart)
      outbox.event(OracleNamed{oracle, "finds other than the median of slot " +
                                           std::to_string(v.slot.value) + " by more than a sigma"});
  }
}

// Whoever still has such a key hears of it before it is over.
void ValidatorNode::tell_lost_keys(const ledger::Block& block, Outbox& outbox) const {
  for (const Transaction& tx : block.transactions) {
    if (tx.kind != TransactionKind::key_change) continue;
    const auto body = market::decode_key_change_body(tx.body);
    if (!body || !body->lost) continue;
    ai::Alert alert{
        ai::AlertKind::lost_key, ai::no_meter, {block.header.time_ms * 1'000'000}, 0, 0, 0, {}};
    if (!tx.openings.empty())
      if (const auto change = market::decode_key_change(tx.openings[0].data))
        alert.meter = change->meter.value;
    constexpr std::array<const char*, 3> whose{"meter's", "account's", "gateway's"};
    alert.value = body->slot.value;
    alert.words = std::string("the ") + whose[static_cast<std::size_t>(body->of)] +
                  " key is said to be lost: another one holds from slot " +
                  std::to_string(body->slot.value) + " on";
    outbox.event(AlertRaised{std::move(alert), false});
  }
}

std::string ValidatorNode::text_of_checkpoint() const {
  return checkpoint_text(
      {policy_.log.name, chain_.log().size(), chain_.log().root(), chain_.state_root()});
}

void ValidatorNode::cosign(Instant now, Outbox& outbox) {
  const std::int64_t unix_ms = config_.genesis.epoch.unix_ms + now.whole_ms();
  CheckpointCosignature c;
  c.height = chain_.height();
  c.log_size = chain_.log().size();
  c.timestamp = static_cast<std::uint64_t>(unix_ms / 1000);
  c.signature = signer_.sign(bytes_of(cosigned_text(c.timestamp, text_of_checkpoint())));
  outbox.send(config_.directory.observer(), encode(c));
}

void ValidatorNode::collect(const CheckpointCosignature& c, NodeId from, Outbox& outbox) {
  if (!observes() || from.value >= config_.directory.validators)
    return outbox.event(Refused{from, "a cosignature goes from a validator to the observer"});
  const ValidatorId validator{from.value};
  // A validator may be one block ahead of this observer, or late by one.
  if (c.height == chain_.height() + 1) {
    std::vector<CheckpointCosignature>& early = early_[validator];
    if (early.size() < early_cosignatures) early.push_back(c);
  } else if (c.height == chain_.height()) {
    take_cosignature(c, validator, outbox);
    publish_checkpoint(outbox);
  }
}

// The first one that holds stands; nothing that does not hold takes its place.
void ValidatorNode::take_cosignature(const CheckpointCosignature& c, ValidatorId from,
                                     Outbox& outbox) {
  if (cosignatures_.contains(from)) return;
  const auto& key = policy_.witnesses[from.value];
  if (verify_line(key, cosignature_line(key, c.timestamp, c.signature), text_of_checkpoint(),
                  verifier_))
    cosignatures_.emplace(from, c);
  else
    outbox.event(
        Refused{config_.directory.validator(from.value), "cosignature that does not hold"});
}

void ValidatorNode::take_early_cosignatures(Outbox& outbox) {
  cosignatures_.clear();
  for (const auto& [from, early] : std::exchange(early_, {}))
    for (const CheckpointCosignature& c : early) take_cosignature(c, from, outbox);
  publish_checkpoint(outbox);
}

void ValidatorNode::publish_checkpoint(Outbox& outbox) {
  if (cosignatures_.size() < policy_.quorum) return;
  SignedNote note{text_of_checkpoint(), {}};
  for (const auto& [v, c] : cosignatures_)
    note.signatures.push_back(
        cosignature_line(policy_.witnesses[v.value], c.timestamp, c.signature));
  note.signatures.insert(note.signatures.begin(), sign_note(policy_.log, signer_, note.text));
  ByteWriter record;
  const std::string checkpoint = write_note(note);
  record.u64(chain_.height()).u64(chain_.log().size()).sized(bytes_of(checkpoint));
  outbox.persist(RecordKind::checkpoint, record.take(), true);
  prove_visits(checkpoint, outbox);
}

}  // namespace twin
