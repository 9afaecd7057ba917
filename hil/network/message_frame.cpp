#include "hil/network/message_frame.hpp"

#include "ledger/base/codec.hpp"

namespace hil {

std::size_t message_size(const FrameHead& head) { return ledger::ByteReader(head).u32(); }

ledger::Bytes framed(ledger::BytesView message) {
  ledger::ByteWriter w;
  return w.sized(message).take();
}

}  // namespace hil
