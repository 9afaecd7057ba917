#include "tests/support/consensus_actor.hpp"

namespace consensus_sim {

using namespace ledger;

Instant Clock::at(Instant truth) const {
  return truth + offset + nanoseconds(truth.ns / 1000 * drift_ppm / 1000);
}

Instant Clock::when(Instant shown) const {
  if (shown == never) return never;
  Instant truth = shown - offset;
  truth = truth - nanoseconds(truth.ns / 1000 * drift_ppm / 1000);
  // The drift of the drift: below a microsecond in these runs.
  while (at(truth) < shown) truth = truth + (shown - at(truth));
  return truth;
}

void Disk::write_record(Bytes bytes) {
  record_before = std::move(record);
  record = std::move(bytes);
  record_is_last_write = true;
  synced_blocks = blocks.size();
}

void Disk::write_block(Decision decision) {
  blocks.push_back(std::move(decision));
  record_is_last_write = false;
  if (blocks.size() >= synced_blocks + 5) synced_blocks = blocks.size();
}

void Disk::crash(Crash kind, bool bad, Rng& rng) {
  if (kind == Crash::unsynced || kind == Crash::torn) blocks.resize(synced_blocks);
  if (kind == Crash::torn && record_is_last_write) {
    // Nothing left after this write. It replaces the record as a whole, unless the disk is bad.
    if (bad && !record.empty())
      record.resize(rng.below(record.size()));
    else
      record = record_before;
  }
  if (kind == Crash::corrupt && !record.empty())
    record[rng.below(record.size())] ^= static_cast<std::uint8_t>(1u << rng.below(8));
  if (kind == Crash::lost) *this = Disk();
}

}  // namespace consensus_sim
