#pragma once
// The chain that random operations act on: four homes at two gateways, their meters as they are,
// and a MarketState that takes what they say, watched after each block.

#include <map>

#include "ledger/crypto/sha256.hpp"
#include "market/audit/invariants.hpp"
#include "tests/market/operations.hpp"

namespace market_test {

using namespace ledger;
using namespace market;

inline constexpr std::int64_t operation_slot_ms = 3'600'000;
inline constexpr std::uint8_t operation_homes = 4;

// A hash that anybody can make, in the place of a signature: 30 times as fast.
class HashSigner final : public Signer {
 public:
  explicit HashSigner(std::string_view name) : key_(sha256({bytes_of(name)})) {}
  const PublicKey& public_key() const override { return key_; }
  Signature sign(BytesView message) override {
    Signature out{};
    const Hash hash = sha256({key_, message});
    std::copy(hash.begin(), hash.end(), out.begin());
    return out;
  }

 private:
  PublicKey key_;
};

class HashVerifier final : public Verifier {
 public:
  bool verify(const PublicKey& key, BytesView message, const Signature& signature) override {
    const Hash hash = sha256({key, message});
    return std::equal(hash.begin(), hash.end(), signature.begin());
  }
};

struct TimedBlock {
  std::int64_t time_ms = 0;
  std::vector<Transaction> transactions;
};

// A meter as it is.
struct TrueMeter {
  std::int64_t imported = 0, exported = 500;  // registers, mWh
  std::int64_t exported_in_all = 500;         // over swaps and rollovers
  bool quarantined = false, missed = false, swapped = false;
};

class OperationWorld {
 public:
  OperationWorld(const OperationTerms& terms, Fault fault);

  // The first broken invariant.
  std::string carry_out(const Operation& o);
  std::string replayed();
  Trace& trace() { return trace_; }
  Hash root() const { return state_->tree().root(); }

 private:
  std::int64_t time_ms() const { return std::int64_t{slot_} * operation_slot_ms; }
  bool take(const Transaction& tx);
  void end_block();
  std::string state_broken() const;
  std::string charges_broken();
  std::string close();
  void plant_fault();

  template <class Body>
  Transaction by_role(TransactionKind kind, const Body& body, std::vector<Opening> openings,
                      std::string_view signer) const;
  Transaction registration(std::uint32_t gateway) const;
  Transaction grid() const;
  Transaction batch(std::uint32_t gateway);
  Transaction marks(std::uint32_t gateway);
  Transaction order(const Operation& o, Side side) const;
  Transaction papers(const Operation& o) const;
  Transaction contract(const Operation& o) const;
  Transaction ruling(const Operation& o) const;
  Transaction measure(const Operation& o) const;
  Slot vintage_of(const Operation& o) const;
  void move(const Operation& o);
  void swap(const Operation& o);
  bool sign(const Operation& o);

  HashVerifier verifier_;
  Genesis genesis_;
  Hash chain_id_;
  Fault fault_;
  std::unique_ptr<MarketState> state_;
  InvariantWatch watch_;
  std::vector<TimedBlock> blocks_;
  TimedBlock open_;
  std::string broken_;
  std::map<std::uint8_t, TrueMeter> meters_{{1, {}}, {2, {}}, {3, {}}, {4, {}}};
  std::array<Hash, 2> last_entry_{};
  std::uint32_t slot_ = 0;
  // By home: the highest import of the month, and what it was charged for it.
  std::map<std::uint32_t, std::pair<std::int64_t, std::int64_t>> peaks_;
  Trace trace_;
};

}  // namespace market_test
