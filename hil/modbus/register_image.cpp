#include "hil/modbus/register_image.hpp"

#include <algorithm>

#include "hil/modbus/register_value.hpp"

namespace hil {

RegisterImage::RegisterImage(const DeviceMap& map) : map_(map) {
  const auto add = [this](int function, std::size_t address, int count) {
    for (int i = 0; i < count; ++i)
      table(function).exists.set(address + static_cast<std::size_t>(i));
  };
  for (const MappedValue& value : map_.values)
    add(value.function, value.address, registers_of(value));
  if (!map_.sample) return;
  for (int i = 0; i < map_.sample->history_count; ++i)
    add(3, map_.sample->slot(static_cast<std::uint32_t>(i)), map_.sample->registers);
}

void RegisterImage::show(std::string_view name, double base_units) {
  const MappedValue* value = map_.find(name);
  if (!value) return;
  const std::span words(table(value->function).words);
  put_bits(*value, bits_showing(*value, base_units),
           words.subspan(value->address, static_cast<std::size_t>(registers_of(*value))));
}

void RegisterImage::keep(std::uint32_t sequence) {
  if (!map_.sample) return;
  const auto block = table(3).words.begin() + map_.sample->address;
  std::copy_n(block, map_.sample->registers, table(3).words.begin() + map_.sample->slot(sequence));
}

void RegisterImage::clear() {
  for (Table& each : tables_) std::fill(each.words.begin(), each.words.end(), std::uint16_t{0});
}

bool RegisterImage::read(int function, std::uint16_t address, std::span<std::uint16_t> out) const {
  const Table& from = tables_[function == 4 ? 1 : 0];
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (address + i > 65535 || !from.exists[address + i]) return false;
    out[i] = from.words[address + i];
  }
  return true;
}

}  // namespace hil
