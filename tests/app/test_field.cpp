// The field host beside the twin: one home's meter on a wire gives the same ledger as its simulated
// twin, and a recording of either runs to the same roots again.

#include <chrono>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

using nlohmann::json;
using test::Process;

namespace {

const std::string bench = AIPCHAIN_SOURCE_DIR "/scenarios/bench_meter";
const std::string served_home = "home-03";

std::vector<std::string> program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), AIPCHAIN_PROGRAM);
  return arguments;
}

// A home of the bench, served on a port; 0 for any free one.
struct Served {
  explicit Served(const std::string& home, const std::string& at = "0")
      : process(program({"meter", "serve", "aipchain_reference", "--listen", "127.0.0.1:" + at,
                         "--from", bench, "--id", home})) {
    const std::string line = process.line();
    const std::string expected = "listening on 127.0.0.1:";
    REQUIRE(line.starts_with(expected));
    port = line.substr(expected.size());
  }
  Process process;
  std::string port;
};

// The bench with its meter at another port, two market slots long.
std::string bench_at(const test::Folder& folder, const std::string& port) {
  std::string text = test::slurp(bench + "/scenario.toml");
  const std::string address = "127.0.0.1:15020", duration = "duration = \"4m\"";
  REQUIRE(text.find(address) != std::string::npos);
  REQUIRE(text.find(duration) != std::string::npos);
  text.replace(text.find(address), address.size(), "127.0.0.1:" + port);
  text.replace(text.find(duration), duration.size(), "duration = \"2m\"");
  folder.write("at-" + port + ".toml", text);
  return folder.at("at-" + port + ".toml");
}

struct FieldRun {
  FieldRun(const test::Folder& folder, const std::string& port)
      : out(folder.at("field-" + port)),
        process(program({"field", bench_at(folder, port), "--out", out, "--json", "--quiet"})) {}
  json summary() {
    const int code = process.finish();
    CAPTURE(process.errors);
    REQUIRE(code == 0);
    return json::parse(process.output);
  }
  std::string out;
  Process process;
};

json simulated(const test::Folder& folder, const std::string& recording = "validator-1") {
  const auto run =
      test::aipchain({"run", bench_at(folder, "1"), "--out", folder.at("run-" + recording), "--set",
                      "output.recording=\"" + recording + "\"", "--json"});
  CAPTURE(run.errors);
  REQUIRE(run.code == 0);
  return json::parse(run.output);
}

json replayed(const std::string& recording) {
  const auto out = test::aipchain({"replay", recording, "--json"});
  CAPTURE(out.errors);
  REQUIRE(out.code == 0);
  return json::parse(out.output);
}

std::string content_of(const json& summary) {
  return summary.at("ledger").at("content_root").get<std::string>();
}

void wait_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace

TEST_CASE("recordings of a validator and of the observer run to the same roots again") {
  const test::Folder folder;
  for (const std::string node : {"validator-1", "observer"}) {
    CAPTURE(node);
    const json run = simulated(folder, node);
    const json again = replayed(folder.at("run-" + node + "/recording"));
    CHECK(again.at("equal") == true);
    CHECK(again.at("steps").get<int>() > 20);
    CHECK(again.at("content_root") == run.at("ledger").at("content_root"));
    CHECK(again.at("recorded").at("log_root") == again.at("log_root"));
    CHECK(again.at("recorded").at("state_root") == again.at("state_root"));
  }
}

TEST_CASE("a recording with one flipped bit is refused or differs") {
  const test::Folder folder;
  simulated(folder);
  const std::string good = test::slurp(folder.at("run-validator-1/recording"));
  REQUIRE(good.size() > 2000);
  constexpr int flips = 40;
  for (int i = 0; i < flips; ++i) {
    // Both ends and evenly between; another bit each time.
    const std::size_t at = (good.size() - 1) * static_cast<std::size_t>(i) / (flips - 1);
    CAPTURE(at);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (i % 8)));
    folder.write("bad", bad);
    const auto out = test::aipchain({"replay", folder.at("bad"), "--json"});
    CAPTURE(out.output);
    CHECK((out.code == 1 || out.code == 2));
    if (out.code == 2) CHECK(out.errors.find("bad") != std::string::npos);
    if (out.code == 1) CHECK(json::parse(out.output).at("equal") == false);
  }
}

TEST_CASE("a moment that moved by a nanosecond is seen") {
  const test::Folder folder;
  simulated(folder);
  std::string text = test::slurp(folder.at("run-validator-1/recording"));
  // Magic, sized genesis, three u32 and a hash; then the first step's tag and its i64.
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text.at(i)); };
  const std::size_t genesis = std::size_t{byte(23)} * 256 + byte(24);
  const std::size_t step = 25 + genesis + 12 + 32;
  REQUIRE(byte(step) == 1);
  text.at(step + 8) = static_cast<char>(byte(step + 8) ^ 1);
  folder.write("moved", text);
  const auto out = test::aipchain({"replay", folder.at("moved"), "--json"});
  CHECK(out.code == 1);
  CHECK(json::parse(out.output).at("difference") == "step 0: other inputs or effects");
}

TEST_CASE("what is no recording, or half of one, is refused") {
  const test::Folder folder;
  simulated(folder);
  const std::string good = test::slurp(folder.at("run-validator-1/recording"));
  const auto code_of = [&](const std::string& text) {
    folder.write("made", text);
    return test::aipchain({"replay", folder.at("made")}).code;
  };
  CHECK(test::aipchain({"replay", folder.at("none")}).code == 2);
  CHECK(code_of("") == 2);
  CHECK(code_of("aipchain recording 2\n" + good.substr(21)) == 2);
  CHECK(code_of(good.substr(0, 100)) == 2);
  CHECK(code_of(good.substr(0, good.size() - 1)) == 2);
  CHECK(code_of(good + "x") == 2);
  CHECK(code_of(good.substr(0, good.size() - 113)) == 1);  // its end record is missing
}

// Four benches side by side, each in its own real time, which is short of work.
TEST_CASE(
    "with its meter on a wire the bench settles as its twin does, whatever befalls the meter") {
  const test::Folder folder;
  Served right(served_home), other("home-04"), dying(served_home), reborn(served_home);
  FieldRun with_right(folder, right.port), with_other(folder, other.port),
      with_dying(folder, dying.port), with_reborn(folder, reborn.port);
  wait_ms(2000);  // of the six seconds
  dying.process.signal(SIGKILL);
  reborn.process.signal(SIGTERM);
  reborn.process.finish();
  wait_ms(700);
  const Served again(served_home, reborn.port);
  const json twin = simulated(folder);

  const json real = with_right.summary();
  CHECK(content_of(real) == content_of(twin));
  const json& device = real.at("devices").at(0);
  CHECK(device.at("name") == served_home);
  CHECK(device.at("source") == "modbus");
  CHECK(device.at("polls").get<int>() >= 24);
  CHECK(device.at("errors") == 0);
  CHECK(device.at("gaps") == 0);
  CHECK(device.at("shadow_readings") == 0);
  CHECK(device.at("jitter_ms").contains("p50"));
  CHECK(device.at("jitter_ms").contains("p99"));
  const json repeated = replayed(with_right.out + "/recording");
  CHECK(repeated.at("equal") == true);
  CHECK(repeated.at("content_root") == content_of(twin));
  CHECK(test::aipchain({"audit", with_right.out}).code == 0);

  // What the meter says counts: another home's meter in its place settles otherwise.
  CHECK(content_of(with_other.summary()) != content_of(twin));

  const json without = with_dying.summary();
  CHECK(without.at("devices").at(0).at("source") == "shadow");
  CHECK(without.at("devices").at(0).at("shadow_readings").get<int>() > 5);
  CHECK(without.at("devices").at(0).at("shadow_readings").get<int>() < 24);
  CHECK(without.at("devices").at(0).at("errors").get<int>() > 0);
  CHECK(content_of(without) == content_of(twin));  // its shadow is the home it stood for

  const json back = with_reborn.summary();
  CHECK(back.at("devices").at(0).at("source") == "modbus");
  CHECK(back.at("devices").at(0).at("shadow_readings").get<int>() > 0);
}

TEST_CASE("a bench that is interrupted stays readable and audits") {
  const test::Folder folder;
  const Served meter(served_home);
  FieldRun run(folder, meter.port);
  wait_ms(3500);
  run.process.signal(SIGINT);
  CHECK(run.process.finish() == 130);
  CHECK(json::parse(run.process.output).at("devices").at(0).at("name") == served_home);
  CHECK(test::aipchain({"audit", run.out}).code == 0);
  CHECK(replayed(run.out + "/recording").at("equal") == true);
}

TEST_CASE("a bench without its meter, or with two for a home, says so") {
  const test::Folder folder;
  const auto alone = test::aipchain({"field", bench_at(folder, "1"), "--out", folder.at("out")});
  CHECK(alone.code == 3);
  CHECK(alone.errors.find(served_home) != std::string::npos);
  std::string text = test::slurp(bench_at(folder, "1"));
  text += "\n[[meter]]\nhome = \"home-03\"\n";
  folder.write("twice.toml", text);
  const auto twice = test::aipchain({"run", folder.at("twice.toml"), "--out", folder.at("out2")});
  CHECK(twice.code == 2);
  CHECK(twice.errors.find("has a meter already") != std::string::npos);
  CHECK(test::aipchain({"field", folder.at("none.toml")}).code == 2);
  CHECK(test::aipchain({"meter", "serve", "aipchain_reference", "--listen", "127.0.0.1:0", "--from",
                        bench, "--id", "home-99"})
            .code == 2);
}
