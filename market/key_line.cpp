#include "market/key_line.hpp"

#include "ledger/base/codec.hpp"

namespace market {

using namespace ledger;

std::size_t KeyLine::index_in(Slot slot) const {
  std::size_t i = keys_.size() - 1;
  while (i > 0 && slot < keys_[i].next.from) --i;
  return i;
}

const PublicKey& KeyLine::in(Slot slot) const { return keys_[index_in(slot)].next.key; }

std::optional<PublicKey> KeyLine::before(Slot slot) const {
  const std::size_t i = index_in(slot);
  return i > 0 && keys_[i].next.from == slot ? std::optional(keys_[i - 1].next.key) : std::nullopt;
}

bool KeyLine::holds_from(Slot slot, const PublicKey& key) const {
  for (std::size_t i = index_in(slot); i < keys_.size(); ++i)
    if (keys_[i].next.key == key) return true;
  return false;
}

bool KeyLine::of_device(Slot slot, const PublicKey& key) const {
  for (std::size_t i = index_in(slot);; --i) {
    if (keys_[i].next.key == key) return true;
    if (keys_[i].new_device) return false;
  }
}

Bytes KeyLine::encode() const {
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(keys_.size()));
  for (const Held& k : keys_) w.u32(k.next.from.value).raw(k.next.key).u8(k.new_device ? 1 : 0);
  return w.take();
}

}  // namespace market
