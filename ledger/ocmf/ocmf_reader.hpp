#pragma once
// Reads a record's form. Whether its signature holds, `ocmf_check.hpp` says.

#include <string_view>

#include "ledger/ocmf/ocmf_format.hpp"

namespace ledger {

// White space may follow the record, nothing else. Fails with the field, what was found there
// and what is allowed, in printable ASCII whatever the bytes.
Result<OcmfRecord> read_ocmf(std::string_view text);

}  // namespace ledger
