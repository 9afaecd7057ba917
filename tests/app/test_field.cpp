// The field host beside the twin: one home's meter on a wire gives the same ledger as its simulated
// twin, and a recording of either runs to the same roots again.

#include <algorithm>
#include <chrono>
#include <doctest/doctest.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"
#include "tests/support/replaced.hpp"

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

namespace {

// home-03 of the bench as a charging station that signs its registers each `interval`.
struct Station {
  Station(const test::Folder& folder, const std::string& interval)
      : key(folder.at("key-" + interval)), process(program(arguments(interval))) {
    const std::string at = process.line(), text = process.line();
    const std::string listening = "listening on 127.0.0.1:", says = "public key ";
    REQUIRE(at.starts_with(listening));
    REQUIRE(text.starts_with(says));
    port = at.substr(listening.size());
    public_key = text.substr(says.size());
  }
  std::vector<std::string> arguments(const std::string& interval) const {
    REQUIRE(test::aipchain({"keys", "new", key}).code == 0);
    return {"ocmf", "serve", "--listen",  "127.0.0.1:0", "--key",  key,        "--from",
            bench,  "--id",  served_home, "--interval",  interval, "--serial", "4711"};
  }
  std::string key;
  Process process;
  std::string port, public_key;
};

// The bench for a market slot, with its meter's records from there.
std::string bench_with(const test::Folder& folder, const std::string& name, const Station& station,
                       const std::string& public_key) {
  std::string text = test::slurp(bench_at(folder, station.port));
  text = test::replaced(text, "\"2m\"", "\"1m\"");
  text = test::replaced(text, "\"modbus\"",
                        "\"ocmf\"\nserial = \"4711\"\npublic_key = \"" + public_key + "\"");
  folder.write(name + ".toml", text);
  return folder.at(name + ".toml");
}

struct StationRun {
  StationRun(const test::Folder& folder, const std::string& name, const Station& station,
             const std::string& public_key)
      : out(folder.at(name)),
        process(program({"field", bench_with(folder, name, station, public_key), "--out", out,
                         "--json", "--quiet"})) {}
  json summary() {
    const int code = process.finish();
    CAPTURE(process.errors);
    REQUIRE(code == 0);
    return json::parse(process.output);
  }
  std::string out;
  Process process;
};

json exported(const std::string& directory, const std::string& account) {
  const auto out = test::aipchain({"export", directory, "--account", account});
  CAPTURE(out.errors);
  REQUIRE(out.code == 0);
  return json::parse(out.output);
}

// The only account of a run whose station's records are kept.
std::string account_with_records(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/records"))
    names.push_back(entry.path().stem().string());
  REQUIRE(names.size() == 1);
  return names[0];
}

// Of a file of records, each valid: the newest register and its time.
std::vector<std::pair<std::string, std::int64_t>> signed_in(const std::string& file,
                                                            const std::string& key) {
  const auto out = test::aipchain({"ocmf", "verify", file, "--key", key, "--lines", "--json"});
  CAPTURE(out.errors);
  CHECK(out.code == 0);
  std::vector<std::pair<std::string, std::int64_t>> all;
  for (const json& record : json::parse(out.output)) {
    CHECK(record.at("verdict") == "valid");
    const json& newest = record.at("energy").back();
    all.emplace_back(newest.at("time"), newest.at("import_mwh"));
  }
  return all;
}

bool is_signed(const std::vector<std::pair<std::string, std::int64_t>>& all, std::int64_t value) {
  return std::any_of(all.begin(), all.end(), [&](const auto& s) { return s.second == value; });
}

// The register of the newest record up to a time, as texts of one zone compare.
std::int64_t signed_at(const std::vector<std::pair<std::string, std::int64_t>>& all,
                       const std::string& time) {
  std::int64_t out = -1;
  for (const auto& [at, value] : all)
    if (at <= time) out = value;
  return out;
}

}  // namespace

TEST_CASE("what a charging station signed ends on the ledger, is kept as it came, and is erased") {
  const test::Folder folder;
  const Station steady(folder, "5s"), rare(folder, "25s"), unknown(folder, "10s");
  StationRun with_steady(folder, "steady", steady, steady.public_key),
      with_rare(folder, "rare", rare, rare.public_key),
      with_unknown(folder, "unknown", unknown, steady.public_key);

  const json run = with_steady.summary();
  const json& device = run.at("devices").at(0);
  CHECK(device.at("source") == "ocmf");
  // A machine that is short of work may bring one too late: 9 s are 450 ms here.
  json refusals = device.at("records").at("refused");
  refusals.erase("time_apart");
  CHECK(refusals.empty());
  CHECK(device.at("records").at("taken").get<int>() >= 8);
  CHECK(device.at("shadow_readings") == 0);
  const std::string account = account_with_records(with_steady.out);
  const std::string file = with_steady.out + "/records/" + account + ".ocmf";
  const auto steadily = signed_in(file, steady.public_key);
  CHECK(steadily.size() == device.at("records").at("taken"));
  const json own = exported(with_steady.out, account);
  CHECK(own.at("signed_records").size() == steadily.size());
  std::size_t at_its_time = 0;
  for (const json& r : own.at("readings")) {
    const std::int64_t shown = r.at("import_mwh"), newest = signed_at(steadily, r.at("time"));
    CHECK(shown <= newest);
    CHECK(is_signed(steadily, shown));
    at_its_time += shown == newest;
  }
  CHECK(at_its_time >= 8);
  const std::string simulated = bench_with(folder, "twin", steady, steady.public_key);
  REQUIRE(test::aipchain({"run", simulated, "--out", folder.at("twin"), "--json"}).code == 0);
  const std::int64_t used_wh = own.at("bills").at(0).at("imported_wh");
  CHECK(exported(folder.at("twin"), account).at("bills").at(0).at("imported_wh") == used_wh);
  const std::int64_t first_wh = steadily.back().second / 1000 - used_wh;
  CHECK(test::aipchain({"audit", with_steady.out, "--openings", with_steady.out + "/openings"})
            .code == 0);

  // 25 s and 50 s are signed; at 40 s, with the first one's batch, and at 60 s, the slot's end, the
  // registers stand as they were signed last.
  const json rarely = with_rare.summary();
  CHECK(rarely.at("devices").at(0).at("source") == "held");
  CHECK(rarely.at("devices").at(0).at("records").at("taken") == 2);
  CHECK(rarely.at("devices").at(0).at("records").at("held_readings") == 2);
  const auto two = signed_in(with_rare.out + "/records/" + account + ".ocmf", rare.public_key);
  const json of_rare = exported(with_rare.out, account);
  CHECK(of_rare.at("readings").size() == 4);
  CHECK(of_rare.at("readings").back().at("import_mwh") == two.back().second);
  CHECK(of_rare.at("bills").at(0).at("imported_wh") == two.back().second / 1000 - first_wh);
  for (const json* s : {&run, &rarely})
    for (const char* rule : {"counter_power", "counter_fell", "power_range", "time_apart"})
      CHECK_FALSE(s->at("oracle").contains(rule));
  CHECK(rarely.at("oracle").contains("sequence_gap"));

  // What another key signed moves nothing.
  const json refused = with_unknown.summary();
  CHECK(refused.at("devices").at(0).at("source") == "none");
  CHECK(refused.at("devices").at(0).at("records").at("taken") == 0);
  CHECK(refused.at("devices").at(0).at("records").at("refused").at("invalid_signature") >= 4);
  CHECK_FALSE(std::filesystem::exists(with_unknown.out + "/records"));
  CHECK(exported(with_unknown.out, account).at("readings").empty());

  // Written on request, out of what the household was given.
  folder.write("export.json", own.dump());
  const auto written =
      test::aipchain({"ocmf", "write", folder.at("export.json"), "--key", rare.key});
  REQUIRE(written.code == 0);
  folder.write("written.ocmf", written.output);
  CHECK(signed_in(folder.at("written.ocmf"), rare.public_key).back().second ==
        own.at("readings").back().at("import_mwh"));

  REQUIRE(test::aipchain({"erase", with_steady.out, "--subject", account}).code == 0);
  CHECK_FALSE(std::filesystem::exists(with_steady.out + "/records"));
}
