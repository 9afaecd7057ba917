#pragma once
// A message on a stream: its length, u32 big-endian, and its bytes; 1 to max_message_bytes of them,
// fewer from those who have less to say (node_links.hpp).

#include <array>

#include "ledger/base/bytes.hpp"

namespace hil {

inline constexpr std::size_t max_message_bytes = 8u << 20;

using FrameHead = std::array<std::uint8_t, 4>;

// How many bytes follow, as the head says: whoever reads them bounds them first.
std::size_t message_size(const FrameHead& head);

// Head and message, of 1 to max_message_bytes.
ledger::Bytes framed(ledger::BytesView message);

}  // namespace hil
