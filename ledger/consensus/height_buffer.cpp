#include "ledger/consensus/height_buffer.hpp"

namespace ledger {
namespace {

constexpr std::size_t votes_each = 16;
constexpr std::size_t proposals_each = 1;

}  // namespace

void HeightBuffer::add(Held message) {
  std::size_t share = 0;
  for (const Held& held : held_) {
    if (held.from != message.from || held.is_proposal != message.is_proposal) continue;
    if (held.bytes == message.bytes) return;
    ++share;
  }
  if (share < (message.is_proposal ? proposals_each : votes_each))
    held_.push_back(std::move(message));
}

}  // namespace ledger
