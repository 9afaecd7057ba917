// What the grid operator tells of its measures: the part of MarketState that takes it, and keeps
// what it owes until it is posted.

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {

MarketState::Applied MarketState::apply_grid_measure(const Transaction& tx, const Hash& leaf,
                                                     std::int64_t time_ms) {
  const auto body = decode_grid_measure_body(tx.body);
  if (!body) return never(body.error());
  if (body->homes != tx.openings.size() || tx.openings.empty())
    return never("homes of a grid measure do not fit their count");
  if (body->slot.value < measured_slots_)
    return never("grid measures of a slot that has them, or of one before it");
  if (std::int64_t{body->slot.value} * genesis_->slot_ms > time_ms)
    return not_yet("grid measures of a slot that has not begun");
  if (body->paid_in.value < next_slot_)
    return never("grid measures that are paid in a slot that is closed");
  if (body->paid_in.value > next_slot_ + slots_ahead)
    return never("grid measures that are paid in a slot too far ahead");
  std::vector<HomeMeasure> owed;
  std::pair<std::uint32_t, std::uint8_t> last;
  for (std::size_t i = 0; i < tx.openings.size(); ++i) {
    const auto home = decode_home_measure(tx.openings[i].data);
    if (!home) return never(home.error());
    const auto meter = meters_->find(home->meter.value);
    if (meter == meters_->end()) return not_yet("a grid measure on an unknown meter");
    if (meter->second.registration.account != home->account)
      return never("a grid measure on a meter that is not the account's");
    if (meter->second.registration.kind != MeterKind::home)
      return never("a grid measure on a meter that is no home's");
    if (body->slot < meter->second.registration.first_slot)
      return never("a grid measure on a home before its first slot");
    if (home->slot != body->slot || home->paid_in != body->paid_in)
      return never("a home's grid measure of another slot, or paid in another one");
    if (home->measure >= body->measures.size() ||
        home->minutes > body->measures[home->measure].minutes)
      return never("a home's grid measure that the body does not hold");
    const std::pair place{home->meter.value, home->measure};
    if (i > 0 && place <= last) return never("homes of a grid measure are not in rising order");
    last = place;
    if (home->owed.value > 0) owed.push_back(*home);
  }
  const auto open = open_slots_.find(body->paid_in.value);
  const std::size_t there = open == open_slots_.end() ? 0 : open->second.owed->size();
  if (there + owed.size() > most_paid_a_slot)
    return never("grid measures that are paid in a slot which has no room for them");
  OpenSlot& pays = open_slots_[body->paid_in.value];
  if (!owed.empty()) {
    std::vector<HomeMeasure>& all = pays.owed.write();
    all.insert(all.end(), owed.begin(), owed.end());
  }
  pays.measure_leaves.insert({tx.root, leaf});
  put_in_slot("measure", tx.root, body->paid_in, leaf);
  measured_slots_ = body->slot.value + 1;
  put("measured", {}, sha256(ByteWriter().u32(measured_slots_).view()));
  return {};
}

}  // namespace market
