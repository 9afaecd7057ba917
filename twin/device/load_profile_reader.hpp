#pragma once
// Reads what loads follow from CSV text. Nothing here trusts the text: files of at most 64 MiB and
// series of at most 4,000,000 values, in time linear in the bytes. Every error is "file:line: what
// was found and what is allowed". Lines end with LF or CRLF; spaces around a value, a byte-order
// mark and empty lines at the end are let pass.
//
// Standard load profile, in the layout in which BDEW publishes H25, G25, L25, P25 and S25:
//   line 1   ,Januar,Januar,Januar,Februar,...   the month of each of the 36 columns, in German
//   line 2   [kWh],SA,FT,WT,SA,...               its day type
//   96 lines 00:00-00:15,22.152,...              quarter hours from midnight on; kWh, 0 or more
// The columns may stand in any order, each month and day type once.
//
// Series of one load, one of three:
//   timestamp,watts    a header; then an RFC 3339 time with offset, and the mean power from then on
//   seconds,watts      a header; then whole seconds since local midnight of the scenario's first
//   day (no header)        a number a line: a shape, whose step the scenario gives
// Values are 0 or more and at most 1e9; lines are equally far apart in time.

#include <optional>
#include <string_view>
#include <vector>

#include "ledger/base/result.hpp"
#include "ledger/base/time.hpp"
#include "twin/device/standard_profile.hpp"

namespace twin {

ledger::Result<StandardProfile> read_standard_profile(std::string_view text,
                                                      const std::string& file);

struct LoadSeries {
  std::vector<double> values;  // W; of a shape, relative
  ledger::Duration step;
  bool shape = false;
  std::optional<ledger::CivilTime> first;  // of the first value, where the file has it ...
  ledger::Duration after_midnight;         // ... else from local midnight of the first day
};

// `step`: of a shape; must be missing for a file that has times of its own.
ledger::Result<LoadSeries> read_load_series(std::string_view text, const std::string& file,
                                            std::optional<ledger::Duration> step);

}  // namespace twin
