#pragma once
// What a meter's registers mean, as data: hil/devices/<maker>_<model>.toml, one table a value.
// docs/adding_a_meter.md describes the file.
//
//   shown value in `unit` = sign * scale * number in the registers
//
// The maps of hil/devices are compiled into the program under their file's name; any other map is
// read from the path that the user gives.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace hil {

enum class RegisterType : std::uint8_t { u16, i16, u32, i32, u64, i64, f32, f64 };

// Of a value of several registers; within a register the high byte always comes first.
enum class WordOrder : std::uint8_t { high_first, low_first };

struct MappedValue {
  std::string name;           // one of the quantities in device_map.cpp: "power_l1"
  int function = 3;           // 3 holding registers, 4 input registers
  std::uint16_t address = 0;  // zero-based, as on the wire
  RegisterType type = RegisterType::u16;
  WordOrder word_order = WordOrder::high_first;
  double scale = 1;
  int sign = 1;  // -1 where the device counts import negative
  std::string unit;
  double base_per_unit = 1;              // base units (W, V, A, Hz, mWh, ms, var, VA) in one `unit`
  std::optional<std::uint64_t> missing;  // the bits that say "not implemented"
  bool writable = false;
};

// Registers that one value fills: 1, 2 or 4.
int registers_of(RegisterType type);
inline int registers_of(const MappedValue& value) { return registers_of(value.type); }

// Where a meter that numbers its readings keeps the newest (one request) and those before it.
struct SampleBlock {
  std::uint16_t address = 0;
  int registers = 0;
  std::uint16_t history_address = 0;
  int history_stride = 0;
  int history_count = 0;
  // First register of the slot that holds the reading of a sequence.
  std::uint16_t slot(std::uint32_t sequence) const;
};

struct DeviceMap {
  std::string name;  // "abb_b23"
  std::string maker, model, source;
  std::vector<MappedValue> values;  // in the file's order, no two overlap
  std::optional<SampleBlock> sample;
  const MappedValue* find(std::string_view name) const;
};

// `file` is named in messages: file, line, key, what was found, what is allowed.
tl::expected<DeviceMap, std::string> read_device_map(std::string_view toml,
                                                     const std::string& file);

// `device` is a built-in map's name, or a path (it ends in .toml or holds a slash).
tl::expected<DeviceMap, std::string> load_device_map(const std::string& device);

// Of the built-in maps, sorted.
std::vector<std::string> built_in_devices();

}  // namespace hil
