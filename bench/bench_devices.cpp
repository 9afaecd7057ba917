// What one home costs a physics step, device by device and together, and a whole world with its
// power flow: items are home-steps. The aim is 200 ns a home and step, for 100,000 homes too, whose
// state no cache holds (20 ms a step).

#include <benchmark/benchmark.h>

#include "ledger/base/rng.hpp"
#include "twin/world/home.hpp"
#include "twin/world/world.hpp"

namespace {

using namespace twin;
using ledger::Instant;
using ledger::Rng;

constexpr std::size_t homes = 1000;
constexpr auto step = ledger::seconds(5);
const ledger::CivilTime start = *ledger::from_rfc3339("2026-06-21T00:00:00+02:00");

HomeSpec spec_of(std::size_t number) {
  HomeSpec s;
  s.name = "home-" + std::to_string(number);
  s.pv = PvSpec{.peak_kw = 6, .inverter_kw = 5};
  s.battery = BatterySpec{.capacity_kwh = 8, .power_kw = 4};
  s.ev = EvSpec{};
  s.heat_pump = HeatPumpSpec{};
  return s;
}

// A day of steps for all of them, over and over: `one(number, time, sky)`.
template <class One>
void days_of(benchmark::State& state, One&& one) {
  const Weather weather({}, start, Rng(1));
  std::vector<WeatherSample> skies;
  Instant now;
  for (auto _ : state) {
    weather.over(now, step, skies);
    const WeatherSample& sky = skies[0];
    for (std::size_t h = 0; h < homes; ++h) benchmark::DoNotOptimize(one(h, now, sky));
    now = now + step * 97;  // not in tune with hours, so that every time of day counts
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(homes));
}

void weather(benchmark::State& state) {
  const Weather sky({}, start, Rng(1));
  Instant now;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sky.at(now));
    now = now + step;
  }
}
BENCHMARK(weather);

void household(benchmark::State& state) {
  std::vector<Household> all;
  for (std::size_t h = 0; h < homes; ++h) all.emplace_back(3500, start, Rng(h));
  Instant now;
  for (auto _ : state) {
    for (Household& one : all) benchmark::DoNotOptimize(one.power_w(now, step));
    now = now + step;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(homes));
}
BENCHMARK(household);

void standard_load(benchmark::State& state) {
  StandardProfile profile;
  for (auto& month : profile.kwh)
    for (auto& day : month) day.fill(1);
  std::vector<StandardLoad> all(homes, StandardLoad(profile, true, 3500, start));
  Instant now;
  for (auto _ : state) {
    for (StandardLoad& one : all) benchmark::DoNotOptimize(one.power_w(now, step));
    now = now + step;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(homes));
}
BENCHMARK(standard_load);

void pv(benchmark::State& state) {
  const std::vector<Pv> all(homes, Pv(*spec_of(0).pv));
  days_of(state, [&](std::size_t h, Instant, const WeatherSample& sky) {
    return all[h].available_w(sky);
  });
}
BENCHMARK(pv);

void battery(benchmark::State& state) {
  std::vector<Battery> all(homes, Battery(*spec_of(0).battery));
  days_of(state, [&](std::size_t h, Instant, const WeatherSample& sky) {
    return all[h].step(sky.light.ghi_w_m2 - 300, step.seconds() / 3600);
  });
}
BENCHMARK(battery);

void ev(benchmark::State& state) {
  std::vector<Ev> all;
  for (std::size_t h = 0; h < homes; ++h) all.emplace_back(EvSpec{}, start, Rng(h));
  Instant now;
  for (auto _ : state) {
    for (Ev& one : all) benchmark::DoNotOptimize(one.step(now, step).power_w);
    now = now + step;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(homes));
}
BENCHMARK(ev);

void heat_pump(benchmark::State& state) {
  std::vector<HeatPump> all;
  for (std::size_t h = 0; h < homes; ++h)
    all.emplace_back(HeatPumpSpec{}, 5, static_cast<double>(h) / homes);
  for (auto _ : state)
    for (HeatPump& one : all)
      benchmark::DoNotOptimize(one.step(5, 200, step.seconds() / 3600).power_w);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(homes));
}
BENCHMARK(heat_pump);

// All five devices of a home, consecutive steps: from morning light on, in March (the heat pump
// works, the car charges in the evening).
void whole_home(benchmark::State& state) {
  const ledger::CivilTime march = *ledger::from_rfc3339("2026-03-10T07:00:00+01:00");
  WeatherSpec cool;
  cool.mean_temperature_c = 8;
  const Weather weather(cool, march, Rng(1));
  const Connection connection;
  std::vector<Home> all;
  const auto count = static_cast<std::size_t>(state.range(0));
  for (std::size_t h = 0; h < count; ++h) {
    const HomeSpec spec = spec_of(h);
    all.emplace_back(spec, connection, ProfileView{}, march, weather.at({}),
                     Rng(1).fork(spec.name));
  }
  std::vector<WeatherSample> skies;
  Instant now;
  // The first step draws each home's first hours.
  weather.over(now, step, skies);
  step_homes(all, now, step, skies);
  for (auto _ : state) {
    now = now + step;
    weather.over(now, step, skies);
    step_homes(all, now, step, skies);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}
// 720 steps of 100,000 homes: an hour, whose beginning draws each household's next one.
BENCHMARK(whole_home)->Arg(1000);
BENCHMARK(whole_home)->Arg(100'000)->Iterations(720);

Scenario village() {
  Scenario s;
  s.time.start = start;
  for (std::uint32_t h = 0; h < 40; ++h) {
    HomeSpec spec = spec_of(h);
    spec.connection = h;
    if (h % 4 != 0) spec.heat_pump.reset();
    if (h % 3 != 0) spec.ev.reset();
    if (h % 2 != 0) spec.pv.reset(), spec.battery.reset();
    s.homes.push_back(spec);
  }
  return s;
}

// 40 homes on the generated feeder: a day of 17,280 steps, each with its power flow.
void world_day(benchmark::State& state) {
  for (auto _ : state) {
    auto world = World::create(village(), {});
    for (int i = 0; i < 17'280; ++i) (*world)->step();
    benchmark::DoNotOptimize((*world)->energy().consumed_kwh);
  }
  state.SetItemsProcessed(state.iterations() * 40 * 17'280);
}
BENCHMARK(world_day)->Unit(benchmark::kMillisecond);

// The same through a year of one-minute steps.
void world_year(benchmark::State& state) {
  constexpr int steps = 365 * 24 * 60;
  Scenario year = village();
  year.time.duration = ledger::hours(365 * 24);
  year.time.physics_step = ledger::minutes(1);
  year.time.metering_interval = ledger::minutes(15);
  for (auto _ : state) {
    auto world = World::create(year, {});
    for (int i = 0; i < steps; ++i) (*world)->step();
    benchmark::DoNotOptimize((*world)->energy().consumed_kwh);
  }
  state.SetItemsProcessed(state.iterations() * 40 * steps);
}
BENCHMARK(world_year)->Unit(benchmark::kMillisecond)->Iterations(1);

void world_history(benchmark::State& state) {
  const auto world = World::create(village(), {});
  for (auto _ : state)
    for (std::uint32_t h = 0; h < 40; ++h) benchmark::DoNotOptimize((*world)->history_wh(h));
}
BENCHMARK(world_history)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
