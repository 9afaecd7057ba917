#include "twin/node/home/standing_contracts.hpp"

#include <algorithm>

namespace twin {

using namespace ledger;
using market::Contract;
using market::ContractTrade;

namespace {

// The first slot that begins at this time or behind it.
std::uint32_t slot_from(Duration time, Duration slot) {
  return static_cast<std::uint32_t>((time.ns + slot.ns - 1) / slot.ns);
}

std::array<std::uint8_t, 16> draw_name(Rng& rng) {
  std::array<std::uint8_t, 16> out{};
  std::copy_n(rng.bytes32().begin(), out.size(), out.begin());
  return out;
}

}  // namespace

std::vector<Contract> contracts_of(const std::vector<ContractSpec>& all, AccountId account,
                                   MeterId meter, Duration slot, const Rng& rng) {
  std::vector<Contract> out;
  for (const ContractSpec& spec : all) {
    Rng own = rng.fork(market::name_of(spec.of));
    Contract& c = out.emplace_back();
    c.account = account;
    c.meter = meter;
    const Duration at = spec.at.value_or(Duration{});
    c.first_slot.value = std::max(1u, slot_from(at, slot));  // a slot is ordered for in advance
    c.end_slot.value = spec.length
                           ? std::max(c.first_slot.value + 1, slot_from(at + *spec.length, slot))
                           : UINT32_MAX;
    c.of = spec.of;
    c.side = spec.side;
    c.share = spec.key_permille;
    c.energy = spec.energy;
    c.price = spec.price;
    c.id = {draw_name(own)};
    for (const std::uint32_t weight : spec.tenants) c.tenants.push_back({draw_name(own), weight});
    std::sort(c.tenants.begin(), c.tenants.end());
  }
  return out;
}

StandingContracts::StandingContracts(const std::vector<Contract>& contracts) {
  for (const Contract& c : contracts) all_.push_back({c});
}

// Once said, not before its first slot has begun: until then the ledger may take it.
bool StandingContracts::Standing::is_due(Slot slot, Slot next) const {
  return !on_ledger && (said ? contract.first_slot < next : contract.first_slot <= slot);
}

std::vector<Contract> StandingContracts::begin(Slot slot, Slot next) {
  std::vector<Contract> out;
  std::erase_if(all_, [&](Standing& s) {
    if (!s.is_due(slot, next)) return false;
    s.contract.first_slot = std::max(s.contract.first_slot, next);
    if (s.contract.first_slot >= s.contract.end_slot) return true;
    s.said = true;
    out.push_back(s.contract);
    return false;
  });
  return out;
}

void StandingContracts::on_ledger(market::Template of, std::uint32_t number) {
  for (Standing& s : all_)
    if (s.said && s.contract.of == of && s.contract.number <= number) s.on_ledger = true;
}

// By template, as the ledger has them.
std::vector<const Contract*> StandingContracts::trading_in(Slot slot) const {
  std::vector<const Contract*> out;
  for (const auto& [c, said, on_ledger] : all_)
    if (said && market::trades_energy(c.of) && c.first_slot <= slot && slot < c.end_slot)
      out.push_back(&c);
  std::sort(out.begin(), out.end(),
            [](const Contract* a, const Contract* b) { return a->of < b->of; });
  return out;
}

std::vector<std::int64_t> StandingContracts::left_of(std::vector<std::int64_t> net_wh,
                                                     Slot slot) const {
  const std::vector<const Contract*> trading = trading_in(slot);
  if (trading.empty()) return net_wh;
  for (std::int64_t& net : net_wh) {
    net = std::clamp(net, -market::max_energy_wh, market::max_energy_wh);
    market::SlotPosition expected;
    expected.imported.value = std::max<std::int64_t>(net, 0);
    expected.exported.value = std::max<std::int64_t>(-net, 0);
    for (const ContractTrade& t : market::contract_trades(trading, expected, {}))
      net += t.side == market::Side::buy ? -t.energy.value : t.energy.value;
  }
  return net_wh;
}

}  // namespace twin
