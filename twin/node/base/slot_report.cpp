#include "twin/node/base/slot_report.hpp"

#include "ledger/base/codec.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

using namespace ledger;

namespace {

void put(ByteWriter& w, const PointEnergy& p) {
  w.u32(p.meter.value).i64(p.import_energy.value).i64(p.export_energy.value);
  w.i64(p.mean_voltage_mv).u8(p.quarantined ? 1 : 0);
}

PointEnergy take_point(ByteReader& r) {
  PointEnergy p;
  p.meter.value = r.u32();
  p.import_energy.value = r.i64();
  p.export_energy.value = r.i64();
  p.mean_voltage_mv = r.i64();
  const std::uint8_t quarantined = r.u8();
  if (quarantined > 1) r.fail();
  p.quarantined = quarantined == 1;
  return p;
}

FeederSlot take_feeder(ByteReader& r) {
  FeederSlot f;
  f.feeder = r.u32();
  f.slot.value = r.u32();
  f.slot_ms = r.i64();
  const std::uint32_t homes = r.u32();
  f.feeder_meter = take_point(r);
  for (std::uint32_t i = 0; i < homes && !r.failed(); ++i) f.homes.push_back(take_point(r));
  return f;
}

SlotReport::Case take_case(ByteReader& r) {
  SlotReport::Case c;
  c.account.bytes = r.array<16>();
  c.meter.value = r.u32();
  c.settled.value = r.u32();
  c.imported.value = r.i64();
  c.exported.value = r.i64();
  return c;
}

}  // namespace

SlotReport report_of(const market::MarketState& state) {
  SlotReport out;
  out.next = {state.last_closed()->slot.value + 1};
  out.feeders = state.last_closed()->feeders;
  for (const auto& [id, waits] : state.undecided())
    out.cases.push_back({state.meters().at(id.first).registration.account,
                         {id.first},
                         {id.second},
                         waits.imported,
                         waits.exported});
  return out;
}

Bytes encode(const SlotReport& report) {
  ByteWriter w;
  w.u32(report.next.value).u32(static_cast<std::uint32_t>(report.feeders.size()));
  for (const FeederSlot& f : report.feeders) {
    w.u32(f.feeder).u32(f.slot.value).i64(f.slot_ms);
    w.u32(static_cast<std::uint32_t>(f.homes.size()));
    put(w, f.feeder_meter);
    for (const PointEnergy& home : f.homes) put(w, home);
  }
  w.u32(static_cast<std::uint32_t>(report.cases.size()));
  for (const SlotReport::Case& c : report.cases)
    w.raw(c.account.bytes)
        .u32(c.meter.value)
        .u32(c.settled.value)
        .i64(c.imported.value)
        .i64(c.exported.value);
  return frame(MessageKind::slot_report, w.view());
}

Result<SlotReport> decode_slot_report(BytesView body) {
  ByteReader r(body);
  SlotReport out;
  out.next.value = r.u32();
  const std::uint32_t feeders = r.u32();
  for (std::uint32_t i = 0; i < feeders && !r.failed(); ++i) out.feeders.push_back(take_feeder(r));
  const std::uint32_t cases = r.u32();
  for (std::uint32_t i = 0; i < cases && !r.failed(); ++i) out.cases.push_back(take_case(r));
  if (!r.done()) return failure("slot report is not in its canonical form");
  return out;
}

}  // namespace twin
