#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hil/modbus/device_map.hpp"

using namespace hil;

namespace {

const std::string good =
    "[device]\nmaker = 'M'\nmodel = 'X'\nsource = 'data sheet'\n"
    "[[value]]\nname = 'power'\nfunction = 4\naddress = 10\ntype = 'i32'\nunit = 'kW'\n"
    "scale = 0.001\nsign = -1\nword_order = 'low_first'\nmissing = '0x7FFFFFFF'\n"
    "[[value]]\nname = 'clock'\nfunction = 3\naddress = 65532\ntype = 'u64'\nunit = 'ms'\n"
    "writable = true\n";

std::string with(const std::string& from, const std::string& to) {
  std::string text = good;
  text.replace(text.find(from), from.size(), to);
  return text;
}

std::string error_of(const std::string& text) {
  const auto map = read_device_map(text, "x.toml");
  return map ? "" : map.error();
}

}  // namespace

TEST_CASE("a map is read with every key") {
  const auto map = read_device_map(good, "some/meter_x.toml");
  REQUIRE(map);
  CHECK(map->name == "meter_x");
  CHECK(map->model == "X");
  REQUIRE(map->values.size() == 2);
  const MappedValue& power = map->values[0];
  CHECK(power.function == 4);
  CHECK(power.address == 10);
  CHECK(power.type == RegisterType::i32);
  CHECK(power.word_order == WordOrder::low_first);
  CHECK(power.scale == 0.001);
  CHECK(power.sign == -1);
  CHECK(power.base_per_unit == 1000);
  CHECK(power.missing == 0x7FFFFFFFu);
  CHECK(!power.writable);
  CHECK(map->values[1].address == 65532);
  CHECK(map->values[1].writable);
  CHECK(map->find("clock") == &map->values[1]);
  CHECK(map->find("voltage") == nullptr);
}

TEST_CASE("a wrong map names file, line, key, what was found and what is allowed") {
  struct Case {
    const char *from, *to, *place, *says;
  };
  const Case cases[] = {
      {"name = 'power'", "name = 'powr'", "x.toml:6:", "found 'powr', nearest is 'power'"},
      {"name = 'power'", "nam = 'power'", "x.toml:6:", "unknown key 'nam', nearest is 'name'"},
      {"name = 'power'\n", "", "x.toml:5:", "key 'name' is missing"},
      {"name = 'power'", "name = 7", "x.toml:6:", "key 'name': expected a text"},
      {"name = 'clock'", "name = 'time'\nsign = 0", "x.toml:17:", "key 'sign': found 0"},
      {"unit = 'kW'", "unit = 'kWh'",
       "x.toml:10:", "found 'kWh', nearest is 'kW', allowed are W, kW"},
      {"unit = 'kW'\n", "", "x.toml:5:", "key 'unit' is missing"},
      {"function = 4", "function = 5", "x.toml:7:", "found 5, allowed is 3 to 4"},
      {"function = 4", "function = 4.0", "x.toml:7:", "found no whole number"},
      {"address = 10", "address = -1", "x.toml:8:", "found -1, allowed is 0 to 65534"},
      {"address = 65532", "address = 65533", "x.toml:18:", "found 65533, allowed is 0 to 65532"},
      {"type = 'i32'", "type = 'int32'", "x.toml:9:", "found 'int32', nearest is 'i32'"},
      {"scale = 0.001", "scale = 0", "x.toml:11:", "key 'scale'"},
      {"scale = 0.001", "scale = -1", "x.toml:11:", "sign = -1"},
      {"scale = 0.001", "scale = nan", "x.toml:11:", "key 'scale'"},
      {"scale = 0.001", "scale = true", "x.toml:11:", "key 'scale'"},
      {"sign = -1", "sign = 2", "x.toml:12:", "found 2, allowed is -1 to 1"},
      {"'low_first'", "'little'", "x.toml:13:", "allowed are high_first, low_first"},
      {"'0x7FFFFFFF'", "'0x7FFF'", "x.toml:14:", "expected 0x and 8 hexadecimal digits"},
      {"'0x7FFFFFFF'", "'0x7FFFFFFG'", "x.toml:14:", "expected 0x and 8"},
      {"writable = true", "writable = 1", "x.toml:21:", "expected true or false"},
      {"function = 3", "function = 4", "x.toml:21:", "only holding registers"},
      {"name = 'clock'", "name = 'power'\nunit = 'W'", "x.toml", ""},
      {"maker = 'M'\n", "", "x.toml:1:", "key 'maker' is missing"},
      {"[device]", "[divice]", "x.toml:1:", "unknown key 'divice', nearest is 'device'"},
      {"sign = -1", "sign = -1 -", "x.toml:12:", ""},
  };
  for (const Case& each : cases) {
    CAPTURE(each.to);
    const std::string error = error_of(with(each.from, each.to));
    CAPTURE(error);
    CHECK(error.starts_with(each.place));
    CHECK(error.find(each.says) != std::string::npos);
  }
}

TEST_CASE(
    "no values, values of the wrong kind, a value twice and registers used twice are refused") {
  const std::string head = "[device]\nmaker = 'M'\nmodel = 'X'\nsource = 's'\n";
  CHECK(error_of(head).find("at least one") != std::string::npos);
  CHECK(error_of("value = 3\n" + head).find("expected [[value]]") != std::string::npos);
  CHECK(error_of("value = []\n" + head).find("expected [[value]]") != std::string::npos);
  const auto value = [](const char* name, int address) {
    return std::string("[[value]]\nname = '") + name +
           "'\nfunction = 3\naddress = " + std::to_string(address) + "\ntype = 'u32'\nunit = 'W'\n";
  };
  CHECK(error_of(head + value("power", 1) + value("power_l1", 3)) == "");
  CHECK(error_of(head + value("power", 1) + value("power", 3)).find("'power' twice") !=
        std::string::npos);
  const std::string overlap = error_of(head + value("power_l1", 2) + value("power", 1));
  CHECK(overlap.find("'power_l1' (from 2) overlap those of 'power' (up to 2)") !=
        std::string::npos);
}

TEST_CASE("a sample block must fit, hold its sequence and leave its history alone") {
  const auto map = [](const std::string& sample) {
    return "[device]\nmaker = 'M'\nmodel = 'X'\nsource = 's'\n[sample]\n" + sample +
           "\n[[value]]\nname = 'sequence'\nfunction = 3\naddress = 5\ntype = 'u32'\n";
  };
  const std::string ok =
      "address = 5\nregisters = 2\nhistory_address = 100\nhistory_stride = 2\nhistory_count = 4";
  CHECK(error_of(map(ok)) == "");
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = ok;
    text.replace(text.find(from), from.size(), to);
    return error_of(map(text));
  };
  CHECK(changed("registers = 2", "registers = 126").find("1 to 125") != std::string::npos);
  CHECK(changed("registers = 2", "registers = 1").find("no value 'sequence'") != std::string::npos);
  CHECK(changed("address = 5", "address = 6").find("no value 'sequence'") != std::string::npos);
  CHECK(changed("stride = 2", "stride = 1").find("2 to 1024") != std::string::npos);
  CHECK(changed("count = 4", "count = 4097").find("1 to 4096") != std::string::npos);
  CHECK(changed("history_address = 100", "history_address = 65530").find("0 to 65528") !=
        std::string::npos);
  CHECK(changed("history_address = 100", "history_address = 3").find("overlap") !=
        std::string::npos);
  CHECK(changed("history_address", "histori_address").find("nearest is 'history_address'") !=
        std::string::npos);
}

TEST_CASE("every built-in map reads, and an unknown device names the nearest") {
  REQUIRE(built_in_devices().size() >= 3);
  for (const std::string& name : built_in_devices()) {
    CAPTURE(name);
    const auto map = load_device_map(name);
    REQUIRE_MESSAGE(map.has_value(), (map ? "" : map.error()));
    CHECK(map->name == name);
    CHECK(map->find("power"));
    CHECK(map->find("import"));
  }
  const auto wrong = load_device_map("abb_b32");
  REQUIRE(!wrong);
  CHECK(wrong.error().find("nearest is 'abb_b23'") != std::string::npos);
}

TEST_CASE("a map is loaded from a path; a missing, large or binary file is an error") {
  const auto folder = std::filesystem::temp_directory_path() / "aipchain-maps";
  std::filesystem::create_directories(folder);
  const std::string path = folder / "my_meter.toml";
  std::ofstream(path) << good;
  const auto map = load_device_map(path);
  REQUIRE(map);
  CHECK(map->name == "my_meter");
  CHECK(load_device_map(folder / "none.toml").error().find("no such file") != std::string::npos);
  CHECK(load_device_map(folder.string()).error().find("no such file") != std::string::npos);
  std::ofstream(path) << std::string(2 << 20, '#');
  CHECK(load_device_map(path).error().find("larger than 1 MiB") != std::string::npos);
  std::ofstream(path) << std::string("\xff\xfe\0\x01", 4);
  CHECK(load_device_map(path).error().starts_with(path + ":1:"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("the real meters' addresses are those of the extracted register maps") {
  std::ifstream csv(AIPCHAIN_SOURCE_DIR "/../shared/data/modbus-meters/register_maps.csv");
  if (!csv) {
    MESSAGE("skipped: ../shared/data/modbus-meters is missing");
    return;
  }
  struct Row {
    const char *key, *measurement, *device, *name;
  };
  const Row rows[] = {{"SDM", "Power", "eastron_sdm630", "power"},
                      {"SDM", "Import", "eastron_sdm630", "import"},
                      {"SDM", "VoltageL3", "eastron_sdm630", "voltage_l3"},
                      {"SDM", "Export", "eastron_sdm630", "export"},
                      {"ABB", "Power", "abb_b23", "power"},
                      {"ABB", "Import", "abb_b23", "import"},
                      {"ABB", "Export", "abb_b23", "export"},
                      {"ABB", "CurrentL2", "abb_b23", "current_l2"},
                      {"ABB", "Frequency", "abb_b23", "frequency"}};
  std::size_t seen = 0;
  for (std::string line; std::getline(csv, line);) {
    std::vector<std::string> cell;
    std::istringstream cells(line);
    for (std::string each; std::getline(cells, each, ',');) cell.push_back(each);
    for (const Row& row : rows) {
      if (cell.size() < 11 || cell[0] != row.key || cell[2] != row.measurement) continue;
      CAPTURE(line);
      ++seen;
      const auto map = load_device_map(row.device);
      const MappedValue* value = map->find(row.name);
      REQUIRE(value);
      CHECK(value->address == std::stoi(cell[3]));
      CHECK(value->function == std::stoi(cell[5]));
      CHECK(registers_of(*value) == std::stoi(cell[6]));
      CHECK(value->scale == doctest::Approx(1 / std::stod(cell[9])));
      CHECK(value->unit == cell[10]);
    }
  }
  CHECK(seen == std::size(rows));
}
