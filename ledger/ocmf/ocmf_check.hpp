#pragma once
// Whether a record is what the holder of a key has signed. The key comes from elsewhere, such as
// the registry, never from the record.

#include "ledger/crypto/ecdsa.hpp"
#include "ledger/ocmf/ocmf_format.hpp"

namespace ledger {

enum class OcmfVerdict : std::uint8_t {
  valid,
  invalid_signature,  // not over this payload, or not by this key and algorithm
  malformed,          // record, key or signature is not in its form
  unsupported         // an algorithm, encoding or kind of key that is not taken here
};
std::string_view name_of(OcmfVerdict verdict);

struct OcmfCheck {
  OcmfVerdict verdict = OcmfVerdict::malformed;
  std::string why;                   // in printable ASCII; empty where it is valid
  std::optional<OcmfRecord> record;  // where it could be read
};

// The algorithms are those of OCMF table 22. Of them the 192-bit curves are checked, and not taken:
// 96 bits of security are fewer than the 112 that signatures need since 2014 (NIST SP 800-131A);
// `why` says whether such a signature holds. Hexadecimal digits may be of either case; base64 is
// padded and has no spare bits.
OcmfCheck check_ocmf(std::string_view record, const EcdsaPublicKey& key);

// `key`: as `read_ocmf_key` takes it.
OcmfCheck check_ocmf(std::string_view record, std::string_view key);

// DER SubjectPublicKeyInfo in hexadecimal digits of either case or base64, with spaces.
Result<EcdsaPublicKey> read_ocmf_key(std::string_view text);

}  // namespace ledger
