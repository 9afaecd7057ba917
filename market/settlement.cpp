#include "market/settlement.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"

namespace market {

using namespace ledger;

namespace {

// Every i64 of a statement, in the order of its encoding.
template <class S, class F>
void each_field(S& s, F&& field) {
  field(s.imported.value);
  field(s.exported.value);
  field(s.contracted_buy.value);
  field(s.contracted_sell.value);
  field(s.bought.value);
  field(s.sold.value);
  field(s.trade_paid.value);
  field(s.trade_earned.value);
  field(s.local_grid_fee.value);
  field(s.trade_levies.value);
  field(s.retail_energy.value);
  field(s.grid_fee.value);
  field(s.levies.value);
  field(s.feed_in.value);
  field(s.total.value);
  field(s.minted.value);
  field(s.retired.value);
  field(s.balance.value);
}

constexpr std::uint8_t statement_version = 1;
constexpr std::int64_t max_contract_wh = std::int64_t{1} << 44;  // beyond a full book
constexpr std::int64_t max_amount = std::int64_t{1} << 62;

bool within_bounds(const Statement& s) {
  for (const WattHours e : {s.imported, s.exported, s.bought, s.sold, s.minted, s.retired})
    if (e.value < 0 || e.value > max_energy_wh) return false;
  for (const WattHours e : {s.contracted_buy, s.contracted_sell})
    if (e.value < 0 || e.value > max_contract_wh) return false;
  for (const MicroEuros m : {s.trade_paid, s.trade_earned, s.local_grid_fee, s.trade_levies,
                             s.retail_energy, s.grid_fee, s.levies, s.feed_in, s.total, s.balance})
    if (m.value < -max_amount || m.value > max_amount) return false;
  return true;
}

// Shares `total` over `able` in proportion, by largest remainder; ties by position, which is by
// account. total <= sum of able, so that nobody gets more than it is able to.
std::vector<WattHours> share(const std::vector<WattHours>& able, WattHours total) {
  WattHours sum;
  for (const WattHours a : able) sum += a;
  std::vector<WattHours> out(able.size());
  if (sum.value == 0) return out;
  std::vector<std::pair<std::int64_t, std::size_t>> remainders;
  WattHours given;
  for (std::size_t i = 0; i < able.size(); ++i) {
    const Wide product = static_cast<Wide>(able[i].value) * total.value;
    out[i] = {static_cast<std::int64_t>(product / sum.value)};
    given += out[i];
    remainders.emplace_back(-static_cast<std::int64_t>(product % sum.value), i);
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::size_t k = 0; given < total; ++k, given += WattHours{1})
    out[remainders[k].second] += WattHours{1};
  return out;
}

void deliver(const std::vector<SlotPosition>& positions, std::vector<Statement>& statements) {
  std::vector<WattHours> can_buy, can_sell;
  WattHours buy_sum, sell_sum;
  for (const SlotPosition& p : positions) {
    can_buy.push_back(trades(p.standing) ? std::min(p.contracted_buy, p.imported) : WattHours{});
    can_sell.push_back(trades(p.standing) ? std::min(p.contracted_sell, p.exported) : WattHours{});
    buy_sum += can_buy.back();
    sell_sum += can_sell.back();
  }
  const WattHours quantity = std::min(buy_sum, sell_sum);
  const auto bought = share(can_buy, quantity), sold = share(can_sell, quantity);
  for (std::size_t i = 0; i < statements.size(); ++i) {
    statements[i].bought = bought[i];
    statements[i].sold = sold[i];
  }
}

void add_postings(const Statement& s, std::vector<Posting>& postings) {
  const auto post = [&](PostingKind kind, const AccountId& from, const AccountId& to,
                        MicroEuros amount) {
    if (amount.value != 0) postings.push_back({kind, from, to, amount});
  };
  post(PostingKind::trade, s.account, exchange, s.trade_paid);
  post(PostingKind::trade, exchange, s.account, s.trade_earned);
  post(PostingKind::local_grid_fee, s.account, grid_operator, s.local_grid_fee);
  post(PostingKind::trade_levies, s.account, state_levies, s.trade_levies);
  post(PostingKind::retail_energy, s.account, retailer, s.retail_energy);
  post(PostingKind::grid_fee, s.account, grid_operator, s.grid_fee);
  post(PostingKind::levies, s.account, state_levies, s.levies);
  post(PostingKind::feed_in, retailer, s.account, s.feed_in);
}

}  // namespace

Bytes encode(const Statement& s) {
  ByteWriter w;
  w.raw(s.account.bytes)
      .u8(statement_version)
      .u32(s.meter.value)
      .u32(s.slot.value)
      .u32(s.since.value);
  w.u8(static_cast<std::uint8_t>(s.standing));
  each_field(s, [&](std::int64_t v) { w.i64(v); });
  return w.take();
}

Result<Statement> decode_statement(BytesView opening) {
  ByteReader r(opening);
  Statement s;
  s.account.bytes = r.array<16>();
  const std::uint8_t found_version = r.u8();
  s.meter.value = r.u32();
  s.slot.value = r.u32();
  s.since.value = r.u32();
  const std::uint8_t standing = r.u8();
  s.standing = static_cast<Standing>(standing);
  each_field(s, [&](std::int64_t& v) { v = r.i64(); });
  if (!r.done() || found_version != statement_version || standing >= standings || s.slot < s.since)
    return failure("statement is not in its canonical form");
  if (!within_bounds(s)) return failure("statement holds energies or amounts beyond all measure");
  return s;
}

void price_statement(Statement& s, std::optional<Price> price, const Tariff& tariff) {
  const WattHours rest_in = s.imported - s.bought, rest_out = s.exported - s.sold;
  s.trade_paid = cost_of(s.bought, price.value_or(Price{}));
  s.trade_earned = cost_of(s.sold, price.value_or(Price{}));
  s.local_grid_fee = cost_of(s.bought, tariff.local_grid_fee);
  s.trade_levies = cost_of(s.bought, tariff.levies);
  s.retail_energy = cost_of(rest_in, tariff.retail_energy());
  s.grid_fee = cost_of(rest_in, tariff.grid_fee);
  s.levies = cost_of(rest_in, tariff.levies);
  s.feed_in = cost_of(rest_out, tariff.retail_sell);
  s.total = s.trade_paid - s.trade_earned + s.local_grid_fee + s.trade_levies + s.retail_energy +
            s.grid_fee + s.levies - s.feed_in;
  s.minted = mints(s.standing) ? s.exported : WattHours{};
  s.retired = s.bought;
}

MicroEuros retailer_bill(const Statement& s, const Tariff& tariff) {
  Statement alone = s;
  alone.bought = alone.sold = WattHours{};
  price_statement(alone, std::nullopt, tariff);
  return alone.total;
}

Settlement settle(Slot slot, const Tariff& tariff, std::optional<Price> price,
                  std::vector<SlotPosition> positions) {
  std::sort(positions.begin(), positions.end(),
            [](const SlotPosition& a, const SlotPosition& b) { return a.account < b.account; });
  Settlement out;
  for (const SlotPosition& p : positions) {
    Statement s;
    s.account = p.account;
    s.meter = p.meter;
    s.slot = slot;
    s.since = p.since;
    s.standing = p.standing;
    s.imported = p.imported;
    s.exported = p.exported;
    s.contracted_buy = p.contracted_buy;
    s.contracted_sell = p.contracted_sell;
    out.statements.push_back(s);
  }
  deliver(positions, out.statements);
  MicroEuros at_exchange;
  for (Statement& s : out.statements) {
    price_statement(s, price, tariff);
    add_postings(s, out.postings);
    at_exchange += s.trade_paid - s.trade_earned;
  }
  if (at_exchange.value > 0)
    out.postings.push_back({PostingKind::rounding, exchange, rounding_account, at_exchange});
  if (at_exchange.value < 0)
    out.postings.push_back({PostingKind::rounding, rounding_account, exchange, -at_exchange});
  return out;
}

}  // namespace market
