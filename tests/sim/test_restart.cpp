// One simulated run (SimGrid has one engine a process) in which nodes lose
// their memory.

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

#include "sim/sim_host.hpp"
#include "twin/node/validator/recording.hpp"
#include "twin/scenario/scenario_reader.hpp"

using namespace ledger;
using namespace twin;

namespace {

namespace fs = std::filesystem;

const char* const scenario_text = R"(
name = "restarts"
seed = 5
[time]
start = "2026-06-21T11:00:00+02:00"
duration = "4m"
market_slot = "1m"
[grid.generator]
homes = 4
branches = 2
[ledger]
block_interval = "10s"
batch_interval = "20s"
gateways = 2
[[population]]
count = 4
pv = { share = 0.5 }
[output]
recording = "validator-1"
)";

Result<std::string> no_file(const std::string& path) { return failure(path + ": not here"); }

Scenario scenario_of(const std::string& text) {
  const auto file = read_scenario(text, "restarts.toml", {});
  REQUIRE(file);
  const auto network = make_network(file->grid(), file->seed(), no_file);
  REQUIRE(network);
  auto scenario = file->expand(*network);
  REQUIRE(scenario);
  return std::move(*scenario);
}

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "aipchain-sim-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

}  // namespace

TEST_CASE(
    "a run goes on over restarts of validators, observer and gateways, "
    "and is recorded so") {
  const Scenario scenario = scenario_of(scenario_text);
  auto world = World::create(scenario, no_file);
  REQUIRE(world);
  const Deployment deployment(scenario, **world, Hash{});
  const Folder folder;
  const std::string out = (folder.path / "run").string();
  auto recorder = RunRecorder::create(out, scenario, (*world)->network(), deployment, "", Hash{});
  REQUIRE(recorder);
  sim::SimOptions options;
  const Directory& d = deployment.directory();
  const auto at = [](int ms) { return Instant{} + milliseconds(ms); };
  options.restarts = {{d.validator(1), at(30'030)},  {d.validator(1), at(95'000)},
                      {d.validator(1), at(160'060)}, {d.validator(2), at(70'020)},
                      {d.observer(), at(110'000)},   {d.gateway(0), at(61'000)},
                      {d.gateway(1), at(140'001)},   {d.gateway(1), at(200'000)}};
  REQUIRE(sim::run_simulation(scenario, **world, deployment, **recorder, options));
  CHECK((*recorder)->settled_slots() == 4);
  CHECK((*recorder)->checkpoint_covers_settlements());
  const auto summary = (*recorder)->finish(1);
  REQUIRE(summary);
  CAPTURE(*summary);
  CHECK(summary->find("\"evidence\": 0") != std::string::npos);
  CHECK(summary->find("\"money_residual_eur\": 0") != std::string::npos);

  std::ifstream in(out + "/recording", std::ios::binary);
  const Bytes recording{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto replayed = replay(recording);
  REQUIRE(replayed);
  CHECK(replayed->finished);
  CHECK(replayed->first_difference.empty());
  CHECK(replayed->replayed.height >= 24);
}
