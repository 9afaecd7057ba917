#pragma once
// Transactions for load: each gateway has one meter and sends a signed batch an interval, a batch
// being 202 bytes on the log. Real keys and signatures, made ahead of what is measured.

#include "ledger/chain/genesis.hpp"
#include "ledger/oracle/batch.hpp"

namespace bench {

using namespace ledger;

class BatchLoad {
 public:
  // `genesis` holds validators, observer and times; it is given its gateways and its registrar.
  BatchLoad(Genesis genesis, std::uint32_t gateways);

  const Genesis& genesis() const { return genesis_; }
  // Encoded transactions: what registers each gateway's meter, then the next batch of each.
  std::vector<Bytes> registrations() const;
  std::vector<Bytes> next_interval();

 private:
  Genesis genesis_;
  std::vector<std::unique_ptr<Ed25519Signer>> signers_;  // by gateway
  std::vector<Batch> last_;  // by gateway; `previous` is for the next one
};

}  // namespace bench
