// `aipchain run` as its users call it.

#include <cmath>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

namespace fs = std::filesystem;
using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;

namespace {

// One run of the short scenario that tests look at without changing it.
struct Shared {
  Folder folder;
  Outcome outcome;
  json summary;
  Shared() {
    folder.write("scenario.toml", test::short_scenario);
    outcome = aipchain({"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--json"});
    REQUIRE(outcome.code == 0);
    summary = json::parse(outcome.output);
  }
};

const Shared& shared() {
  static const Shared made;
  return made;
}

// The summary of a run into a folder of its own, gone afterwards.
json summary_of(const std::string& scenario, std::vector<std::string> more) {
  const Folder folder;
  folder.write("scenario.toml", scenario);
  std::vector<std::string> arguments{"run", folder.at(""), "--out", folder.at("out"), "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = aipchain(arguments);
  CAPTURE(outcome.errors);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.output);
}

enum class Kind { text, hash, whole, number, number_if_any, object, texts };

bool is_hash(const json& j) {
  return j.is_string() && j.get_ref<const std::string&>().size() == 64 &&
         j.get_ref<const std::string&>().find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_of(const json& j, Kind kind) {
  switch (kind) {
    case Kind::text:
      return j.is_string() && !j.get_ref<const std::string&>().empty();
    case Kind::hash:
      return is_hash(j);
    case Kind::whole:
      return j.is_number_integer();
    case Kind::number:
      return j.is_number() && std::isfinite(j.get<double>());
    case Kind::number_if_any:
      return j.is_null() || is_of(j, Kind::number);
    case Kind::object:
      return j.is_object();
    case Kind::texts:
      return j.is_array() && std::all_of(j.begin(), j.end(), [](const json& e) {
               return e.is_string() && e.get_ref<const std::string&>().size() == 32;
             });
  }
  return false;
}

struct Key {
  const char* path;
  Kind kind;
};

// What the command line promises to print.
const std::vector<Key> promised{
    {"/scenario", Kind::text},
    {"/seed", Kind::whole},
    {"/input_hash", Kind::hash},
    {"/simulated_s", Kind::number},
    {"/wall_s", Kind::number},
    {"/speed_up", Kind::number},
    {"/readings", Kind::whole},
    {"/readings_per_s", Kind::number},
    {"/power_flows", Kind::whole},
    {"/ledger/height", Kind::whole},
    {"/ledger/transactions", Kind::whole},
    {"/ledger/log_root", Kind::hash},
    {"/ledger/state_root", Kind::hash},
    {"/ledger/content_root", Kind::hash},
    {"/ledger/log_size", Kind::whole},
    {"/ledger/finality_ms/p50", Kind::number},
    {"/ledger/finality_ms/p95", Kind::number},
    {"/ledger/finality_ms/p99", Kind::number},
    {"/ledger/rounds_max", Kind::whole},
    {"/energy/consumed_kwh", Kind::number},
    {"/energy/generated_kwh", Kind::number},
    {"/energy/imported_kwh", Kind::number},
    {"/energy/exported_kwh", Kind::number},
    {"/energy/losses_kwh", Kind::number},
    {"/energy/curtailed_kwh", Kind::number},
    {"/energy/unserved_kwh", Kind::number},
    {"/energy/stored_delta_kwh", Kind::number},
    {"/energy/storage_losses_kwh", Kind::number},
    {"/energy/balance_residual_kwh", Kind::number},
    {"/energy/self_sufficiency", Kind::number},
    {"/energy/self_consumption", Kind::number},
    {"/grid/overload_minutes", Kind::number},
    {"/grid/tap_changes", Kind::number},
    {"/grid/overload_kwh", Kind::number},
    {"/grid/voltage_violation_minutes", Kind::number},
    {"/grid/max_loading", Kind::number},
    {"/grid/v_min_pu", Kind::number},
    {"/grid/v_max_pu", Kind::number},
    {"/grid/worst_element", Kind::text},
    {"/market/mechanism", Kind::text},
    {"/market/traded_kwh", Kind::number},
    {"/market/turnover_eur", Kind::number},
    {"/market/mean_price_eur_per_kwh", Kind::number_if_any},
    {"/market/efficiency", Kind::number_if_any},
    {"/market/money_residual_eur", Kind::number},
    {"/market/savings_eur/mean", Kind::number},
    {"/market/savings_eur/min", Kind::number},
    {"/market/savings_eur/losers", Kind::whole},
    {"/tokens/minted_wh", Kind::whole},
    {"/tokens/retired_wh", Kind::whole},
    {"/tokens/residual_wh", Kind::whole},
    {"/alerts", Kind::object},
    {"/accounts", Kind::texts},
    {"/result_hash", Kind::hash},
};

void check_summary(const json& s) {
  for (const Key& key : promised) {
    CAPTURE(key.path);
    const json::json_pointer at(key.path);
    REQUIRE(s.contains(at));
    CHECK(is_of(s.at(at), key.kind));
  }
  const json& e = s.at("energy");
  CHECK(std::abs(e.at("balance_residual_kwh").get<double>()) <
        1e-6 * e.at("consumed_kwh").get<double>());
  CHECK(s.at("/market/money_residual_eur"_json_pointer) == 0);
  CHECK(s.at("/tokens/residual_wh"_json_pointer) == 0);
  CHECK(s.at("/ledger/height"_json_pointer) > 0);
  CHECK(s.at("/ledger/refused"_json_pointer) == 0);
}

void check_directory(const std::string& out, const json& summary) {
  const Outcome audit = aipchain({"audit", out, "--openings", out + "/openings", "--json"});
  CHECK(audit.code == 0);
  const json audited = json::parse(audit.output);
  std::vector<std::string> ids;
  for (const json& check : audited.at("checks")) {
    ids.push_back(check.at("id"));
    CAPTURE(check.dump());
    CHECK(check.at("ok") != false);
    const bool must_hold = ids.size() <= 7 || ids.size() == 12;
    if (must_hold) CHECK(check.at("ok") == true);
    CHECK(!check.at("detail").get<std::string>().empty());
  }
  CHECK(ids == std::vector<std::string>{"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10",
                                        "R11", "R12"});
  for (const json& account : summary.at("accounts")) {
    const Outcome receipt = aipchain(
        {"receipt", out, "--account", account.get<std::string>(), "--out", out + "/../r.json"});
    CHECK(receipt.code == 0);
    const Outcome verify =
        aipchain({"verify", out + "/../r.json", "--policy", out + "/log/policy", "--json"});
    CHECK(verify.code == 0);
    CHECK(json::parse(verify.output).at("valid") == true);
  }
}

int refused(const std::vector<std::string>& arguments, const std::string& says) {
  const Outcome outcome = aipchain(arguments);
  CAPTURE(outcome.errors);
  CHECK(outcome.output.empty());
  CHECK(outcome.errors.find(says) != std::string::npos);
  return outcome.code;
}

}  // namespace

TEST_CASE("the summary holds every promised key, and the residuals are nothing") {
  check_summary(shared().summary);
  CHECK(shared().summary.at("simulated_s") == 360);
  CHECK(shared().summary.at("accounts").size() == 6);
  CHECK(shared().summary.at("power_flows") == 72);
  CHECK(shared().summary.at("readings") == 7 * 72);  // six homes and the feeder's own meter
  CHECK(shared().summary.at("/market/traded_kwh"_json_pointer) > 0);
  CHECK(shared().summary.at("/tokens/minted_wh"_json_pointer) > 0);
}

TEST_CASE("the directory holds what it promises and stands up to audit and verify") {
  const std::string out = shared().folder.at("out");
  for (const char* name : {"summary.json", "run.db", "report.html", "scenario.resolved.toml",
                           "log/checkpoint", "log/policy", "log/genesis", "openings/keys"})
    CHECK(fs::is_regular_file(fs::path(out) / name));
  CHECK(test::slurp(out + "/summary.json") == shared().outcome.output);
  for (const auto& file : fs::recursive_directory_iterator(out)) {
    const std::string name = file.path().filename().string();
    for (const std::string left : {".new", ".tmp", "-wal", "-shm", "-journal"})
      CHECK_FALSE(name.ends_with(left));
  }
  check_directory(out, shared().summary);
}

TEST_CASE("an hour of the village") {
  const Folder folder;
  const Outcome run = aipchain({"run", AIPCHAIN_SOURCE_DIR "/scenarios/village_day/scenario.toml",
                                "--out", folder.at("out"), "--until", "1h", "--json"});
  REQUIRE(run.code == 0);
  const json summary = json::parse(run.output);
  check_summary(summary);
  CHECK(summary.at("scenario") == "village_day");
  CHECK(summary.at("simulated_s") == 3600);
  CHECK(summary.at("accounts").size() == 10);
  check_directory(folder.at("out"), summary);
}

TEST_CASE("stdout carries the result alone, stderr the progress, and --quiet silences it") {
  CHECK(shared().outcome.output.front() == '{');
  CHECK(shared().outcome.output.ends_with("}\n"));
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const Outcome words = aipchain({"run", folder.at(""), "--out", folder.at("out"), "--quiet"});
  CHECK(words.code == 0);
  CHECK(words.errors.empty());
  CHECK(words.output.find("report   " + folder.at("out") + "/report.html") != std::string::npos);
}

TEST_CASE("results depend on the seed and not on threads, directory or repetition") {
  const json once = shared().summary;
  const json one = summary_of(test::short_scenario, {"--threads", "1"});
  const json two = summary_of(test::short_scenario, {"--threads", "2"});
  const json other = summary_of(test::short_scenario, {"--seed", "8"});
  const json same = summary_of(test::short_scenario, {"--seed", "5"});
  CHECK(one.at("result_hash") == once.at("result_hash"));
  CHECK(two.at("result_hash") == once.at("result_hash"));
  CHECK(same.at("result_hash") == once.at("result_hash"));
  CHECK(other.at("result_hash") != once.at("result_hash"));
  CHECK(other.at("seed") == 8);
  CHECK(other.at("/ledger/content_root"_json_pointer) !=
        once.at("/ledger/content_root"_json_pointer));
}

TEST_CASE("the resolved scenario, with all defaults written out, gives the same result") {
  const json again =
      summary_of(test::slurp(shared().folder.at("out/scenario.resolved.toml")), {"--quiet"});
  CHECK(again.at("ledger") == shared().summary.at("ledger"));
  CHECK(again.at("energy") == shared().summary.at("energy"));
}

TEST_CASE("--until is a duration or a time, --set any key") {
  CHECK(summary_of(test::short_scenario, {"--until", "2m"}).at("simulated_s") == 120);
  CHECK(summary_of(test::short_scenario, {"--until", "7m"}).at("simulated_s") == 420);
  CHECK(summary_of(test::short_scenario, {"--until", "2026-06-21T12:03:00+02:00"})
            .at("simulated_s") == 180);
  CHECK(summary_of(test::short_scenario, {"--until", "2026-06-21T10:03:00Z"}).at("simulated_s") ==
        180);
  const json set =
      summary_of(test::short_scenario, {"--until", "2m", "--set", "market.mechanism=retailer",
                                        "--set", "seed=11", "--set", "weather.cloudiness=1"});
  CHECK(set.at("/market/mechanism"_json_pointer) == "retailer");
  CHECK(set.at("/market/traded_kwh"_json_pointer) == 0);
  CHECK(set.at("seed") == 11);
  CHECK(set.at("input_hash") != shared().summary.at("input_hash"));
}

TEST_CASE("without --out the results go to the first free directory below runs/") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  folder.write("runs/short-1/kept", "mine");
  test::Process run({"env", "-C", folder.at(""), AIPCHAIN_PROGRAM, "run", "scenario.toml",
                     "--until", "1m", "--quiet"});
  CHECK(run.finish() == 0);
  CHECK(fs::exists(folder.at("runs/short-2/summary.json")));
  CHECK(test::files_of(folder.at("runs/short-1")).size() == 1);
}

TEST_CASE("a directory that holds something is refused and not touched") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  folder.write("out/kept", "mine");
  folder.write("file", "mine");
  CHECK(refused({"run", folder.at(""), "--out", folder.at("out")}, folder.at("out")) == 2);
  CHECK(refused({"run", folder.at(""), "--out", folder.at("file")}, folder.at("file")) == 2);
  CHECK(refused({"run", folder.at(""), "--out", folder.at("file/below")}, folder.at("file")) == 2);
  CHECK(test::files_of(folder.at("out")).size() == 1);
  CHECK(test::slurp(folder.at("out/kept")) == "mine");
  CHECK(test::slurp(folder.at("file")) == "mine");
  // An empty one is as good as none.
  fs::create_directory(folder.at("empty"));
  CHECK(aipchain({"run", folder.at(""), "--out", folder.at("empty"), "--until", "1m"}).code == 0);
}

TEST_CASE("a wrong command line is 2 and writes nothing") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const std::string out = folder.at("out");
  const auto run = [&](std::vector<std::string> more, const std::string& says) {
    std::vector<std::string> arguments{"run", folder.at(""), "--out", out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const int code = refused(arguments, says);
    CHECK_FALSE(fs::exists(out));
    return code;
  };
  CHECK(run({"--until", "noon"}, "--until noon") == 2);
  CHECK(run({"--until", "0s"}, "0s") == 2);
  CHECK(run({"--until", "-5m"}, "--until") == 2);
  CHECK(run({"--until", "2026-06-21T12:00:00+02:00"}, "not after the scenario's start") == 2);
  CHECK(run({"--until", "7s"}, "7s") == 2);
  CHECK(run({"--seed", "seven"}, "seed") == 2);
  CHECK(run({"--seed", "-1"}, "seed") == 2);
  CHECK(run({"--seed", "1.5"}, "seed") == 2);
  CHECK(run({"--set", "seed"}, "--set seed") == 2);
  CHECK(run({"--set", "=1"}, "--set") == 2);
  CHECK(run({"--set", "grid.generater.homes=3"},
            "--set: grid.generater: unknown key; did you mean \"generator\"?") == 2);
  CHECK(run({"--set", "market=retailer"}, "--set: market: found \"retailer\"; wants a table") == 2);
  CHECK(run({"--set", "time.duration=0s"}, "--set: time.duration: found \"0s\"") == 2);
  CHECK(run({"--set", "a = 1\nb=2"}, "--set") == 2);
  CHECK(run({"--set", "\"=x"}, "--set") == 2);
  CHECK(run({"--set", "#=x"}, "--set #=x: wants key=value") == 2);
  CHECK(run({"--set", "seed = 1\nname=x"}, "wants key=value") == 2);
  CHECK(run({"--threads", "0"}, "--threads") == 2);
  CHECK(run({"--threads", "many"}, "--threads") == 2);
  CHECK(run({"--sed", "1"}, "--sed") == 2);
  CHECK(refused({"run"}, "scenario") == 2);
  CHECK(refused({"rum"}, "rum") == 2);
  CHECK(refused({}, "subcommand") == 2);
}

TEST_CASE("what audit, receipt and verify cannot read is 2, what does not hold is 1") {
  const std::string out = shared().folder.at("out");
  const Folder folder;
  CHECK(refused({"audit", folder.at("none")}, "none") == 2);
  CHECK(refused({"audit", out, "--openings", folder.at("none")}, "none") == 2);
  CHECK(refused({"audit", out, "--policy", folder.at("none")}, "none") == 2);
  CHECK(refused({"verify", folder.at("none")}, "none") == 2);
  CHECK(refused({"verify", out}, "directory") == 2);
  CHECK(refused({"receipt", out, "--account", "ab"}, "--account ab") == 2);
  CHECK(refused({"receipt", out, "--account", std::string(32, '0')}, std::string(32, '0')) == 2);
  const std::string account = shared().summary.at("accounts").at(0);
  CHECK(refused({"receipt", out, "--account", account, "--slot", "99"}, "99") == 2);
  CHECK(refused({"receipt", out, "--account", account, "--slot", "noon"}, "--slot noon") == 2);
  CHECK(refused({"receipt", out, "--account", account, "--slot", "2020-01-01T00:00:00Z"},
                "--slot 2020") == 2);

  folder.write("policy", "another trust root\n");
  CHECK(aipchain({"audit", out, "--policy", folder.at("policy")}).code == 1);
  CHECK(aipchain({"receipt", out, "--account", account, "--out", folder.at("r.json")}).code == 0);
  CHECK(aipchain({"verify", folder.at("r.json"), "--policy", folder.at("policy")}).code == 1);
  folder.write("garbage", "not a receipt");
  CHECK(aipchain({"verify", folder.at("garbage")}).code == 1);
  CHECK(aipchain({"audit", folder.at("")}).code == 1);
  // Without openings what rests on them is not checkable, and nothing fails.
  const Outcome alone = aipchain({"audit", out, "--json"});
  CHECK(alone.code == 0);
  for (const json& check : json::parse(alone.output).at("checks")) {
    const std::string id = check.at("id");
    if (id == "R4" || id == "R5" || id == "R6") CHECK(check.at("ok").is_null());
  }
}

TEST_CASE("every subcommand has help, and the program a version") {
  for (const std::string name : {"run", "audit", "receipt", "verify", "view", "meter"}) {
    const Outcome help = aipchain({name, "--help"});
    CHECK(help.code == 0);
    CHECK(help.output.find("Usage:") != std::string::npos);
    CHECK(aipchain({"help"}).output.find(name) != std::string::npos);
  }
  CHECK(aipchain({"--version"}).output.find_first_of("0123456789") != std::string::npos);
}
