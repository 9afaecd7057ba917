// The command line itself: help, versions, slips of the pen, signals, streams.

#include <doctest/doctest.h>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

namespace fs = std::filesystem;
using test::aipchain;
using test::Folder;
using test::Outcome;
using test::Process;

namespace {

// The exit code of a command that is refused in one line which holds `says`, without output.
int refused(const std::vector<std::string>& arguments, const std::string& says) {
  const Outcome outcome = aipchain(arguments);
  CAPTURE(outcome.errors);
  CHECK(outcome.output.empty());
  CHECK(test::lines_of(outcome.errors).size() == 1);
  CHECK(outcome.errors.find(says) != std::string::npos);
  CHECK(outcome.errors.size() < 2500);
  return outcome.code;
}

// `aipchain WORDS` in a shell, for its redirections.
Outcome in_shell(const std::string& words) {
  Process process({"bash", "-c", std::string(AIPCHAIN_PROGRAM) + " " + words});
  const int code = process.finish();
  return {code, process.output, process.errors};
}

}  // namespace

TEST_CASE("every command has --version, and help by two names") {
  const std::string version = aipchain({"--version"}).output;
  for (const std::string name : {"run", "audit", "receipt", "verify", "field", "replay", "view"}) {
    CAPTURE(name);
    CHECK(aipchain({name, "--version"}).output == version);
    CHECK(aipchain({"help", name}).output == aipchain({name, "--help"}).output);
    CHECK(aipchain({"help", name}).code == 0);
  }
  CHECK(aipchain({"meter", "serve", "--version"}).output == version);
  CHECK(aipchain({"help", "meter", "read"}).output.find("--connect") != std::string::npos);
  CHECK(refused({"help", "rum"}, "did you mean run?") == 2);
}

TEST_CASE("an unknown command or option names the nearest known one") {
  CHECK(refused({"rum"}, "rum: unknown command; did you mean run?") == 2);
  CHECK(refused({"frobnicate"}, "known: help run ladder audit") == 2);
  CHECK(refused({"meter", "serv"}, "serv: unknown command; did you mean serve?") == 2);
  CHECK(refused({"run", "x", "--sed", "1"}, "--sed: unknown option; did you mean --seed?") == 2);
  CHECK(refused({"run", "x", "--sed=1"}, "did you mean --seed?") == 2);
  CHECK(refused({"audit", "x", "--openigns", "y"}, "did you mean --openings?") == 2);
  CHECK(refused({"export", "x", "--acount", "y"}, "did you mean --account?") == 2);
  CHECK(refused({"run", "x", "y"}, "y: one word too many") == 2);
  CHECK(refused({"run"}, "scenario is required") == 2);
  CHECK(refused({std::string(100'000, 'x')}, "unknown command") == 2);
}

TEST_CASE("an empty text is no value") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const std::string scenario = folder.at("scenario.toml");
  for (const std::string option : {"--out", "--seed", "--until", "--set"})
    CHECK(refused({"run", scenario, option, ""}, option + ": is empty") == 2);
  CHECK(refused({"run", ""}, "is empty") == 2);
  CHECK(refused({"verify", scenario, "--policy", ""}, "--policy: is empty") == 2);
  CHECK(refused({"audit", folder.at(""), "--openings", ""}, "--openings: is empty") == 2);
}

TEST_CASE("a seed is digits, and what is wrong with it is said of --seed") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const auto run = [&](const std::string& seed) {
    return refused(
        {"run", folder.at(""), "--out", folder.at("out"), "--seed", seed},
        "--seed " + seed.substr(0, 80) + ": wants a whole number from 0 to 9223372036854775807");
  };
  for (const std::string seed : {"5.0", "0x10", "5_0", " 5", "5 ", "+5", "-1", "1e3", "five",
                                 "9223372036854775808", "18446744073709551615"})
    CHECK(run(seed) == 2);
  CHECK(run(std::string(100'000, '7')) == 2);
  const auto most = aipchain({"run", folder.at(""), "--out", folder.at("out"), "--until", "1m",
                              "--seed", "9223372036854775807", "--json"});
  CHECK(most.code == 0);
  CHECK(most.output.find("\"seed\": 9223372036854775807") != std::string::npos);
}

TEST_CASE("an option's number is finite, decimal and within its bounds") {
  const std::vector<std::vector<std::string>> options{
      {"market", "clear", "x.csv", "--mechanism", "grid-aware", "--grid", "x", "--slot-minutes"},
      {"grid", "solve", "x.json", "--tolerance"},
      {"view", "x", "--speed"},
      {"meter", "serve", "abb_b23", "--speed"},
      {"network", "x", "--out", "y", "--speed"},
      {"network", "x", "--out", "y", "--delay-ms"}};
  for (const auto& option : options)
    for (const std::string text :
         {"nan", "NaN", "-nan", "inf", "-inf", "0x1p-1", "1e999", "1e-999", "1,5", "5 ", "1e7"}) {
      CAPTURE(text);
      std::vector<std::string> words = option;
      words.push_back(text);
      CHECK(refused(words, option.back() + ": found " + text + "; wants a number from ") == 2);
    }
  CHECK(refused({"market", "clear", "x.csv", "--mechanism", "grid-aware", "--grid", "x",
                 "--slot-minutes", "1e2"},
                "x.csv: cannot be read") == 2);
}

TEST_CASE("what --until and --duration have wrong is said of them") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  CHECK(refused({"run", folder.at(""), "--until", "7s"}, "--until 7s: time.duration: found") == 2);
  CHECK(refused({"run", folder.at(""), "--until", "noon"}, "--until noon: wants") == 2);
  CHECK(refused({"field", folder.at(""), "--duration", "7s"},
                "--duration 7s: time.duration: found") == 2);
  const auto fraction = aipchain({"run", folder.at(""), "--out", folder.at("out"), "--until",
                                  "2026-06-21t12:01:00.000+02:00", "--quiet"});
  CHECK(fraction.code == 0);
}

TEST_CASE("a value of the wrong type says what it is") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const auto set = [&](const std::string& pair, const std::string& says) {
    return refused({"run", folder.at(""), "--set", pair}, says);
  };
  CHECK(set("seed=5.0", "--set: seed: found 5.0; wants a whole number") == 2);
  CHECK(set("grid.generator.homes=6.0", "found 6.0; wants a whole number") == 2);
  CHECK(set("name=5", "found 5; wants a text") == 2);
}

TEST_CASE("a table of a list is named by its number") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const auto set = [&](const std::string& pair, const std::string& says) {
    return refused({"run", folder.at(""), "--set", pair}, says);
  };
  CHECK(set("population.0.count=7", "population.count: found 7; the grid has 6 free") == 2);
  CHECK(set("population.0.pv.share=2", "population.pv.share: found 2; wants a number") == 2);
  for (const std::string key : {"population.1.count=7", "population.x.count=7", "population.0=7",
                                "population.-1.count=7", "population.0={count=7}"})
    CHECK(set(key, "population is a list of 1; wants the number of one of its tables") == 2);
}

TEST_CASE("a key or value of any size is cut in the message") {
  const Folder folder;
  const std::string big(1'000'000, 'k');
  folder.write("scenario.toml", big + " = 1\n" + test::short_scenario);
  CHECK(refused({"run", folder.at("")},
                "scenario.toml:1:1: " + big.substr(0, 80) + "...: unknown key") == 2);
  folder.write("scenario.toml",
               test::short_scenario + ("\n[market]\nmechanism = \"" + big + "\"\n"));
  CHECK(refused({"run", folder.at("")}, "market.mechanism: found \"kkk") == 2);
  CHECK(refused({"run", folder.at(""), "--set", std::string(100'000, 'k') + "=1"}, "unknown key") ==
        2);
}

TEST_CASE("output that does not arrive is a failure") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const std::string out = folder.at("out");
  const std::vector<std::string> commands{
      "--version",
      "help",
      "run --help",
      "help run",
      "run " + folder.at("") + " --until 1m --json --out " + out,
      "audit " + out,
      "audit --json " + out,
      "meter serve abb_b23 --listen 127.0.0.1:0"};
  for (const std::string& words : commands) {
    CAPTURE(words);
    const Outcome full = in_shell(words + " > /dev/full");
    CHECK(full.code == 3);
    CHECK(full.errors.find("stdout: cannot be written") != std::string::npos);
  }
  CHECK(in_shell("--version >&-").code == 3);
  // A closed stream's number must not become the number of a file of the run.
  CHECK(in_shell("run " + folder.at("") + " --until 1m --out " + folder.at("closed") +
                 " <&- >&- 2>&-")
            .code == 3);
  CHECK(aipchain({"audit", folder.at("closed")}).code == 0);
}

// Signals that are ignored where a program is started are ignored by it, too, unless it says
// otherwise: so none is lost or deadly before main, and whatever comes first is the program's own.
TEST_CASE(
    "an interrupt in the first moments ends with 130, also where it was inherited as ignored") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  Process started({"python3", "-c",
                   "import signal, subprocess, sys, time\n"
                   "ignore = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
                   "p = subprocess.Popen(sys.argv[1:], preexec_fn=ignore)\n"
                   "while p.poll() is None:\n"
                   "  p.send_signal(signal.SIGINT)\n"
                   "  time.sleep(0.005)\n"
                   "print(p.returncode)\n",
                   AIPCHAIN_PROGRAM, "run", folder.at(""), "--until", "20d", "--quiet", "--out",
                   folder.at("out")});
  CHECK(started.finish() == 0);
  CHECK(started.output == "130\n");
  CHECK_FALSE(fs::exists(folder.at("out")));
}
