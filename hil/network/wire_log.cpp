#include "hil/network/wire_log.hpp"

#include "ledger/base/codec.hpp"

namespace hil {

using namespace ledger;

Result<WireLog> WireLog::open(const std::string& path) {
  WireLog out;
  out.path_ = path;
  out.file_.open(path, std::ios::binary | std::ios::app);
  if (!out.file_) return failure(path + ": cannot be written");
  return out;
}

Result<void> WireLog::add(Instant received, NodeId from, BytesView bytes) {
  const Bytes record = ByteWriter().i64(received.ns).u32(from.value).sized(bytes).take();
  file_.write(reinterpret_cast<const char*>(record.data()),
              static_cast<std::streamsize>(record.size()));
  file_.flush();
  if (!file_) return failure(path_ + ": cannot be written");
  return {};
}

std::vector<HeardMessage> read_wire_log(BytesView bytes) {
  std::vector<HeardMessage> out;
  ByteReader r(bytes);
  while (r.left() > 0) {
    HeardMessage m;
    m.received = Instant{r.i64()};
    m.from = {r.u32()};
    m.bytes = to_bytes(r.sized());
    if (r.failed()) break;
    out.push_back(std::move(m));
  }
  return out;
}

}  // namespace hil
