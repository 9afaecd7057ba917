#pragma once
// One meter reading in its canonical form, 23 bytes, so that its salted commitment is one block:
//
//   0   sequence         u32   rises by one a metering interval
//   4   time_ms          u40   nominal end of the interval, ms since the chain's epoch
//   9   import_register  u40   mWh
//   14  export_register  u40   mWh
//   19  power            i24   mean over the interval, W, import positive
//   22  voltage          u8    lowest used phase, whole volts, 255 for 255 and more

#include <optional>

#include "ledger/base/amounts.hpp"
#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/crypto/commitment.hpp"

namespace ledger {

struct Reading {
  std::uint32_t sequence = 0;
  std::int64_t time_ms = 0;
  MilliWattHours import_register, export_register;
  std::int32_t power_w = 0;
  std::uint8_t voltage_v = 0;
  auto operator<=>(const Reading&) const = default;
};

inline constexpr std::size_t reading_size = 23;
using ReadingBytes = std::array<std::uint8_t, reading_size>;

// Nothing where a field does not fit: such a reading is not canonical and is refused.
std::optional<ReadingBytes> encode(const Reading& reading);
Reading decode_reading(const ReadingBytes& bytes);

// The leaf of a reading in its meter's minute tree, from the subject's monthly personal key.
Hash reading_leaf(const SubjectKey& key, MeterId meter, const ReadingBytes& reading);

// The root over readings in their order, each salted by its own sequence.
Hash readings_root(const SubjectKey& key, MeterId meter, std::span<const ReadingBytes> readings);

}  // namespace ledger
