#pragma once
// Object types of OpenDSS scripts and their properties in documented order (OpenDSS manual and
// property reference, version 9.8): a value without a name belongs to the property after the one
// before it, and a name may be cut short: the first in this order that begins with it is meant.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twin {

enum class DssMeaning : std::uint8_t {
  read,      // shapes the network
  unneeded,  // ratings, reliability, harmonics, drawing: read and left
  unsupported
};

struct DssProperty {
  std::string_view name;  // lower case
  DssMeaning meaning = DssMeaning::read;
};

struct DssClass {
  std::string_view name;
  // Of an instrument or a curve that no network depends on: all of its words are left.
  bool unneeded = false;
  std::vector<DssProperty> properties;

  // Its number, by name or the beginning of one.
  std::optional<std::size_t> find(std::string_view name_or_beginning) const;
};

// Nothing where there is no such type or it is not supported.
const DssClass* dss_class(std::string_view name);

}  // namespace twin
