#pragma once
// A network of real processes on loopback in a folder of its own: four validators, an observer and
// two gateways with four homes each, which a test starts, kills and plays as it likes.

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "hil/network/wire_log.hpp"
#include "ledger/chain/genesis.hpp"
#include "tests/support/process.hpp"
#include "tests/support/setting.hpp"
#include "twin/store/node_store.hpp"

namespace test {

inline constexpr std::uint32_t process_validators = 4;

inline void pause(std::uint64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

inline std::string text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Eight homes behind two gateways; a block every second of the chain's time.
inline constexpr const char* street = R"toml(
name = "street"
[time]
start = "2026-06-21T10:00:00+02:00"
duration = "12h"
physics_step = "5s"
metering_interval = "5s"
market_slot = "1m"
[grid.generator]
homes = 8
branches = 2
spacing_m = 25
transformer_kva = 100
[ledger]
block_interval = "1s"
batch_interval = "10s"
gateways = 2
[[population]]
count = 8
)toml";

class ProcessNet {
 public:
  // Lays the network out with these options of `network`, without starting it. The scenario has as
  // many homes and gateways as `street`.
  explicit ProcessNet(const std::string& options, const std::string& scenario = street) {
    std::string name =
        (std::filesystem::temp_directory_path() / "aipchain-network-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
    std::ofstream(path / "street.toml") << scenario;
    std::vector<std::string> command{
        AIPCHAIN_PROGRAM,      "network",     (path / "street.toml").string(), "--out",
        (path / "n").string(), "--only-files"};
    for (std::istringstream words(options); words >> name;) command.push_back(name);
    Process layout(command);
    REQUIRE_MESSAGE(layout.finish() == 0, layout.errors);
    for (std::uint32_t v = 0; v < process_validators; ++v)
      names.push_back("validator-" + std::to_string(v));
    for (const char* other : {"observer", "gateway-0", "gateway-1"}) names.push_back(other);
    processes.resize(names.size());
  }
  ~ProcessNet() {
    processes.clear();
    std::filesystem::remove_all(path);
  }

  void start_all() {
    for (std::size_t n = 0; n < names.size(); ++n) start(n, true);
  }
  void start(std::size_t n, bool first = false) {
    std::vector<std::string> command{AIPCHAIN_PROGRAM, "node", file(names[n] + ".toml"), "--quiet"};
    if (first) command.push_back("--first-start");
    processes[n] = std::make_unique<Process>(command);
  }
  // SIGKILL: nothing of its own is run any more.
  void kill(std::size_t n) { processes[n].reset(); }

  // Ends all that run; what each printed.
  std::vector<std::string> stop() {
    std::vector<std::string> out(processes.size());
    for (auto& p : processes)
      if (p) p->signal(SIGTERM);
    for (std::size_t n = 0; n < processes.size(); ++n) {
      if (!processes[n]) continue;
      CHECK_MESSAGE(processes[n]->finish() == 0, names[n], ": ", processes[n]->errors);
      out[n] = processes[n]->output;
    }
    return out;
  }

  std::string file(const std::string& name) const { return (path / "n" / name).string(); }
  ledger::Genesis genesis() const { return *ledger::decode_genesis(text_of_file(file("genesis"))); }
  std::vector<hil::HeardMessage> heard_by(const std::string& name) const {
    const std::string text = text_of_file(file(name + "/wire.log"));
    return hil::read_wire_log(ledger::bytes_of(text));
  }
  std::unique_ptr<twin::NodeStore> store_of(const std::string& name) const {
    auto store = twin::NodeStore::open(file(name + "/records.db"));
    REQUIRE_MESSAGE(store, store.error());
    return std::move(*store);
  }

  std::filesystem::path path;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<Process>> processes;
};

}  // namespace test
