#include "app/run_command.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "app/console.hpp"
#include "app/overrides.hpp"
#include "app/progress.hpp"
#include "app/run_output.hpp"
#include "app/scenario_file.hpp"
#include "sim/sim_host.hpp"

namespace app {
namespace {

struct Options {
  std::string scenario, out, seed, until;
  std::vector<std::string> set;
  unsigned threads = 2;
  bool json = false, quiet = false;
};

// --set and --seed as overrides of the scenario's keys.
ledger::Result<std::vector<twin::Override>> overrides_of(const Options& o) {
  auto out = parse_overrides(o.set);
  if (out && !o.seed.empty()) out->push_back({"seed", o.seed});
  return out;
}

// --until: a duration, or a time that is turned into one.
ledger::Result<std::string> duration_until(const std::string& until, ledger::CivilTime start) {
  if (ledger::parse_duration(until)) return until;
  const auto time = ledger::from_rfc3339(until);
  if (!time)
    return ledger::failure("--until " + until +
                           ": wants a duration such as 6h or an RFC 3339 time");
  if (time->unix_ms <= start.unix_ms)
    return ledger::failure("--until " + until + ": is not after the scenario's start, " +
                           ledger::to_rfc3339(start));
  return std::to_string(time->unix_ms - start.unix_ms) + "ms";
}

ledger::Result<LoadedScenario> load(const Options& o) {
  auto overrides = overrides_of(o);
  if (!overrides) return ledger::failure(overrides.error());
  auto loaded = load_scenario(o.scenario, *overrides);
  if (!loaded || o.until.empty()) return loaded;
  const auto duration = duration_until(o.until, loaded->scenario.time.start);
  if (!duration) return ledger::failure(duration.error());
  overrides->push_back({"time.duration", "\"" + *duration + "\""});
  return load_scenario(o.scenario, *overrides);
}

// A step without a solution keeps the last one's voltages and flows.
void warn_of_steps(const twin::GridTotals& grid) {
  if (grid.not_converged > 0)
    std::cerr << "aipchain: warning: " << grid.not_converged << " of " << grid.power_flows
              << " power flows did not converge: this grid cannot carry these loads, and the "
                 "figures of those steps are the last solved step's\n";
}

int run(const Options& o) {
  const auto loaded = load(o);
  if (!loaded) return complain(wrong_input, loaded.error());
  const twin::Scenario& scenario = loaded->scenario;
  const auto out = output_directory(o.out, scenario);
  if (!out) return complain(wrong_input, out.error());
  auto world = loaded->make_world();
  if (!world) return complain(wrong_input, world.error());
  const twin::Deployment deployment(scenario, **world, loaded->input_hash);
  auto recorder = twin::RunRecorder::create(*out, scenario, (*world)->network(), deployment,
                                            loaded->resolved, loaded->input_hash);
  if (!recorder) return complain(wrong_input, recorder.error());

  stop_on_signals();
  Progress progress(scenario.name, scenario.time.duration.seconds(), o.quiet);
  twin::GridTotals grid;
  sim::SimOptions options;
  options.threads = o.threads;
  options.each_minute = [&](const twin::WorldMinute& minute, const twin::RunRecorder&) {
    progress.update(minute.end.since_epoch().seconds());
    grid = minute.grid;
    return !stop_requested;
  };
  if (auto ok = sim::run_simulation(scenario, **world, deployment, **recorder, options); !ok)
    return complain(failed, ok.error());
  const auto summary = (*recorder)->finish(progress.elapsed_s());
  if (!summary) return complain(failed, summary.error());
  if (auto ok = write_report(*out, *summary); !ok) return complain(failed, ok.error());
  if (!o.quiet) warn_of_steps(grid);
  if (o.json)
    std::cout << *summary;
  else
    std::cout << describe_run(*out, *summary);
  return stop_requested ? interrupted : done;
}

}  // namespace

void add_run_command(CLI::App& program, std::function<int()>& chosen) {
  auto* command = program.add_subcommand("run", "runs a scenario in the twin");
  auto o = std::make_shared<Options>();
  command->add_option("scenario", o->scenario, "a scenario's folder or its scenario.toml")
      ->required();
  command->add_option("--out", o->out,
                      "directory for the results; new or empty (default: runs/NAME-K)");
  command->add_option("--seed", o->seed, "seed of all randomness, instead of the scenario's");
  command->add_option("--set", o->set, "key=value, overrides a key of the scenario")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_option("--threads", o->threads, "threads; results do not depend on it")
      ->check(CLI::Range(1u, 64u))
      ->capture_default_str();
  command->add_option("--until", o->until, "ends earlier or later: a duration or RFC 3339 time");
  command->add_flag("--json", o->json, "prints the summary as JSON");
  command->add_flag("--quiet", o->quiet, "no progress");
  command->callback([&chosen, o] { chosen = [o] { return run(*o); }; });
}

}  // namespace app
