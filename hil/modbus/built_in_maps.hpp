#pragma once
// The maps of hil/devices, compiled in, so that the program finds them wherever it is started.
// The source file is written at configure time (hil/CMakeLists.txt).

#include <span>
#include <string_view>

namespace hil {

struct BuiltInMap {
  std::string_view name;  // file name without .toml
  std::string_view toml;
};

std::span<const BuiltInMap> built_in_maps();

}  // namespace hil
