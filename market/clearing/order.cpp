#include "market/clearing/order.hpp"

#include <algorithm>

#include "ledger/crypto/sha256.hpp"

namespace market {

OrderId row_id(const ledger::AccountId& account, const OrderId& id) {
  const ledger::Hash hash =
      ledger::sha256({ledger::bytes_of("aipchain row 1"), account.bytes, id.bytes});
  OrderId out;
  std::copy_n(hash.begin(), out.bytes.size(), out.bytes.begin());
  return out;
}

}  // namespace market
