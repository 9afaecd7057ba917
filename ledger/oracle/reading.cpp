#include "ledger/oracle/reading.hpp"

#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace ledger {
namespace {

constexpr std::int64_t forty_bits = std::int64_t{1} << 40;
constexpr std::int32_t power_limit = 1 << 23;

bool fits(std::int64_t v) { return v >= 0 && v < forty_bits; }

void put(ReadingBytes& out, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i)
    out[at + i] = static_cast<std::uint8_t>(value >> (8 * (width - 1 - i)));
}

std::uint64_t get(const ReadingBytes& in, std::size_t at, std::size_t width) {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < width; ++i) v = (v << 8) | in[at + i];
  return v;
}

}  // namespace

std::optional<ReadingBytes> encode(const Reading& r) {
  if (!fits(r.time_ms) || !fits(r.import_register.value) || !fits(r.export_register.value) ||
      r.power_w < -power_limit || r.power_w >= power_limit)
    return std::nullopt;
  ReadingBytes out{};
  put(out, 0, r.sequence, 4);
  put(out, 4, static_cast<std::uint64_t>(r.time_ms), 5);
  put(out, 9, static_cast<std::uint64_t>(r.import_register.value), 5);
  put(out, 14, static_cast<std::uint64_t>(r.export_register.value), 5);
  put(out, 19, static_cast<std::uint32_t>(r.power_w) & 0xffffffu, 3);
  out[22] = r.voltage_v;
  return out;
}

Reading decode_reading(const ReadingBytes& in) {
  Reading r;
  r.sequence = static_cast<std::uint32_t>(get(in, 0, 4));
  r.time_ms = static_cast<std::int64_t>(get(in, 4, 5));
  r.import_register.value = static_cast<std::int64_t>(get(in, 9, 5));
  r.export_register.value = static_cast<std::int64_t>(get(in, 14, 5));
  const auto power = static_cast<std::int32_t>(get(in, 19, 3));
  r.power_w = power >= power_limit ? power - 2 * power_limit : power;
  r.voltage_v = in[22];
  return r;
}

Hash reading_leaf(const SubjectKey& key, MeterId meter, const ReadingBytes& reading) {
  const auto sequence = static_cast<std::uint32_t>(get(reading, 0, 4));
  const Salt salt = derive_salt(key, SaltLabel::reading, meter.value, sequence);
  return leaf_hash(commitment(salt, reading));
}

Hash readings_root(const SubjectKey& key, MeterId meter, std::span<const ReadingBytes> readings) {
  std::vector<Hash> leaves;
  leaves.reserve(readings.size());
  for (const ReadingBytes& r : readings) leaves.push_back(reading_leaf(key, meter, r));
  return root_of(leaves);
}

}  // namespace ledger
