// What homes, gateways and roles of the operations' chain say.

#include "ledger/base/codec.hpp"
#include "ledger/oracle/batch.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "tests/market/book_support.hpp"
#include "tests/market/operation_world.hpp"

namespace market_test {
namespace {

constexpr std::int64_t full_register = (std::int64_t{1} << 40) - 1;  // mWh
constexpr std::int64_t modulus_mwh = 1'000'000'000'000;              // of home 1

std::string account_name(std::uint8_t home) { return "account " + std::to_string(home); }
GatewayId gateway_of_home(std::uint8_t home) { return {home <= 2 ? 0u : 1u}; }

SubjectKey key_of_home(std::uint8_t home) {
  SubjectKey key;
  key.fill(home);
  return key;
}

Genesis operations_genesis(const OperationTerms& terms) {
  const auto key = [](std::string_view name) { return HashSigner(name).public_key(); };
  Genesis g;
  g.name = "operations";
  g.slot_ms = g.batch_ms = operation_slot_ms;
  g.close_grace_ms = 0;
  g.validators = {key("validator")};
  g.gateways = {key("gateway 0"), key("gateway 1")};
  g.registrar = key("registrar");
  g.metering_operator = key("metering operator");
  g.grid_operator = key("grid operator");
  g.retail_buy = {300'000};
  g.retail_sell = {80'000};
  g.grid_fee = {90'000};
  g.local_grid_fee = {30'000};
  g.levies = {50'000};
  g.mechanism = terms.mechanism;
  g.capacity_price = {terms.capacity_price};
  g.epoch = *from_rfc3339("2026-02-27T12:00:00Z");
  g.zone = *zone_named("Europe/Berlin");
  if (g.mechanism == "fee-tree") g.local_grid_fee = {};
  return g;
}

}  // namespace

OperationWorld::OperationWorld(const OperationTerms& terms, Fault fault)
    : genesis_(operations_genesis(terms)),
      chain_id_(chain_id_of(genesis_)),
      fault_(fault),
      state_(std::make_unique<MarketState>(genesis_, verifier_)) {
  for (std::uint32_t g : {0u, 1u}) take(registration(g));
  end_block();
  if (needs_feeder(acting_of(genesis_).mechanism)) {
    take(grid());
    end_block();
  }
}

template <class Body>
Transaction OperationWorld::by_role(TransactionKind kind, const Body& body,
                                    std::vector<Opening> openings, std::string_view name) const {
  Transaction tx;
  tx.kind = kind;
  tx.openings = std::move(openings);
  tx.root = openings_root(tx.openings);
  tx.body = encode(body);
  HashSigner signer(name);
  sign_entry(tx, chain_id_, signer);
  return tx;
}

Transaction OperationWorld::registration(std::uint32_t gateway) const {
  std::vector<Opening> openings;
  for (std::uint8_t home = 1; home <= operation_homes; ++home) {
    if (gateway_of_home(home).value != gateway) continue;
    Registration r;
    r.account = account(home);
    r.meter = {home};
    r.gateway = {gateway};
    r.meter_key = HashSigner("meter " + std::to_string(home)).public_key();
    r.account_key = HashSigner(account_name(home)).public_key();
    r.max_power_w = max_meter_power_w;
    r.export_register = {500};
    if (home == 1) r.modulus = {modulus_mwh};
    if (home <= 2) r.generation_w = 10'000;
    r.deposit = {home == 2 ? std::int64_t{1'000'000'000'000} : home == 3 ? 0 : 10'000'000};
    add_openings(openings, {r, key_of_home(home)});
  }
  return by_role(TransactionKind::registration, RegistrationBody{{gateway}, 2, {}},
                 std::move(openings), "registrar");
}

// Home 4 has no place in it.
Transaction OperationWorld::grid() const {
  std::vector<Opening> at;
  for (std::uint8_t home = 1; home < operation_homes; ++home)
    at.push_back(opening_of(key_of_home(home), HomePlace{account(home), {home}, {0}, home % 2u}));
  FeederTerms feeder = TradeLimits{2, {{{{0, 1}}, 300}, {{{0, -3}, {1, 1}}, 200}}};
  if (genesis_.mechanism == "fee-tree") feeder = FeeTree{{}, {0, {4'000}, {20'000}}};
  HashSigner signer("grid operator");
  return *trading_grid_of(chain_id_, {0}, feeder, std::move(at), key_of_home(9), signer);
}

Transaction OperationWorld::batch(std::uint32_t gateway) {
  Batch b;
  b.records = 2;
  b.import_sum = b.export_sum = {hidden_sum};
  b.gateway = {gateway};
  b.epoch = slot_ + 1;
  b.previous = last_entry_[gateway];
  Transaction tx;
  tx.kind = TransactionKind::batch;
  tx.body = encode(b);
  HashSigner signer("gateway " + std::to_string(gateway));
  sign_entry(tx, chain_id_, signer);
  last_entry_[gateway] = sha256(tx.entry());
  return tx;
}

Transaction OperationWorld::marks(std::uint32_t gateway) {
  std::vector<Opening> openings;
  for (auto& [home, m] : meters_) {
    if (gateway_of_home(home).value != gateway) continue;
    if (!m.missed)
      openings.push_back(opening_of(key_of_home(home), Mark{account(home),
                                                            {home},
                                                            {slot_},
                                                            {m.imported},
                                                            {m.exported},
                                                            m.quarantined,
                                                            std::exchange(m.swapped, false)}));
    if (!m.missed) m.quarantined = false;
    m.missed = false;
  }
  const auto count = static_cast<std::uint32_t>(openings.size());
  return by_role(TransactionKind::marks, MarksBody{{gateway}, {slot_}, count, {}},
                 std::move(openings), "gateway " + std::to_string(gateway));
}

Transaction OperationWorld::order(const Operation& o, Side side) const {
  SignedOrder s;
  s.order = {order_id(static_cast<std::uint8_t>(1 + o.pick % 6)),
             account(o.home),
             {slot_},
             side,
             {o.amount},
             {o.price}};
  if (genesis_.mechanism == "bilateral") {
    if (o.pick / 8 % 2 == 0) s.order.partner = account(o.other);
    s.order.green = o.pick / 16 % 2 == 0;
  }
  s.meter = {o.home};
  s.signature = HashSigner(account_name(o.home)).sign(order_signed_bytes(chain_id_, encode(s)));
  Transaction tx;
  tx.kind = TransactionKind::order;
  tx.openings = {{order_salt(key_of_home(o.home), s), encode(s)}};
  tx.root = openings_root(tx.openings);
  tx.body = encode(OrderBody{{slot_}});
  return tx;
}

Transaction OperationWorld::papers(const Operation& o) const {
  const TrueMeter& m = meters_.at(o.home);
  const auto whole = [](std::int64_t mwh) { return MilliWattHours{(mwh + 999) / 1000 * 1000}; };
  MeterSwap s;
  s.account = account(o.home);
  s.meter = {o.home};
  s.slot = {slot_};
  s.closing_import = whole(m.imported);
  s.closing_export = whole(m.exported);
  s.opening_import = {7000};
  s.meter_key =
      HashSigner("next " + std::to_string(slot_) + " " + std::to_string(o.home)).public_key();
  s.signature = HashSigner(account_name(o.home)).sign(swap_signed_bytes(chain_id_, encode(s)));
  return by_role(TransactionKind::meter_swap, MeterSwapBody{gateway_of_home(o.home), 1, {}},
                 {opening_of(key_of_home(o.home), s)}, "metering operator");
}

Transaction OperationWorld::contract(const Operation& o) const {
  constexpr std::array of{Template::hold_tokens,      Template::sell_surplus,
                          Template::buy_below,        Template::community_key,
                          Template::sub_meters,       Template::flexibility_offer,
                          Template::curtailment_duty, Template::controllable_load};
  Contract c;
  c.account = account(o.home);
  c.meter = {o.home};
  c.of = of[o.pick % of.size()];
  const auto line = state_->contracts().find({c.account, c.of});
  c.number = line == state_->contracts().end() ? 1 : line->second.newest() + 1;
  if (o.pick / 8 % 16 == 0 && c.number > 1) --c.number;
  c.first_slot = {slot_ + o.pick / 128 % 3};
  c.end_slot = {c.first_slot.value + o.pick / 512 % 6};
  HashSigner signer(account_name(o.home));
  if (!c.withdraws()) {
    c.id = order_id(static_cast<std::uint8_t>(50 + o.pick % of.size()));
    if (c.of != Template::hold_tokens && c.of != Template::sub_meters) {
      c.energy = {o.amount};
      c.price = {o.price};
    }
    if (c.of == Template::community_key) {
      c.share = static_cast<std::uint16_t>(1 + o.pick / 4096 % 1000);
      c.side = o.pick / 64 % 2 == 0 ? Side::buy : Side::sell;
    }
    if (c.of == Template::sub_meters) c.tenants = {{{1}, 2}, {{2}, 1}};
  }
  HashSigner grid("metering operator");
  return contract_of(chain_id_, c, key_of_home(o.home), signer,
                     with_grid_operator(c.of) ? &grid : nullptr);
}

Transaction OperationWorld::ruling(const Operation& o) const {
  const auto cases = state_->undecided();
  if (cases.empty())
    return by_role(TransactionKind::ruling, RulingBody{{slot_}, 0, {}}, {}, "registrar");
  const auto& [id, waits] = *std::next(cases.begin(), o.pick % cases.size());
  const auto home = static_cast<std::uint8_t>(id.first);
  Ruling r{
      account(home),  {home},         {slot_}, {id.second}, static_cast<Outcome>(o.pick / 8 % 3),
      waits.imported, waits.exported, {},      {}};
  if (r.outcome == Outcome::replacement) {
    r.import_in_place = {o.amount};
    r.export_in_place = {o.price};
  }
  return by_role(TransactionKind::ruling, RulingBody{{slot_}, 1, {}},
                 {opening_of(key_of_home(home), r)}, "registrar");
}

// Of this slot or the one before, paid in one of three of which one may be closed.
Transaction OperationWorld::measure(const Operation& o) const {
  const Slot slot{slot_ - std::min(slot_, o.pick % 2)};
  const Slot paid_in{std::max(slot.value, slot_ + o.pick / 2 % 3 - std::min(slot_, 1u))};
  std::vector<Opening> openings;
  const auto add = [&](std::uint8_t home, std::int64_t owed) {
    openings.push_back(
        opening_of(key_of_home(home),
                   HomeMeasure{account(home), {home}, slot, paid_in, 0, 1, 4200, -100, {owed}}));
  };
  const auto [first, second] = std::minmax(o.home, o.other);
  add(first, o.amount);
  if (first != second) add(second, o.price);
  HashSigner grid("grid operator");
  return grid_measure_of(chain_id_, slot, paid_in, {{6, 0, 1, "transformer"}}, std::move(openings),
                         grid);
}

// One of which the home holds something, where there is any.
Slot OperationWorld::vintage_of(const Operation& o) const {
  std::vector<std::uint32_t> held;
  for (const auto& [slot, vintage] : state_->tokens().vintages())
    if (vintage.held.contains(account(o.home))) held.push_back(slot);
  return {held.empty() ? 0 : held[o.pick % held.size()]};
}

void OperationWorld::move(const Operation& o) {
  const std::int64_t amount = std::max<std::int64_t>(o.amount, 0);
  TrueMeter &in = meters_.at(o.home), &out = meters_.at(o.other);
  const auto rise = [&](std::uint8_t home, std::int64_t& reg) {
    if (home == 1 && amount < modulus_mwh / 4) return reg = (reg + amount) % modulus_mwh, amount;
    if (home == 1 || amount > full_register - reg) return std::int64_t{0};
    return reg += amount, amount;
  };
  rise(o.home, in.imported);
  out.exported_in_all += rise(o.other, out.exported);
}

void OperationWorld::swap(const Operation& o) {
  if (!take(papers(o))) return;
  TrueMeter& m = meters_.at(o.home);
  m.exported_in_all += (1000 - m.exported % 1000) % 1000;
  m.imported = 7000;
  m.exported = 0;
  m.swapped = true;
}

// What one transaction says; whether it was taken.
bool OperationWorld::sign(const Operation& o) {
  HashSigner signer(account_name(o.home));
  const SubjectKey key = key_of_home(o.home);
  const AccountId own = account(o.home);
  const OrderId id = order_id(static_cast<std::uint8_t>(1 + o.pick % 6));
  switch (o.act) {
    case Act::bid:
      return take(order(o, Side::buy));
    case Act::list:
      return take(order(o, Side::sell));
    case Act::cancel:
      return take(cancellation_of(chain_id_, {own, {o.home}, {slot_}, id, {}}, key, signer));
    case Act::contract:
      return take(contract(o));
    case Act::transfer:
      return take(transfer_of(chain_id_,
                              {own,
                               {o.home},
                               {slot_ + o.pick / 64 % 2},
                               vintage_of(o),
                               {o.amount},
                               account(o.other),
                               id,
                               {}},
                              key, signer));
    case Act::retire:
      return take(retirement_of(chain_id_,
                                {own,
                                 {o.home},
                                 {slot_ + o.pick / 64 % 2},
                                 vintage_of(o),
                                 {o.amount},
                                 static_cast<TokenClaim>(o.pick / 8 % 2),
                                 id,
                                 {}},
                                key, signer));
    case Act::correct:
      return take(ruling(o));
    case Act::measure:
      return take(measure(o));
    case Act::fee: {
      HashSigner grid("grid operator");
      const std::uint32_t first = slot_ + 1 + o.pick % 3;
      return take(
          fee_change_of(chain_id_, {first},
                        std::vector<std::int32_t>(1 + o.pick / 8 % 3,
                                                  static_cast<std::int32_t>(o.amount - 90'000)),
                        grid));
    }
    case Act::erase: {
      HashSigner registrar("registrar");
      return take(
          erasure_of(chain_id_, {own, static_cast<Stages>(1 + o.pick % 3)}, Salt{key}, registrar));
    }
    default:
      return false;
  }
}

}  // namespace market_test
