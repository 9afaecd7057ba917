#include "tests/market/operations.hpp"

#include <map>

#include "ledger/base/codec.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/batch.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "market/audit/invariants.hpp"
#include "tests/market/book_support.hpp"

namespace market_test {

using namespace ledger;
using namespace market;

namespace {

constexpr std::int64_t operation_slot_ms = 3'600'000;
constexpr std::uint8_t homes = 4;
constexpr std::uint32_t next_month_slot = 35;
constexpr std::int64_t full_register = (std::int64_t{1} << 40) - 1;  // mWh
constexpr std::int64_t modulus_mwh = 1'000'000'000'000;              // of home 1
constexpr std::array<std::string_view, 15> act_names{
    "meter",    "quarantine", "miss",    "swap", "bid",   "list",    "cancel", "contract",
    "transfer", "retire",     "correct", "fee",  "erase", "restart", "close"};

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

class World {
 public:
  World(const OperationTerms& terms, Fault fault)
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

bool World::take(const Transaction& tx) {
  const Hash before = state_->tree().root();
  const auto applied = state_->apply(tx, leaf_hash(tx.entry()), SignatureIs::unchecked, time_ms());
  if (!applied) {
    ++trace_.refused;
    if (open_.transactions.empty() && state_->clone()->commit() != before)
      broken_ = "a refused transaction changed the state: " + applied.error().why;
    return false;
  }
  ++trace_.taken;
  open_.transactions.push_back(tx);
  return true;
}

void World::end_block() {
  if (open_.transactions.empty()) return;
  open_.time_ms = time_ms();
  state_->commit();
  if (broken_.empty()) broken_ = watch_.broken_by(open_.transactions, *state_);
  blocks_.push_back(std::exchange(open_, {}));
}

template <class Body>
Transaction World::by_role(TransactionKind kind, const Body& body, std::vector<Opening> openings,
                           std::string_view name) const {
  Transaction tx;
  tx.kind = kind;
  tx.openings = std::move(openings);
  tx.root = openings_root(tx.openings);
  tx.body = encode(body);
  HashSigner signer(name);
  sign_entry(tx, chain_id_, signer);
  return tx;
}

Transaction World::registration(std::uint32_t gateway) const {
  std::vector<Opening> openings;
  for (std::uint8_t home = 1; home <= homes; ++home) {
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
Transaction World::grid() const {
  std::vector<Opening> at;
  for (std::uint8_t home = 1; home < homes; ++home)
    at.push_back(opening_of(key_of_home(home), HomePlace{account(home), {home}, {0}, home % 2u}));
  FeederTerms feeder = TradeLimits{2, {{{{0, 1}}, 300}, {{{0, -3}, {1, 1}}, 200}}};
  if (genesis_.mechanism == "fee-tree") feeder = FeeTree{{}, {0, {4'000}, {20'000}}};
  HashSigner signer("grid operator");
  return *trading_grid_of(chain_id_, {0}, feeder, std::move(at), key_of_home(9), signer);
}

Transaction World::batch(std::uint32_t gateway) {
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

Transaction World::marks(std::uint32_t gateway) {
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

Transaction World::order(const Operation& o, Side side) const {
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

Transaction World::papers(const Operation& o) const {
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

Transaction World::contract(const Operation& o) const {
  constexpr std::array of{Template::hold_tokens,     Template::sell_surplus,
                          Template::buy_below,       Template::community_key,
                          Template::sub_meters,      Template::flexibility_offer,
                          Template::curtailment_duty};
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

Transaction World::ruling(const Operation& o) const {
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

// One of which the home holds something, where there is any.
Slot World::vintage_of(const Operation& o) const {
  std::vector<std::uint32_t> held;
  for (const auto& [slot, vintage] : state_->tokens().vintages())
    if (vintage.held.contains(account(o.home))) held.push_back(slot);
  return {held.empty() ? 0 : held[o.pick % held.size()]};
}

void World::move(const Operation& o) {
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

void World::swap(const Operation& o) {
  if (!take(papers(o))) return;
  TrueMeter& m = meters_.at(o.home);
  m.exported_in_all += (1000 - m.exported % 1000) % 1000;
  m.imported = 7000;
  m.exported = 0;
  m.swapped = true;
}

// What one transaction says; whether it was taken.
bool World::sign(const Operation& o) {
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

std::string World::carry_out(const Operation& o) {
  switch (o.act) {
    case Act::meter:
      move(o);
      return {};
    case Act::quarantine:
      meters_.at(o.home).quarantined = true;
      return {};
    case Act::miss:
      meters_.at(o.home).missed = true;
      return {};
    case Act::swap:
      swap(o);
      break;
    case Act::restart:
      ++trace_.restarts;
      return replayed();
    case Act::close:
      return close();
    default:
      sign(o);
  }
  end_block();
  return broken_;
}

std::string World::close() {
  // The slot has ended: what is said from here on is said at the beginning of the next one.
  const std::uint32_t closing = slot_;
  std::vector<Transaction> said;
  for (std::uint32_t g : {0u, 1u}) said.push_back(batch(g));
  for (std::uint32_t g : {0u, 1u}) said.push_back(marks(g));
  slot_ = closing + 1;
  for (const Transaction& tx : said)
    if (!take(tx) && broken_.empty()) return "batches or marks are refused";
  end_block();
  if (state_->wants_proposal(time_ms()) && !take(state_->proposal(time_ms())))
    return "the maker's own proposal is refused";
  for (const Transaction& tx : state_->due(time_ms()))
    if (!take(tx)) return "what is due is refused";
  end_block();
  plant_fault();
  if (broken_.empty()) broken_ = charges_broken();
  return broken_.empty() ? state_broken() : broken_;
}

// Beside what the watch sees, from the slot that closed: each home's charges of the month are what
// its highest own import costs, rounded once.
std::string World::charges_broken() {
  const ClosedSlot& closed = *state_->last_closed();
  if (closed.slot.value == next_month_slot) peaks_.clear();
  for (const Statement& s : closed.settlement.statements) {
    auto& [peak, charged] = peaks_[s.meter.value];
    if (s.standing == Standing::metered) peak = std::max(peak, s.imported.value);
    charged += s.capacity ? s.capacity->charge.value : 0;
    const Wide twice = Wide{2} * peak * 3600 * genesis_.capacity_price.value;
    if (charged != (twice + operation_slot_ms) / (2 * operation_slot_ms))
      return "a month's capacity charges are not its highest import's cost";
  }
  return {};
}

void World::plant_fault() {
  auto& tokens = const_cast<TokenBook&>(state_->tokens());
  auto& journal = const_cast<Journal&>(state_->journal());
  const ClosedSlot& closed = *state_->last_closed();
  if (fault_ == Fault::transfer_credited_twice)
    for (const Transfer& t : closed.transfers) tokens.mint_late(t.to, t.vintage, t.quantity);
  if (fault_ == Fault::retired_tokens_held_on)
    for (const Retirement& v : closed.retirements)
      tokens.mint_late(v.account, v.vintage, v.quantity);
  if (fault_ == Fault::correction_posted_beside)
    for (const Correction& c : closed.corrections)
      if (c.total.value != 0) journal.post({PostingKind::correction, c.account, retailer, {1}});
  if (fault_ == Fault::peak_forgotten)
    for (const auto& [id, meter] : state_->meters()) const_cast<MonthPeak&>(meter.month_peak) = {};
  if (fault_ != Fault::none && broken_.empty()) broken_ = watch_.broken_by({}, *state_);
}

// Beside what the watch sees: nobody's promises are above what it holds, and no token is without a
// Wh that a meter really exported.
std::string World::state_broken() const {
  for (const auto& [slot, vintage] : state_->tokens().vintages())
    for (std::uint8_t home = 1; home <= homes; ++home)
      if (state_->free_tokens(account(home), {slot}).value < 0)
        return "an account's free tokens are below 0";
  std::int64_t exported = 0;
  for (const auto& [home, m] : meters_) exported += m.exported_in_all / 1000;
  if (state_->tokens().totals().minted.value > exported) return "more is minted than was exported";
  return {};
}

// A state made of the blocks alone, which goes on in the place of the one there was.
std::string World::replayed() {
  auto again = std::make_unique<MarketState>(genesis_, verifier_);
  for (const TimedBlock& block : blocks_) {
    for (const Transaction& tx : block.transactions) {
      if (fault_ == Fault::cancellation_lost_on_restart && tx.kind == TransactionKind::cancellation)
        continue;
      if (auto ok = again->apply(tx, leaf_hash(tx.entry()), SignatureIs::unchecked, block.time_ms);
          !ok)
        return "a block does not execute again: " + ok.error().why;
    }
    again->commit();
  }
  if (again->tree().root() != root()) return "the blocks replay to another state root";
  if (again->content_root() != state_->content_root())
    return "the blocks replay to another content root";
  state_ = std::move(again);
  return {};
}

std::int64_t random_amount(Rng& rng, std::uint64_t most) {
  constexpr std::int64_t two31 = std::int64_t{1} << 31, two53 = std::int64_t{1} << 53;
  constexpr std::array<std::int64_t, 12> edges{0,         1,          two31 - 1, two31,
                                               two31 + 1, two53 - 1,  two53,     two53 + 1,
                                               INT64_MAX, 10'000'000, -1,        INT64_MAX - 1};
  if (rng.chance(0.05)) return edges[rng.below(edges.size())];
  return static_cast<std::int64_t>(rng.below(most + 1));
}

}  // namespace

std::string words_of(const Operation& o) {
  return std::string(act_names[static_cast<std::size_t>(o.act)]) + " home " +
         std::to_string(o.home) + " other " + std::to_string(o.other) + " pick " +
         std::to_string(o.pick) + " amount " + std::to_string(o.amount) + " price " +
         std::to_string(o.price);
}

std::vector<Operation> random_operations(Rng& rng, std::size_t count) {
  struct Weight {
    Act act;
    std::uint32_t weight;
    std::uint64_t most;  // amount
  };
  constexpr std::array weights{Weight{Act::meter, 22, 4'000'000}, Weight{Act::quarantine, 2, 0},
                               Weight{Act::miss, 2, 0},           Weight{Act::swap, 2, 0},
                               Weight{Act::bid, 13, 3'000},       Weight{Act::list, 13, 3'000},
                               Weight{Act::cancel, 4, 0},         Weight{Act::contract, 8, 2'000},
                               Weight{Act::transfer, 10, 60},     Weight{Act::retire, 8, 60},
                               Weight{Act::correct, 5, 2'000},    Weight{Act::fee, 3, 200'000},
                               Weight{Act::close, 14, 0}};
  std::uint32_t sum = 0;
  for (const Weight& w : weights) sum += w.weight;
  std::vector<Operation> out(count);
  for (Operation& o : out) {
    std::uint64_t at = rng.below(sum);
    const Weight* w = weights.data();
    while (at >= w->weight) at -= (w++)->weight;
    o.act = w->act;
    if (rng.chance(0.004)) o.act = Act::restart;
    if (rng.chance(0.002)) o.act = Act::erase;
    o.home = static_cast<std::uint8_t>(1 + rng.below(homes));
    o.other = static_cast<std::uint8_t>(1 + rng.below(homes));
    o.pick = static_cast<std::uint32_t>(rng.below(1u << 31));
    o.amount = random_amount(rng, w->most);
    o.price = random_amount(rng, 300'000);
  }
  return out;
}

Trace carry_out(std::span<const Operation> operations, const OperationTerms& terms, Fault fault) {
  World world(terms, fault);
  Trace& trace = world.trace();
  for (const Operation& o : operations) {
    ++trace.done;
    trace.broken = world.carry_out(o);
    if (!trace.broken.empty()) return trace;
  }
  trace.broken = world.replayed();
  trace.root = world.root();
  return trace;
}

std::vector<Operation> shrunk(std::vector<Operation> operations, const OperationTerms& terms,
                              Fault fault) {
  const auto breaks = [&](const std::vector<Operation>& some) {
    return !carry_out(some, terms, fault).broken.empty();
  };
  operations.resize(carry_out(operations, terms, fault).done);
  std::size_t parts = 2;
  while (operations.size() > 1) {
    const std::size_t size = (operations.size() + parts - 1) / parts;
    bool smaller = false;
    for (std::size_t from = 0; from < operations.size() && !smaller; from += size) {
      std::vector<Operation> without = operations;
      const auto first = without.begin() + static_cast<std::ptrdiff_t>(from);
      const auto last =
          without.begin() + static_cast<std::ptrdiff_t>(std::min(from + size, operations.size()));
      without.erase(first, last);
      if (!breaks(without)) continue;
      operations = std::move(without);
      parts = std::max<std::size_t>(parts - 1, 2);
      smaller = true;
    }
    if (smaller) continue;
    if (size == 1) break;
    parts = std::min(2 * parts, operations.size());
  }
  return operations;
}

}  // namespace market_test
