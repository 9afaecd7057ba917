#pragma once
// Small records that must survive a power cut: written whole, synced, renamed into place.

#include <string>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"

namespace hil {

// Replaces the file's contents. When it returns without an error, the new bytes are on the disk; a
// crash before that leaves the old ones.
ledger::Result<void> write_durably(const std::string& path, ledger::BytesView bytes);

}  // namespace hil
