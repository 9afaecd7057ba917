#include "twin/node/base/identity.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/seal.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/rules.hpp"
#include "market/clearing/mechanism.hpp"

namespace twin {

using namespace ledger;

namespace {

// Marks are posted after the slot's end, stand in the next block, and count for the one after it;
// one more for a block that is late.
constexpr std::int64_t blocks_of_grace = 3;

PublicKey public_key_of(const KeySeed& seed) { return Ed25519Signer(seed).public_key(); }

// A key of one month from the subject's root key, which no gateway ever holds.
Hash monthly(const std::array<std::uint8_t, 32>& root, std::string_view label, CivilTime month) {
  const CivilFields f = fields_of(month);
  ByteWriter w;
  w.raw(root).raw(bytes_of(label)).u16(static_cast<std::uint16_t>(f.year));
  return sha256(w.u8(static_cast<std::uint8_t>(f.month)).view());
}

MeterIdentity make_meter(const Rng& own, std::uint32_t index, std::uint32_t gateway,
                         CivilTime month) {
  const auto root = own.fork("root key").bytes32();
  MeterIdentity m;
  m.meter = {index};
  m.gateway = gateway;
  m.root_key = root;
  const Hash pseudonym = monthly(root, "account", month);
  std::memcpy(m.account.bytes.data(), pseudonym.data(), m.account.bytes.size());
  m.meter_seed = own.fork("meter key").bytes32();
  m.next_meter_seed = own.fork("next meter key").bytes32();
  m.account_seed = monthly(root, "account key", month);
  m.changed_meter_seed = own.fork("changed meter key").bytes32();
  m.changed_account_seed = own.fork("changed account key").bytes32();
  m.personal_key = monthly(root, "personal", month);
  m.restricted_key = monthly(root, "restricted", month);
  return m;
}

// Minutes of the day, UTC, at which the sun is below the horizon on all days of the month, less an
// hour at each side: weather files hold means over an hour.
Nights::Dark dark_of(const Place& place, CivilTime first_of_month) {
  constexpr std::int64_t step_min = 10, steps_a_day = 144, margin = 6, days = 31;
  std::array<bool, steps_a_day> light{};
  for (std::int64_t step = 0; step < days * steps_a_day; ++step) {
    const std::int64_t unix_ms = first_of_month.unix_ms + step * step_min * 60'000;
    if (sun_over(place, days_since_new_year(unix_ms)).up > 0)
      light[static_cast<std::size_t>(step % steps_a_day)] = true;
  }
  // The longest dark stretch, looked for over two days, since it may go over midnight.
  std::int64_t from = 0, longest = 0, length = 0;
  for (std::int64_t t = 0; t < 2 * steps_a_day; ++t) {
    length = light[static_cast<std::size_t>(t % steps_a_day)] ? 0 : length + 1;
    if (length <= longest || length > steps_a_day) continue;
    longest = length;
    from = t - length + 1;
  }
  const auto minute = [](std::int64_t t) {
    return static_cast<std::uint16_t>(t % steps_a_day * step_min);
  };
  if (longest <= 2 * margin) return {};
  if (longest == steps_a_day) return {0, steps_a_day * step_min};
  return {minute(from + margin), minute(from + longest - margin)};
}

std::array<Nights::Dark, 12> dark_months(const Place& place, CivilTime start) {
  std::array<Nights::Dark, 12> out;
  const std::string year = to_rfc3339(CivilTime{start.unix_ms, 0}).substr(0, 4);
  for (std::size_t m = 0; m < out.size(); ++m) {
    const std::string month = (m < 9 ? "0" : "") + std::to_string(m + 1);
    out[m] = dark_of(place, *from_rfc3339(year + "-" + month + "-01T00:00:00Z"));
  }
  return out;
}

}  // namespace

namespace {

bool heeds_feeder(const std::string& mechanism) {
  const auto acting = market::acting_named(mechanism);
  return acting && market::needs_feeder(acting->mechanism);
}

std::uint32_t oracles_of(const Scenario& scenario) {
  const bool ruled = scenario.oracle.quarantined != OracleSpec::Quarantined::keep;
  const bool asked = scenario.oracle.feeder_evidence || ruled || scenario.oracle.attesters > 0;
  return asked ? scenario.oracle.oracles : 0;
}

}  // namespace

Identities make_identities(const Scenario& scenario) {
  const Rng rng = Rng(scenario.seed).fork("identity");
  Identities out{
      operator_keys(scenario.seed, scenario.consensus.validators, scenario.ledger.gateways),
      {},
      {},
      {}};
  for (std::uint32_t o = 0; o < oracles_of(scenario); ++o)
    out.oracles.push_back(rng.fork("oracle", o).bytes32());
  for (std::uint32_t c = 0; c < scenario.ledger.concentrators; ++c)
    out.concentrators.push_back(rng.fork("concentrator", c).bytes32());
  for (const HomeSpec& home : scenario.homes) {
    const auto index = static_cast<std::uint32_t>(out.meters.size());
    out.meters.push_back(make_meter(rng.fork(home.name), index, home.gateway, scenario.time.start));
  }
  for (std::uint32_t w = 0; w < scenario.oracle.witnesses; ++w) {
    const auto index = static_cast<std::uint32_t>(out.meters.size());
    const Rng own = w == 0 ? rng.fork("feeder meter") : rng.fork("feeder meter", w);
    out.meters.push_back(make_meter(own, index, w % scenario.ledger.gateways, scenario.time.start));
    out.meters.back().feeder = true;
  }
  return out;
}

SubjectKey on_chain(const Hash& chain_id, const SubjectKey& monthly) {
  return sha256({bytes_of("aipchain subject key 1"), chain_id, monthly});
}

void bind_to_chain(Identities& identities, const Hash& chain_id) {
  for (MeterIdentity& m : identities.meters) {
    m.personal_key = on_chain(chain_id, m.personal_key);
    m.restricted_key = on_chain(chain_id, m.restricted_key);
  }
  identities.grid_operator_key = on_chain(chain_id, identities.grid_operator_key);
}

namespace {

// Where its rung acts.
void put_capacity_tariff(Genesis& g, const Scenario& scenario) {
  for (const RungSpec& rung : scenario.congestion) {
    if (rung.kind != RungSpec::Kind::capacity_tariff) continue;
    g.capacity_price = rung.capacity_price;
    g.zone = zone_named(rung.zone).value_or(Zone{scenario.time.start.offset_minutes, false});
  }
}

}  // namespace

Genesis make_genesis(const Scenario& scenario, const Identities& identities, const Place& place,
                     const Hash& input_hash) {
  Genesis g;
  g.name = scenario.name;
  g.epoch = scenario.time.start;
  g.slot_ms = scenario.time.market_slot.whole_ms();
  g.batch_ms = scenario.ledger.batch_interval.whole_ms();
  g.block_ms = scenario.ledger.block_interval.whole_ms();
  g.close_grace_ms = std::max(g.close_grace_ms, blocks_of_grace * g.block_ms);
  g.metering_ms = scenario.time.metering_interval.whole_ms();
  for (const KeySeed& seed : identities.validators) g.validators.push_back(public_key_of(seed));
  for (const KeySeed& seed : identities.gateways) g.gateways.push_back(public_key_of(seed));
  for (const KeySeed& seed : identities.oracles) g.oracles.push_back(public_key_of(seed));
  for (const KeySeed& seed : identities.concentrators)
    g.concentrators.push_back(public_key_of(seed));
  g.attesters = scenario.oracle.attesters;
  g.registrar = public_key_of(identities.registrar);
  g.metering_operator = public_key_of(identities.metering_operator);
  g.gateway_administrator = public_key_of(identities.gateway_administrator);
  g.certifier = public_key_of(identities.certifier);
  if (!scenario.congestion.empty() || heeds_feeder(scenario.market.mechanism))
    g.grid_operator = public_key_of(identities.grid_operator);
  g.observer = public_key_of(identities.observer);
  g.auditor_box = box_keys(identities.auditor_seed).public_key;
  g.retail_buy = scenario.prices.retail_buy;
  g.retail_sell = scenario.prices.retail_sell;
  g.grid_fee = scenario.prices.grid_fee;
  g.local_grid_fee = scenario.prices.local_grid_fee;
  g.levies = scenario.prices.levies;
  g.vat_permille = scenario.prices.vat_permille;
  put_capacity_tariff(g, scenario);
  g.mechanism = scenario.market.mechanism;
  g.certificates = scenario.oracle.certificates;
  g.rules = rules_hash();
  g.dark = dark_months(place, scenario.time.start);
  g.input_hash = input_hash;
  return g;
}

}  // namespace twin
