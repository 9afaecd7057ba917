#include "market/settlement/sub_meters.hpp"

#include <cstdlib>

#include "ledger/base/invariant.hpp"
#include "market/clearing/proportional_shares.hpp"

namespace market {
namespace {

// By tenant, what each gets of a value of either sign.
std::vector<std::int64_t> parts_of(std::int64_t value, std::span<const Tenant> tenants,
                                   std::size_t first) {
  const std::size_t n = tenants.size();
  std::vector<std::int64_t> weights(n), out(n);
  for (std::size_t i = 0; i < n; ++i) weights[i] = tenants[(first + i) % n].weight;
  const auto shares = proportional_shares(weights, std::abs(value));
  for (std::size_t i = 0; i < n; ++i) out[(first + i) % n] = value < 0 ? -shares[i] : shares[i];
  return out;
}

}  // namespace

std::vector<TenantBill> tenant_bills(const Statement& s, std::span<const Tenant> tenants) {
  invariant(!tenants.empty(), "sub-meters have tenants");
  std::vector<TenantBill> out;
  for (const Tenant& t : tenants) {
    Statement part;
    part.account = s.account;
    part.meter = s.meter;
    part.slot = s.slot;
    part.since = s.since;
    part.standing = s.standing;
    out.push_back({t, part});
  }
  const std::size_t first = s.slot.value % tenants.size();
  const auto share = [&](auto field) {
    const auto parts = parts_of((s.*field).value, tenants, first);
    for (std::size_t i = 0; i < out.size(); ++i) (out[i].part.*field).value = parts[i];
  };
  // What a tenant bought is part of what it imported, and the rest is its own too: so the rest is
  // what is shared out, and the import follows.
  for (auto field : {&Statement::bought, &Statement::sold, &Statement::contracted_buy,
                     &Statement::contracted_sell, &Statement::minted, &Statement::retired})
    share(field);
  const auto rest_in = parts_of((s.imported - s.bought).value, tenants, first);
  const auto rest_out = parts_of((s.exported - s.sold).value, tenants, first);
  for (auto field : {&Statement::trade_paid, &Statement::trade_earned, &Statement::local_grid_fee,
                     &Statement::trade_levies, &Statement::retail_energy, &Statement::grid_fee,
                     &Statement::levies, &Statement::feed_in})
    share(field);
  const auto charges = parts_of(s.capacity ? s.capacity->charge.value : 0, tenants, first);
  for (std::size_t i = 0; i < out.size(); ++i) {
    Statement& p = out[i].part;
    p.capacity = s.capacity;
    if (p.capacity) p.capacity->charge.value = charges[i];
    p.imported = p.bought + WattHours{rest_in[i]};
    p.exported = p.sold + WattHours{rest_out[i]};
    p.total = p.trade_paid - p.trade_earned + p.local_grid_fee + p.trade_levies + p.retail_energy +
              p.grid_fee + p.levies - p.feed_in + MicroEuros{charges[i]};
  }
  return out;
}

}  // namespace market
