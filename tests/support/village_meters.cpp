// What meters, gateways and the registry's roles say in the village's chain.

#include "market/entries/fee_change.hpp"
#include "market/entries/grid_measure.hpp"
#include "tests/support/village_writer.hpp"

namespace market_test::village_life {

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

// What the grid operator did in the slot before: it dimmed a home, and curtailed it and another,
// for which it owes them something, to be paid in this slot.
void VillageWriter::add_measures(std::uint32_t slot) {
  std::vector<Opening> homes;
  const auto add_home = [&](std::uint32_t home, std::uint8_t measure, std::uint16_t minutes) {
    homes.push_back(opening_of(Village::restricted_key(home),
                               HomeMeasure{account(static_cast<std::uint8_t>(home)),
                                           {home},
                                           {slot - 1},
                                           {slot},
                                           measure,
                                           minutes,
                                           static_cast<std::int32_t>(drawn(4200)),
                                           -static_cast<std::int32_t>(drawn(900)),
                                           {measure * (1000 * home + slot)}}));
  };
  add_home(1, 0, 2);
  add_home(1, 1, 1);
  add_home(3, 1, 2);
  add(grid_measure_of(out_.log.chain_id, {slot - 1}, {slot},
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

}  // namespace market_test::village_life
