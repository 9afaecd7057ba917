#include "twin/node/base/grid_words.hpp"

#include "ledger/base/codec.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

using namespace ledger;

namespace {

void put_i32(ByteWriter& w, std::int32_t v) { w.u32(static_cast<std::uint32_t>(v)); }
std::int32_t take_i32(ByteReader& r) { return static_cast<std::int32_t>(r.u32()); }

// Meters stand in rising order, each once.
template <class Row>
bool rises(const std::vector<Row>& rows) {
  return rows.size() < 2 || rows[rows.size() - 2].meter < rows.back().meter;
}

NetForecast take_forecast(ByteReader& r) {
  NetForecast f;
  f.meter.value = r.u32();
  f.first.value = r.u32();
  const std::uint16_t slots = r.u16();
  for (int k = 0; k < slots && !r.failed(); ++k) f.net_wh.push_back(take_i32(r));
  return f;
}

void put_forecasts(ByteWriter& w, const std::vector<NetForecast>& forecasts) {
  w.u16(static_cast<std::uint16_t>(forecasts.size()));
  for (const NetForecast& f : forecasts) {
    w.u32(f.meter.value).u32(f.first.value).u16(static_cast<std::uint16_t>(f.net_wh.size()));
    for (const std::int32_t v : f.net_wh) put_i32(w, v);
  }
}

// Whether they rise.
bool take_forecasts(ByteReader& r, std::vector<NetForecast>& forecasts) {
  const std::uint16_t count = r.u16();
  for (int i = 0; i < count && !r.failed(); ++i) {
    forecasts.push_back(take_forecast(r));
    if (!rises(forecasts)) return false;
  }
  return true;
}

}  // namespace

Bytes encode(const HomeReports& reports) {
  ByteWriter w;
  w.u32(reports.minute).u16(static_cast<std::uint16_t>(reports.homes.size()));
  for (const HomeReport& h : reports.homes) {
    w.u32(h.meter.value);
    for (const std::int32_t v : {h.actual_w, h.net_w, h.load_w, h.pv_w, h.controllable_w, h.down_w,
                                 h.up_w, h.ask, h.idle_w, h.least_w, h.slack_minutes})
      put_i32(w, v);
  }
  put_forecasts(w, reports.forecasts);
  put_forecasts(w, reports.plans);
  return frame(MessageKind::home_reports, w.view());
}

Result<HomeReports> decode_home_reports(BytesView body) {
  ByteReader r(body);
  HomeReports out;
  out.minute = r.u32();
  const std::uint16_t homes = r.u16();
  for (int i = 0; i < homes && !r.failed(); ++i) {
    HomeReport h;
    h.meter.value = r.u32();
    for (std::int32_t* v : {&h.actual_w, &h.net_w, &h.load_w, &h.pv_w, &h.controllable_w, &h.down_w,
                            &h.up_w, &h.ask, &h.idle_w, &h.least_w, &h.slack_minutes})
      *v = take_i32(r);
    if (h.ask < 0) return failure("a home report asks for less than nothing");
    out.homes.push_back(h);
    if (!rises(out.homes)) return failure("home reports are not by rising meter");
  }
  if (!take_forecasts(r, out.forecasts)) return failure("forecasts are not by rising meter");
  if (!take_forecasts(r, out.plans)) return failure("plans are not by rising meter");
  if (!r.done()) return failure("home reports of a wrong length");
  return out;
}

Bytes encode(const GridWord& word) {
  ByteWriter w;
  w.u32(word.slot.value).u32(word.micro_eur_per_kw);
  w.u16(static_cast<std::uint16_t>(word.fees.size()));
  for (const std::int32_t fee : word.fees) put_i32(w, fee);
  w.u16(static_cast<std::uint16_t>(word.limits.size()));
  for (const LimitWord& l : word.limits) {
    w.u32(l.meter.value);
    for (const std::int32_t v :
         {l.import_w, l.export_w, l.controllable_w, l.pv_w, l.load_w, l.shift_w})
      put_i32(w, v);
  }
  return frame(MessageKind::grid_word, w.view());
}

Result<GridWord> decode_grid_word(BytesView body) {
  ByteReader r(body);
  GridWord out;
  out.slot.value = r.u32();
  out.micro_eur_per_kw = r.u32();
  const std::uint16_t fees = r.u16();
  for (int i = 0; i < fees && !r.failed(); ++i) out.fees.push_back(take_i32(r));
  const std::uint16_t limits = r.u16();
  for (int i = 0; i < limits && !r.failed(); ++i) {
    LimitWord l;
    l.meter.value = r.u32();
    for (std::int32_t* v :
         {&l.import_w, &l.export_w, &l.controllable_w, &l.pv_w, &l.load_w, &l.shift_w})
      *v = take_i32(r);
    for (const std::int32_t v : {l.import_w, l.export_w, l.controllable_w, l.pv_w, l.load_w})
      if (v < 0) return failure("a limit is below zero");
    out.limits.push_back(l);
    if (!rises(out.limits)) return failure("limits are not by rising meter");
  }
  if (!r.done()) return failure("grid word of a wrong length");
  return out;
}

}  // namespace twin
