#pragma once
// What is restricted to the grid operator and may be longer than an opening, in pieces:
//
//   opening  account 16 ("grid operator"), version u8 = 1, slot u32, number u32 from 0, bytes: the
//            whole's, 60,000 each but the last
//
// Salts follow from the grid operator's restricted key, the transaction's label, owner 2^32 - 1,
// the slot and, as more, the number u32.

#include <span>

#include "ledger/chain/transaction.hpp"

namespace market {

using namespace ledger;

inline constexpr std::uint32_t of_no_meter = UINT32_MAX;  // owner of the operator's own salts

struct OperatorPiece {
  Slot slot;
  std::uint32_t number = 0;
  Bytes bytes;  // 1 to operator_piece_size
};
inline constexpr std::size_t operator_piece_size = 60'000;
Bytes encode(const OperatorPiece& piece);
Result<OperatorPiece> decode_operator_piece(BytesView opening);

std::vector<Opening> pieces_of(SaltLabel label, Slot slot, BytesView bytes, const SubjectKey& key);
Result<Bytes> joined(Slot slot, std::span<const Opening> pieces);

}  // namespace market
