#include "market/entries/grid_measure.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/commitment.hpp"
#include "ledger/oracle/batch.hpp"

namespace market {
namespace {

constexpr std::uint8_t home_measure_version = 2;
constexpr std::size_t longest_element = 64;

bool is_name(BytesView text) {
  return !text.empty() && text.size() <= longest_element &&
         std::all_of(text.begin(), text.end(), [](std::uint8_t c) { return c >= ' ' && c < 127; });
}

}  // namespace

std::string name_of_rung(std::uint8_t rung) {
  return rung < names_of_rungs.size() ? std::string(names_of_rungs[rung])
                                      : "rung " + std::to_string(rung);
}

Bytes encode(const GridMeasureBody& v) {
  ByteWriter w;
  w.u32(v.slot.value).u32(v.paid_in.value).u8(static_cast<std::uint8_t>(v.measures.size()));
  for (const GridMeasure& m : v.measures)
    w.u8(m.rung).u8(m.reason).u16(m.minutes).sized(bytes_of(m.element));
  return w.u32(v.homes).raw(v.signature).take();
}

Result<GridMeasureBody> decode_grid_measure_body(BytesView body) {
  const auto wrong = [] { return failure("body of a grid measure is not in its canonical form"); };
  ByteReader r(body);
  GridMeasureBody v;
  v.slot.value = r.u32();
  v.paid_in.value = r.u32();
  const std::uint8_t measures = r.u8();
  if (v.paid_in < v.slot || measures == 0 || measures > most_measures) return wrong();
  for (int i = 0; i < measures && !r.failed(); ++i) {
    GridMeasure m;
    m.rung = r.u8();
    m.reason = r.u8();
    m.minutes = r.u16();
    const BytesView element = r.sized();
    if (m.rung >= most_rungs || m.reason >= most_reasons || m.minutes == 0 || !is_name(element))
      return wrong();
    m.element = text_of(element);
    v.measures.push_back(std::move(m));
  }
  v.homes = r.u32();
  v.signature = r.array<64>();
  if (!r.done()) return wrong();
  return v;
}

Bytes encode(const HomeMeasure& v) {
  ByteWriter w;
  w.raw(v.account.bytes).u8(home_measure_version).u32(v.meter.value).u32(v.slot.value);
  w.u32(v.paid_in.value).u8(v.measure).u16(v.minutes);
  w.u32(static_cast<std::uint32_t>(v.limit_w)).u32(static_cast<std::uint32_t>(v.change_w));
  w.i64(v.owed.value);
  return w.take();
}

Result<HomeMeasure> decode_home_measure(BytesView opening) {
  ByteReader r(opening);
  HomeMeasure v;
  v.account.bytes = r.array<16>();
  const std::uint8_t version = r.u8();
  v.meter.value = r.u32();
  v.slot.value = r.u32();
  v.paid_in.value = r.u32();
  v.measure = r.u8();
  v.minutes = r.u16();
  v.limit_w = static_cast<std::int32_t>(r.u32());
  v.change_w = static_cast<std::int32_t>(r.u32());
  v.owed.value = r.i64();
  if (!r.done() || version != home_measure_version || v.minutes == 0 || v.paid_in < v.slot ||
      v.owed.value < 0 || v.owed > most_owed)
    return failure("a home's grid measure is not in its canonical form");
  return v;
}

Opening opening_of(const SubjectKey& restricted_key, const HomeMeasure& v) {
  return {derive_salt(restricted_key, SaltLabel::grid_measure, v.meter.value, v.slot.value,
                      ByteWriter().u8(v.measure).u32(v.paid_in.value).view()),
          encode(v)};
}

Transaction grid_measure_of(const Hash& chain_id, Slot slot, Slot paid_in,
                            std::vector<GridMeasure> measures, std::vector<Opening> openings,
                            Signer& grid_operator) {
  Transaction tx;
  tx.kind = TransactionKind::grid_measure;
  const auto homes = static_cast<std::uint32_t>(openings.size());
  tx.openings = std::move(openings);
  tx.root = openings_root(tx.openings);
  tx.body = encode(GridMeasureBody{slot, paid_in, std::move(measures), homes, {}});
  sign_entry(tx, chain_id, grid_operator);
  return tx;
}

}  // namespace market
