#include "tests/viz/made_up_run.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <numbers>
#include <unistd.h>

namespace made_up {
namespace {

constexpr int streets = 4, homes_a_street = 10;

double bell(double hour, double centre, double width) {
  return std::exp(-0.5 * std::pow((hour - centre) / width, 2));
}

double clouds(std::int64_t minute, double phase) {
  const double m = static_cast<double>(minute);
  return 1 - 0.25 * std::pow(std::sin(m / 37 + phase) * std::sin(m / 11 + 2 * phase), 2);
}

double household_w(std::int64_t minute, int home) {
  const double hour = static_cast<double>(minute) / 60;
  const double ripple = 1 + 0.3 * std::sin(static_cast<double>(minute) / 7 + home);
  return ripple * (180 + 500 * bell(hour, 7.5, 1.2) + 350 * bell(hour, 12.5, 1.5) +
                   900 * bell(hour, 19.5, 1.8));
}

double pv_w(std::int64_t minute, int home) {
  const double hour = static_cast<double>(minute) / 60;
  const double height = std::sin((hour - 5) / 16 * std::numbers::pi);
  if (home % 2 || height <= 0) return 0;
  return 5500 * std::pow(height, 1.4) * clouds(minute, home % 10 * 0.05);
}

double ev_w(std::int64_t minute, int home) {
  const double start = 17 + home % 5 * 0.7;
  const double hour = static_cast<double>(minute) / 60;
  return home % 4 == 1 && hour > start && hour < start + 2 ? 7400 : 0;
}

double heat_pump_w(std::int64_t minute, int home) {
  return home % 5 == 3 && (minute + 13 * home) % 90 < 20 ? 1500 : 0;
}

double battery_w(std::int64_t minute, int home) {
  if (home % 4) return 0;
  const double hour = static_cast<double>(minute) / 60;
  return 2200 * bell(hour, 11, 1.5) - 1300 * bell(hour, 20.5, 1.7);
}

double home_net_w(std::int64_t minute, int home) {
  return household_w(minute, home) + ev_w(minute, home) + heat_pump_w(minute, home) +
         battery_w(minute, home) - pv_w(minute, home);
}

template <class F>
double sum_over_homes(std::int64_t minute, F power) {
  double out = 0;
  for (int home = 0; home < streets * homes_a_street; ++home) out += power(minute, home);
  return out;
}

double bus_v_pu(std::int64_t minute, int street, int position, int phase) {
  double flow = 0;
  for (int other = 0; other < homes_a_street; ++other)
    flow += home_net_w(minute, street * homes_a_street + other) * std::min(other, position) / 10;
  return 1.015 - flow * 1.15e-6 * (1 + 0.12 * (phase - 1)) - 0.0015 * phase;
}

void write_slot(twin::RunWriter& writer, std::uint32_t slot) {
  twin::SlotRow row;
  row.slot = slot;
  row.start = ledger::Instant{} + ledger::minutes(15 * std::int64_t{slot});
  const auto minute = static_cast<std::int64_t>(slot) * 15 + 7;
  const double sold =
      sum_over_homes(minute, [](auto m, int h) { return std::max(0.0, -home_net_w(m, h)); });
  const double bought =
      sum_over_homes(minute, [](auto m, int h) { return std::max(0.0, home_net_w(m, h)); });
  row.orders_sell_wh = std::lround(sold / 4);
  row.orders_buy_wh = std::lround(bought / 4);
  row.traded_wh = std::lround(0.9 * std::min(sold, bought) / 4);
  if (row.traded_wh > 0)
    row.price_micro_eur_per_kwh = std::lround(80e3 + 240e3 * bought / (bought + sold));
  row.import_wh = row.orders_buy_wh;
  row.export_wh = row.orders_sell_wh;
  row.actual_wh = std::lround((bought - sold) / 4);
  row.forecast_wh =
      std::lround(static_cast<double>(row.actual_wh) * 0.85 + 900 * std::sin(slot / 5.0));
  REQUIRE(writer.slot(row));
}

void write_statements(twin::RunWriter& writer, std::uint32_t slot) {
  for (std::uint32_t home = 0; home < streets * homes_a_street; ++home) {
    const double net = home_net_w(slot * 15 + 7, static_cast<int>(home)) / 4;
    twin::StatementRow row;
    row.home = home;
    row.slot = slot;
    row.import_wh = std::lround(std::max(0.0, net));
    row.export_wh = std::lround(std::max(0.0, -net));
    row.bought_wh = row.import_wh / 2;
    row.sold_wh = row.export_wh / 2;
    row.baseline_micro_eur = 320 * row.import_wh - 80 * row.export_wh;
    row.total_micro_eur = row.baseline_micro_eur - 60 * row.bought_wh - 50 * row.sold_wh +
                          (home == 7 ? 2 * row.import_wh * 40 : 0);
    REQUIRE(writer.statement(row));
  }
}

}  // namespace

twin::RunDescription description() {
  twin::RunDescription out;
  out.meta = {"village_day",
              *ledger::from_rfc3339("2026-06-21T00:00:00+02:00"),
              1,
              ledger::hours(24),
              ledger::minutes(15),
              0.90,
              1.10,
              1.0,
              "uniform",
              320'000,
              80'000};
  out.buses = {{"mv", 0, 30, 11547}, {"busbar", 0, 0, 230.94}};
  for (int street = 0; street < streets; ++street) {
    const double angle = (street + 0.35) * std::numbers::pi / 2;
    std::uint32_t before = 1;
    for (int k = 0; k < homes_a_street; ++k) {
      const double along = 25.0 * (k + 1);
      const auto bus = static_cast<std::uint32_t>(out.buses.size());
      out.buses.push_back({"s" + std::to_string(street + 1) + "-" + std::to_string(k + 1),
                           along * std::cos(angle), 0.6 * along * std::sin(angle), 230.94});
      out.branches.push_back(
          {twin::BranchKind::line, "cable " + out.buses.back().name, before, bus, 270});
      before = bus;
      const int home = street * homes_a_street + k;
      out.homes.push_back({"home-" + std::to_string(home + 1), bus, 0b111, home % 2 ? 0.0 : 6000.0,
                           home % 4 ? 0.0 : 8000.0, home % 4 == 1, home % 5 == 3});
    }
  }
  out.branches.push_back({twin::BranchKind::transformer, "transformer", 0, 1, 160e3});
  return out;
}

twin::Snapshot snapshot(std::int64_t minute) {
  twin::Snapshot out;
  out.time = ledger::Instant{} + ledger::minutes(minute);
  out.bus_v_pu.assign(6, 1.015f);
  double total = 0;
  for (int street = 0; street < streets; ++street) {
    double flow = 0;
    std::vector<float> loading(homes_a_street);
    for (int k = homes_a_street - 1; k >= 0; --k) {
      flow += home_net_w(minute, street * homes_a_street + k);
      loading[static_cast<std::size_t>(k)] = static_cast<float>(std::abs(flow) / 60e3);
    }
    total += flow;
    for (int k = 0; k < homes_a_street; ++k) {
      const int home = street * homes_a_street + k;
      for (int phase = 0; phase < 3; ++phase)
        out.bus_v_pu.push_back(static_cast<float>(bus_v_pu(minute, street, k + 1, phase)));
      out.branch_loading.push_back(loading[static_cast<std::size_t>(k)]);
      out.home_w.push_back(static_cast<float>(home_net_w(minute, home)));
      out.home_pv_w.push_back(static_cast<float>(pv_w(minute, home)));
      out.home_battery.push_back(
          home % 4
              ? -1.0f
              : static_cast<float>(0.5 + 0.4 * std::sin(static_cast<double>(minute) / 230 - 2)));
    }
  }
  out.branch_loading.push_back(static_cast<float>(std::abs(total) / 160e3));
  out.price_eur_per_kwh = 0.08 + 0.2 * bell(static_cast<double>(minute) / 60, 20, 4);
  out.traded_kwh = 3.2;
  out.height = static_cast<std::uint64_t>(minute);
  return out;
}

twin::FeederMinute feeder_minute(std::int64_t minute) {
  const auto shot = snapshot(minute);
  twin::FeederMinute out;
  out.time = shot.time;
  out.load_w = sum_over_homes(minute, household_w);
  out.ev_w = sum_over_homes(minute, ev_w);
  out.heat_pump_w = sum_over_homes(minute, heat_pump_w);
  out.pv_w = sum_over_homes(minute, pv_w);
  out.battery_w = sum_over_homes(minute, battery_w);
  const double net = sum_over_homes(minute, home_net_w);
  out.losses_w = 200 + net * net * 2e-7;
  out.import_w = net + out.losses_w;
  out.transformer_loading = shot.branch_loading.back();
  out.max_loading = *std::max_element(shot.branch_loading.begin(), shot.branch_loading.end());
  const auto [low, high] = std::minmax_element(shot.bus_v_pu.begin(), shot.bus_v_pu.end());
  out.v_min_pu = *low;
  out.v_max_pu = *high;
  return out;
}

void write_run(const std::string& path, const twin::RunDescription& run, std::int64_t minutes) {
  auto writer = twin::RunWriter::create(path, run);
  REQUIRE(writer);
  for (std::int64_t minute = 1; minute <= minutes; ++minute) {
    REQUIRE(writer->snapshot(snapshot(minute)));
    REQUIRE(writer->minute(feeder_minute(minute)));
    REQUIRE(writer->block({static_cast<std::uint64_t>(minute), feeder_minute(minute).time, 5, 1,
                           60 + 5 * std::sin(static_cast<double>(minute)), 1700,
                           feeder_minute(minute).time,
                           feeder_minute(minute).time + ledger::milliseconds(61), 27, 5100}));
    if (minute % 15 == 0) {
      write_slot(*writer, static_cast<std::uint32_t>(minute / 15 - 1));
      write_statements(*writer, static_cast<std::uint32_t>(minute / 15 - 1));
    }
  }
  const auto at = [](std::int64_t minute) { return ledger::Instant{} + ledger::minutes(minute); };
  REQUIRE(writer->alert({at(1130), "overload", "cable s1-1", 1.08, 1.0,
                         "Loading above 100 % for 15 minutes", at(1190)}));
  REQUIRE(writer->alert(
      {at(1160), "voltage", "s1-10", 0.952, 0.96, "Voltage below the warning level", {}}));
  REQUIRE(writer->finish());
}

std::string summary() {
  return R"({"scenario":"village_day","seed":1,"input_hash":"00ff","simulated_s":86400,
"wall_s":7.91,"speed_up":10923,"readings":708480,"readings_per_s":89567,"power_flows":17280,
"ledger":{"height":1440,"transactions":7301,"log_root":"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
"state_root":"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
"content_root":"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125","log_size":7301,
"finality_ms":{"p50":61.2,"p95":70.4,"p99":73.9},"rounds_max":1},
"energy":{"consumed_kwh":618.3,"generated_kwh":846.1,"imported_kwh":224.0,"exported_kwh":430.8,
"losses_kwh":6.91,"curtailed_kwh":0,"unserved_kwh":0,"stored_delta_kwh":9.6,"storage_losses_kwh":4.5,
"balance_residual_kwh":2.1e-9,"self_sufficiency":0.638,"self_consumption":0.491},
"grid":{"overload_minutes":12,"overload_kwh":0.4,"voltage_violation_minutes":0,"max_loading":1.04,
"v_min_pu":0.953,"v_max_pu":1.047,"worst_element":"cable s1-1"},
"market":{"mechanism":"uniform","traded_kwh":171.2,"turnover_eur":31.9,"mean_price_eur_per_kwh":0.186,
"efficiency":1.0,"money_residual_eur":0,"savings_eur":{"mean":0.61,"min":-0.02,"losers":1},
"bills_eur":{"mean":1.234,"grid_operator_got":5.5,"grid_operator_paid":0.25,"compensation":0.15,"by_home":[4.321,-1.5]}},
"tokens":{"minted_wh":512030,"retired_wh":171200,"residual_wh":0},"alerts":{"overload":1,"voltage":1},
"accounts":["a1"],"result_hash":"aeb6bcfe0000000000000000000000000000000000000000000000000000d37e"})";
}

Folder::Folder() {
  static int count = 0;
  path_ = std::filesystem::temp_directory_path() /
          ("viz-test-" + std::to_string(getpid()) + "-" + std::to_string(++count));
  std::filesystem::create_directories(path_);
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

}  // namespace made_up
