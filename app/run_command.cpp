#include "app/run_command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "app/console.hpp"
#include "app/number_option.hpp"
#include "app/overrides.hpp"
#include "app/progress.hpp"
#include "app/run_output.hpp"
#include "app/scenario_file.hpp"
#include "sim/sim_host.hpp"

namespace app {
namespace {

struct RunOptions {
  std::string scenario, out, seed, until;
  std::vector<std::string> set;
  unsigned threads = 2;
  bool json = false, quiet = false;
};

int run(const RunOptions& o) {
  const auto overrides = parse_overrides(o.set, o.seed);
  if (!overrides) return complain(wrong_input, overrides.error());
  const auto loaded = load_scenario(o.scenario, *overrides, o.until);
  if (!loaded) return complain(wrong_input, loaded.error());
  const twin::Scenario& scenario = loaded->scenario;
  const auto out = output_directory(o.out, scenario.name);
  if (!out) return complain(wrong_input, out.error());
  auto world = loaded->make_world();
  if (!world) return complain(wrong_input, world.error());
  twin::Deployment deployment(scenario, **world, loaded->chain_hash);
  if (auto ok = deployment.tell_feeder((*world)->network()); !ok)
    return complain(wrong_input, ok.error());
  stop_on_signals();  // before anything is written
  auto recorder =
      twin::RunRecorder::create(*out, scenario, (*world)->network(), deployment,
                                loaded->resolved_in(*out, (*world)->network()), loaded->input_hash);
  if (!recorder) return complain(wrong_input, recorder.error());

  Progress progress(scenario.name, scenario.time.duration.seconds(), o.quiet);
  sim::SimOptions options;
  options.threads = o.threads;
  options.each_minute = [&](const twin::WorldMinute& minute, const twin::RunRecorder&) {
    progress.update(minute.end.since_epoch().seconds());
    return !stop_requested;
  };
  if (auto ok = sim::run_simulation(scenario, **world, deployment, **recorder, options); !ok)
    return complain(failed, ok.error());
  if (const auto* figures = (*world)->grid_figures()) (*recorder)->grid_ends(*figures);
  const auto summary = (*recorder)->finish(progress.elapsed_s());
  if (!summary) return complain(failed, summary.error());
  if (auto ok = write_report(*out, *summary); !ok) return complain(failed, ok.error());
  std::cout << (o.json ? *summary : describe_run(*out, *summary));
  return outcome_of(*summary, o.quiet);
}

}  // namespace

void add_run_command(CLI::App& program, std::function<int()>& chosen) {
  auto* command = program.add_subcommand("run", "runs a scenario in the twin");
  auto o = std::make_shared<RunOptions>();
  command->add_option("scenario", o->scenario, "a scenario's folder or its scenario.toml")
      ->required();
  command->add_option("--out", o->out,
                      "directory for the results; new or empty (default: runs/NAME-K)");
  command->add_option("--seed", o->seed, "seed of all randomness, instead of the scenario's");
  command->add_option("--set", o->set, "key=value, overrides a key of the scenario")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_option("--threads", o->threads, "threads; results do not depend on it")
      ->check(whole_number_from(1, 64))
      ->capture_default_str();
  command->add_option("--until", o->until, "ends earlier or later: a duration or RFC 3339 time");
  command->add_flag("--json", o->json, "prints the summary as JSON");
  command->add_flag("--quiet", o->quiet, "no progress");
  command->callback([&chosen, o] { chosen = [o] { return run(*o); }; });
}

}  // namespace app
