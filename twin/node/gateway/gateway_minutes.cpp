// The minutes that a gateway's meters bring: which one waits for the batch, and what becomes of it.

#include <algorithm>

#include "twin/node/gateway/gateway_meter.hpp"

namespace twin {

using namespace ledger;

namespace {

// The newest sequence that a minute brings.
std::uint32_t newest_sequence(const MeterMinute& minute) {
  std::uint32_t out = 0;
  for (const ReadingBytes& r : minute.readings) out = std::max(out, decode_reading(r).sequence);
  return out;
}

}  // namespace

void GatewayNode::drop_heard(MeterState& m) {
  if (m.heard) waiting_bytes_ -= m.heard->bytes();
  m.heard.reset();
}

bool GatewayNode::has_room_for(const MeterMinute& minute) const {
  return unconfirmed_.bytes() < config_.room &&
         waiting_bytes_ + minute.readings.size() * reading_size <= config_.room;
}

void GatewayNode::tell_received(const std::vector<MeterReceived>& meters, Outbox& outbox) const {
  if (!meters.empty()) outbox.send(fleet(), encode(meters));
}

MeterWord GatewayNode::word_of_minute(const MeterState& state, const MeterMinute& minute,
                                      const Hash& root) const {
  MeterRecord said;
  said.meter = minute.meter;
  said.first_sequence = minute.first_sequence;
  said.count = static_cast<std::uint16_t>(minute.readings.size());
  said.readings_root = root;
  said.signature = minute.signature;
  return word_of(chain_id_, said, state.meter.personal_key, minute.readings, minute.each);
}

bool GatewayNode::stands(const MeterState& state) const {
  const MeterState::Heard& heard = *state.heard;
  const MeterWord word = word_of_minute(state, heard.minute, heard.root);
  return state.in(slot_now()) && state.point.signer_of(word, slot_now(), verifier_) == heard.by;
}

void GatewayNode::take_minute(Instant now, NodeId from, MeterMinute minute, Outbox& outbox) {
  const std::string name = "meter " + std::to_string(minute.meter.value);
  const auto refuse = [&](const char* why) { outbox.event(Refused{from, name + why}); };
  const auto at = index_of_meter_.find(minute.meter.value);
  if (at == index_of_meter_.end()) return refuse(" is not one of this gateway's");
  MeterState& state = meters_[at->second];
  if (!state.in(slot_now())) return refuse(" is of no account in this slot");
  if (state.erased) return;  // its home may not know of it
  const std::uint32_t newest = newest_sequence(minute);
  const bool waits = state.heard && state.heard->by != market::SignedBy::nobody;
  const auto& last = state.point.last();
  const bool had = last && minute.first_sequence <= last->sequence;
  const bool swaps = state.point.awaits_next_meter();
  const bool known = had || (waits && newest <= state.heard->newest);
  if (known && !had && !swaps) return;
  // A single reading that does not follow comes again with what is missing before it.
  const std::uint32_t before = waits ? state.heard->newest : last ? last->sequence : 0;
  if (!swaps && !had && minute.each.size() == 1 && minute.first_sequence != before + 1) return;
  const Hash root = readings_root(state.meter.personal_key, state.id(), minute.readings);
  const MeterWord word = word_of_minute(state, minute, root);
  const market::SignedBy by = state.point.signer_of(word, slot_now(), verifier_);
  const bool present =
      by == market::SignedBy::meter || (by == market::SignedBy::next_key && !swaps);
  // On disk already, at least in part: told so, the meter sends what is newer.
  if (had && !swaps && present)
    return tell_received({{state.id(), tag_of(state.point.key_of(by)), last->sequence}}, outbox);
  if (known && present) return;
  if (papers_.hangs_on_one(state.id(), slot_now(), by, word, verifier_)) return;
  if (!has_room_for(minute)) return refuse(": no room for another minute before the next batch");
  if (by == market::SignedBy::nobody) refuse(": a minute whose signature does not hold");
  if (by == market::SignedBy::nobody && state.heard) return;
  if (waits && by == state.heard->by && state.heard->is_followed_by(minute)) {
    state.heard->add(minute, now);
    waiting_bytes_ += reading_size;
    return;
  }
  // What it does not hold as well comes again.
  if (waits && by == state.heard->by && minute.first_sequence > state.heard->minute.first_sequence)
    return refuse(": a minute that leaves out what waits for its batch");
  drop_heard(state);
  state.heard = MeterState::Heard{std::move(minute), root, now, by, newest};
  waiting_bytes_ += state.heard->bytes();
}

// Takes the minute that waits; afterwards none does.
MeterRecord GatewayNode::judge(MeterState& state, Outbox& outbox) {
  MeterState::Heard& heard = *state.heard;
  if (!heard.minute.each.empty())
    heard.root = readings_root(state.meter.personal_key, state.id(), heard.minute.readings);
  const MeterRecord record =
      state.point
          .take({heard.minute.first_sequence, heard.minute.readings, heard.root,
                 heard.minute.signature, heard.by, heard.received.whole_ms()},
                epoch_)
          .record;
  if (record.verdict != 0) outbox.event(Judged{record.meter.value, record.verdict, record.count});
  if (heard.by != market::SignedBy::nobody) watch(state, heard.minute, outbox);
  return record;
}

void GatewayNode::watch(MeterState& state, const MeterMinute& minute, Outbox& outbox) {
  for (const ReadingBytes& bytes : minute.readings) {
    const Reading r = decode_reading(bytes);
    raise(state.alerts.reading(Instant{r.time_ms * 1'000'000}, r.power_w, r.voltage_v), outbox);
  }
}

void GatewayNode::raise(std::vector<ai::AlertChange> changes, Outbox& outbox) {
  for (ai::AlertChange& c : changes) outbox.event(AlertRaised{std::move(c.alert), c.cleared});
}

}  // namespace twin
