#pragma once
// The registers that a device map describes, filled by values. Registers outside the map do not
// exist. A new image holds zeros.

#include <bitset>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "hil/modbus/device_map.hpp"

namespace hil {

class RegisterImage {
 public:
  explicit RegisterImage(const DeviceMap& map);

  // Shows a number of base units (W, V, A, Hz, mWh, ms, var, VA) where the map has a value of that
  // name, and nothing otherwise.
  void show(std::string_view name, double base_units);

  // Copies the newest reading's block into its history slot, where the map has a history.
  void keep(std::uint32_t sequence);
  void clear();

  // False where one of the registers does not exist.
  bool read(int function, std::uint16_t address, std::span<std::uint16_t> out) const;

  const DeviceMap& map() const { return map_; }

 private:
  struct Table {
    std::vector<std::uint16_t> words = std::vector<std::uint16_t>(65536);
    std::bitset<65536> exists;
  };
  Table& table(int function) { return tables_[function == 4 ? 1 : 0]; }

  DeviceMap map_;
  std::vector<Table> tables_ = std::vector<Table>(2);  // holding, input
};

}  // namespace hil
