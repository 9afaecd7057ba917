#include "app/ladder_command.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

#include "app/console.hpp"
#include "app/ladder_table.hpp"
#include "app/overrides.hpp"
#include "app/scenario_file.hpp"

namespace app {
namespace {

namespace fs = std::filesystem;
using ledger::failure;
using ledger::Result;

struct LadderOptions {
  std::string scenario, out, seed, until;
  std::vector<std::string> set;
  unsigned seeds = 1;
  bool json = false, quiet = false;
};

// This program with other words; its stdout is dropped. One engine a process is what SimGrid bears.
int run_itself(const std::vector<std::string>& words) {
  const pid_t pid = ::fork();
  if (pid < 0) return failed;
  if (pid == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    if (nowhere < 0 || ::dup2(nowhere, 1) < 0) ::_exit(failed);
    std::vector<const char*> argv{"aipchain"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    argv.push_back(nullptr);
    ::execv("/proc/self/exe", const_cast<char* const*>(argv.data()));
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : failed;
}

std::vector<std::string> words_for(const LadderOptions& o, const std::string& variant,
                                   std::uint64_t seed, const std::string& out) {
  std::vector<std::string> words{"run",    o.scenario,           "--out",  out,
                                 "--seed", std::to_string(seed), "--quiet"};
  for (const std::string& pair : o.set) words.insert(words.end(), {"--set", pair});
  words.insert(words.end(), {"--set", "ladder.rungs=" + variant});  // the last one holds
  if (!o.until.empty()) words.insert(words.end(), {"--until", o.until});
  return words;
}

// "none", each rung alone, and "all" where there are several.
std::vector<std::string> variants_of(const twin::Scenario& scenario) {
  std::vector<std::string> out{"none"};
  for (const twin::RungSpec& r : scenario.congestion)
    if (r.kind != twin::RungSpec::Kind::none)
      out.push_back(twin::names_of_rungs()[static_cast<std::size_t>(r.kind)]);
  if (out.size() > 2) out.emplace_back("all");
  return out;
}

Result<LadderRun> run_one(const LadderOptions& o, const std::string& variant, std::uint64_t seed,
                          const std::string& directory) {
  const std::string out = directory + "/" + variant + "/seed-" + std::to_string(seed);
  if (!o.quiet) std::cerr << variant << ", seed " << seed << "\n";
  if (const int code = run_itself(words_for(o, variant, seed, out)); code != done)
    return failure(out + ": the run ended with " + std::to_string(code));
  return read_ladder_run(out);
}

Result<LadderRuns> run_all(const LadderOptions& o, const twin::Scenario& scenario,
                           const std::string& directory) {
  LadderRuns all;
  all.scenario = scenario.name;
  all.variants = variants_of(scenario);
  for (unsigned s = 0; s < o.seeds; ++s) all.seeds.push_back(scenario.seed + s);
  for (const std::string& variant : all.variants) {
    std::vector<LadderRun>& runs = all.runs.emplace_back();
    for (const std::uint64_t seed : all.seeds) {
      if (stop_requested) return failure("interrupted");
      auto run = run_one(o, variant, seed, directory);
      if (!run) return failure(run.error());
      runs.push_back(std::move(*run));
    }
  }
  for (std::vector<LadderRun>& runs : all.runs)
    for (std::size_t s = 0; s < runs.size(); ++s)
      runs[s].figures["shifted_kwh"] = shifted_kwh(runs[s], all.runs[0][s]);
  return all;
}

Result<std::string> directory_for(const std::string& asked, const std::string& name) {
  std::error_code error;
  if (asked.empty()) {
    int k = 1;
    while (fs::exists("runs/" + name + "-ladder-" + std::to_string(k), error)) ++k;
    return "runs/" + name + "-ladder-" + std::to_string(k);
  }
  if (fs::exists(asked, error) && (!fs::is_directory(asked, error) || !fs::is_empty(asked, error)))
    return failure("--out " + asked + ": exists already; wants a new or empty directory");
  return asked;
}

int ladder(const LadderOptions& o) {
  // A scenario may stand on none of its rungs; here all are meant, unless told.
  std::vector<std::string> set{"ladder.rungs=all"};
  set.insert(set.end(), o.set.begin(), o.set.end());
  const auto overrides = parse_overrides(set, o.seed);
  if (!overrides) return complain(wrong_input, overrides.error());
  const auto loaded = load_scenario(o.scenario, *overrides, o.until);
  if (!loaded) return complain(wrong_input, loaded.error());
  if (variants_of(loaded->scenario).size() < 2)
    return complain(wrong_input, o.scenario + ": has no rung: wants a [[congestion]]");
  const auto directory = directory_for(o.out, loaded->scenario.name);
  if (!directory) return complain(wrong_input, directory.error());
  stop_on_signals();
  const auto all = run_all(o, loaded->scenario, *directory);
  if (!all) return complain(stop_requested ? interrupted : failed, all.error());
  std::cout << (o.json ? ladder_json(*all) : ladder_text(*all));
  return done;
}

}  // namespace

void add_ladder_command(CLI::App& program, std::function<int()>& chosen) {
  auto* command = program.add_subcommand(
      "ladder", "runs none, each and all of a scenario's congestion rungs and compares them");
  auto o = std::make_shared<LadderOptions>();
  command->add_option("scenario", o->scenario, "a scenario's folder or its scenario.toml")
      ->required();
  command->add_option("--seeds", o->seeds, "how many seeds, the scenario's and those behind it")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  command->add_option("--out", o->out,
                      "directory for the runs; new or empty (default: runs/NAME-ladder-K)");
  command->add_option("--seed", o->seed, "the first seed, instead of the scenario's");
  command->add_option("--set", o->set, "key=value, overrides a key of the scenario")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_option("--until", o->until, "ends earlier or later: a duration or RFC 3339 time");
  command->add_flag("--json", o->json, "prints the table as JSON");
  command->add_flag("--quiet", o->quiet, "no progress");
  command->callback([&chosen, o] { chosen = [o] { return ladder(*o); }; });
}

}  // namespace app
