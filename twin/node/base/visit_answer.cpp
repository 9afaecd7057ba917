#include "twin/node/base/visit_answer.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/tlog/tlog_proof.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t max_why_bytes = 255, max_proof_bytes = 256u << 10;

bool printable(char c) { return c >= ' ' && c <= '~'; }

Result<VisitAnswer> decode_refusal(ByteReader& r) {
  VisitAnswer out;
  out.why = text_of(r.sized());
  if (!r.done() || out.why.empty() || out.why.size() > max_why_bytes ||
      !std::all_of(out.why.begin(), out.why.end(), printable))
    return failure("a visit's refusal wants 1 to 255 bytes of printable ASCII");
  return out;
}

Result<VisitAnswer> decode_final(ByteReader& r, VisitAnswer out) {
  out.height = r.u64();
  out.proof = text_of(r.sized());
  if (!r.done() || out.height == 0) return failure("a visit's final answer of a wrong length");
  if (out.proof.size() > max_proof_bytes) return failure("a visit's proof beyond 256 KiB");
  if (auto proof = parse_tlog_proof(out.proof); !proof) return failure(proof.error());
  return out;
}

}  // namespace

VisitAnswer refusal(std::string_view why) {
  VisitAnswer out;
  out.why = why.substr(0, max_why_bytes);
  std::replace_if(
      out.why.begin(), out.why.end(), [](char c) { return !printable(c); }, '?');
  if (out.why.empty()) out.why = "refused";
  return out;
}

Bytes encode(const VisitAnswer& a) {
  ByteWriter w;
  w.u8(static_cast<std::uint8_t>(a.status));
  if (a.status == VisitAnswer::Status::refused) w.sized(bytes_of(a.why));
  if (a.status != VisitAnswer::Status::refused) w.raw(a.id);
  if (a.status == VisitAnswer::Status::final) w.u64(a.height).sized(bytes_of(a.proof));
  return frame(MessageKind::visit_answer, w.view());
}

Result<VisitAnswer> decode_visit_answer(BytesView body) {
  ByteReader r(body);
  const std::uint8_t status = r.u8();
  if (status == 0 || status > 3) return failure("a visit's answer of an unknown status");
  if (status == 1) return decode_refusal(r);
  VisitAnswer out;
  out.status = static_cast<VisitAnswer::Status>(status);
  out.id = r.hash();
  if (out.status == VisitAnswer::Status::final) return decode_final(r, std::move(out));
  if (!r.done()) return failure("a visit's answer of a wrong length");
  return out;
}

}  // namespace twin
