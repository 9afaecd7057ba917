#include "market/entries/key_line.hpp"

#include "ledger/base/codec.hpp"

namespace market {

using namespace ledger;

std::size_t KeyLine::index_in(Slot slot) const {
  std::size_t i = later_.size();
  while (i > 0 && slot < later_[i - 1].next.from) --i;
  return i;
}

const PublicKey& KeyLine::in(Slot slot) const { return key(index_in(slot)); }

std::optional<PublicKey> KeyLine::before(Slot slot) const {
  const std::size_t i = index_in(slot);
  return i > 0 && later_[i - 1].next.from == slot ? std::optional(key(i - 1)) : std::nullopt;
}

bool KeyLine::holds_from(Slot slot, const PublicKey& wanted) const {
  for (std::size_t i = index_in(slot); i <= later_.size(); ++i)
    if (key(i) == wanted) return true;
  return false;
}

bool KeyLine::of_device(Slot slot, const PublicKey& wanted) const {
  for (std::size_t i = index_in(slot);; --i) {
    if (key(i) == wanted) return true;
    if (i == 0 || later_[i - 1].new_device) return false;
  }
}

Bytes KeyLine::encode() const {
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(later_.size() + 1)).u32(0).raw(first_).u8(1);
  for (const Held& k : later_) w.u32(k.next.from.value).raw(k.next.key).u8(k.new_device ? 1 : 0);
  return w.take();
}

}  // namespace market
