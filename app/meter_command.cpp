#include "app/meter_command.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/console.hpp"
#include "app/overrides.hpp"
#include "app/scenario_file.hpp"
#include "hil/device_map.hpp"
#include "hil/meter_service.hpp"
#include "hil/modbus_meter_reader.hpp"
#include "twin/scenario/nearest.hpp"

namespace app {
namespace {

struct ServeOptions {
  std::string device, listen, from, id;
  std::vector<std::string> set;
  int unit = 1;
  double speed = 0;  // 0: the source's own
};

struct ReadOptions {
  std::string device, connect, timeout = "1s";
  int unit = 1;
  bool json = false;
};

// The source of a served meter, and how fast its clock goes unless told.
struct MeterSource {
  std::unique_ptr<hil::SimulatedMeter> meter;
  double speed = 1;
};

// A home of a scenario by name or by its place, with all the other homes around it.
ledger::Result<MeterSource> meter_of_scenario(const ServeOptions& options) {
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
    return MeterSource{std::move(*meter), s.time.real_time_factor};
  }
  std::vector<std::string> names;
  for (const twin::HomeSpec& home : s.homes) names.push_back(home.name);
  const std::string near = twin::nearest(options.id, names);
  return ledger::failure("--id " + options.id + ": " + s.name + " has no such home; it has " +
                         names.front() + " to " + names.back() +
                         (near.empty() ? "" : "; did you mean " + near + "?"));
}

ledger::Result<MeterSource> meter_source(const ServeOptions& options) {
  if (!options.from.empty()) return meter_of_scenario(options);
  return MeterSource{std::make_unique<hil::LivingMeter>(1), 1};
}

int serve(const ServeOptions& options) {
  const auto map = hil::load_device_map(options.device);
  if (!map) return complain(wrong_input, map.error());
  const auto listen = hil::parse_address(options.listen, true);
  if (!listen) return complain(wrong_input, listen.error());
  auto source = meter_source(options);
  if (!source) return complain(wrong_input, source.error());
  const double speed = options.speed > 0 ? options.speed : source->speed;
  const auto service = hil::MeterService::create(*map, std::move(source->meter), speed, *listen,
                                                 static_cast<std::uint8_t>(options.unit));
  if (!service) return complain(failed, service.error());
  stop_on_signals();
  std::cout << "listening on " << hil::to_text((*service)->address()) << '\n';
  if (!stdout_is_written()) return failed;  // which is said at the end
  (*service)->run(stop_requested);
  return interrupted;  // nothing else ends it
}

nlohmann::ordered_json json_of(const hil::ReadValue& each) {
  nlohmann::ordered_json out;
  out["value"] = each.number ? nlohmann::ordered_json(*each.number) : nlohmann::ordered_json();
  out["unit"] = each.value->unit;
  out["raw"] = each.registers;
  if (!each.number) out["error"] = each.number.error();
  return out;
}

void print_json(const hil::DeviceMap& map, const ReadOptions& options,
                const std::vector<hil::ReadValue>& values) {
  nlohmann::ordered_json out;
  out["device"] = map.name;
  out["maker"] = map.maker;
  out["model"] = map.model;
  out["address"] = options.connect;
  out["unit_id"] = options.unit;
  for (const hil::ReadValue& each : values) out["values"][each.value->name] = json_of(each);
  std::cout << out.dump(2) << '\n';
}

void print_table(const std::vector<hil::ReadValue>& values) {
  for (const hil::ReadValue& each : values) {
    std::string raw;
    for (const std::uint16_t word : each.registers) {
      char text[8];
      std::snprintf(text, sizeof text, " %04x", word);
      raw += text;
    }
    char number[40] = "-";
    if (each.number) std::snprintf(number, sizeof number, "%.10g", *each.number);
    std::printf("%-14s %16s %-4s %s\n", each.value->name.c_str(), number, each.value->unit.c_str(),
                raw.c_str());
  }
}

int read(const ReadOptions& options) {
  const auto map = hil::load_device_map(options.device);
  if (!map) return complain(wrong_input, map.error());
  const auto address = hil::parse_address(options.connect);
  if (!address) return complain(wrong_input, address.error());
  const auto timeout = ledger::parse_duration(options.timeout);
  if (!timeout || *timeout > ledger::minutes(1))
    return complain(wrong_input, "--timeout '" + options.timeout +
                                     "': expected a duration up to 60s, like 500ms or 2s");
  hil::ModbusMeterReader reader(*address, static_cast<std::uint8_t>(options.unit), *timeout);
  const auto values = reader.read(*map);
  if (!values) return complain(failed, values.error().message);
  if (options.json)
    print_json(*map, options, *values);
  else
    print_table(*values);
  int code = done;
  for (const hil::ReadValue& each : *values)
    if (!each.number) code = complain(failed, each.number.error());
  return code;
}

void add_serve(CLI::App& meter, std::function<int()>& chosen) {
  const auto options = std::make_shared<ServeOptions>();
  CLI::App* command = meter.add_subcommand(
      "serve", "a simulated meter as a real Modbus/TCP device; prints where it listens");
  command->add_option("DEVICE", options->device, "a known device, or the path of a map")
      ->required();
  command->add_option("--listen", options->listen, "HOST:PORT, port 0 for any free one")
      ->required();
  command->add_option("--unit", options->unit, "Modbus unit")->check(CLI::Range(1, 247));
  command
      ->add_option("--speed", options->speed,
                   "simulated seconds a second (default: the scenario's real_time_factor, or 1)")
      ->check(CLI::Range(0.001, 1e6));
  auto* id = command->add_option("--id", options->id, "the home: its name or its place from 0");
  auto* from = command->add_option("--from", options->from,
                                   "a scenario, or a run's directory, whose home is shown");
  from->needs(id);
  id->needs(from);
  command->add_option("--set", options->set, "key=value, overrides a key of the scenario")
      ->type_size(1)
      ->allow_extra_args(false)
      ->needs(from);
  command->callback([options, &chosen] { chosen = [options] { return serve(*options); }; });
}

void add_read(CLI::App& meter, std::function<int()>& chosen) {
  const auto options = std::make_shared<ReadOptions>();
  CLI::App* command = meter.add_subcommand("read", "one real meter's values by its map");
  command->add_option("DEVICE", options->device, "a known device, or the path of a map")
      ->required();
  command->add_option("--connect", options->connect, "HOST:PORT")->required();
  command->add_option("--unit", options->unit, "Modbus unit")->check(CLI::Range(1, 247));
  command->add_option("--timeout", options->timeout, "of one request, up to 60s");
  command->add_flag("--json", options->json, "one JSON object on stdout");
  command->callback([options, &chosen] { chosen = [options] { return read(*options); }; });
}

}  // namespace

void add_meter_command(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* meter = program.add_subcommand("meter", "meters and devices on a wire");
  meter->require_subcommand(1);
  add_serve(*meter, chosen);
  add_read(*meter, chosen);
}

}  // namespace app
