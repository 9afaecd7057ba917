#pragma once
// SHA-256 (FIPS 180-4) by OpenSSL.

#include <initializer_list>

#include "ledger/base/bytes.hpp"

namespace ledger {

Hash sha256(BytesView data);

// Of the concatenation of the parts.
Hash sha256(std::initializer_list<BytesView> parts);

}  // namespace ledger
