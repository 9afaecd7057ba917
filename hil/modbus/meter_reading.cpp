#include "hil/modbus/meter_reading.hpp"

#include <cmath>

#include "hil/modbus/register_value.hpp"

namespace hil {
namespace {

const std::string phase_names[] = {"l1", "l2", "l3"};

// Exact values of the block, by name; the first thing wrong is kept.
class BlockReader {
 public:
  BlockReader(const DeviceMap& map, std::span<const std::uint16_t> block)
      : map_(map), block_(block) {}

  // An unsigned integer register in base units of one.
  std::uint64_t count(const std::string& name, std::uint64_t most) {
    const MappedValue* value = mapped(name);
    if (!value) return 0;
    const std::uint64_t bits = bits_at(*value);
    if (bits <= most) return bits;
    wrong(name + ": " + std::to_string(bits) + " is more than " + std::to_string(most));
    return 0;
  }

  double number(const std::string& name) {
    const MappedValue* value = mapped(name);
    if (!value) return 0;
    const auto found = number_of(*value, bits_at(*value));
    if (found) return *found * value->base_per_unit;
    wrong(found.error());
    return 0;
  }

  const std::string& error() const { return error_; }

 private:
  const MappedValue* mapped(const std::string& name) {
    const MappedValue* value = map_.find(name);
    if (!value) wrong("the map has no value '" + name + "'");
    return value;
  }
  std::uint64_t bits_at(const MappedValue& value) const {
    return bits_of(value,
                   block_.subspan(static_cast<std::size_t>(value.address - map_.sample->address),
                                  static_cast<std::size_t>(registers_of(value))));
  }
  void wrong(const std::string& what) {
    if (error_.empty()) error_ = what;
  }

  const DeviceMap& map_;
  std::span<const std::uint16_t> block_;
  std::string error_;
};

bool in_block(const DeviceMap& map, const MappedValue& value) {
  const SampleBlock& block = *map.sample;
  return value.function == 3 && value.address >= block.address &&
         value.address + registers_of(value) <= block.address + block.registers;
}

// An integer register that counts base units one by one keeps every bit.
bool counts_exactly(const MappedValue& value) {
  const bool whole = value.type == RegisterType::u16 || value.type == RegisterType::u32 ||
                     value.type == RegisterType::u64;
  return whole && value.scale == 1 && value.sign == 1 && value.base_per_unit == 1;
}

double root_of_squares(twin::Complex power) { return std::abs(power); }

void show_phase(int phase, twin::Complex power_va, double voltage_v, RegisterImage& image) {
  const std::string& name = phase_names[phase];
  const double apparent_va = root_of_squares(power_va);
  image.show("power_" + name, power_va.real());
  image.show("reactive_" + name, power_va.imag());
  image.show("apparent_" + name, apparent_va);
  image.show("voltage_" + name, voltage_v);
  image.show("current_" + name, voltage_v > 0 ? apparent_va / voltage_v : 0);
}

}  // namespace

void show(const MeterReading& reading, double frequency_hz, RegisterImage& image) {
  image.show("sequence", reading.sequence);
  image.show("time", static_cast<double>(reading.time.whole_ms()));
  image.show("import", static_cast<double>(reading.import_register.value));
  image.show("export", static_cast<double>(reading.export_register.value));
  image.show("power", reading.power_w);
  image.show("voltage", reading.voltage_v);
  image.show("frequency", frequency_hz);
  for (std::size_t i = 0; i < 3; ++i)
    show_phase(static_cast<int>(i), reading.draw_va[i], reading.phase_voltage_v[i], image);
  const twin::Complex total = reading.draw_va[0] + reading.draw_va[1] + reading.draw_va[2];
  const double apparent_va = root_of_squares(total);
  image.show("reactive", total.imag());
  image.show("apparent", apparent_va);
  image.show("power_factor", apparent_va > 0 ? total.real() / apparent_va : 1);
  image.keep(reading.sequence);
}

tl::expected<MeterReading, std::string> reading_in(const DeviceMap& map,
                                                   std::span<const std::uint16_t> block) {
  if (!map.sample || block.size() != static_cast<std::size_t>(map.sample->registers))
    return tl::unexpected("the block is not the one of map '" + map.name + "'");
  BlockReader in(map, block);
  MeterReading out;
  out.sequence = static_cast<std::uint32_t>(in.count("sequence", UINT32_MAX));
  constexpr std::uint64_t most_ms = INT64_MAX / 1'000'000;
  out.time.ns = static_cast<std::int64_t>(in.count("time", most_ms)) * 1'000'000;
  out.import_register.value = static_cast<std::int64_t>(in.count("import", INT64_MAX));
  out.export_register.value = static_cast<std::int64_t>(in.count("export", INT64_MAX));
  out.power_w = static_cast<std::int32_t>(in.number("power"));
  out.voltage_v = static_cast<std::uint16_t>(in.count("voltage", UINT16_MAX));
  for (std::size_t i = 0; i < 3; ++i) {
    out.draw_va[i] = {in.number("power_" + phase_names[i]),
                      in.number("reactive_" + phase_names[i])};
    out.phase_voltage_v[i] = in.number("voltage_" + phase_names[i]);
  }
  if (!in.error().empty()) return tl::unexpected(in.error());
  return out;
}

std::string lack_of(const DeviceMap& map) {
  if (!map.sample) return "the map '" + map.name + "' has no [sample]: its readings have no number";
  std::vector<std::string> exact{"sequence", "time", "import", "export", "voltage"};
  std::vector<std::string> all = exact;
  all.push_back("power");
  for (const std::string& phase : phase_names)
    for (const char* kind : {"power_", "reactive_", "voltage_"}) all.push_back(kind + phase);
  for (const std::string& name : all) {
    const MappedValue* value = map.find(name);
    if (!value || !in_block(map, *value))
      return "the [sample] of map '" + map.name + "' holds no '" + name + "'";
  }
  for (const std::string& name : exact)
    if (!counts_exactly(*map.find(name)))
      return "'" + name + "' of map '" + map.name +
             "' must be an unsigned integer of ms, mWh, V or counts, without scale";
  const MappedValue& power = *map.find("power");
  if (power.type != RegisterType::i32 || power.scale != 1 || power.base_per_unit != 1)
    return "'power' of map '" + map.name + "' must be an i32 of W";
  return "";
}

}  // namespace hil
