#include "twin/node/deployment.hpp"

#include <algorithm>
#include <cmath>

#include "ai/forecast.hpp"
#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "twin/congestion/dimming_14a.hpp"
#include "twin/congestion/dynamic_grid_fee.hpp"
#include "twin/grid/estimation/feeder_estimator.hpp"
#include "twin/scenario/traded_feeder.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr double line_to_line_v = 400;
constexpr double home_fuse_a = 63;
constexpr double range_margin = 1.1;
constexpr std::int64_t deposit_micro_eur = 100'000'000;  // 100 EUR

bool reckons_with_plans(const Scenario& s) {
  return std::any_of(s.congestion.begin(), s.congestion.end(), follows_plans);
}

// What a home signs: the scenario's contracts, and where a rung dims, that it may, and for what
// relief, unless the scenario says that itself.
std::vector<ContractSpec> contracts_in(const Scenario& s, const HomeSpec& home) {
  std::vector<ContractSpec> out = home.contracts;
  const bool own = std::any_of(out.begin(), out.end(), [](const ContractSpec& c) {
    return c.of == market::Template::controllable_load;
  });
  for (const RungSpec& rung : s.congestion)
    if (rung.kind == RungSpec::Kind::dimming_14a && !own)
      if (auto relief = relief_contract(rung, devices_of(home), s.time.market_slot))
        out.push_back(std::move(*relief));
  return out;
}

}  // namespace

struct Deployment::MeterSigners {
  Ed25519Signer meter, next_meter, account, changed_meter, changed_account;
};

Deployment::Deployment(const Scenario& scenario, const World& world, const Hash& input_hash)
    : scenario_(scenario),
      identities_(make_identities(scenario)),
      genesis_(make_genesis(scenario, identities_, world.place(), input_hash)),
      directory_{scenario.consensus.validators, scenario.ledger.gateways,
                 static_cast<std::uint32_t>(identities_.oracles.size()),
                 scenario.ledger.concentrators, scenario.congestion.empty() ? 0u : 1u} {
  bind_to_chain(identities_, chain_id_of(genesis_));
  for (std::uint32_t m = 0; m < world.meters(); ++m) at_epoch_.push_back(world.registers(m));
  for (std::uint32_t h = 0; h < scenario.homes.size(); ++h)
    history_wh_.push_back(world.history_wh(h));
  const auto slots = static_cast<std::size_t>(hours(24) / scenario.time.market_slot);
  const bool steered = !scenario.congestion.empty();
  for (std::uint32_t h = 0; h < scenario.homes.size(); ++h) {
    const bool exact = steered && scenario.homes[h].schedule == ai::Schedule::optimal;
    const bool plans = exact || reckons_with_plans(scenario);
    rest_wh_.push_back(plans ? ai::seven_day_mean(world.rest_history_wh(h), slots)
                             : std::vector<std::int64_t>{});
  }
  for (const MeterIdentity& m : identities_.meters)
    signers_.push_back(std::unique_ptr<MeterSigners>(
        new MeterSigners{Ed25519Signer(m.meter_seed), Ed25519Signer(m.next_meter_seed),
                         Ed25519Signer(m.account_seed), Ed25519Signer(m.changed_meter_seed),
                         Ed25519Signer(m.changed_account_seed)}));
  roles_ = std::make_unique<RoleSigners>(identities_);
  const Rng rng = Rng(scenario.seed).fork("identity");
  for (const RegistryEvent& e : scenario.events)
    for (const std::uint32_t g : e.gateways)
      next_gateways_[g] = std::make_unique<Ed25519Signer>(rng.fork("changed gateway", g).bytes32());
  for (const Transformer& t : world.network().transformers) transformer_va_ += t.rated_va;
  if (!scenario.congestion.empty()) network_ = std::make_shared<const Network>(world.network());
  for (const HomeSpec& home : scenario.homes) {
    const Connection& c = world.network().connections[home.connection];
    nominal_v_.push_back(c.nominal_v > 0 ? c.nominal_v : world.network().buses[c.bus].nominal_v);
  }
  // Feeder meters stand at the homes' busbar; the world has one.
  const double busbar_v = nominal_v_.empty() ? 230 : nominal_v_.front();
  nominal_v_.resize(identities_.meters.size(), busbar_v);
  const MeterSample at_busbar = at_epoch_.back();
  at_epoch_.resize(identities_.meters.size(), at_busbar);
  if (scenario.oracle.feeder_evidence) find_evidence(world.network());
}

void Deployment::begin_at(std::uint32_t home, std::optional<MilliWattHours> import_register,
                          std::optional<MilliWattHours> export_register) {
  MeterSample& start = at_epoch_.at(home);
  start.import_register = import_register.value_or(start.import_register);
  start.export_register = export_register.value_or(start.export_register);
}

Deployment::~Deployment() = default;

// The feeder meter stands at the source's bus; marks hold no voltages, so that where it would
// measure them does not matter.
void Deployment::find_evidence(const Network& network) {
  std::vector<MeteringPoint> points;
  FeederMeter feeder_meter;
  for (const MeterIdentity& m : identities_.meters)
    if (!m.feeder)
      points.push_back({m.meter, scenario_.homes[m.meter.value].connection, MeterClass::b});
  feeder_meter.meter = {static_cast<std::uint32_t>(scenario_.homes.size())};
  auto estimator = FeederEstimator::create(network, feeder_meter, std::move(points));
  if (estimator)
    evidence_ = std::make_shared<FeederEstimator>(std::move(*estimator));
  else
    without_evidence_ = estimator.error();
}

OracleConfig Deployment::oracle(std::uint32_t o) const {
  OracleConfig c;
  c.oracle = o;
  c.directory = directory_;
  c.chain_id = chain_id_of(genesis_);
  for (const MeterIdentity& m : identities_.meters) {
    if (o == 0) c.restricted_keys[m.meter.value] = m.restricted_key;  // who posts rulings
    if (m.feeder && scenario_.oracle.feeder_evidence)
      c.feeders.try_emplace(0, OracleConfig::Feeder{m.meter, m.account, m.restricted_key, evidence_,
                                                    without_evidence_});
  }
  if (scenario_.oracle.quarantined == OracleSpec::Quarantined::release)
    c.quarantined = market::Outcome::release;
  if (scenario_.oracle.quarantined == OracleSpec::Quarantined::reject)
    c.quarantined = market::Outcome::rejection;
  c.registrar = &roles_->registrar;
  return c;
}

ValidatorConfig Deployment::observer() const {
  ValidatorConfig c;
  c.directory = directory_;
  c.genesis = genesis_;
  return c;
}

ValidatorConfig Deployment::validator(std::uint32_t v) const {
  ValidatorConfig c = observer();
  c.self = ValidatorId{v};
  return c;
}

std::uint32_t Deployment::max_power_w(const MeterIdentity& meter) const {
  const double watts =
      meter.feeder ? transformer_va_ * 2 : std::sqrt(3.0) * line_to_line_v * home_fuse_a;
  return static_cast<std::uint32_t>(range_margin * watts);
}

market::Registration Deployment::registration_of(const MeterIdentity& m) const {
  const MeterSample& start = at_epoch_[m.meter.value];
  market::Registration r;
  r.account = m.account;
  r.meter = m.meter;
  r.gateway = {m.gateway};
  r.kind = m.feeder ? market::MeterKind::feeder : market::MeterKind::home;
  if (scenario_.ledger.signing != Signing::gateway)
    r.meter_key = signers_[m.meter.value]->meter.public_key();
  r.account_key = signers_[m.meter.value]->account.public_key();
  r.max_power_w = max_power_w(m);
  r.import_register = start.import_register;
  r.export_register = start.export_register;
  r.deposit = {m.feeder ? 0 : deposit_micro_eur};
  if (m.feeder) return r;
  const FaultyMeter::Registers shown =
      FaultyMeter::registers_of(start.import_register, start.export_register, faults_of(m.meter));
  r.import_register = shown.first_import;
  r.export_register = shown.first_export;
  if (shown.declared) r.modulus = shown.modulus;
  const HomeSpec& home = scenario_.homes[m.meter.value];
  const auto watts = [](double kw) { return static_cast<std::uint32_t>(std::lround(1000 * kw)); };
  if (home.pv) r.generation_w = watts(home.pv->inverter_kw);
  if (home.battery) r.storage_w = watts(home.battery->power_kw);
  return r;
}

std::vector<MeterFault> Deployment::faults_of(MeterId meter) const {
  std::vector<MeterFault> out;
  for (const MeterFault& f : scenario_.meter_faults)
    if (std::count(f.homes.begin(), f.homes.end(), scenario_.name_of_meter(meter.value)) > 0)
      out.push_back(f);
  return out;
}

std::vector<RegistryEvent> Deployment::events_of(MeterId home) const {
  std::vector<RegistryEvent> out;
  for (const RegistryEvent& e : scenario_.events)
    if (std::count(e.homes.begin(), e.homes.end(), scenario_.homes[home.value].name) > 0)
      out.push_back(e);
  return out;
}

// In the second slot behind the present one, or the third: as of an account (home_events.cpp).
std::optional<GatewayConfig::KeyChange> Deployment::key_change_of(std::uint32_t gateway) const {
  for (const RegistryEvent& e : scenario_.events) {
    if (std::count(e.gateways.begin(), e.gateways.end(), gateway) == 0) continue;
    const auto now = static_cast<std::uint32_t>(e.at.whole_ms() / genesis_.slot_ms);
    return GatewayConfig::KeyChange{e.at,
                                    {now + (e.lost ? 3u : 2u)},
                                    e.lost,
                                    next_gateways_.at(gateway).get(),
                                    &roles_->gateway_administrator};
  }
  return std::nullopt;
}

// Of one witness among several: the same over all its life, spread evenly over class C's limits.
MeterFault Deployment::error_of_class(MeterId witness) const {
  const double limit = error_limit(MeterClass::c);
  MeterFault out;
  out.kind = MeterFault::Kind::meter_scale;
  out.length = scenario_.time.duration;
  out.factor = 1 + Rng(scenario_.seed).fork("witness", witness.value).uniform(-limit, limit);
  return out;
}

std::vector<market::Registration> Deployment::registered() const {
  std::vector<market::Registration> out;
  for (const MeterIdentity& m : identities_.meters) out.push_back(registration_of(m));
  return out;
}

GatewayConfig Deployment::gateway(std::uint32_t g) const {
  GatewayConfig c;
  c.gateway = {g};
  c.directory = directory_;
  c.genesis = genesis_;
  c.transformer_w = static_cast<std::int64_t>(transformer_va_);
  c.v_min_pu = scenario_.grid.v_min_pu;
  c.v_max_pu = scenario_.grid.v_max_pu;
  for (const MeterIdentity& m : identities_.meters) {
    if (m.gateway != g) continue;
    c.meters.push_back(
        {registration_of(m), m.personal_key, m.restricted_key, nominal_v_[m.meter.value]});
  }
  c.registrations = registrations(g);
  c.key_change = key_change_of(g);
  for (Bytes& tx : certificates(g)) c.registrations.push_back(std::move(tx));
  if (g == 0 && !trading_grid_.empty()) c.registrations.push_back(trading_grid_);
  return c;
}

Result<void> Deployment::tell_feeder(const Network& network) {
  const auto acting = market::acting_named(genesis_.mechanism);
  const auto form = acting ? market::form_of(acting->mechanism) : std::nullopt;
  if (!form) return {};
  const auto feeder = traded_feeder_of(scenario_, network, *form);
  if (!feeder) return failure("market.mechanism: " + genesis_.mechanism + ": " + feeder.error());
  constexpr Slot first{1};  // an entry is of slots that have not begun
  std::vector<Opening> homes;
  for (const MeterIdentity& m : identities_.meters)
    if (!m.feeder)
      homes.push_back(market::opening_of(
          m.restricted_key,
          market::HomePlace{m.account, m.meter, first, feeder->bus_of_home.at(m.meter.value)}));
  const auto tx =
      market::trading_grid_of(chain_id_of(genesis_), first, feeder->terms, std::move(homes),
                              identities_.grid_operator_key, roles_->grid_operator);
  if (!tx) return failure("market.mechanism: " + genesis_.mechanism + ": " + tx.error());
  trading_grid_ = tx->encode();
  return {};
}

ConcentratorConfig Deployment::concentrator(std::uint32_t c) const {
  return {c, directory_, genesis_};
}

// A gateway's meters, signed by the registrar; as many transactions as their openings need.
std::vector<Bytes> Deployment::registrations(std::uint32_t gateway) const {
  std::vector<Transaction> all;
  for (const MeterIdentity& m : identities_.meters) {
    if (m.gateway != gateway) continue;
    if (all.empty() || all.back().openings.size() == max_openings) all.emplace_back();
    market::add_openings(all.back().openings, {registration_of(m), m.restricted_key});
  }
  std::vector<Bytes> out;
  for (Transaction& tx : all) {
    tx.kind = TransactionKind::registration;
    tx.root = openings_root(tx.openings);
    tx.body = market::encode(market::RegistrationBody{
        {gateway}, static_cast<std::uint32_t>(tx.openings.size() / 2), {}});
    sign_entry(tx, chain_id_of(genesis_), roles_->registrar);
    out.push_back(tx.encode());
  }
  return out;
}

// The one of its event, or one for ever.
market::MeterCertificate Deployment::certificate_of(const MeterIdentity& m) const {
  market::MeterCertificate out{m.account, m.meter, registration_of(m).meter_key,
                               {},        {},      {UINT32_MAX}};
  for (const RegistryEvent& e : events_of(m.meter)) {
    if (e.kind != RegistryEvent::Kind::certificate) continue;
    const auto slot = [&](Duration t) {
      return static_cast<std::uint32_t>(t.whole_ms() / genesis_.slot_ms);
    };
    out.first = {slot(e.at)};
    out.end = {std::max(slot(e.at + e.length), out.first.value + 1)};
  }
  const Bytes what = ByteWriter().u32(m.meter.value).raw(out.meter_key).take();
  out.hash = sha256({bytes_of("aipchain twin certificate 1"), what});
  return out;
}

// Of the gateway's homes, where the scenario asks for certificates; of a meter that papers put in
// another's place as well.
std::vector<Bytes> Deployment::certificates(std::uint32_t gateway) const {
  if (!scenario_.oracle.certificates) return {};
  std::vector<Opening> first, next;
  for (const MeterIdentity& m : identities_.meters) {
    if (m.gateway != gateway || m.feeder) continue;
    market::MeterCertificate c = certificate_of(m);
    first.push_back(market::opening_of(m.restricted_key, c));
    const auto faults = faults_of(m.meter);
    if (std::none_of(faults.begin(), faults.end(), [](const MeterFault& f) {
          return f.kind == MeterFault::Kind::meter_swap && f.papers;
        }))
      continue;
    c.meter_key = signers_[m.meter.value]->next_meter.public_key();
    c.hash = sha256({bytes_of("aipchain twin certificate 1"), c.hash});
    next.push_back(market::opening_of(m.restricted_key, c));
  }
  std::vector<Bytes> out;
  for (std::vector<Opening>* openings : {&first, &next})
    if (!openings->empty())
      out.push_back(
          market::certificates_of(chain_id_of(genesis_), std::move(*openings), roles_->certifier)
              .encode());
  return out;
}

GridOperatorConfig Deployment::grid_operator() const {
  GridOperatorConfig c;
  c.directory = directory_;
  c.start = scenario_.time.start;
  c.slot = scenario_.time.market_slot;
  c.rungs = scenario_.congestion;
  c.max_loading = scenario_.grid.max_loading;
  c.v_min_pu = scenario_.grid.v_min_pu;
  c.v_max_pu = scenario_.grid.v_max_pu;
  c.sell_eur_per_kwh = static_cast<double>(scenario_.prices.retail_sell.value) * 1e-6;
  for (std::size_t h = 0; h < scenario_.homes.size(); ++h) {
    const HomeSpec& home = scenario_.homes[h];
    const MeterIdentity& meter = identities_.meters[h];
    c.homes.push_back(
        {home.connection, home.gateway, devices_of(home), meter.account, meter.restricted_key});
  }
  c.genesis = genesis_;
  c.signer = &roles_->grid_operator;
  c.patience = scenario_.ledger.block_interval * std::int64_t{2} + seconds(10);
  c.network = network_;
  return c;
}

// What a home asks for flexibility is its own, drawn once.
HomeControlConfig Deployment::control_of(std::uint32_t gateway) const {
  HomeControlConfig c;
  c.directory = directory_;
  c.retail_eur_per_kwh = static_cast<double>(scenario_.prices.retail_buy.value) * 1e-6;
  c.sell_eur_per_kwh = static_cast<double>(scenario_.prices.retail_sell.value) * 1e-6;
  c.slot_h = scenario_.time.market_slot.seconds() / 3600;
  c.plans_are_said = reckons_with_plans(scenario_);
  RungSpec market;
  for (const RungSpec& r : scenario_.congestion)
    if (r.kind == RungSpec::Kind::flexibility) market = r;
  const Rng rng = Rng(scenario_.seed).fork("flexibility");
  const Rng lots = Rng(scenario_.seed).fork("charging hours");
  for (std::uint32_t h = 0; h < scenario_.homes.size(); ++h) {
    const HomeSpec& home = scenario_.homes[h];
    if (home.gateway != gateway) continue;
    const auto span = static_cast<std::uint64_t>(market.offer_to.value - market.offer_from.value);
    const std::uint64_t more = rng.fork(home.name).below(span + 1);
    ManagedHome managed;
    managed.home = h;
    managed.devices = devices_of(home);
    managed.devices.lot = lots.fork(home.name).next();
    managed.ask =
        static_cast<std::int32_t>(market.offer_from.value) + static_cast<std::int32_t>(more);
    managed.schedule = home.schedule;
    managed.rest_wh = rest_wh_[h];
    c.homes.push_back(std::move(managed));
  }
  return c;
}

// What generates is offered as green, as far as the ledger takes it for that.
void Deployment::prefer(FleetMeter& home) const {
  const std::uint32_t m = home.meter.value;
  const PreferenceSpec& prefers = scenario_.homes[m].prefers;
  home.wants_green = prefers.green;
  home.offers_green = registration_of(identities_.meters[m]).generation_w > 0;
  for (std::size_t h = 0; h < scenario_.homes.size(); ++h)
    if (scenario_.homes[h].name == prefers.partner) home.partner = identities_.meters[h].account;
}

FleetConfig Deployment::fleet(std::uint32_t g) const {
  FleetConfig c;
  if (directory_.grid_operators > 0) c.control = control_of(g);
  c.gateway = g;
  c.directory = directory_;
  c.genesis = genesis_;
  c.signing = scenario_.ledger.signing;
  const Rng rng = Rng(scenario_.seed).fork("orders");
  for (const MeterIdentity& m : identities_.meters) {
    if (m.gateway != g) continue;
    const MeterSample& start = at_epoch_[m.meter.value];
    MeterSigners& signers = *signers_[m.meter.value];
    FleetMeter f{m.meter,
                 m.feeder,
                 m.account,
                 m.personal_key,
                 m.restricted_key,
                 &signers.meter,
                 &signers.account,
                 &signers.next_meter,
                 &signers.changed_meter,
                 &signers.changed_account,
                 roles_.get(),
                 {},
                 {},
                 start.import_register,
                 start.export_register,
                 {},
                 ai::Strategy::zero_intelligence,
                 Rng(0),
                 std::nullopt};
    f.faults = faults_of(m.meter);
    const MeterId first{static_cast<std::uint32_t>(scenario_.homes.size())};
    if (m.feeder && m.meter != first) f.measures = first;
    if (m.feeder && scenario_.oracle.witnesses > 1) f.faults.push_back(error_of_class(m.meter));
    if (!m.feeder) {
      f.events = events_of(m.meter);
      f.history_wh = history_wh_[m.meter.value];
      f.strategy = scenario_.homes[m.meter.value].strategy;
      f.rng = rng.fork(scenario_.homes[m.meter.value].name);
      const HomeSpec& home = scenario_.homes[m.meter.value];
      f.contracts = contracts_of(contracts_in(scenario_, home), m.account, m.meter,
                                 scenario_.time.market_slot,
                                 Rng(scenario_.seed).fork("contracts").fork(home.name));
      if (market::acting_named(genesis_.mechanism)->mechanism == market::Mechanism::bilateral)
        prefer(f);
    }
    c.meters.push_back(std::move(f));
  }
  return c;
}

}  // namespace twin
