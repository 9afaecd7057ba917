#pragma once
// Values given beside a scenario file, "a.b.c=value", as if the file had them. Private to the
// readers of this room: it shows toml++.

#include <toml++/toml.h>

#include "twin/scenario/scenario_reader.hpp"

namespace twin {

// Puts it into the table. What is wrong names the option that it came from.
ledger::Result<void> apply(const Override& o, toml::table& root);

}  // namespace twin
