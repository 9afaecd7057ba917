#include <doctest/doctest.h>
#include <string>

#include "viz/report/canvas.hpp"

using namespace viz;

namespace {

ledger::Instant minute(std::int64_t minute) { return ledger::Instant{} + ledger::minutes(minute); }

ReportData an_hour() {
  ReportData out;
  out.run.meta.duration = ledger::hours(1);
  out.run.meta.slot = ledger::minutes(15);
  out.run.meta.epoch = *ledger::from_rfc3339("2026-01-31T23:30:00Z");
  out.run.meta.retail_buy_micro_eur_per_kwh = 300'000;
  out.run.meta.retail_sell_micro_eur_per_kwh = 80'000;
  for (std::uint32_t slot = 0; slot < 4; ++slot) {
    twin::SlotRow row;
    row.slot = slot;
    row.start = minute(15 * slot);
    row.price_micro_eur_per_kwh = 200'000;
    row.traded_wh = 1000;
    row.actual_wh = 250;
    out.slots.push_back(row);
  }
  return out;
}

int count(const std::string& text, const std::string& part) {
  int out = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++out;
  return out;
}

bool holds(const std::string& text, const std::string& part) { return count(text, part) > 0; }

}  // namespace

TEST_CASE("condensing keeps means of powers and extremes of the rest") {
  std::vector<twin::FeederMinute> minutes(5);
  for (int i = 0; i < 5; ++i) {
    auto& m = minutes[static_cast<std::size_t>(i)];
    m.time = minute(i + 1);
    m.pv_w = 100 * i;
    m.v_min_pu = 0.95 + 0.01 * i;
    m.v_max_pu = 1.05 - 0.01 * i;
    m.max_loading = 0.1 * i;
  }
  const auto rows = condense(minutes, 2);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].time == minute(3));
  CHECK(rows[0].pv_w == doctest::Approx(100));
  CHECK(rows[0].v_min_pu == 0.95);
  CHECK(rows[0].v_max_pu == 1.05);
  CHECK(rows[0].max_loading == doctest::Approx(0.2));
  CHECK(rows[1].pv_w == doctest::Approx(350));
  CHECK(rows[1].v_min_pu == doctest::Approx(0.98));
  CHECK(condense(minutes, 100).size() == 5);
  CHECK(condense({}, 7).empty());
}

TEST_CASE("energy flows part import from export and charge from discharge") {
  ReportData data;
  auto& minutes = data.minutes;
  minutes.resize(2);
  minutes[0].import_w = 6000;
  minutes[0].battery_w = 3000;
  minutes[0].load_w = 3000;
  minutes[1].import_w = -12000;
  minutes[1].battery_w = -600;
  minutes[1].pv_w = 12000;
  minutes[1].losses_w = 600;
  const auto flows = energy_flows(data);
  CHECK(flows.import == doctest::Approx(0.1));
  CHECK(flows.exported == doctest::Approx(0.2));
  CHECK(flows.charge == doctest::Approx(0.05));
  CHECK(flows.discharge == doctest::Approx(0.01));
  CHECK(flows.sources() == doctest::Approx(flows.uses()));
}

TEST_CASE("energy flows agree with the summary's import and export") {
  ReportData data;
  data.minutes.resize(1);
  data.minutes[0].import_w = 6000;  // 0.1 kWh net, of which 0.3 in and 0.2 out
  data.summary.imported_kwh = 0.3;
  data.summary.exported_kwh = 0.2;
  CHECK(energy_flows(data).import == doctest::Approx(0.3));
  CHECK(energy_flows(data).exported == doctest::Approx(0.2));
}

TEST_CASE("the price is drawn where something was traded, and nowhere else") {
  ReportData data = an_hour();
  CHECK(count(price_figure(data).svg, "class=\"m-price\"") == 1);
  data.slots[1].traded_wh = 0;  // a price alone is no trade
  CHECK(count(price_figure(data).svg, "class=\"m-price\"") == 2);
  data.slots[2].price_micro_eur_per_kwh.reset();
  data.slots[2].traded_wh = 0;
  CHECK(holds(price_figure(data).message, "In 2 of 4 slots"));
  CHECK(holds(price_figure(data).message, "2.0 kWh at 20.0 ct/kWh"));
  for (auto& slot : data.slots) slot.traded_wh = 0;
  CHECK(count(price_figure(data).svg, "class=\"m-price\"") == 0);
  CHECK(holds(price_figure(data).message, "Nothing was traded"));
}

TEST_CASE("where deals have prices of their own, their mean is drawn and called so") {
  ReportData data = an_hour();
  CHECK(price_figure(data).legend[0].words == "clearing price");
  for (auto& slot : data.slots) {
    slot.price_micro_eur_per_kwh.reset();
    slot.turnover_micro_eur = 150'000;  // for a kWh
  }
  data.slots[3].turnover_micro_eur = 0;  // a price like any other
  const Figure figure = price_figure(data);
  CHECK(count(figure.svg, "class=\"m-price\"") == 1);
  CHECK(holds(figure.message, "In 4 of 4 slots neighbours traded 4.0 kWh at 11.2 ct/kWh"));
  CHECK(holds(figure.svg, "1.00 kWh traded at 15.00 ct/kWh on average"));
  CHECK(holds(figure.svg, "1.00 kWh traded at 0.00 ct/kWh on average"));
  CHECK(figure.legend[0].words == "mean price of the deals, as sellers get it");
}

TEST_CASE("the forecast is scored over the slots that have one") {
  ReportData data = an_hour();
  CHECK(holds(forecast_figure(data).message, "No forecast was issued"));
  data.slots[0].forecast_wh = 500;  // 1 kW above
  data.slots[1].forecast_wh = 750;  // 2 kW above
  CHECK(
      holds(forecast_figure(data).message, "by 1.50 kW on average (150\u202f% of the mean power)"));
  CHECK(holds(forecast_figure(data).message, "2 of 4 slots and was too high by 1.50 kW"));
  data.slots[1].forecast_wh = 0;  // 1 kW below
  CHECK(holds(forecast_figure(data).message, "leaned neither way"));
}

TEST_CASE("consensus is told by when blocks were due, in which round, and at what traffic") {
  ReportData data = an_hour();
  CHECK(consensus_figure(data).message == "No block was decided.");
  CHECK(consensus_figure(data).svg.empty());
  for (std::uint64_t h = 1; h <= 60; ++h) {
    twin::BlockRow b;
    b.height = h;
    b.due = minute(static_cast<std::int64_t>(h));
    b.rounds = h % 10 == 0 ? 2 : 1;
    b.decided = b.due + ledger::milliseconds(b.rounds == 2 ? 1600 : 150);
    b.messages = 40;
    b.message_bytes = 5000;
    data.blocks.push_back(b);
  }
  data.summary.missed_slots = 3;
  const Figure figure = consensus_figure(data);
  CHECK(holds(figure.message, "54 of 60 blocks were decided in their first round"));
  CHECK(holds(figure.message, "within 150 ms of being due"));
  CHECK(holds(figure.message, "within 1.6 s; 3 blocks came after"));
  CHECK(holds(figure.message, "40 messages and 5.0 kB"));
  CHECK(count(figure.svg, "class=\"k-first\"") == 54);
  CHECK(count(figure.svg, "class=\"k-later\"") == 6);
  CHECK(count(figure.svg, "class=\"k-fault\"") == 0);
  CHECK(figure.legend.size() == 3);
  for (int i = 0; i < 8; ++i)
    data.run.faults.push_back({minute(i), minute(10'000), "clock_offset", "validator-<1>"});
  const Figure faulty = consensus_figure(data);
  CHECK(count(faulty.svg, "class=\"k-fault\"") == 6);
  CHECK(holds(faulty.svg, "clock offset: validator-&lt;1&gt;"));
  CHECK(holds(faulty.svg, "and 2 more, in run.db"));
}

TEST_CASE("of very many blocks the slowest of each few are drawn, early ones too") {
  ReportData data = an_hour();
  for (std::uint64_t h = 1; h <= 3600; ++h) {
    twin::BlockRow b;
    b.height = h;
    b.due = ledger::Instant{} + ledger::seconds(static_cast<std::int64_t>(h));
    b.decided = b.due + ledger::milliseconds(h == 1234 ? 90'000 : -20);
    data.blocks.push_back(b);
  }
  const Figure figure = consensus_figure(data);
  CHECK(count(figure.svg, "class=\"k-first\"") == 450);
  CHECK(count(figure.svg, "block 1234,") == 1);
  CHECK(holds(figure.svg, "100 s"));
  CHECK_FALSE(holds(figure.svg, "nan"));
}

TEST_CASE("moments tell the day where a run is longer than one") {
  ReportData data = an_hour();
  CHECK(moment_text(data, minute(45)) == "00:15");
  CHECK(moment_text(data, minute(1441)) == "1 Feb 23:31");
  data.run.meta.duration = ledger::hours(48);
  CHECK(moment_text(data, minute(45)) == "1 Feb 00:15");
}

TEST_CASE("ranges end at round values and are never empty") {
  CHECK(rounded({0.03, 0.97}).low == doctest::Approx(0));
  CHECK(rounded({0.03, 0.97}).high == doctest::Approx(1));
  CHECK(rounded({-130, 170}, 6).low == doctest::Approx(-150));
  for (const Range range : {Range{0, 0}, Range{7, 7}, Range{0, 5e-324}, Range{-1e15, -1e15}}) {
    const Range out = rounded(range);
    CHECK(out.low < out.high);
    CHECK(out.low <= range.low);
    CHECK(out.high >= range.high);
  }
}
