#pragma once

#include <string>

#include "ledger/base/result.hpp"

namespace app {

// Written beside its place and moved there, so that nothing half-written stays behind.
ledger::Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace app
