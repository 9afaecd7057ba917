#pragma once
// Options of OpenDSS's Set command, which Solve takes as well.

#include <string>

#include "ledger/base/result.hpp"

namespace twin {

// The full name of an option that may be given this value: by its name or the beginning of one.
// Options that say how OpenDSS is to solve, report or draw are accepted; those that would change
// the network in a way that is not supported are refused, and values that cannot be read.
ledger::Result<std::string> dss_option(const std::string& name, const std::string& value);

}  // namespace twin
