#include "ledger/crypto/commitment.hpp"

#include "ledger/crypto/sha256.hpp"

namespace ledger {

Salt derive_salt(const SubjectKey& key, SaltLabel label, std::uint32_t owner, std::uint32_t number,
                 BytesView more) {
  std::array<std::uint8_t, 41> in;
  std::memcpy(in.data(), key.data(), key.size());
  in[32] = static_cast<std::uint8_t>(label);
  for (int i = 0; i < 4; ++i) {
    in[static_cast<std::size_t>(33 + i)] = static_cast<std::uint8_t>(owner >> (24 - 8 * i));
    in[static_cast<std::size_t>(37 + i)] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  }
  return more.empty() ? sha256(in) : sha256({in, more});
}

Hash commitment(const Salt& salt, BytesView data) { return sha256({salt, data}); }

}  // namespace ledger
