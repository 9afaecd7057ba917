#pragma once
// A meter's minute judged: one definition for the gateway that commits it and for the auditor that
// recomputes it.
//
// A reading is taken where the minute's signature holds and its sequence is above the last one
// taken. Only readings that are taken move anything: the oracle's memory, the registers at which
// the record ends, and the slot's end. A minute that is not the meter's is committed with the
// signature rule's bit and takes none.

#include <span>
#include <vector>

#include "ledger/oracle/rules.hpp"

namespace ledger {

struct TakenReading {
  Reading reading;
  std::int64_t before_end_ms = 0;  // its place before the minute's end
};

struct JudgedMinute {
  Verdict verdict = 0;
  std::vector<TakenReading> taken;
  std::optional<Reading> slot_end;  // the last one taken whose time is a market slot's end
};

struct MinuteTiming {
  std::int64_t slot_ms = 0;
  std::int64_t metering_ms = 0;
  // When the minute's last reading arrived. None: the auditor does not know, and judges each
  // reading as if it had come at its own time.
  std::optional<std::int64_t> received_ms;
};

// Afterwards oracle.last() is where the record ends.
JudgedMinute judge_minute(MeterOracle& oracle, bool signature_holds, std::uint32_t first_sequence,
                          std::span<const ReadingBytes> readings, const MinuteTiming& timing);

}  // namespace ledger
