#pragma once
// Bytes, fixed-size hashes and their one textual form: lower-case hexadecimal.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ledger {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

// A SHA-256 digest, a Merkle root, a chain id.
using Hash = std::array<std::uint8_t, 32>;

// The bytes of a text, without a terminator.
inline BytesView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string text_of(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes to_bytes(BytesView view) { return {view.begin(), view.end()}; }

inline void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

inline bool equal(BytesView a, BytesView b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

// Lower-case, two digits a byte.
std::string to_hex(BytesView bytes);

// Accepts lower-case digits only, so that one value has one text; nothing otherwise.
std::optional<Bytes> from_hex(std::string_view text);

// As from_hex, and exactly N bytes.
template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> array_from_hex(std::string_view text) {
  if (text.size() != 2 * N) return std::nullopt;
  const auto bytes = from_hex(text);
  if (!bytes) return std::nullopt;
  std::array<std::uint8_t, N> out{};
  std::memcpy(out.data(), bytes->data(), N);
  return out;
}

// RFC 4648 section 4 with padding; the decoder refuses spare bits, spaces and missing padding.
std::string to_base64(BytesView bytes);
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace ledger
