#include "tests/support/village_chain.hpp"

#include "ledger/chain/chain.hpp"
#include "market/fee_change.hpp"
#include "market/grid_measure.hpp"
#include "tests/market/feeder_support.hpp"
#include "tests/market/signed_checkpoint.hpp"

namespace market_test {
namespace {

constexpr std::size_t block_bytes = 4u << 20;
constexpr std::uint32_t readings_a_minute = 12, minutes_a_slot = 2, gateways = 2;
constexpr std::uint32_t feeder_meter = 4, late_home = 5, late_slot = 3;
// A home's meter is swapped in one slot, another's in another, whose mark says nothing of it.
constexpr std::uint32_t swapped_home = 2, swap_slot = 2, silent_home = 3, silent_slot = 21;
constexpr std::uint32_t rolling_home = 1;  // its registers begin anew at a MWh
// Keys that change from a slot on, a home that leaves with one, and a gateway without meters.
constexpr std::uint32_t rekeyed_home = 1, meter_key_slot = 5, account_key_slot = 8;
constexpr std::uint32_t rekeyed_gateway = 1, gateway_key_slot = 10, leaving_slot = 60;
// A home that sells its surplus and one that holds what it buys, gives of it away and retires the
// rest by hand; in some slots an order is taken back.
constexpr std::uint32_t selling_home = 3, holding_home = 2, receiving_home = 1;
constexpr std::uint32_t contract_slot = 6, contract_end = 90;
constexpr std::uint32_t next_grid_slot = 7;  // from which another grid holds
// A home that is let to tenants, from one slot on to others, and then to none.
constexpr std::uint32_t let_home = 1, let_slot = 20, let_anew_slot = 40, let_end = 60;
constexpr std::uint32_t late_gateway = 2, late_gateway_slot = 4, withdrawn_slot = 30;

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

std::string name_of_meter(std::uint32_t id) { return "meter " + std::to_string(id); }
std::string account_signer(std::uint32_t id, std::uint32_t slot) {
  const bool next = id == silent_home && slot >= account_key_slot;
  return (next ? "changed account " : "account ") + std::to_string(id);
}
std::string gateway_signer(std::uint32_t gateway, std::uint32_t slot) {
  const bool next = gateway == rekeyed_gateway && slot >= gateway_key_slot;
  return (next ? "changed gateway " : "gateway ") + std::to_string(gateway);
}

constexpr std::int64_t rolling_modulus = 1'000'000;

SubjectKey personal_key(std::uint32_t meter) {
  SubjectKey key;
  key.fill(static_cast<std::uint8_t>(100 + meter));
  return key;
}

Registration registered_with_key(std::uint32_t meter) {
  Registration r = Village::registered(meter);
  r.meter_key = signer_of(name_of_meter(meter)).public_key();
  if (meter == rolling_home) r.modulus = {rolling_modulus};
  if (meter == late_home) r.first_slot = {late_slot};
  if (village_mechanism() == "bilateral") r.generation_w = 20'000;
  return r;
}

class VillageWriter {
 public:
  VillageWriter(std::uint64_t seed, bool lazy)
      : lazy_(lazy),
        rng_(Rng(seed).fork("village chain")),
        genesis_(village_genesis()),
        chain_(std::make_unique<MarketState>(genesis_, verifier_)) {
    out_.log.genesis = genesis_;
    out_.log.chain_id = chain_id_of(genesis_);
    out_.log.policy = policy_of(genesis_);
    out_.log.policy_text = policy_text(genesis_);
  }

  VillageChain write(std::uint32_t slots) {
    add_meters(0, {1, 2});
    add_meters(1, {3, feeder_meter});
    tell_grid(0, {1, 2, 3});
    plan(0);
    put_block(0);
    for (std::uint32_t minute = 1; minute <= minutes_a_slot * slots; ++minute) {
      const bool ends = minute % minutes_a_slot == 0;
      const std::uint32_t slot = (minute - 1) / minutes_a_slot;
      if (!ends) begin_slot(slot);
      if (!ends) add_rulings(slot);
      if (!ends && slot % 7 == 6) move_tokens(slot);
      if (!ends && slot % 4 == 3) add_measures(slot);
      if (!ends && slot % 5 == 1) change_fees(slot);
      if (!ends) add_findings();
      for (std::uint32_t g = 0; g < gateways; ++g) add_batch(g, minute, ends);
      if (ends) {
        for (std::uint32_t g = 0; g < gateways; ++g) add_marks(g, slot);
        if (slot + 1 == late_slot) add_meters(1, {late_home});
        if (slot == leaving_slot) meters_.erase(late_home);
        plan(slot + 1);
      }
      put_block(std::int64_t{minute} * 60'000);
    }
    put_block(std::int64_t{minutes_a_slot} * slots * 60'000 + genesis_.close_grace_ms);
    sign_checkpoint(out_.log, chain_.state_root());
    return std::move(out_);
  }

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
  Transaction unsolved(const Transaction& honest) const;
  Chain::Tried as_lazy_makers_do(const Block& honest) const;
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

  bool lazy_;
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

void VillageWriter::add_meters(std::uint32_t gateway, const std::vector<std::uint32_t>& ids) {
  std::vector<Registration> all;
  for (const std::uint32_t id : ids) {
    all.push_back(registered_with_key(id));
    meters_[id].id = id;
    meters_[id].key = name_of_meter(id);
    out_.openings.keys[all.back().account] = {Village::restricted_key(id), personal_key(id)};
  }
  add(Village::registration(gateway, std::move(all)));
}

// Orders of the slot that is about to begin and, now and then, forecasts.
void VillageWriter::plan(std::uint32_t slot) {
  for (const auto& [id, meter] : meters_) {
    if (id == feeder_meter) continue;
    for (std::int64_t n = drawn(2); n > 0; --n) {
      const Side side = rng_.chance(0.5) ? Side::buy : Side::sell;
      const std::int64_t wh = 1 + drawn(400), limit = 50'000 + drawn(270'000);
      add_order(id, slot, side, wh, limit);
    }
  }
  make_contracts(slot);
  cancel_order(slot);
  if (slot == next_grid_slot) tell_grid(slot, {1, 2, 3, late_home});
  // Before its key is said to be lost, for a slot in which the next one holds.
  if (slot + 2 == account_key_slot)
    add(Village::order(silent_home, account_key_slot, Side::buy, 10, 60'000, next_order_++,
                       account_signer(silent_home, slot)));
  if (slot % 3 != 0) return;
  for (std::uint32_t g = 0; g < gateways; ++g) {
    std::vector<Forecast> all;
    for (const auto& [id, meter] : meters_)
      if (Village::gateway_of(id).value == g && id != feeder_meter)
        all.push_back({account(static_cast<std::uint8_t>(id)), {id}, {slot}, {}});
    for (Forecast& f : all)
      for (int i = 0; i < 3; ++i) f.net_wh.push_back(static_cast<std::int32_t>(drawn(800)) - 400);
    add(Village::signed_anew(Village::forecast(g, std::move(all), std::nullopt, 3, slot),
                             gateway_signer(g, slot)));
  }
}

// Homes in turn at the two buses behind the line, which the second grid turns round.
void VillageWriter::tell_grid(std::uint32_t from, const std::vector<std::uint32_t>& homes) {
  const auto acting = acting_named(genesis_.mechanism);
  if (!acting || !needs_feeder(acting->mechanism)) return;
  std::vector<Opening> at;
  for (const std::uint32_t home : homes)
    at.push_back(opening_of(Village::restricted_key(home),
                            HomePlace{account(static_cast<std::uint8_t>(home)),
                                      {home},
                                      {from},
                                      1 + (home + (from > 0 ? 1 : 0)) % 2}));
  FeederTerms feeder = example_tree();
  if (acting->mechanism == Mechanism::grid_aware)
    feeder = TradeLimits{3, {{{{1, 1}}, 120}, {{{1, -1}}, 90}, {{{1, 2}, {2, 1}}, 150}}};
  add(*trading_grid_of(out_.log.chain_id, {from}, feeder, std::move(at), operator_key(),
                       signer_of("grid operator")));
}

// With a preference where they are heeded; of arrivals, also one for a slot later.
void VillageWriter::add_order(std::uint32_t home, std::uint32_t slot, Side side, std::int64_t wh,
                              std::int64_t limit) {
  std::optional<AccountId> partner;
  bool green = false;
  if (genesis_.mechanism == "bilateral") {
    const auto other = static_cast<std::uint8_t>(1 + rng_.below(3));
    if (rng_.chance(0.4) && other != home) partner = account(other);
    green = rng_.chance(0.5);
  }
  if (genesis_.mechanism == "continuous" && rng_.chance(0.3) && home != late_home &&
      slot + 1 != account_key_slot)
    ++slot;
  add(Village::order(home, slot, side, wh, limit, next_order_++, account_signer(home, slot),
                     partner, green));
}

// In the block that holds the order.
void VillageWriter::cancel_order(std::uint32_t slot) {
  if (slot % 10 != 9) return;
  const std::uint8_t id = next_order_++;
  Ed25519Signer& signer = signer_of(account_signer(holding_home, slot));
  add(Village::order(holding_home, slot, Side::buy, 50, 300'000, id));
  add(cancellation_of(out_.log.chain_id,
                      {account(holding_home), {holding_home}, {slot}, order_id(id), {}},
                      Village::restricted_key(holding_home), signer));
}

void VillageWriter::let_to(std::uint32_t slot, std::uint32_t number, std::vector<Tenant> tenants) {
  Contract c;
  c.account = account(let_home);
  c.meter = {let_home};
  c.first_slot = c.end_slot = {slot};
  if (!tenants.empty()) c.end_slot = {contract_end};
  c.number = number;
  c.of = Template::sub_meters;
  c.tenants = std::move(tenants);
  if (!c.withdraws()) c.id = order_id(static_cast<std::uint8_t>(220 + number));
  add(contract_of(out_.log.chain_id, c, Village::restricted_key(let_home),
                  signer_of(account_signer(let_home, slot))));
}

void VillageWriter::make_contracts(std::uint32_t slot) {
  if (slot == let_slot) let_to(slot, 1, {{{1}, 2}, {{2}, 1}});
  if (slot == let_anew_slot) let_to(slot, 2, {{{2}, 1}, {{3}, 4}});
  if (slot == let_end) let_to(slot, 3, {});
  if (slot != contract_slot) return;
  const auto add_contract = [&](std::uint32_t home, Template of, WattHours energy, Price price) {
    Contract c;
    c.account = account(static_cast<std::uint8_t>(home));
    c.meter = {home};
    c.first_slot = {slot};
    c.end_slot = {contract_end};
    c.of = of;
    c.energy = energy;
    c.price = price;
    c.id = order_id(static_cast<std::uint8_t>(200 + home));
    add(contract_of(out_.log.chain_id, c, Village::restricted_key(home),
                    signer_of(account_signer(home, slot)),
                    with_grid_operator(of) ? &signer_of("metering operator") : nullptr));
  };
  add_contract(receiving_home, Template::flexibility_offer, {500}, {100'000});
  add_contract(selling_home, Template::curtailment_duty, {100}, {20'000});
  add_contract(selling_home, Template::sell_surplus, {300}, {60'000});
  add_contract(holding_home, Template::buy_below, {400}, {250'000});
  add_contract(holding_home, Template::hold_tokens, {}, {});
}

// Of the oldest vintage that the holding home has some of: a part to another, a part is retired.
void VillageWriter::move_tokens(std::uint32_t slot) {
  const auto& state = static_cast<const MarketState&>(chain_.state());
  const AccountId holder = account(holding_home);
  for (const auto& [vintage, book] : state.tokens().vintages()) {
    const WattHours free = state.free_tokens(holder, {vintage});
    if (free.value < 10) continue;
    const SubjectKey key = Village::restricted_key(holding_home);
    Ed25519Signer& signer = signer_of(account_signer(holding_home, slot));
    const OrderId id = order_id(static_cast<std::uint8_t>(slot));
    add(transfer_of(out_.log.chain_id,
                    {holder,
                     {holding_home},
                     {slot},
                     {vintage},
                     {free.value / 3},
                     account(receiving_home),
                     id,
                     {}},
                    key, signer));
    add(retirement_of(out_.log.chain_id,
                      {holder,
                       {holding_home},
                       {slot},
                       {vintage},
                       {free.value / 4},
                       TokenClaim::own_consumption,
                       id,
                       {}},
                      key, signer));
    return;
  }
}

void VillageWriter::swap_meter(std::uint32_t home, std::uint32_t slot, bool told) {
  MeterLife& m = meters_.at(home);
  const auto whole = [](std::int64_t mwh) { return (mwh + 999) / 1000 * 1000; };
  m.key = "next " + name_of_meter(home);
  const MeterSwap swap =
      Village::swap(home, slot, {whole(m.most_imported), whole(m.exported), 7000, 0}, m.key);
  add(Village::papers(Village::gateway_of(home).value,
                      {Village::sign(swap, account_signer(home, slot))}));
  m.imported = 7000;
  m.exported = 0;
  m.sequence = 0;
  m.swapped = told;
}

// A slot or two before it acts.
void VillageWriter::change_registry(std::uint32_t slot) {
  const Hash& chain = out_.log.chain_id;
  const auto change = [&](KeyOf of, std::uint32_t home, std::uint32_t from,
                          const std::string& next) {
    return KeyChange{account(static_cast<std::uint8_t>(home)),
                     {home},
                     of,
                     {from},
                     signer_of(next).public_key(),
                     {}};
  };
  if (slot == 1) {
    const MeterCertificate c{
        account(1), {1}, signer_of(name_of_meter(1)).public_key(), sha256(bytes_of("certificate")),
        {0},        {50}};
    add(certificates_of(chain, {opening_of(Village::restricted_key(1), c)},
                        signer_of("certifier")));
  }
  if (slot + 1 == meter_key_slot)
    add(key_change_of(chain, Village::gateway_of(rekeyed_home),
                      change(KeyOf::meter, rekeyed_home, meter_key_slot, "changed meter"),
                      Village::restricted_key(rekeyed_home),
                      &signer_of(meters_.at(rekeyed_home).key), signer_of("metering operator")));
  if (slot == meter_key_slot) meters_.at(rekeyed_home).key = "changed meter";
  if (slot + 2 == account_key_slot)  // said to be lost
    add(key_change_of(chain, Village::gateway_of(silent_home),
                      change(KeyOf::account, silent_home, account_key_slot,
                             account_signer(silent_home, account_key_slot)),
                      Village::restricted_key(silent_home), nullptr, signer_of("registrar")));
  if (slot + 1 == gateway_key_slot)
    add(gateway_key_change_of(
        chain, {rekeyed_gateway},
        {signer_of(gateway_signer(rekeyed_gateway, gateway_key_slot)).public_key(),
         {gateway_key_slot}},
        &signer_of(gateway_signer(rekeyed_gateway, 0)), signer_of("gateway administrator")));
  if (slot == leaving_slot)
    add(deregistration_of(
        chain, Village::gateway_of(late_home),
        {account(static_cast<std::uint8_t>(late_home)), {late_home}, {leaving_slot}, {}},
        Village::restricted_key(late_home), signer_of(account_signer(late_home, slot)),
        signer_of("registrar")));
  GatewayBody late{GatewayBody::Action::registered,
                   {late_gateway},
                   signer_of("gateway 2").public_key(),
                   {late_gateway_slot},
                   {UINT32_MAX},
                   {}};
  if (slot + 2 == late_gateway_slot)
    add(gateway_of(chain, late, signer_of("gateway administrator")));
  late = {GatewayBody::Action::withdrawn, {late_gateway}, {}, {}, {withdrawn_slot}, {}};
  if (slot + 2 == withdrawn_slot) add(gateway_of(chain, late, signer_of("gateway administrator")));
}

void VillageWriter::begin_slot(std::uint32_t slot) {
  change_registry(slot);
  if (slot == swap_slot) swap_meter(swapped_home, slot, true);
  if (slot == silent_slot) swap_meter(silent_home, slot, false);
  for (auto& [id, meter] : meters_) {
    // Seldom above the 43 kW that the meter's connection lets through.
    meter.import_step = rng_.chance(0.02) ? 80'000 : drawn(40'000);
    meter.export_step = drawn(20'000);
    meter.verdict = 0;
  }
}

PersonalRecord VillageWriter::record_of(MeterLife& meter, std::uint32_t gateway,
                                        std::uint32_t epoch, bool ends_slot) {
  PersonalRecord p{{{gateway}, epoch, {meter.id}}, {}, {}, {}};
  MeterRecord& m = p.record;
  m.account = account(static_cast<std::uint8_t>(meter.id));
  m.meter = {meter.id};
  m.epoch = epoch;
  m.first_sequence = meter.sequence + 1;
  m.count = readings_a_minute;
  if (ends_slot && rng_.chance(0.05)) m.verdict = bit(Rule::power_range);
  if (ends_slot && rng_.chance(0.02)) {
    meter.imported /= 2;
    m.verdict = bit(Rule::voltage_range);  // a flag: what falls is found by the mark
  }
  for (std::uint32_t i = 1; i <= readings_a_minute; ++i) {
    meter.imported += meter.import_step;
    meter.most_imported = std::max(meter.most_imported, meter.imported);
    meter.exported += meter.export_step;
    if (meter.id == rolling_home) {
      meter.imported %= rolling_modulus;
      meter.exported %= rolling_modulus;
    }
    const Reading r{++meter.sequence,
                    (std::int64_t{epoch} - 1) * 60'000 + i * 5'000,
                    {meter.imported},
                    {meter.exported},
                    720,
                    230};
    end_at(m, r);
    p.readings.push_back(*encode(r));
  }
  m.readings_root = readings_root(personal_key(meter.id), m.meter, p.readings);
  m.signature = signer_of(meter.key).sign(
      meter_signed_bytes(out_.log.chain_id, m.meter, m.first_sequence, m.count, m.readings_root));
  meter.verdict |= m.verdict;
  return p;
}

void VillageWriter::add_batch(std::uint32_t gateway, std::uint32_t epoch, bool ends_slot) {
  Batch b;
  b.gateway = {gateway};
  b.epoch = epoch;
  b.import_sum = b.export_sum = {hidden_sum};
  b.previous = last_entry_[gateway];
  std::vector<Hash> leaves, quarantined;
  for (auto& [id, meter] : meters_) {
    if (Village::gateway_of(id).value != gateway) continue;
    PersonalRecord p = record_of(meter, gateway, epoch, ends_slot);
    count_record(b, p.record);
    leaves.push_back(leaf_hash(record_commitment(personal_key(id), p.record)));
    if (quarantines(p.record.verdict)) quarantined.push_back(leaves.back());
    out_.openings.personal[{gateway, epoch}].emplace(id, std::move(p));
  }
  b.quarantine_root = root_of(quarantined);
  Transaction tx;
  tx.kind = TransactionKind::batch;
  tx.root = root_of(leaves);
  tx.body = encode(b);
  b.signature = signer_of(gateway_signer(gateway, (epoch - 1) / minutes_a_slot))
                    .sign(entry_signed_bytes(out_.log.chain_id, tx.entry()));
  tx.body = encode(b);
  last_entry_[gateway] = sha256(tx.entry());
  add(std::move(tx));
}

// A gateway that leaves its marks out, or a meter's, lets the slot close without them.
void VillageWriter::add_marks(std::uint32_t gateway, std::uint32_t slot) {
  if (slot > 1 && rng_.chance(0.05)) return;
  std::vector<Mark> marks;
  for (auto& [id, meter] : meters_)
    if (Village::gateway_of(id).value == gateway && (slot <= 1 || !rng_.chance(0.05)))
      marks.push_back(Village::mark(id, slot, meter.imported, meter.exported,
                                    quarantines(meter.verdict),
                                    std::exchange(meter.swapped, false)));
  add(Village::signed_anew(Village::marks(gateway, slot, std::move(marks)),
                           gateway_signer(gateway, slot)));
}

// On every second case or so, as the state has them.
void VillageWriter::add_rulings(std::uint32_t slot) {
  const auto& state = static_cast<const MarketState&>(chain_.state());
  std::vector<Ruling> rulings;
  for (const auto& [id, waits] : state.undecided()) {
    if (rng_.chance(0.5)) continue;
    rulings.push_back(Village::ruling(id.first, slot, id.second, static_cast<Outcome>(drawn(2)),
                                      waits.imported.value, waits.exported.value));
    if (rulings.back().outcome == Outcome::replacement)
      rulings.back().import_in_place = {drawn(1000)};
  }
  if (!rulings.empty()) add(Village::rulings(slot, rulings));
}

// Of the next two slots.
void VillageWriter::change_fees(std::uint32_t slot) {
  const auto dear = static_cast<std::int32_t>(10'000 + 1'000 * slot);
  add(fee_change_of(out_.log.chain_id, {slot + 1}, {dear, -90'000}, signer_of("grid operator")));
}

// What the grid operator did in the slot before: it dimmed a home, and curtailed it and another.
void VillageWriter::add_measures(std::uint32_t slot) {
  std::vector<Opening> homes;
  const auto add_home = [&](std::uint32_t home, std::uint8_t measure, std::uint16_t minutes) {
    homes.push_back(opening_of(Village::restricted_key(home),
                               HomeMeasure{account(static_cast<std::uint8_t>(home)),
                                           {home},
                                           {slot - 1},
                                           measure,
                                           minutes,
                                           static_cast<std::int32_t>(drawn(4200)),
                                           -static_cast<std::int32_t>(drawn(900))}));
  };
  add_home(1, 0, 2);
  add_home(1, 1, 1);
  add_home(3, 1, 2);
  add(grid_measure_of(out_.log.chain_id, {slot - 1},
                      {{4, 0, 2, "transformer"}, {7, 2, 2, "home 3"}}, std::move(homes),
                      signer_of("grid operator")));
}

// Of the last slot that closed.
void VillageWriter::add_findings() {
  const auto* closed = static_cast<const MarketState&>(chain_.state()).last_closed();
  if (!closed || closed->slot.value == found_) return;
  found_ = closed->slot.value;
  for (const FeederSlot& feeder : closed->feeders)
    if (!feeder.feeder_meter.quarantined)
      add(Village::findings(found_, {Village::found_of(feeder)}));
}

Transaction VillageWriter::unsolved(const Transaction& honest) const {
  const auto body = *decode_clearing_proposal_body(honest.body);
  return clearing_proposal_of(body.slot, body.grid, body.orders, std::nullopt, operator_key());
}

// The same block, whose maker says that it found nothing, with the settlement that follows.
Chain::Tried VillageWriter::as_lazy_makers_do(const Block& honest) const {
  Block block{honest.header, {unsolved(honest.transactions[0])}, {}};
  const auto state = chain_.state().clone();
  const auto taken = state->apply(block.transactions[0], leaf_of(block.transactions[0]),
                                  SignatureIs::checked, honest.header.time_ms);
  invariant(taken.has_value(), "a maker is taken at its word");
  for (Transaction& due : state->due(honest.header.time_ms))
    block.transactions.push_back(std::move(due));
  for (const Transaction& tx : honest.transactions)
    if (!made_by_state(tx.kind) && !made_by_maker(tx.kind)) block.transactions.push_back(tx);
  block.header.entries = static_cast<std::uint32_t>(block.transactions.size());
  block.header.entries_root = entries_root(block.transactions);
  auto tried = chain_.try_block(encode(block));
  invariant(tried.has_value(), "the lazy maker's block holds");
  return std::move(*tried);
}

void VillageWriter::put_block(std::int64_t time_ms) {
  Chain::Built built = chain_.build(time_ms, {0}, pool_.ordered(), block_bytes);
  invariant(built.never.empty(), built.never.empty() ? "" : built.never[0].second.c_str());
  if (const auto& all = built.tried.block.transactions;
      lazy_ && !all.empty() && made_by_maker(all[0].kind) && rng_.chance(0.5))
    built.tried = as_lazy_makers_do(Block(built.tried.block));
  const Block& block = built.tried.block;
  out_.blocks.push_back(encode(block));
  out_.log.blocks.push_back({encode(block.header), block.header, {}});
  for (const Transaction& tx : block.transactions) {
    pool_.remove(leaf_hash(tx.entry()));
    for (std::uint16_t i = 0; i < tx.openings.size(); ++i)
      out_.openings.restricted[out_.log.entries.size()].emplace(i, tx.openings[i]);
    out_.log.entries.push_back(tx.entry());
    out_.log.tree.append(leaf_hash(out_.log.entries.back()));
  }
  invariant(pool_.size() == 0, "every transaction found its block");
  chain_.commit(std::move(built.tried));
  out_.state_roots.push_back(chain_.state_root());
  out_.content_roots.push_back(chain_.state().content_root());
}

}  // namespace

VillageChain village_chain(std::uint64_t seed, std::uint32_t slots, const std::string& mechanism,
                           bool lazy) {
  const WithMechanism settled_by(mechanism);
  return VillageWriter(seed, lazy).write(slots);
}

VillageChain capacity_village_chain(std::uint64_t seed, std::uint32_t slots,
                                    const std::string& mechanism) {
  const WithCapacityPrice priced({4'321'000});
  return village_chain(seed, slots, mechanism);
}

void bend_statement(VillageChain& chain, const AccountId& account, Slot slot,
                    const std::function<void(Statement&)>& change) {
  for (auto& [entry, openings] : chain.openings.restricted) {
    Transaction tx = *decode_entry(chain.log.entries[entry]);
    if (tx.kind != TransactionKind::statements) continue;
    for (auto& [position, opening] : openings) {
      auto s = decode_statement(opening.data);
      if (s->account == account && s->slot == slot) {
        change(*s);
        opening.data = encode(*s);
      }
      tx.openings.push_back(opening);
    }
    tx.root = openings_root(tx.openings);
    chain.log.entries[entry] = tx.entry();
  }
  chain.log.tree = {};
  for (const Bytes& entry : chain.log.entries) chain.log.tree.append(leaf_hash(entry));
  sign_checkpoint(chain.log, chain.state_roots.back());
}

}  // namespace market_test
