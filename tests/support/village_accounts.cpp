// What accounts and the grid operator say in the village's chain.

#include "tests/market/feeder_support.hpp"
#include "tests/support/village_writer.hpp"

namespace market_test::village_life {

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
  add_contract(selling_home, Template::controllable_load, {140}, {4'077});
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

}  // namespace market_test::village_life
