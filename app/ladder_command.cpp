#include "app/ladder_command.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

#include "app/console.hpp"
#include "app/ladder_json.hpp"
#include "app/ladder_output.hpp"
#include "app/ladder_reading.hpp"
#include "app/ladder_text.hpp"
#include "app/number_option.hpp"
#include "app/overrides.hpp"
#include "app/scenario_file.hpp"

namespace app {
namespace {

using ledger::failure;
using ledger::Result;

struct LadderOptions {
  std::string scenario, out, seed, until;
  std::vector<std::string> set;
  unsigned seeds = 1;
  bool json = false, quiet = false;
};

struct Ended {
  int code = failed;
  std::string errors;
};

// Of an error line of this program's, what it says.
std::string said_in(const std::string& errors) {
  const std::string name = "aipchain: ";
  const std::string line = errors.substr(0, errors.find_last_not_of('\n') + 1);
  return line.starts_with(name) ? line.substr(name.size()) : line;
}

// What comes out of a pipe's end, and the child's status; an interrupt is passed on to the child.
Ended wait_for(pid_t pid, int errors) {
  Ended out;
  const auto interrupted_call = [&](ssize_t result) {
    if (result >= 0 || errno != EINTR) return false;
    if (stop_requested) ::kill(pid, SIGTERM);
    return true;
  };
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t n = ::read(errors, piece.data(), piece.size());
    if (interrupted_call(n)) continue;
    if (n <= 0) break;
    out.errors.append(piece.data(), static_cast<std::size_t>(n));
  }
  ::close(errors);
  int status = 0;
  while (interrupted_call(::waitpid(pid, &status, 0))) {
  }
  if (WIFEXITED(status)) out.code = WEXITSTATUS(status);
  return out;
}

// This program with other words; its stdout is dropped. One engine a process is what SimGrid bears.
Ended run_itself(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {failed, std::strerror(errno)};
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    if (nowhere < 0 || ::dup2(nowhere, 1) < 0 || ::dup2(ends[1], 2) < 0) ::_exit(failed);
    std::vector<const char*> argv{"aipchain"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    argv.push_back(nullptr);
    ::execv("/proc/self/exe", const_cast<char* const*>(argv.data()));
    ::_exit(127);
  }
  ::close(ends[1]);
  if (pid > 0) return wait_for(pid, ends[0]);
  ::close(ends[0]);
  return {failed, "no process can be started"};
}

// A ladder to compare: its name, and what ladder.rungs is in its runs.
struct Variant {
  std::string name, rungs;
};

// "none", each rung alone, and "all" that were chosen, in their order, where there are several.
std::vector<Variant> variants_of(const twin::Scenario& scenario) {
  std::vector<Variant> out{{"none", "\"none\""}};
  std::string all;
  for (const twin::RungSpec& r : scenario.congestion) {
    if (r.kind == twin::RungSpec::Kind::none) continue;
    const std::string& name = twin::names_of_rungs()[static_cast<std::size_t>(r.kind)];
    const std::string quoted = "\"" + name + "\"";
    out.push_back({name, "[" + quoted + "]"});
    all += (all.empty() ? "" : ", ") + quoted;
  }
  if (out.size() > 2) out.push_back({"all", "[" + all + "]"});
  return out;
}

std::vector<std::string> words_for(const LadderOptions& o, const Variant& variant,
                                   std::uint64_t seed, const std::string& out) {
  std::vector<std::string> words{"run",    o.scenario,           "--out",  out,
                                 "--seed", std::to_string(seed), "--quiet"};
  for (const std::string& pair : o.set) words.insert(words.end(), {"--set", pair});
  words.insert(words.end(), {"--set", "ladder.rungs=" + variant.rungs});  // the last one holds
  if (!o.until.empty()) words.insert(words.end(), {"--until", o.until});
  return words;
}

Result<twin::LadderRun> run_one(const LadderOptions& o, const Variant& variant, std::uint64_t seed,
                                const std::string& directory) {
  const std::string out = directory + "/" + variant.name + "/seed-" + std::to_string(seed);
  if (!o.quiet) std::cerr << variant.name << ", seed " << seed << "\n";
  const Ended ended = run_itself(words_for(o, variant, seed, out));
  if (ended.code != done)
    return failure(out + ": its run ended with " + std::to_string(ended.code) +
                   (ended.errors.empty() ? "" : ": " + said_in(ended.errors)));
  return read_ladder_run(out);
}

twin::LadderRuns setting_of(const LadderOptions& o, const twin::Scenario& scenario) {
  twin::LadderRuns out;
  out.scenario = scenario.name;
  out.mechanism = scenario.market.mechanism;
  out.epoch = scenario.time.start;
  out.simulated = scenario.time.duration;
  out.homes = scenario.homes.size();
  out.overrides = o.set;
  return out;
}

Result<twin::LadderRuns> run_all(const LadderOptions& o, const twin::Scenario& scenario,
                                 const std::string& directory) {
  twin::LadderRuns all = setting_of(o, scenario);
  const std::vector<Variant> variants = variants_of(scenario);
  for (const Variant& v : variants) all.variants.push_back(v.name);
  for (unsigned s = 0; s < o.seeds; ++s) all.seeds.push_back(scenario.seed + s);
  for (const Variant& variant : variants) {
    std::vector<twin::LadderRun>& runs = all.runs.emplace_back();
    for (const std::uint64_t seed : all.seeds) {
      if (stop_requested) return failure("interrupted");
      auto run = run_one(o, variant, seed, directory);
      if (!run) return failure(run.error());
      runs.push_back(std::move(*run));
    }
  }
  twin::compare_with_none(all);
  return all;
}

// What a scenario chooses counts; one that stands on none of its rungs has all compared, unless
// told.
Result<LoadedScenario> load(const LadderOptions& o) {
  const auto with = [&](std::vector<std::string> set) -> Result<LoadedScenario> {
    set.insert(set.end(), o.set.begin(), o.set.end());
    const auto overrides = parse_overrides(set, o.seed);
    if (!overrides) return failure(overrides.error());
    return load_scenario(o.scenario, *overrides, o.until);
  };
  auto loaded = with({});
  if (loaded && variants_of(loaded->scenario).size() < 2) return with({"ladder.rungs=all"});
  return loaded;
}

int ladder(const LadderOptions& o) {
  const auto loaded = load(o);
  if (!loaded) return complain(wrong_input, loaded.error());
  const twin::Scenario& scenario = loaded->scenario;
  if (variants_of(scenario).size() < 2)
    return complain(wrong_input,
                    o.scenario + ": has no rung: wants a [[congestion]] that ladder.rungs chooses");
  if (scenario.seed > static_cast<std::uint64_t>(INT64_MAX) - (o.seeds - 1))
    return complain(wrong_input, "--seeds " + std::to_string(o.seeds) + ": the last one would be " +
                                     "above " + std::to_string(INT64_MAX));
  const auto directory = make_ladder_directory(o.out, scenario.name);
  if (!directory) return complain(wrong_input, directory.error());
  stop_on_signals();
  const auto all = run_all(o, scenario, *directory);
  if (!all) return complain(stop_requested ? interrupted : failed, all.error());
  if (auto ok = write_ladder(*directory, *all); !ok) return complain(failed, ok.error());
  if (o.json && !o.quiet) std::cerr << report_line(*directory);
  std::cout << (o.json ? ladder_json(*all) : ladder_text(*all) + report_line(*directory));
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
      ->check(whole_number_from(1, 1000))
      ->capture_default_str();
  command->add_option("--out", o->out,
                      "directory for runs and report; new or empty (default: runs/NAME-ladder-K)");
  command->add_option("--seed", o->seed, "the first seed, instead of the scenario's");
  command->add_option("--set", o->set, "key=value, overrides a key of the scenario")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_option("--until", o->until, "ends earlier or later: a duration or RFC 3339 time");
  command->add_flag("--json", o->json, "prints all figures as JSON");
  command->add_flag("--quiet", o->quiet, "no progress");
  command->callback([&chosen, o] { chosen = [o] { return ladder(*o); }; });
}

}  // namespace app
