#include "ledger/oracle/minute.hpp"

namespace ledger {

JudgedMinute judge_minute(MeterOracle& oracle, bool signature_holds, std::uint32_t first_sequence,
                          std::span<const ReadingBytes> readings, const MinuteTiming& timing) {
  JudgedMinute out;
  if (!signature_holds) {
    out.verdict = bit(Rule::signature);
    return out;
  }
  const std::uint32_t newest = readings.empty() ? 0 : decode_reading(readings.back()).sequence;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const Reading r = decode_reading(readings[i]);
    // The minute arrives at once; a reading's own arrival is its place before the end, by
    // sequences: they count what was measured, also what did not arrive.
    const std::int64_t before_end_ms =
        r.sequence < newest ? std::int64_t{newest - r.sequence} * timing.metering_ms : 0;
    const std::int64_t received_ms =
        timing.received_ms ? *timing.received_ms - before_end_ms : r.time_ms;
    const Verdict v = oracle.judge(r, received_ms);
    out.verdict |= v;
    if (r.sequence != first_sequence + i) out.verdict |= bit(Rule::sequence_gap);
    if (v & bit(Rule::sequence_stale)) continue;
    out.taken.push_back({r, before_end_ms});
    if (r.time_ms % timing.slot_ms == 0) out.slot_end = r;
  }
  std::vector<std::int32_t> powers_w;
  for (const TakenReading& t : out.taken) powers_w.push_back(t.reading.power_w);
  out.verdict |= oracle.judge_spikes(std::move(powers_w));
  out.verdict |= oracle.judge_window();
  return out;
}

}  // namespace ledger
