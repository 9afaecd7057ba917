// A run that is stopped in the middle, and what it says on the way.

#include <chrono>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

namespace fs = std::filesystem;
using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Process;

namespace {

// Weeks of the short scenario: far longer than the test waits.
std::vector<std::string> long_run(const Folder& folder, std::vector<std::string> more) {
  folder.write("scenario.toml", test::short_scenario);
  std::vector<std::string> command{AIPCHAIN_PROGRAM, "run",     folder.at(""), "--out",
                                   folder.at("out"), "--until", "20d",         "--json"};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

// Until the run has published something, so that the signal comes in its middle.
void wait_for_checkpoint(const Folder& folder) {
  for (int i = 0; i < 400 && !fs::exists(folder.at("out/log/checkpoint")); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  REQUIRE(fs::exists(folder.at("out/log/checkpoint")));
}

bool is_utf8_art(const std::string& text) {
  return text.find('\x1b') != std::string::npos || text.find('\r') != std::string::npos;
}

// What a run writes to a terminal: script(1) gives it one.
std::string on_a_terminal(const Folder& folder, const std::string& environment) {
  folder.write("scenario.toml", test::short_scenario);
  Process process({"script", "-qec",
                   environment + " " AIPCHAIN_PROGRAM " run " + folder.at("scenario.toml") +
                       " --out " + folder.at("out") + " --until 1h --json > /dev/null",
                   "/dev/null"});
  CHECK(process.finish() == 0);
  return process.output;
}

}  // namespace

TEST_CASE("a run that is interrupted leaves a directory that audit accepts") {
  for (const int number : {SIGINT, SIGTERM}) {
    const Folder folder;
    Process run(long_run(folder, {"--quiet"}));
    wait_for_checkpoint(folder);
    run.signal(number);
    CHECK(run.finish() == 130);
    CHECK(run.errors.empty());
    const json summary = json::parse(run.output);
    CHECK(test::slurp(folder.at("out/summary.json")) == run.output);
    CHECK(summary.at("simulated_s") > 0);
    CHECK(summary.at("simulated_s") < 20 * 86400);
    CHECK(summary.at("/market/money_residual_eur"_json_pointer) == 0);
    CHECK(summary.at("/tokens/residual_wh"_json_pointer) == 0);
    CHECK(fs::exists(folder.at("out/report.html")));
    const auto audit =
        aipchain({"audit", folder.at("out"), "--openings", folder.at("out/openings"), "--json"});
    CAPTURE(audit.output);
    CHECK(audit.code == 0);
    const auto receipt = aipchain({"receipt", folder.at("out"), "--account",
                                   summary.at("accounts").at(0).get<std::string>(), "--out",
                                   folder.at("receipt.json")});
    CHECK(receipt.code == 0);
    CHECK(aipchain({"verify", folder.at("receipt.json")}).code == 0);
  }
}

TEST_CASE("a run that is killed leaves its public log as it was published") {
  const Folder folder;
  Process run(long_run(folder, {}));
  wait_for_checkpoint(folder);
  run.signal(SIGKILL);
  CHECK(run.finish() == 128 + SIGKILL);
  CHECK_FALSE(fs::exists(folder.at("out/summary.json")));
}

TEST_CASE("progress is plain lines where stderr is no terminal") {
  const Folder folder;
  Process run(long_run(folder, {}));
  std::this_thread::sleep_for(std::chrono::milliseconds(3500));
  run.signal(SIGINT);
  CHECK(run.finish() == 130);
  const auto lines = test::lines_of(run.errors);
  REQUIRE(lines.size() >= 1);
  CHECK(lines.size() <= 3);
  for (const std::string& line : lines) {
    CAPTURE(line);
    CHECK(line.starts_with("short: "));
    CHECK(line.find("times real time") != std::string::npos);
    CHECK(line.find("left") != std::string::npos);
  }
  CHECK_FALSE(is_utf8_art(run.errors));
}

TEST_CASE("on a terminal progress is a bar, without colour where NO_COLOR is set") {
  const Folder coloured, plain;
  const std::string with = on_a_terminal(coloured, "env -u NO_COLOR");
  const std::string without = on_a_terminal(plain, "NO_COLOR=1");
  CAPTURE(with);
  CAPTURE(without);
  CHECK(with.find("\x1b[32m") != std::string::npos);
  CHECK(with.find("\u2588") != std::string::npos);
  CHECK(without.find("\u2588") != std::string::npos);
  CHECK(without.find("\x1b[32m") == std::string::npos);
}
