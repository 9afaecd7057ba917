#include "twin/node/batch_watch.hpp"

#include "ledger/base/codec.hpp"

namespace twin {

using namespace ledger;

Bytes encode(const TwoBatches& two) {
  return ByteWriter()
      .u32(two.gateway.value)
      .u32(two.epoch)
      .sized(two.first)
      .sized(two.second)
      .take();
}

std::optional<TwoBatches> BatchWatch::see(const Transaction& tx) {
  const auto batch = decode_batch(tx.body);
  if (!batch) return std::nullopt;
  auto& epochs = seen_[batch->gateway.value];
  const auto [at, is_new] = epochs.try_emplace(batch->epoch, Seen{tx.entry(), false});
  if (is_new) {
    if (epochs.size() > epochs_kept) epochs.erase(epochs.begin());
    return std::nullopt;
  }
  Bytes entry = tx.entry();
  if (at->second.contradicted || entry == at->second.entry) return std::nullopt;
  at->second.contradicted = true;
  return TwoBatches{batch->gateway, batch->epoch, at->second.entry, std::move(entry)};
}

}  // namespace twin
