#pragma once
// What a validator or the observer says to a visitor, who is no node and brought one transaction
// (kind 11):
//
//   status u8   1 refused   why, sized: 1 to 255 bytes of printable ASCII
//               2 taken     the transaction's id (leaf hash) 32
//               3 final     the id 32, height of its block u64, proof sized: C2SP tlog-proof of at
//                           most 256 KiB, the cosignatures of 1,024 validators, under a checkpoint
//                           with a quorum's cosignatures
//
// A visitor is told `taken` at once or is refused; the observer tells `final` when a checkpoint
// covers the block. `refused` and `final` end the visit.

#include "twin/node/base/messages.hpp"

namespace twin {

struct VisitAnswer {
  enum class Status : std::uint8_t { refused = 1, taken = 2, final = 3 };
  Status status = Status::refused;
  std::string why;    // refused
  ledger::Hash id{};  // taken, final
  std::uint64_t height = 0;
  std::string proof;  // final

  bool ends() const { return status != Status::taken; }
};

// With words of any bytes and length, as far as they can be said.
VisitAnswer refusal(std::string_view why);

ledger::Bytes encode(const VisitAnswer& answer);
ledger::Result<VisitAnswer> decode_visit_answer(ledger::BytesView body);

inline constexpr std::size_t max_visit_answer_bytes = 257u << 10;

}  // namespace twin
