#include "market/audit/access_record.hpp"

#include "ledger/base/codec.hpp"
#include "market/entries/consent.hpp"

namespace market {

using namespace ledger;

namespace {
constexpr auto last_purpose = static_cast<std::uint8_t>(Purpose::dispute);
}

Bytes encode(const std::vector<Access>& accesses) {
  ByteWriter w;
  for (const Access& a : accesses) {
    w.raw(a.account.bytes).raw(a.reader).u8(a.purpose);
    w.u32(a.first_slot.value).u32(a.end_slot.value).u64(a.log_size).u32(a.readings);
  }
  return w.take();
}

Result<std::vector<Access>> decode_accesses(BytesView file) {
  std::vector<Access> out;
  for (ByteReader r(file); r.left() > 0;) {
    Access a;
    a.account.bytes = r.array<16>();
    a.reader = r.array<32>();
    a.purpose = r.u8();
    a.first_slot = {r.u32()};
    a.end_slot = {r.u32()};
    a.log_size = r.u64();
    a.readings = r.u32();
    if (r.failed() || a.purpose > last_purpose)
      return failure("record " + std::to_string(out.size()) + " is cut off or of no known purpose");
    out.push_back(a);
  }
  return out;
}

}  // namespace market
