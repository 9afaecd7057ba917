// A gateway of 1,000 meters whose batches are of 5 seconds, one reading a meter: the time of the
// step that posts a batch, with every message of the interval taken before, and the memory of the
// process. By how meters sign; where each reading is signed, the rate is that of their signatures.

#include <benchmark/benchmark.h>
#include <fstream>
#include <string>

#include "ledger/base/rng.hpp"
#include "twin/node/gateway/gateway_node.hpp"
#include "twin/node/home/fleet_node.hpp"

using namespace ledger;
using namespace twin;

namespace {

constexpr std::uint32_t meters = 1'000;
constexpr std::int64_t interval_ms = 5'000;

double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kb = 0; word == "VmHWM:" && status >> kb) return kb * 1024 / 1e6;
  return 0;
}

class Fleet {
 public:
  explicit Fleet(Signing signing) {
    Genesis g;
    g.name = "bench";
    g.validators = {key_.public_key()};
    g.gateways = {key_.public_key()};
    g.mechanism = "uniform";
    g.batch_ms = g.metering_ms = interval_ms;
    FleetConfig fleet{0, {1, 1}, g, {}, signing};
    GatewayConfig gateway;
    gateway.directory = fleet.directory;
    gateway.genesis = g;
    for (std::uint32_t m = 0; m < meters; ++m) {
      FleetMeter home;
      home.meter = {m};
      home.personal_key = Rng(m).bytes32();
      home.meter_signer = home.account_signer = &key_;
      fleet.meters.push_back(home);
      market::Registration r;
      r.meter = {m};
      r.max_power_w = 48'000;
      if (signing != Signing::gateway) r.meter_key = key_.public_key();
      gateway.meters.push_back({r, home.personal_key, {}});
    }
    fleet_ = std::make_unique<FleetNode>(fleet);
    gateway_ = std::make_unique<GatewayNode>(gateway, key_, verifier_, records_);
  }

  // What homes send for the next interval; they hear what the gateway answered to the last one.
  std::vector<PeerMessage> interval() {
    std::vector<MeterSample> samples;
    ++k_;
    for (std::uint32_t m = 0; m < meters; ++m)
      samples.push_back({m, now(), {1'000 * k_}, {}, 720, 231});
    Outbox out;
    fleet_->step(now(), Inputs{answers_, samples}, out);
    std::vector<PeerMessage> sent;
    for (const auto& e : out.effects())
      if (const auto* send = std::get_if<Send>(&e)) sent.push_back({{3}, send->bytes});
    return sent;
  }

  // The batch of the interval; a validator tells that it is on the ledger.
  void batch(const std::vector<PeerMessage>& sent) {
    Outbox out;
    gateway_->step(now(), Inputs{sent, {}}, out);
    answers_.clear();
    for (const auto& e : out.effects())
      if (const auto* send = std::get_if<Send>(&e); send && send->to == NodeId{3})
        answers_.push_back({{2}, send->bytes});
    const PeerMessage told{{0}, encode(LedgerProgress{static_cast<std::uint32_t>(k_), 0})};
    Outbox nothing;
    gateway_->step(now(), Inputs{std::span(&told, 1), {}}, nothing);
  }

  bool answered() const { return !answers_.empty(); }

 private:
  Instant now() const { return Instant{} + milliseconds(interval_ms * k_); }

  Ed25519Signer key_{Rng(1).bytes32()};
  Ed25519Verifier verifier_;
  MemoryRecords records_;
  std::unique_ptr<FleetNode> fleet_;
  std::unique_ptr<GatewayNode> gateway_;
  std::vector<PeerMessage> answers_;
  std::int64_t k_ = 0;
};

void five_second_batch(benchmark::State& state, Signing signing) {
  Fleet fleet(signing);
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<PeerMessage> sent = fleet.interval();
    state.ResumeTiming();
    fleet.batch(sent);
    if (!fleet.answered()) state.SkipWithError("no batch was posted");
  }
  state.SetItemsProcessed(state.iterations() * meters);  // readings
  state.counters["peak_MB"] = peak_mb();
}
BENCHMARK_CAPTURE(five_second_batch, signed_by_gateway, Signing::gateway)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(five_second_batch, each_reading_signed, Signing::reading)
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
