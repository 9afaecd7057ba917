#include "app/field_command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "app/console.hpp"
#include "app/overrides.hpp"
#include "app/progress.hpp"
#include "app/run_output.hpp"
#include "app/scenario_file.hpp"
#include "hil/field_host.hpp"

namespace app {
namespace {

struct FieldOptions {
  std::string bench, out, duration;
  std::vector<std::string> set;
  bool json = false, quiet = false;
};

int field(const FieldOptions& o) {
  auto overrides = parse_overrides(o.set);
  if (!overrides) return complain(wrong_input, overrides.error());
  if (!o.duration.empty())
    overrides->push_back({"time.duration", "\"" + o.duration + "\"", "--duration " + o.duration});
  const auto loaded = load_scenario(o.bench, *overrides);
  if (!loaded) return complain(wrong_input, loaded.error());
  const twin::Scenario& scenario = loaded->scenario;
  const auto out = output_directory(o.out, scenario.name);
  if (!out) return complain(wrong_input, out.error());
  auto world = loaded->make_world();
  if (!world) return complain(wrong_input, world.error());
  twin::Deployment deployment(scenario, **world, loaded->chain_hash);
  if (auto ok = deployment.tell_feeder((*world)->network()); !ok)
    return complain(wrong_input, ok.error());
  auto meters = hil::connect_meters(scenario, deployment);
  if (!meters) return complain(failed, meters.error());
  stop_on_signals();  // before anything is written
  auto recorder =
      twin::RunRecorder::create(*out, scenario, (*world)->network(), deployment,
                                loaded->resolved_in(*out, (*world)->network()), loaded->input_hash);
  if (!recorder) return complain(wrong_input, recorder.error());

  Progress progress(scenario.name, scenario.time.duration.seconds(), o.quiet);
  hil::FieldOptions options;
  options.stop = &stop_requested;
  options.each_minute = [&](const twin::WorldMinute& minute) {
    progress.update(minute.end.since_epoch().seconds());
  };
  const auto devices =
      hil::run_field(scenario, **world, deployment, **recorder, std::move(*meters), options);
  if (!devices) return complain(failed, devices.error());
  if (const auto* figures = (*world)->grid_figures()) (*recorder)->grid_ends(*figures);
  const auto summary = (*recorder)->finish(progress.elapsed_s(), *devices);
  if (!summary) return complain(failed, summary.error());
  if (auto ok = write_report(*out, *summary); !ok) return complain(failed, ok.error());
  std::cout << (o.json ? *summary : describe_run(*out, *summary));
  return outcome_of(*summary, o.quiet);
}

}  // namespace

void add_field_command(CLI::App& program, std::function<int()>& chosen) {
  auto* command =
      program.add_subcommand("field", "runs a scenario in real time, with its real meters");
  auto o = std::make_shared<FieldOptions>();
  command->add_option("bench", o->bench, "a scenario whose [[meter]] entries name real meters")
      ->required();
  command->add_option("--out", o->out, "directory for the results; new or empty");
  command->add_option("--duration", o->duration, "simulated time, instead of the scenario's");
  command->add_option("--set", o->set, "key=value, overrides a key of the scenario")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_flag("--json", o->json, "prints the summary as JSON");
  command->add_flag("--quiet", o->quiet, "no progress");
  command->callback([&chosen, o] { chosen = [o] { return field(*o); }; });
}

}  // namespace app
