// The two theorems, with the program as its users call it. Replay: recorded inputs give equal
// effects and roots. Host: the same readings give the same content in twin and field.

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"

using nlohmann::json;
using test::Process;

namespace {

namespace fs = std::filesystem;

// Six homes, two market slots of a minute, fifteen times faster than real time.
const std::string bench = R"(
name = "bench"
seed = 3
[time]
start = "2026-06-21T11:00:00+02:00"
duration = "2m"
market_slot = "1m"
real_time_factor = 15
[grid.generator]
homes = 6
branches = 2
[ledger]
block_interval = "20s"
batch_interval = "20s"
gateways = 2
[[population]]
count = 6
pv = { share = 0.5 }
battery = { share = 1 }
[[meter]]
home = "home-02"
transport = "modbus"
address = "127.0.0.1:PORT"
[output]
recording = "NODE"
)";

struct TheoremFolder {
  TheoremFolder() {
    std::string name = (fs::temp_directory_path() / "aipchain-theorems-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TheoremFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  std::string write_bench(const std::string& node, const std::string& port) const {
    std::string text = bench;
    text.replace(text.find("PORT"), 4, port);
    text.replace(text.find("NODE"), 4, node);
    const std::string file = (path / ("bench-" + node + ".toml")).string();
    std::ofstream(file) << text;
    return file;
  }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  fs::path path;
};

struct Ended {
  int code;
  std::string output;
};

Ended run_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), AIPCHAIN_PROGRAM);
  Process process(arguments);
  const int code = process.finish();
  CAPTURE(process.errors);
  CHECK(process.errors.find("broken invariant") == std::string::npos);
  return {code, process.output};
}

json run(const std::string& command, const std::string& scenario, const std::string& out) {
  const Ended o = run_program({command, scenario, "--out", out, "--json", "--quiet"});
  REQUIRE(o.code == 0);
  return json::parse(o.output);
}

void check_replay(const std::string& recording) {
  const Ended o = run_program({"replay", recording, "--json"});
  CHECK(o.code == 0);
  const json j = json::parse(o.output);
  CHECK(j.at("equal") == true);
  CHECK(j.at("log_root") == j.at("recorded").at("log_root"));
  CHECK(j.at("state_root") == j.at("recorded").at("state_root"));
  CHECK(j.at("recorded").at("height").get<int>() >= 6);
}

// A meter of the bench on any free port.
struct Meter {
  explicit Meter(const std::string& scenario)
      : process({AIPCHAIN_PROGRAM, "meter", "serve", "aipchain_reference", "--listen",
                 "127.0.0.1:0", "--from", scenario, "--id", "home-02"}) {
    const std::string line = process.line();
    REQUIRE(line.find("listening on 127.0.0.1:") == 0);
    port = line.substr(line.rfind(':') + 1);
  }
  Process process;
  std::string port;
};

}  // namespace

TEST_CASE("a simulated run replays to equal roots, as a validator and as the observer") {
  const TheoremFolder folder;
  for (const std::string node : {"validator-1", "observer"}) {
    const std::string out = folder / ("run-" + node);
    run("run", folder.write_bench(node, "1"), out);
    check_replay(out + "/recording");
  }
  // A recording with one bit changed is refused or differs.
  const std::string whole = *test::read_text(folder / "run-observer/recording");
  for (const std::size_t at :
       {std::size_t{3}, std::size_t{700}, whole.size() / 2, whole.size() - 5}) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    std::ofstream(folder / "changed", std::ios::binary) << changed;
    CAPTURE(at);
    CHECK(run_program({"replay", folder / "changed"}).code != 0);
  }
  std::ofstream(folder / "cut", std::ios::binary) << whole.substr(0, whole.size() * 2 / 3);
  CHECK(run_program({"replay", folder / "cut"}).code != 0);
  CHECK(run_program({"replay", folder / "nothing"}).code == 2);
}

TEST_CASE("twin and field end with the same content, and the field's recording replays") {
  const TheoremFolder folder;
  const Meter meter(folder.write_bench("observer", "1"));
  const std::string scenario = folder.write_bench("validator-1", meter.port);
  const json field = run("field", scenario, folder / "field");
  const json twin = run("run", scenario, folder / "twin");
  CHECK(field.at("ledger").at("content_root") == twin.at("ledger").at("content_root"));
  CHECK(field.at("ledger").at("log_size") == twin.at("ledger").at("log_size"));
  REQUIRE(field.at("devices").size() == 1);
  CHECK(field.at("devices")[0].at("source") == "modbus");
  CHECK(field.at("devices")[0].at("shadow_readings") == 0);
  CHECK(field.at("devices")[0].at("gaps") == 0);
  check_replay(folder / "field/recording");
  CHECK(run_program({"audit", folder / "field", "--openings", folder / "field/openings"}).code ==
        0);
}

TEST_CASE("a meter that goes away in the middle leaves its shadow, and the run goes on") {
  const TheoremFolder folder;
  std::string scenario;
  Process* field = nullptr;
  {
    const Meter meter(folder.write_bench("observer", "1"));
    scenario = folder.write_bench("validator-1", meter.port);
    field = new Process(
        {AIPCHAIN_PROGRAM, "field", scenario, "--out", folder / "field", "--json", "--quiet"});
    std::this_thread::sleep_for(std::chrono::seconds(3));
  }  // the meter is stopped here
  CHECK(field->finish() == 0);
  const json summary = json::parse(field->output);
  delete field;
  CHECK(summary.at("devices")[0].at("source") == "shadow");
  CHECK(summary.at("devices")[0].at("shadow_readings").get<int>() > 3);
  CHECK(summary.at("devices")[0].at("polls").get<int>() > 3);
  CHECK(run_program({"audit", folder / "field", "--openings", folder / "field/openings"}).code ==
        0);
}

TEST_CASE("a field run without its meter says which one is missing") {
  const TheoremFolder folder;
  const std::string scenario = folder.write_bench("observer", "9");
  Process process({AIPCHAIN_PROGRAM, "field", scenario, "--out", folder / "field"});
  CHECK(process.finish() == 3);
  CHECK(process.errors.find("home-02") != std::string::npos);
}
