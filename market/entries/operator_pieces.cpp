#include "market/entries/operator_pieces.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "market/entries/journal.hpp"

namespace market {
namespace {
constexpr std::uint8_t piece_version = 1;
}

Bytes encode(const OperatorPiece& v) {
  ByteWriter w;
  w.raw(grid_operator.bytes).u8(piece_version);
  return w.u32(v.slot.value).u32(v.number).raw(v.bytes).take();
}

Result<OperatorPiece> decode_operator_piece(BytesView opening) {
  ByteReader r(opening);
  const bool owned = AccountId{r.array<16>()} == grid_operator && r.u8() == piece_version;
  OperatorPiece v;
  v.slot.value = r.u32();
  v.number = r.u32();
  v.bytes = to_bytes(r.raw(r.left()));
  if (!r.done() || !owned || v.bytes.empty() || v.bytes.size() > operator_piece_size)
    return failure("a piece of the grid operator's is not in its canonical form");
  return v;
}

std::vector<Opening> pieces_of(SaltLabel label, Slot slot, BytesView bytes, const SubjectKey& key) {
  std::vector<Opening> out;
  for (std::uint32_t number = 0; !bytes.empty(); ++number) {
    const BytesView piece = bytes.first(std::min(bytes.size(), operator_piece_size));
    out.push_back(
        {derive_salt(key, label, of_no_meter, slot.value, ByteWriter().u32(number).view()),
         encode(OperatorPiece{slot, number, to_bytes(piece)})});
    bytes = bytes.subspan(piece.size());
  }
  return out;
}

Result<Bytes> joined(Slot slot, std::span<const Opening> pieces) {
  Bytes out;
  for (std::uint32_t number = 0; number < pieces.size(); ++number) {
    const auto piece = decode_operator_piece(pieces[number].data);
    if (!piece) return failure(piece.error());
    const bool last = number + 1 == pieces.size();
    if (piece->slot != slot || piece->number != number ||
        (!last && piece->bytes.size() != operator_piece_size))
      return failure("pieces of the grid operator's are not in their order");
    append(out, piece->bytes);
  }
  return out;
}

}  // namespace market
