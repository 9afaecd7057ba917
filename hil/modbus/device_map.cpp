#include "hil/modbus/device_map.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <toml++/toml.h>

#include "hil/modbus/built_in_maps.hpp"
#include "ledger/base/invariant.hpp"
#include "twin/scenario/toml_depth.hpp"

namespace hil {
namespace {

constexpr std::size_t max_file_bytes = 1 << 20;
constexpr std::size_t max_values = 1000;
constexpr int max_read = 125;  // registers in one request, Modbus Application Protocol V1.1b3, 6.3

struct Unit {
  const char* name;
  const char* dimension;
  double base;  // base units in one
};
constexpr Unit units[] = {
    {"W", "power", 1},
    {"kW", "power", 1e3},
    {"V", "voltage", 1},
    {"A", "current", 1},
    {"Hz", "frequency", 1},
    {"mWh", "energy", 1},
    {"Wh", "energy", 1e3},
    {"kWh", "energy", 1e6},
    {"MWh", "energy", 1e9},
    {"ms", "time", 1},
    {"s", "time", 1e3},
    {"var", "reactive power", 1},
    {"kvar", "reactive power", 1e3},
    {"VA", "apparent power", 1},
    {"kVA", "apparent power", 1e3},
    {"", "number", 1},
};

struct Quantity {
  const char* name;
  const char* dimension;
};
constexpr Quantity quantities[] = {
    {"sequence", "number"},
    {"time", "time"},
    {"clock", "time"},
    {"import", "energy"},
    {"export", "energy"},
    {"power", "power"},
    {"power_l1", "power"},
    {"power_l2", "power"},
    {"power_l3", "power"},
    {"reactive", "reactive power"},
    {"reactive_l1", "reactive power"},
    {"reactive_l2", "reactive power"},
    {"reactive_l3", "reactive power"},
    {"apparent", "apparent power"},
    {"apparent_l1", "apparent power"},
    {"apparent_l2", "apparent power"},
    {"apparent_l3", "apparent power"},
    {"voltage", "voltage"},  // of the lowest phase in use
    {"voltage_l1", "voltage"},
    {"voltage_l2", "voltage"},
    {"voltage_l3", "voltage"},
    {"current_l1", "current"},
    {"current_l2", "current"},
    {"current_l3", "current"},
    {"frequency", "frequency"},
    {"power_factor", "number"},
};

constexpr const char* type_names[] = {"u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"};

// Edits (Levenshtein) from one word to another.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  return *std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return distance(word, a) < distance(word, b);
  });
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// Reads one file; the first thing wrong is kept, and what follows is ignored.
class MapReader {
 public:
  explicit MapReader(std::string file) : file_(std::move(file)) {}

  tl::expected<DeviceMap, std::string> read(std::string_view text) {
    if (const auto line = twin::too_deep_key(text))
      return tl::unexpected(file_ + ":" + std::to_string(*line) + ": a key with more than " +
                            std::to_string(twin::max_key_depth) + " dots");
    toml::table root;
    try {
      root = toml::parse(text, file_);
    } catch (const toml::parse_error& error) {
      fail(error.source(), std::string(error.description()));
      return tl::unexpected(error_);
    }
    DeviceMap map;
    read_root(root, map);
    if (error_.empty()) check_overlaps(map);
    if (!error_.empty()) return tl::unexpected(error_);
    map.name = std::filesystem::path(file_).stem().string();
    return map;
  }

 private:
  void read_root(const toml::table& root, DeviceMap& map) {
    only(root, {"device", "sample", "value"});
    if (const toml::table* device = table_at(root, "device", true)) {
      only(*device, {"maker", "model", "source"});
      map.maker = text_at(*device, "maker", std::nullopt);
      map.model = text_at(*device, "model", std::nullopt);
      map.source = text_at(*device, "source", std::nullopt);
    }
    if (const toml::node* value = root.get("value"))
      read_values(*value, map);
    else
      fail(root.source(), "no [[value]], at least one is needed");
    if (const toml::table* sample = table_at(root, "sample", false)) read_sample(*sample, map);
  }

  void read_values(const toml::node& node, DeviceMap& map) {
    const toml::array* array = node.as_array();
    if (!array || array->empty() || !array->is_homogeneous<toml::table>())
      return fail(node.source(), "key 'value': expected [[value]] tables");
    if (array->size() > max_values)
      return fail(node.source(), "key 'value': more than " + std::to_string(max_values));
    for (const toml::node& each : *array) {
      const toml::table& table = *each.as_table();
      MappedValue value = read_value(table);
      if (!error_.empty()) return;
      if (map.find(value.name))
        return fail(at(table, "name"), "key 'name': '" + value.name + "' twice");
      map.values.push_back(std::move(value));
      lines_.push_back(table.source());
    }
  }

  MappedValue read_value(const toml::table& table) {
    only(table, {"name", "function", "address", "type", "word_order", "scale", "sign", "unit",
                 "missing", "writable"});
    MappedValue out;
    read_name(table, out);
    out.function = static_cast<int>(integer_at(table, "function", 3, 4, std::nullopt));
    out.type = static_cast<RegisterType>(
        choice_at(table, "type", {std::begin(type_names), std::end(type_names)}, std::nullopt));
    out.address = static_cast<std::uint16_t>(
        integer_at(table, "address", 0, 65536 - registers_of(out), std::nullopt));
    out.word_order =
        static_cast<WordOrder>(choice_at(table, "word_order", {"high_first", "low_first"}, 0));
    out.scale = number_at(table, "scale", 1);
    out.sign = sign_at(table);
    out.missing = pattern_at(table, out.type);
    out.writable = boolean_at(table, "writable");
    if (out.writable && out.function != 3)
      fail(at(table, "writable"), "key 'writable': only holding registers (function 3) can be");
    return out;
  }

  // The name says what is measured, and so in which units.
  void read_name(const toml::table& table, MappedValue& out) {
    std::vector<std::string> names;
    for (const Quantity& each : quantities) names.push_back(each.name);
    const std::size_t which = choice_at(table, "name", names, std::nullopt);
    if (!error_.empty()) return;
    out.name = quantities[which].name;
    std::vector<std::string> allowed;
    std::vector<const Unit*> of_dimension;
    for (const Unit& unit : units) {
      if (std::string_view(unit.dimension) != quantities[which].dimension) continue;
      allowed.push_back(unit.name);
      of_dimension.push_back(&unit);
    }
    const bool plain = allowed.front().empty();
    const std::size_t unit =
        choice_at(table, "unit", allowed, plain ? std::optional<std::size_t>(0) : std::nullopt);
    if (!error_.empty()) return;
    out.unit = of_dimension[unit]->name;
    out.base_per_unit = of_dimension[unit]->base;
  }

  void read_sample(const toml::table& table, DeviceMap& map) {
    only(table, {"address", "registers", "history_address", "history_stride", "history_count"});
    SampleBlock out;
    out.registers = static_cast<int>(integer_at(table, "registers", 1, max_read, std::nullopt));
    out.address = static_cast<std::uint16_t>(
        integer_at(table, "address", 0, 65536 - out.registers, std::nullopt));
    out.history_stride =
        static_cast<int>(integer_at(table, "history_stride", out.registers, 1024, std::nullopt));
    out.history_count = static_cast<int>(integer_at(table, "history_count", 1, 4096, std::nullopt));
    const int last = 65536 - out.history_stride * out.history_count;
    out.history_address =
        static_cast<std::uint16_t>(integer_at(table, "history_address", 0, last, std::nullopt));
    if (!error_.empty()) return;
    if (last < 0) return fail(table.source(), "[sample]: the history does not fit 65536 registers");
    const MappedValue* sequence = map.find("sequence");
    if (!sequence || !within(*sequence, out))
      return fail(table.source(), "[sample]: the block holds no value 'sequence'");
    map.sample = out;
  }

  static bool within(const MappedValue& value, const SampleBlock& block) {
    return value.function == 3 && value.address >= block.address &&
           value.address + registers_of(value) <= block.address + block.registers;
  }

  void check_overlaps(const DeviceMap& map) {
    struct Range {
      int function, first, end;
      std::string name;
      toml::source_region where;
    };
    std::vector<Range> ranges;
    for (std::size_t i = 0; i < map.values.size(); ++i) {
      const MappedValue& value = map.values[i];
      ranges.push_back({value.function, value.address, value.address + registers_of(value),
                        "'" + value.name + "'", lines_[i]});
    }
    if (map.sample)
      ranges.push_back(
          {3, map.sample->history_address,
           map.sample->history_address + map.sample->history_stride * map.sample->history_count,
           "the history", lines_.front()});
    std::stable_sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
      return std::pair(a.function, a.first) < std::pair(b.function, b.first);
    });
    for (std::size_t i = 1; i < ranges.size(); ++i) {
      const Range& before = ranges[i - 1];
      const Range& after = ranges[i];
      if (before.function == after.function && after.first < before.end)
        return fail(after.where, "key 'address': registers of " + after.name + " (from " +
                                     std::to_string(after.first) + ") overlap those of " +
                                     before.name + " (up to " + std::to_string(before.end - 1) +
                                     ")");
    }
  }

  // Keys, one at a time -------------------------------------------------------------------------

  void only(const toml::table& table, const std::vector<std::string>& known) {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      return fail(key.source(), "unknown key '" + std::string(key.str()) + "', nearest is '" +
                                    nearest(key.str(), known) + "'");
    }
  }

  const toml::table* table_at(const toml::table& root, const char* key, bool needed) {
    const toml::node* node = root.get(key);
    if (node && node->is_table()) return node->as_table();
    if (node)
      fail(node->source(), "key '" + std::string(key) + "': expected a table");
    else if (needed)
      fail(root.source(), "no [" + std::string(key) + "]");
    return nullptr;
  }

  std::string text_at(const toml::table& table, const char* key,
                      std::optional<std::string> otherwise) {
    const toml::node* node = table.get(key);
    if (!node && otherwise) return *otherwise;
    if (!node) return missing_key(table, key), std::string();
    const auto text = node->value_exact<std::string>();
    if (!text || text->size() > 200)
      fail(node->source(), "key '" + std::string(key) + "': expected a text of at most 200 bytes");
    return text.value_or("");
  }

  std::size_t choice_at(const toml::table& table, const char* key,
                        const std::vector<std::string>& allowed,
                        std::optional<std::size_t> otherwise) {
    if (!table.get(key) && otherwise) return *otherwise;
    const std::string text = text_at(table, key, std::nullopt);
    if (!error_.empty()) return 0;
    const auto found = std::find(allowed.begin(), allowed.end(), text);
    if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
    fail(at(table, key), "key '" + std::string(key) + "': found '" + text + "', nearest is '" +
                             nearest(text, allowed) + "', allowed are " + listed(allowed));
    return 0;
  }

  std::int64_t integer_at(const toml::table& table, const char* key, std::int64_t low,
                          std::int64_t high, std::optional<std::int64_t> otherwise) {
    const toml::node* node = table.get(key);
    if (!node && otherwise) return *otherwise;
    if (!node) return missing_key(table, key), low;
    const auto number = node->value_exact<std::int64_t>();
    if (number && *number >= low && *number <= high) return *number;
    fail(node->source(), "key '" + std::string(key) + "': found " +
                             (number ? std::to_string(*number) : "no whole number") +
                             ", allowed is " + std::to_string(low) + " to " + std::to_string(high));
    return low;
  }

  double number_at(const toml::table& table, const char* key, double otherwise) {
    const toml::node* node = table.get(key);
    if (!node) return otherwise;
    const auto number = node->is_number() ? node->value<double>() : std::nullopt;
    if (number && std::isfinite(*number) && *number >= 1e-9 && *number <= 1e9) return *number;
    fail(node->source(),
         "key '" + std::string(key) +
             "': expected a number from 1e-9 to 1e9 (a turned direction is sign = -1)");
    return otherwise;
  }

  int sign_at(const toml::table& table) {
    const std::int64_t sign = integer_at(table, "sign", -1, 1, 1);
    if (sign == 0) fail(at(table, "sign"), "key 'sign': found 0, allowed are 1 and -1");
    return static_cast<int>(sign);
  }

  bool boolean_at(const toml::table& table, const char* key) {
    const toml::node* node = table.get(key);
    if (!node) return false;
    const auto flag = node->value_exact<bool>();
    if (!flag) fail(node->source(), "key '" + std::string(key) + "': expected true or false");
    return flag.value_or(false);
  }

  // "0x7FFFFFFF": as many digits as the value's registers have, since TOML has no unsigned 64 bits.
  std::optional<std::uint64_t> pattern_at(const toml::table& table, RegisterType type) {
    if (!table.get("missing")) return std::nullopt;
    const std::string text = text_at(table, "missing", std::nullopt);
    const std::size_t digits = 4 * static_cast<std::size_t>(registers_of(type));
    std::uint64_t bits = 0;
    const char* end = text.data() + text.size();
    if (text.size() == 2 + digits && text.starts_with("0x") &&
        std::from_chars(text.data() + 2, end, bits, 16).ptr == end)
      return bits;
    fail(at(table, "missing"), "key 'missing': found '" + text + "', expected 0x and " +
                                   std::to_string(digits) + " hexadecimal digits");
    return std::nullopt;
  }

  // Messages ------------------------------------------------------------------------------------

  static const toml::source_region& at(const toml::table& table, const char* key) {
    const toml::node* node = table.get(key);
    return node ? node->source() : table.source();
  }

  void missing_key(const toml::table& table, const char* key) {
    fail(table.source(), "key '" + std::string(key) + "' is missing");
  }

  void fail(const toml::source_region& where, const std::string& what) {
    if (!error_.empty()) return;
    error_ = file_ + ":" + std::to_string(where.begin.line) + ":" +
             std::to_string(where.begin.column) + ": " + what;
  }

  std::string file_;
  std::string error_;
  std::vector<toml::source_region> lines_;  // of each value
};

tl::expected<std::string, std::string> contents(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return tl::unexpected(path + ": no such file");
  std::ifstream file(path, std::ios::binary);
  std::string text(max_file_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || !file.is_open()) return tl::unexpected(path + ": cannot be read");
  if (text.size() > max_file_bytes) return tl::unexpected(path + ": larger than 1 MiB");
  return text;
}

}  // namespace

int registers_of(RegisterType type) {
  constexpr int count[] = {1, 1, 2, 2, 4, 4, 2, 4};
  return count[static_cast<std::size_t>(type)];
}

std::uint16_t SampleBlock::slot(std::uint32_t sequence) const {
  const std::uint32_t index = sequence % static_cast<std::uint32_t>(history_count);
  return static_cast<std::uint16_t>(history_address +
                                    index * static_cast<std::uint32_t>(history_stride));
}

const MappedValue* DeviceMap::find(std::string_view wanted) const {
  for (const MappedValue& value : values)
    if (value.name == wanted) return &value;
  return nullptr;
}

tl::expected<DeviceMap, std::string> read_device_map(std::string_view toml,
                                                     const std::string& file) {
  return MapReader(file).read(toml);
}

tl::expected<DeviceMap, std::string> load_device_map(const std::string& device) {
  if (device.ends_with(".toml") || device.find('/') != std::string::npos)
    return contents(device).and_then(
        [&](const std::string& text) { return read_device_map(text, device); });
  for (const BuiltInMap& each : built_in_maps())
    if (each.name == device) return read_device_map(each.toml, std::string(each.name) + ".toml");
  return tl::unexpected("unknown device '" + device + "', nearest is '" +
                        nearest(device, built_in_devices()) + "', known are " +
                        listed(built_in_devices()) + "; a map of your own is named by its path");
}

std::vector<std::string> built_in_devices() {
  std::vector<std::string> out;
  for (const BuiltInMap& each : built_in_maps()) out.emplace_back(each.name);
  return out;
}

}  // namespace hil
