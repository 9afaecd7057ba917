#pragma once
// How a meter answers for its readings: by a signature over the root of what it sends, by one over
// each reading, or not at all, where it is registered without a key (zeros) and its gateway's
// signature is all there is.

#include <cstdint>

namespace ledger {

enum class Signing : std::uint8_t { minute, reading, gateway };

}  // namespace ledger
