#pragma once
// Two gateways, three homes and a feeder meter against a MarketState: everything signed for real,
// slots of 2 minutes, batches of 1.

#include <map>

#include "ledger/base/invariant.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "market/state/market_state.hpp"
#include "tests/market/book_support.hpp"

namespace market_test {

using namespace ledger;
using namespace market;

inline Ed25519Signer& signer_of(const std::string& name) {
  static std::map<std::string, std::unique_ptr<Ed25519Signer>> all;
  auto& s = all[name];
  if (!s) s = std::make_unique<Ed25519Signer>(Rng(1).fork(name).bytes32());
  return *s;
}

// Of the village's genesis: more than one oracle, and some that attest, where a test wants them.
struct VillageOracles {
  std::uint32_t oracles = 1, attesters = 0;
};
inline VillageOracles& village_oracles() {
  static VillageOracles now;
  return now;
}
inline std::string name_of_oracle(std::uint32_t o) {
  return o == 0 ? "oracle" : "oracle " + std::to_string(o);
}
class WithOracles {
 public:
  explicit WithOracles(VillageOracles wanted) { village_oracles() = wanted; }
  ~WithOracles() { village_oracles() = {}; }
  WithOracles(const WithOracles&) = delete;
};

// What its chain's slots are settled by.
inline std::string& village_mechanism() {
  static std::string now = "uniform";
  return now;
}
class WithMechanism {
 public:
  explicit WithMechanism(const std::string& wanted) { village_mechanism() = wanted; }
  ~WithMechanism() { village_mechanism() = "uniform"; }
  WithMechanism(const WithMechanism&) = delete;
};

// Its capacity tariff, where a test wants one: from 23:40 of 31 March on, by a zone's summer time.
inline MicroEuros& village_capacity_price() {
  static MicroEuros now;
  return now;
}
inline constexpr std::uint32_t april_slot = 10;  // the first one of the next month
class WithCapacityPrice {
 public:
  explicit WithCapacityPrice(MicroEuros wanted) { village_capacity_price() = wanted; }
  ~WithCapacityPrice() { village_capacity_price() = {}; }
  WithCapacityPrice(const WithCapacityPrice&) = delete;
};

inline Genesis village_genesis() {
  Genesis g;
  g.name = "village";
  if (g.capacity_price = village_capacity_price(); g.capacity_price.value > 0) {
    g.epoch = *from_rfc3339("2026-03-31T21:40:00Z");
    g.zone = *zone_named("Europe/Berlin");
  }
  g.slot_ms = 120'000;
  g.batch_ms = 60'000;
  g.close_grace_ms = 30'000;
  g.validators = {signer_of("validator").public_key()};
  g.gateways = {signer_of("gateway 0").public_key(), signer_of("gateway 1").public_key()};
  g.registrar = signer_of("registrar").public_key();
  g.metering_operator = signer_of("metering operator").public_key();
  g.gateway_administrator = signer_of("gateway administrator").public_key();
  g.certifier = signer_of("certifier").public_key();
  g.grid_operator = signer_of("grid operator").public_key();
  g.observer = signer_of("observer").public_key();
  for (std::uint32_t o = 0; o < village_oracles().oracles; ++o)
    g.oracles.push_back(signer_of(name_of_oracle(o)).public_key());
  g.attesters = village_oracles().attesters;
  g.retail_buy = {300'000};
  g.retail_sell = {80'000};
  g.grid_fee = {90'000};
  g.local_grid_fee = {30'000};
  g.levies = {50'000};
  g.mechanism = village_mechanism();
  if (g.mechanism == "fee-tree") g.local_grid_fee = {};
  return g;
}

class Village {
 public:
  // Homes 1 and 2 at gateway 0, home 3 and the feeder meter 4 at gateway 1.
  explicit Village(const Genesis& genesis = village_genesis()) : state_(genesis, verifier_) {}

  void register_all() {
    must(registration(0, {1, 2}), 0);
    must(registration(1, {3, 4}), 0);
  }

  static GatewayId gateway_of(std::uint32_t meter) { return {meter <= 2 ? 0u : 1u}; }

  static Registration registered(std::uint32_t meter) {
    Registration r;
    r.account = account(static_cast<std::uint8_t>(meter));
    r.meter = {meter};
    r.gateway = gateway_of(meter);
    r.kind = meter == 4 ? MeterKind::feeder : MeterKind::home;
    r.meter_key = signer_of("meter " + std::to_string(meter)).public_key();
    r.account_key = signer_of("account " + std::to_string(meter)).public_key();
    r.max_power_w = 43'000;
    r.export_register = {500};  // half a Wh before the first slot
    r.deposit = {r.kind == MeterKind::home ? 10'000'000 : 0};
    return r;
  }

  static SubjectKey restricted_key(std::uint32_t meter) {
    SubjectKey key;
    key.fill(static_cast<std::uint8_t>(meter));
    return key;
  }

  // Signs a body that ends in a signature.
  template <class Body>
  static Transaction sealed(TransactionKind kind, Body body, std::vector<Opening> openings,
                            const std::string& signer) {
    Transaction tx;
    tx.kind = kind;
    tx.openings = std::move(openings);
    tx.root = openings_root(tx.openings);
    tx.body = encode(body);
    body.signature =
        signer_of(signer).sign(entry_signed_bytes(chain_id_of(village_genesis()), tx.entry()));
    tx.body = encode(body);
    return tx;
  }

  // The same body, signed by another one.
  static Transaction signed_anew(Transaction tx, const std::string& signer,
                                 const Hash& chain_id = chain_id_of(village_genesis())) {
    const Signature s = signer_of(signer).sign(entry_signed_bytes(chain_id, tx.entry()));
    std::copy(s.begin(), s.end(), tx.body.end() - static_cast<std::ptrdiff_t>(s.size()));
    return tx;
  }

  static Transaction registration(std::uint32_t gateway, std::vector<Registration> all,
                                  const std::string& signer = "registrar") {
    std::vector<Opening> openings;
    for (const Registration& r : all) add_openings(openings, {r, restricted_key(r.meter.value)});
    const auto meters = static_cast<std::uint32_t>(all.size());
    return sealed(TransactionKind::registration, RegistrationBody{{gateway}, meters, {}},
                  std::move(openings), signer);
  }
  static Transaction registration(std::uint32_t gateway, std::initializer_list<std::uint32_t> ids) {
    std::vector<Registration> all;
    for (const std::uint32_t id : ids) all.push_back(registered(id));
    return registration(gateway, std::move(all));
  }

  // Two homes' sums are hidden, unless a test says otherwise.
  static Transaction batch(std::uint32_t gateway, std::uint32_t epoch, Hash previous,
                           std::int64_t import_sum = hidden_sum,
                           std::int64_t export_sum = hidden_sum, std::uint32_t records = 2) {
    Batch b;
    b.records = records;
    b.import_sum = {import_sum};
    b.export_sum = {export_sum};
    b.gateway = {gateway};
    b.epoch = epoch;
    b.previous = previous;
    Transaction tx;
    tx.kind = TransactionKind::batch;
    tx.root.fill(static_cast<std::uint8_t>(epoch));
    tx.body = encode(b);
    b.signature = signer_of("gateway " + std::to_string(gateway))
                      .sign(entry_signed_bytes(chain_id_of(village_genesis()), tx.entry()));
    tx.body = encode(b);
    return tx;
  }

  std::uint32_t meters_in(std::uint32_t gateway, Slot slot) const {
    std::uint32_t count = 0;
    for (const auto& [id, m] : state_.meters())
      if (m.registration.gateway.value == gateway && m.registration.valid_in(slot)) ++count;
    return count;
  }

  // Applies the batches of a gateway up to an epoch.
  void batches_until(std::uint32_t gateway, std::uint32_t epoch,
                     std::int64_t import_sum = hidden_sum, std::int64_t export_sum = hidden_sum) {
    auto& [last, hash] = batched_[gateway];
    while (last < epoch) {
      const Transaction tx = batch(gateway, last + 1, hash, import_sum, export_sum,
                                   meters_in(gateway, Slot{last / 2}));
      must(tx, (last + 1) * 60'000);
      hash = sha256(tx.entry());
      ++last;
    }
  }

  static Mark mark(std::uint32_t meter, std::uint32_t slot, std::int64_t imported_mwh,
                   std::int64_t exported_mwh, bool quarantined = false, bool swapped = false) {
    return {account(static_cast<std::uint8_t>(meter)),
            {meter},
            {slot},
            {imported_mwh},
            {exported_mwh},
            quarantined,
            swapped};
  }

  // Whole Wh, in mWh: import and export at the old meter's end and at the new one's beginning.
  static MeterSwap swap(std::uint32_t meter, std::uint32_t slot,
                        std::array<std::int64_t, 4> registers,
                        const std::string& next_meter = "next meter") {
    const auto [closing_import, closing_export, opening_import, opening_export] = registers;
    MeterSwap s;
    s.account = account(static_cast<std::uint8_t>(meter));
    s.meter = {meter};
    s.slot = {slot};
    s.closing_import = {closing_import};
    s.closing_export = {closing_export};
    s.opening_import = {opening_import};
    s.opening_export = {opening_export};
    s.meter_key = signer_of(next_meter).public_key();
    return sign(s, "account " + std::to_string(meter));
  }
  static MeterSwap sign(MeterSwap s, const std::string& account_signer) {
    s.signature = signer_of(account_signer)
                      .sign(swap_signed_bytes(chain_id_of(village_genesis()), encode(s)));
    return s;
  }
  static Transaction papers(std::uint32_t gateway, const std::vector<MeterSwap>& all,
                            const std::string& signer = "metering operator") {
    std::vector<Opening> openings;
    for (const MeterSwap& s : all) openings.push_back(opening_of(restricted_key(s.meter.value), s));
    const auto count = static_cast<std::uint32_t>(all.size());
    return sealed(TransactionKind::meter_swap, MeterSwapBody{{gateway}, count, {}},
                  std::move(openings), signer);
  }
  static Transaction marks(std::uint32_t gateway, std::uint32_t slot, std::vector<Mark> all) {
    MarksBody body;
    body.gateway = {gateway};
    body.slot = {slot};
    body.count = static_cast<std::uint32_t>(all.size());
    std::vector<Opening> openings;
    for (const Mark& m : all) openings.push_back({{}, encode(m)});
    return sealed(TransactionKind::marks, body, std::move(openings),
                  "gateway " + std::to_string(gateway));
  }

  static Transaction order(std::uint32_t meter, std::uint32_t slot, Side side, std::int64_t wh,
                           std::int64_t limit, std::uint8_t id, std::string signer = {},
                           std::optional<AccountId> partner = {}, bool green = false) {
    SignedOrder o;
    o.order = {order_id(id), account(static_cast<std::uint8_t>(meter)),
               {slot},       side,
               {wh},         {limit},
               partner,      green};
    o.meter = {meter};
    if (signer.empty()) signer = "account " + std::to_string(meter);
    o.signature =
        signer_of(signer).sign(order_signed_bytes(chain_id_of(village_genesis()), encode(o)));
    Transaction tx;
    tx.kind = TransactionKind::order;
    Salt salt{};
    salt[0] = id;
    tx.openings = {{salt, encode(o)}};
    tx.root = openings_root(tx.openings);
    tx.body = encode(OrderBody{{slot}});
    return tx;
  }

  static Transaction forecast(std::uint32_t gateway, std::vector<Forecast> all,
                              std::optional<WattHours> total, std::uint16_t slots,
                              std::uint32_t first_slot = 0) {
    std::vector<Opening> openings;
    for (const Forecast& f : all) openings.push_back({{}, encode(f)});
    return sealed(TransactionKind::forecast,
                  ForecastBody{{gateway}, {first_slot}, slots, total, {}}, std::move(openings),
                  "gateway " + std::to_string(gateway));
  }

  static Ruling ruling(std::uint32_t meter, std::uint32_t slot, std::uint32_t settled,
                       Outcome outcome, std::int64_t imported_wh, std::int64_t exported_wh) {
    return {account(static_cast<std::uint8_t>(meter)),
            {meter},
            {slot},
            {settled},
            outcome,
            {imported_wh},
            {exported_wh},
            {},
            {}};
  }
  static Transaction rulings(std::uint32_t slot, const std::vector<Ruling>& all,
                             const std::string& signer = "registrar") {
    std::vector<Opening> openings;
    for (const Ruling& r : all) openings.push_back(opening_of(restricted_key(r.meter.value), r));
    const auto count = static_cast<std::uint32_t>(all.size());
    return sealed(TransactionKind::ruling, RulingBody{{slot}, count, {}}, std::move(openings),
                  signer);
  }

  // Of the feeder of meter 4, which owns them.
  static FeederFindings found_of(const FeederSlot& slot) {
    FeederFindings f;
    f.feeder = slot.feeder;
    f.slot = slot.slot;
    f.metered = static_cast<std::uint32_t>(slot.homes.size());
    const FeederSums sums = market::sums_of(slot);
    f.feeder_import = sums.feeder_import;
    f.feeder_export = sums.feeder_export;
    f.homes_import = sums.homes_import;
    f.homes_export = sums.homes_export;
    f.meters_sigma = {1000};
    return *complete(f);
  }
  static Transaction findings(std::uint32_t slot, const std::vector<FeederFindings>& all,
                              const std::string& signer = "oracle", std::uint32_t oracle = 0,
                              std::uint32_t owner = 4) {
    std::vector<Opening> openings;
    for (const FeederFindings& f : all)
      openings.push_back(opening_of(restricted_key(owner), {owner},
                                    OwnedFindings{account(static_cast<std::uint8_t>(owner)), f},
                                    oracle));
    const auto count = static_cast<std::uint32_t>(all.size());
    return sealed(TransactionKind::feeder_findings, FindingsBody{oracle, {slot}, count, {}},
                  std::move(openings), signer);
  }

  static Transaction attestation(const AttestedEntry& what, const std::vector<std::uint32_t>& by,
                                 const std::string& signer = "gateway 0") {
    Attestation a{what, {}, {}};
    const Bytes said = attestation_signed_bytes(chain_id_of(village_genesis()), what);
    for (const std::uint32_t o : by)
      a.by.push_back({static_cast<std::uint16_t>(o), signer_of(name_of_oracle(o)).sign(said)});
    return sealed(TransactionKind::attestation, a, {}, signer);
  }

  // Why a transaction is refused; empty where it is not.
  std::string refusal(const Transaction& tx, std::int64_t time_ms) {
    const auto applied = state_.apply(tx, leaf_of(tx), SignatureIs::unchecked, time_ms);
    return applied ? std::string() : applied.error().why;
  }

  // Closes the slots that are due, as a block at this time would.
  std::size_t close(std::int64_t time_ms) {
    std::size_t closed = 0;
    const auto due_now = [&] {
      if (const auto own = state_.proposal(time_ms)) must(*own, time_ms);
      return state_.due(time_ms);
    };
    for (auto due = due_now(); !due.empty(); due = due_now()) {
      for (const Transaction& tx : due) must(tx, time_ms);
      ++closed;
    }
    return closed;
  }

  MarketState& state() { return state_; }

 private:
  void must(const Transaction& tx, std::int64_t time_ms) {
    const std::string why = refusal(tx, time_ms);
    invariant(why.empty(), why.c_str());
  }

  Ed25519Verifier verifier_;
  MarketState state_;
  std::map<std::uint32_t, std::pair<std::uint32_t, Hash>> batched_;
};

}  // namespace market_test
