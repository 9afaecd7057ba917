#pragma once
// The canonical binary encoding: big-endian integers of fixed width, arrays as they are, variable
// parts behind a 32-bit length. There is one encoding of a value; a reader that sees a byte too
// many or too few fails and stays failed, so that one check at the end is enough.

#include <array>
#include <cstdint>

#include "ledger/base/bytes.hpp"

namespace ledger {

class ByteWriter {
 public:
  // `expected`: bytes, so that memory is taken once.
  explicit ByteWriter(std::size_t expected = 0) { out_.reserve(expected); }
  ByteWriter& u8(std::uint8_t v) { return big_endian(v, 1); }
  ByteWriter& u16(std::uint16_t v) { return big_endian(v, 2); }
  ByteWriter& u24(std::uint32_t v) { return big_endian(v, 3); }
  ByteWriter& u32(std::uint32_t v) { return big_endian(v, 4); }
  ByteWriter& u40(std::uint64_t v) { return big_endian(v, 5); }
  ByteWriter& u64(std::uint64_t v) { return big_endian(v, 8); }
  ByteWriter& i64(std::int64_t v) { return big_endian(static_cast<std::uint64_t>(v), 8); }
  ByteWriter& raw(BytesView v) {
    append(out_, v);
    return *this;
  }
  // A 32-bit length and the bytes.
  ByteWriter& sized(BytesView v) { return u32(static_cast<std::uint32_t>(v.size())).raw(v); }

  const Bytes& view() const { return out_; }
  Bytes take() { return std::move(out_); }

 private:
  ByteWriter& big_endian(std::uint64_t v, int width) {
    for (int i = width - 1; i >= 0; --i) out_.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
    return *this;
  }
  Bytes out_;
};

class ByteReader {
 public:
  explicit ByteReader(BytesView in) : in_(in) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(big_endian(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t u40() { return big_endian(5); }
  std::uint64_t u64() { return big_endian(8); }
  std::int64_t i64() { return static_cast<std::int64_t>(big_endian(8)); }

  // A view into the input, empty after a failure.
  BytesView raw(std::size_t n) {
    if (failed_ || n > in_.size()) {
      failed_ = true;
      return {};
    }
    const BytesView out = in_.first(n);
    in_ = in_.subspan(n);
    return out;
  }
  BytesView sized() { return raw(u32()); }

  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> out{};
    const BytesView view = raw(N);
    if (!failed_) std::memcpy(out.data(), view.data(), N);
    return out;
  }
  Hash hash() { return array<32>(); }

  void fail() { failed_ = true; }
  bool failed() const { return failed_; }
  std::size_t left() const { return in_.size(); }
  // Everything was read, and nothing went wrong.
  bool done() const { return !failed_ && in_.empty(); }

 private:
  std::uint64_t big_endian(std::size_t width) {
    std::uint64_t v = 0;
    for (const std::uint8_t b : raw(width)) v = (v << 8) | b;
    return v;
  }
  BytesView in_;
  bool failed_ = false;
};

}  // namespace ledger
