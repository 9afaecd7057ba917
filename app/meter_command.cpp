#include "app/meter_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/console.hpp"
#include "app/meter_source.hpp"
#include "app/number_option.hpp"
#include "hil/modbus/device_map.hpp"
#include "hil/modbus/meter_service.hpp"
#include "hil/modbus/modbus_meter_reader.hpp"

namespace app {
namespace {

struct ServeOptions {
  std::string device, listen;
  MeterSourceOptions source;
  int unit = 1;
};

struct ReadOptions {
  std::string device, connect, timeout = "1s";
  int unit = 1;
  bool json = false;
};

int serve(const ServeOptions& options) {
  const auto map = hil::load_device_map(options.device);
  if (!map) return complain(wrong_input, map.error());
  const auto listen = hil::parse_address(options.listen, true);
  if (!listen) return complain(wrong_input, listen.error());
  auto source = meter_source(options.source);
  if (!source) return complain(wrong_input, source.error());
  const auto service = hil::MeterService::create(*map, std::move(source->meter), source->speed,
                                                 *listen, static_cast<std::uint8_t>(options.unit));
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
  command->add_option("--unit", options->unit, "Modbus unit")->check(whole_number_from(1, 247));
  add_source_options(*command, options->source);
  command->callback([options, &chosen] { chosen = [options] { return serve(*options); }; });
}

void add_read(CLI::App& meter, std::function<int()>& chosen) {
  const auto options = std::make_shared<ReadOptions>();
  CLI::App* command = meter.add_subcommand("read", "one real meter's values by its map");
  command->add_option("DEVICE", options->device, "a known device, or the path of a map")
      ->required();
  command->add_option("--connect", options->connect, "HOST:PORT")->required();
  command->add_option("--unit", options->unit, "Modbus unit")->check(whole_number_from(1, 247));
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
