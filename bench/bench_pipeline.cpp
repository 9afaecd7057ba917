// What a reading costs on its way, as a multiple of hashing it once, and what one step of physics
// costs. Ratios are taken inside one run: compare lines of one output only.

#include <benchmark/benchmark.h>

#include "ledger/base/rng.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "ledger/oracle/minute.hpp"
#include "twin/world/world.hpp"

using namespace ledger;

namespace {

// The unit: OpenSSL's SHA-256 of 64 bytes.
void bare_hash(benchmark::State& state) {
  std::array<std::uint8_t, 64> data{};
  for (auto _ : state) {
    const Hash h = sha256(data);
    data[0] = h[0];
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(bare_hash);

ReadingBytes reading_at(std::uint32_t k) {
  return *encode(
      Reading{k, 5000 * std::int64_t{k}, {1'000'000 + 700 * std::int64_t{k}}, {}, 504, 231});
}

// One meter's minute as fleet and gateway handle it, less the signature: commit twice, judge, seal.
void pipeline_without_signature(benchmark::State& state) {
  const SubjectKey key = Rng(1).bytes32();
  MeterLimits limits;
  limits.max_power_w = 50'000;
  MeterOracle oracle(limits);
  const MinuteTiming timing{900'000, 5'000, std::nullopt};
  std::uint32_t k = 1;
  for (auto _ : state) {
    std::vector<ReadingBytes> minute;
    for (int i = 0; i < 12; ++i) minute.push_back(reading_at(k + static_cast<std::uint32_t>(i)));
    Hash root = readings_root(key, {3}, minute);
    benchmark::DoNotOptimize(root);
    root = readings_root(key, {3}, minute);
    benchmark::DoNotOptimize(judge_minute(oracle, true, k, minute, timing).verdict);
    k += 12;
  }
  state.SetItemsProcessed(12 * state.iterations());
}
BENCHMARK(pipeline_without_signature);

// The same with the meter's signature made and checked, once a minute of 12 readings.
void pipeline_with_minute_signature(benchmark::State& state) {
  const SubjectKey key = Rng(1).bytes32();
  Ed25519Signer signer(Rng(2).bytes32());
  Ed25519Verifier verifier;
  std::uint32_t k = 1;
  for (auto _ : state) {
    std::vector<ReadingBytes> minute;
    for (int i = 0; i < 12; ++i) minute.push_back(reading_at(k + static_cast<std::uint32_t>(i)));
    const Bytes message = meter_signed_bytes({}, {3}, k, 12, readings_root(key, {3}, minute));
    const Signature s = signer.sign(message);
    benchmark::DoNotOptimize(readings_root(key, {3}, minute));
    if (!verifier.verify(signer.public_key(), message, s)) state.SkipWithError("signature");
    k += 12;
  }
  state.SetItemsProcessed(12 * state.iterations());
}
BENCHMARK(pipeline_with_minute_signature);

// 40 homes on the generated feeder: devices, power flow and meters of one 5-second step.
void village_step(benchmark::State& state) {
  twin::Scenario s;
  s.name = "bench";
  s.time.start = {1'781'992'800'000, 120};
  for (std::uint32_t h = 0; h < 40; ++h) {
    twin::HomeSpec home;
    home.name = "home-" + std::to_string(h);
    home.connection = h;
    if (h % 2 == 0) home.pv = twin::PvSpec{6, 30, 180, 5.4};
    if (h % 4 == 0) home.battery = twin::BatterySpec{8, 4, 0.95, 0.95, 10, 0.3};
    if (h % 3 == 0) home.ev = twin::EvSpec{};
    if (h % 4 == 1) home.heat_pump = twin::HeatPumpSpec{};
    s.homes.push_back(home);
  }
  auto world = twin::World::create(s, {});
  for (auto _ : state) (*world)->step();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(village_step);

}  // namespace

BENCHMARK_MAIN();
