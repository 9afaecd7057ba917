#include "app/meter_source.hpp"

#include <CLI/CLI.hpp>

#include "app/number_option.hpp"
#include "app/overrides.hpp"
#include "app/scenario_file.hpp"
#include "twin/scenario/nearest.hpp"

namespace app {
namespace {

// A home of a scenario by name or by its place, with all the other homes around it.
ledger::Result<MeterSource> meter_of_scenario(const MeterSourceOptions& options) {
  const auto overrides = parse_overrides(options.set);
  if (!overrides) return ledger::failure(overrides.error());
  const auto loaded = load_scenario(options.from, *overrides);
  if (!loaded) return ledger::failure(loaded.error());
  const twin::Scenario& s = loaded->scenario;
  for (std::uint32_t h = 0; h < s.homes.size(); ++h) {
    if (s.homes[h].name != options.id && std::to_string(h) != options.id) continue;
    auto meter = hil::WorldMeter::create([loaded = *loaded] { return loaded.make_world(); }, h,
                                         s.homes[h].connection, s.time.duration);
    if (!meter) return ledger::failure(meter.error());
    return MeterSource{std::move(*meter), s.time.real_time_factor, s.time.start};
  }
  std::vector<std::string> names;
  for (const twin::HomeSpec& home : s.homes) names.push_back(home.name);
  const std::string near = twin::nearest(options.id, names);
  return ledger::failure("--id " + options.id + ": " + s.name + " has no such home; it has " +
                         names.front() + " to " + names.back() +
                         (near.empty() ? "" : "; did you mean " + near + "?"));
}

}  // namespace

void add_source_options(CLI::App& command, MeterSourceOptions& options) {
  command
      .add_option("--speed", options.speed,
                  "simulated seconds a second (default: the scenario's real_time_factor, or 1)")
      ->check(number_from(0.001, 1e6));
  auto* id = command.add_option("--id", options.id, "the home: its name or its place from 0");
  auto* from = command.add_option("--from", options.from,
                                  "a scenario, or a run's directory, whose home is shown");
  from->needs(id);
  id->needs(from);
  command.add_option("--set", options.set, "key=value, overrides a key of the scenario")
      ->type_size(1)
      ->allow_extra_args(false)
      ->needs(from);
}

ledger::Result<MeterSource> meter_source(const MeterSourceOptions& options) {
  ledger::Result<MeterSource> out;
  if (options.from.empty())
    out->meter = std::make_unique<hil::LivingMeter>(1);
  else
    out = meter_of_scenario(options);
  if (out && options.speed > 0) out->speed = options.speed;
  return out;
}

}  // namespace app
