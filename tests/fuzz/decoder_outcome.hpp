#pragma once
// What comes of trying one decoder, for the files that try them.

#include <algorithm>

#include "ledger/consensus/sign_guard.hpp"
#include "tests/fuzz/ledger_decoders.hpp"

namespace fuzz {

using namespace ledger;

inline constexpr std::size_t max_value_bytes = 2048;

inline Verifier& verifier() {
  static Ed25519Verifier real;
  static CachedVerifier cached(real);
  return cached;
}

inline std::string reason_of(const std::string& error) { return error; }
inline std::string reason_of(ConsensusFault fault) { return std::string(to_text(fault)); }

inline Outcome refused(const std::string& reason) {
  const bool printable =
      std::all_of(reason.begin(), reason.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (reason.empty()) return {false, "refused without a reason"};
  return {false, printable ? "" : "a reason that is not printable"};
}

// Decodes, and encodes again what was decoded.
template <class Read, class Write>
Outcome canonical(BytesView bytes, Read read, Write write) {
  const auto value = read(bytes);
  if (!value) return refused(reason_of(value.error()));
  return {true, equal(write(*value), bytes) ? "" : "encodes to other bytes than it was read from"};
}

template <class Read>
Outcome canonical(BytesView bytes, Read read) {
  return canonical(bytes, read, [](const auto& value) { return encode(value); });
}

template <class Read, class Write>
Outcome canonical_text(BytesView bytes, Read read, Write write) {
  return canonical(
      bytes, [&](BytesView b) { return read(text_of(b)); },
      [&](const auto& value) { return to_bytes(bytes_of(write(value))); });
}

// Of decoders that take different bytes.
inline Outcome any_of(std::initializer_list<Outcome> all) {
  Outcome out;
  for (const Outcome& one : all) {
    if (one.taken && out.taken) out.wrong = "two decoders take the same bytes";
    out.taken |= one.taken;
    if (out.wrong.empty()) out.wrong = one.wrong;
  }
  return out;
}

inline Outcome and_then(Outcome first, bool holds, const char* otherwise) {
  if (first.wrong.empty() && !holds) first.wrong = otherwise;
  return first;
}

inline const auto max_sized = [](auto decode) {
  return [decode](BytesView bytes) { return decode(bytes, max_value_bytes); };
};

// entry_decoders.cpp: transactions, their entries, and what they open; `which` as opening_seeds
// numbers them.
Outcome read_transaction(BytesView bytes);
Outcome read_entry(BytesView bytes);
Outcome read_opening(std::uint8_t which, BytesView bytes);

// stored_decoders.cpp: what comes on a stream, lies on a disk, or is a station's.
Outcome read_stream(BytesView bytes);
Outcome read_openings_file(std::uint8_t which, BytesView bytes);
Outcome read_record(std::uint8_t which, BytesView bytes);
Outcome read_masked_sum(std::uint8_t which, BytesView bytes);
Outcome read_ocmf_record(std::size_t meter, BytesView bytes);

}  // namespace fuzz
