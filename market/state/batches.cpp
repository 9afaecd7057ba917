// The batches of gateways, alone or through a concentrator: the part of MarketState that takes
// them.

#include <algorithm>

#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

std::string name_of(const Batch& batch) {
  return "gateway " + std::to_string(batch.gateway.value) + " epoch " +
         std::to_string(batch.epoch) + ": ";
}

}  // namespace

// The concentrator's, and that of each gateway.
MarketState::Applied MarketState::add_claims(const Transaction& tx,
                                             std::vector<SignatureClaim>& claims) const {
  const auto body = decode_concentrated_body(tx.body);
  if (!body) return never(body.error());
  const auto batches = batches_of(tx);
  if (!batches) return never(batches.error());
  if (body->concentrator >= genesis_->concentrators.size())
    return never("is of an unknown concentrator");
  std::vector<SignatureClaim> all{{genesis_->concentrators[body->concentrator],
                                   entry_signed_bytes(chain_id_, tx.entry()), body->signature}};
  for (const BatchEntry& b : *batches) {
    auto claim = claim_of_gateway(b.tx, b.batch.gateway, slot_of_epoch(*genesis_, b.batch.epoch),
                                  b.batch.signature);
    if (!claim) return never(name_of(b.batch) + claim.error().why);
    all.push_back(std::move(*claim));
  }
  for (SignatureClaim& claim : all) claims.push_back(std::move(claim));
  return {};
}

// All of them, or none.
MarketState::Applied MarketState::apply_batches(const Transaction& tx, const Hash& leaf,
                                                std::int64_t time_ms) {
  const auto batches = batches_of(tx);
  if (!batches) return never(batches.error());
  const bool alone = tx.kind == TransactionKind::batch;
  std::vector<Hash> entries;
  Gateway gateway;  // as the batches before leave it
  for (std::size_t k = 0; k < batches->size(); ++k) {
    const Batch& batch = (*batches)[k].batch;
    if (k == 0 || (*batches)[k - 1].batch.gateway != batch.gateway)
      gateway = gateways_[batch.gateway.value];
    entries.push_back(sha256((*batches)[k].tx.entry()));
    if (auto ok = check_batch(batch, entries[k], gateway, time_ms); !ok) {
      if (!alone) ok.error().why = name_of(batch) + ok.error().why;
      return ok;
    }
    gateway.epoch = batch.epoch;
    gateway.last_entry = entries[k];
  }
  for (std::size_t k = 0; k < batches->size(); ++k)
    take_batch((*batches)[k], entries[k], alone ? leaf : leaf_hash((*batches)[k].tx.entry()));
  return {};
}

MarketState::Applied MarketState::check_batch(const Batch& batch, const Hash& entry,
                                              const Gateway& g, std::int64_t time_ms) const {
  if (batch.epoch == g.epoch && entry != g.last_entry)
    return never("another batch of an epoch that is on the ledger already");
  if (batch.epoch <= g.epoch) return never("batch of an epoch that is on the ledger already");
  if (batch.epoch != g.epoch + 1 || g.meters == 0)
    return not_yet("batch before the one it follows");
  if (time_ms < std::int64_t{batch.epoch} * genesis_->batch_ms)
    return not_yet("batch of an interval that has not ended");
  if (batch.previous != g.last_entry) return never("batch does not follow its gateway's last");
  const Slot slot = slot_of_epoch(*genesis_, batch.epoch);
  const std::uint32_t meters = g.meters_in(slot);
  if (batch.records < meters) return never("batch leaves out a registered meter");
  if (batch.records > meters + g.left_by(slot))
    return not_yet("batch of more meters than its gateway has on the ledger");
  return {};
}

void MarketState::take_batch(const BatchEntry& said, const Hash& entry, const Hash& leaf) {
  const Batch& batch = said.batch;
  Gateway& g = gateways_[batch.gateway.value];
  g.epoch = batch.epoch;
  g.last_entry = entry;
  const Slot number = std::max(slot_of_epoch(*genesis_, batch.epoch), Slot{next_slot_});
  Delivered& delivered = open_slots_[number.value].delivered[batch.gateway.value];
  delivered.batches =
      sha256({bytes_of("aipchain batches 1"), delivered.batches.value_or(Hash{}), leaf});
  batched_.insert({number.value, batch.gateway.value});
  const auto add = [](std::optional<MilliWattHours>& sum, MilliWattHours more) {
    if (more.value == hidden_sum)
      sum.reset();
    else if (sum)
      *sum += more;
  };
  add(delivered.sums.imported, batch.import_sum);
  add(delivered.sums.exported, batch.export_sum);
  await_attestation(said.tx, number);
}

bool MarketState::has_batches(const Transaction& tx) const {
  const auto batches = batches_of(tx);
  return batches && std::all_of(batches->begin(), batches->end(), [&](const BatchEntry& b) {
           if (b.batch.gateway.value >= gateways_.size()) return false;
           const Gateway& g = gateways_[b.batch.gateway.value];
           return b.batch.epoch < g.epoch ||
                  (b.batch.epoch == g.epoch && sha256(b.tx.entry()) == g.last_entry);
         });
}

}  // namespace market
