#include "ledger/crypto/sha256.hpp"

// The one-shot and the low-level calls skip the provider lookup of EVP, which costs more than
// hashing a reading does; OpenSSL 3 marks them deprecated but keeps the same assembly behind them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace ledger {

Hash sha256(BytesView data) { return sha256({data}); }

Hash sha256(std::initializer_list<BytesView> parts) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const BytesView part : parts) SHA256_Update(&context, part.data(), part.size());
  Hash out;
  SHA256_Final(out.data(), &context);
  return out;
}

}  // namespace ledger
