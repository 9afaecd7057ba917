#pragma once
// Writes the chain of tests/support/village_chain.hpp, minute by minute: what homes, gateways and
// roles say, and the blocks that hold it. What happens when stands here.

#include <array>
#include <map>

#include "ledger/chain/chain.hpp"
#include "tests/market/village_support.hpp"
#include "tests/support/village_chain.hpp"

namespace market_test::village_life {

inline constexpr std::size_t block_bytes = 4u << 20;
inline constexpr std::uint32_t readings_a_minute = 12, minutes_a_slot = 2, gateways = 2;
inline constexpr std::uint32_t feeder_meter = 4, late_home = 5, late_slot = 3;
// A home's meter is swapped in one slot, another's in another, whose mark says nothing of it.
inline constexpr std::uint32_t swapped_home = 2, swap_slot = 2, silent_home = 3, silent_slot = 21;
inline constexpr std::uint32_t rolling_home = 1;  // its registers begin anew at a MWh
// Keys that change from a slot on, a home that leaves with one, and a gateway without meters.
inline constexpr std::uint32_t rekeyed_home = 1, meter_key_slot = 5, account_key_slot = 8;
inline constexpr std::uint32_t rekeyed_gateway = 1, gateway_key_slot = 10, leaving_slot = 60;
// A home that sells its surplus and one that holds what it buys, gives of it away and retires the
// rest by hand; in some slots an order is taken back.
inline constexpr std::uint32_t selling_home = 3, holding_home = 2, receiving_home = 1;
inline constexpr std::uint32_t contract_slot = 6, contract_end = 90;
inline constexpr std::uint32_t next_grid_slot = 7;  // from which another grid holds
// A home that is let to tenants, from one slot on to others, and then to none.
inline constexpr std::uint32_t let_home = 1, let_slot = 20, let_anew_slot = 40, let_end = 60;
inline constexpr std::uint32_t late_gateway = 2, late_gateway_slot = 4, withdrawn_slot = 30;

struct MeterLife {
  std::uint32_t id = 0;
  std::uint32_t sequence = 0;
  std::int64_t imported = 0, exported = 500;  // mWh, as Village::registered begins
  std::int64_t most_imported = 0;             // before a fall: what papers close at
  std::int64_t import_step = 0, export_step = 0;
  Verdict verdict = 0;   // of the slot
  bool swapped = false;  // since the last mark, and the mark says so
  std::string key;       // signer's name
};

inline std::string name_of_meter(std::uint32_t id) { return "meter " + std::to_string(id); }
inline std::string account_signer(std::uint32_t id, std::uint32_t slot) {
  const bool next = id == silent_home && slot >= account_key_slot;
  return (next ? "changed account " : "account ") + std::to_string(id);
}
inline std::string gateway_signer(std::uint32_t gateway, std::uint32_t slot) {
  const bool next = gateway == rekeyed_gateway && slot >= gateway_key_slot;
  return (next ? "changed gateway " : "gateway ") + std::to_string(gateway);
}

inline constexpr std::int64_t rolling_modulus = 1'000'000;

inline SubjectKey personal_key(std::uint32_t meter) {
  SubjectKey key;
  key.fill(static_cast<std::uint8_t>(100 + meter));
  return key;
}

inline Registration registered_with_key(std::uint32_t meter) {
  Registration r = Village::registered(meter);
  r.meter_key = signer_of(name_of_meter(meter)).public_key();
  if (meter == rolling_home) r.modulus = {rolling_modulus};
  if (meter == late_home) r.first_slot = {late_slot};
  if (village_mechanism() == "bilateral") r.generation_w = 20'000;
  return r;
}

class VillageWriter {
 public:
  VillageWriter(std::uint64_t seed, ProposalMaker maker);

  VillageChain write(std::uint32_t slots);

 private:
  void add(Transaction tx) { pool_.add(std::move(tx), chain_.height()); }
  void add_meters(std::uint32_t gateway, const std::vector<std::uint32_t>& ids);
  void plan(std::uint32_t slot);
  void begin_slot(std::uint32_t slot);
  void change_registry(std::uint32_t slot);
  void make_contracts(std::uint32_t slot);
  void let_to(std::uint32_t slot, std::uint32_t number, std::vector<Tenant> tenants);
  void cancel_order(std::uint32_t slot);
  void tell_grid(std::uint32_t from, const std::vector<std::uint32_t>& homes);
  Transaction worse(const Transaction& honest) const;
  Chain::Tried as_dishonest_makers_do(const Block& honest) const;
  void add_order(std::uint32_t home, std::uint32_t slot, Side side, std::int64_t wh,
                 std::int64_t limit);
  void move_tokens(std::uint32_t slot);
  void swap_meter(std::uint32_t home, std::uint32_t slot, bool told);
  void add_batch(std::uint32_t gateway, std::uint32_t epoch, bool ends_slot);
  PersonalRecord record_of(MeterLife& meter, std::uint32_t gateway, std::uint32_t epoch,
                           bool ends_slot);
  void add_marks(std::uint32_t gateway, std::uint32_t slot);
  void add_rulings(std::uint32_t slot);
  void add_measures(std::uint32_t slot);
  void change_fees(std::uint32_t slot);
  void add_findings();
  void put_block(std::int64_t time_ms);
  std::int64_t drawn(std::int64_t most) {
    return static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(most) + 1));
  }

  ProposalMaker maker_;
  Rng rng_;
  Ed25519Verifier ed25519_;
  CachedVerifier verifier_{ed25519_};
  Genesis genesis_;
  Chain chain_;
  Mempool pool_;
  std::map<std::uint32_t, MeterLife> meters_;
  std::array<Hash, gateways> last_entry_{};
  std::uint8_t next_order_ = 0;
  std::uint32_t found_ = UINT32_MAX;  // the last slot that findings are about
  VillageChain out_;
};

}  // namespace market_test::village_life
