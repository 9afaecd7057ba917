#pragma once
// When the sun is surely down at a chain's place: where nothing but storage can export. A table of
// whole minutes, made once from the sun's course and published in genesis, so that no rule asks a
// floating-point sun.

#include <array>
#include <cstdint>

#include "ledger/base/time.hpp"

namespace ledger {

struct Nights {
  // Minutes after midnight UTC, 0 to 1440, from <= t < to, which wraps at midnight where from is
  // above to; equal: the sun may be up at any time.
  struct Dark {
    std::uint16_t from = 0, to = 0;
    auto operator<=>(const Dark&) const = default;
  };
  std::array<Dark, 12> month{};  // on every day of it
  std::int64_t epoch_unix_ms = 0;

  // `time_ms`: since the epoch.
  bool dark_at(std::int64_t time_ms) const;
};

}  // namespace ledger
