#include "market/settlement/settlement.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "market/clearing/proportional_shares.hpp"

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

constexpr std::uint8_t one_price_version = 1, deals_version = 2, capacity_version = 3;
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

void deliver(const std::vector<SlotPosition>& positions, std::vector<Statement>& statements) {
  std::vector<std::int64_t> can_buy, can_sell;
  std::int64_t buy_sum = 0, sell_sum = 0;
  can_buy.reserve(positions.size());
  can_sell.reserve(positions.size());
  for (const SlotPosition& p : positions) {
    can_buy.push_back(can_take(p).value);
    can_sell.push_back(can_deliver(p).value);
    buy_sum += can_buy.back();
    sell_sum += can_sell.back();
  }
  const std::int64_t quantity = std::min(buy_sum, sell_sum);
  const auto bought = proportional_shares(can_buy, quantity);
  const auto sold = proportional_shares(can_sell, quantity);
  for (std::size_t i = 0; i < statements.size(); ++i) {
    statements[i].bought = {bought[i]};
    statements[i].sold = {sold[i]};
  }
}

constexpr std::uint8_t side_with_fee = 2;  // bought

void encode_deals(const std::vector<DealLine>& deals, ByteWriter& w) {
  w.u16(static_cast<std::uint16_t>(deals.size()));
  for (const DealLine& d : deals) {
    w.u8(d.has_fee() ? side_with_fee : static_cast<std::uint8_t>(d.side)).raw(d.partner.bytes);
    w.i64(d.contracted.value).i64(d.delivered.value).i64(d.price.value).i64(d.amount.value);
    if (d.has_fee()) w.i64(d.fee.value).i64(d.fee_amount.value);
  }
}

bool within_bounds(const DealLine& d) {
  return d.contracted.value > 0 && d.contracted.value <= max_contract_wh &&
         d.delivered.value >= 0 && d.delivered <= d.contracted &&
         d.delivered.value <= max_energy_wh && d.price.value >= 0 && d.price <= max_order_price &&
         d.amount.value >= 0 && d.amount.value <= max_amount && d.fee.value >= 0 &&
         d.fee <= max_order_price && d.fee_amount.value >= 0 && d.fee_amount.value <= max_amount;
}

// Bought ones first, of each side at most so many and the further ones at the end.
bool in_their_order(const std::vector<DealLine>& deals) {
  std::size_t of_side = 0;
  for (std::size_t i = 0; i < deals.size(); ++i) {
    const bool begins = i == 0 || deals[i - 1].side != deals[i].side;
    if (i > 0 && deals[i].side < deals[i - 1].side) return false;
    of_side = begins ? 1 : of_side + 1;
    if (!begins && deals[i - 1].of_the_rest()) return false;
    if (deals[i].of_the_rest()
            ? of_side != max_deal_lines + 1 || deals[i].price.value != 0 || deals[i].fee.value != 0
            : of_side > max_deal_lines)
      return false;
  }
  return true;
}

// Sums of one side; nothing where one, or what is to be paid in all, is beyond 64 bits.
struct DealSums {
  WattHours contracted, delivered;
  MicroEuros amount;
};
std::optional<DealSums> sums_of(const std::vector<DealLine>& deals, Side side) {
  Wide contracted = 0, delivered = 0, amount = 0, fees = 0;
  for (const DealLine& d : deals) {
    if (d.side != side) continue;
    contracted += d.contracted.value;
    delivered += d.delivered.value;
    amount += d.amount.value;
    fees += d.fee_amount.value;
  }
  if (std::max({contracted, delivered, amount + fees}) > max_amount) return std::nullopt;
  return DealSums{{static_cast<std::int64_t>(contracted)},
                  {static_cast<std::int64_t>(delivered)},
                  {static_cast<std::int64_t>(amount)}};
}

bool add_up(const Statement& s) {
  const auto buys = sums_of(s.deals, Side::buy), sells = sums_of(s.deals, Side::sell);
  return buys && sells && buys->contracted == s.contracted_buy && buys->delivered == s.bought &&
         buys->amount == s.trade_paid && sells->contracted == s.contracted_sell &&
         sells->delivered == s.sold && sells->amount == s.trade_earned;
}

std::vector<DealLine> read_deals(ByteReader& r, bool may_be_none) {
  std::vector<DealLine> out(r.u16());
  if ((out.empty() && !may_be_none) || out.size() > 2 * (max_deal_lines + 1)) r.fail();
  for (std::size_t i = 0; i < out.size() && !r.failed(); ++i) {
    DealLine& d = out[i];
    const std::uint8_t side = r.u8();
    d.side = side == 1 ? Side::sell : Side::buy;  // one with a fee is bought
    d.partner.bytes = r.array<16>();
    d.contracted.value = r.i64();
    d.delivered.value = r.i64();
    d.price.value = r.i64();
    d.amount.value = r.i64();
    if (side == side_with_fee) {
      d.fee.value = r.i64();
      d.fee_amount.value = r.i64();
    }
    if (side > side_with_fee || (side == side_with_fee) != d.has_fee() || !within_bounds(d))
      r.fail();
  }
  return out;
}

// A line that some tariff gives, whatever its price.
CapacityLine read_capacity(ByteReader& r, const Statement& s) {
  CapacityLine out;
  out.peak_before.value = r.i64();
  out.peak.value = r.i64();
  out.charge.value = r.i64();
  if (out.peak_before.value < 0 || out.peak.value > max_peak_wh ||
      out.peak != peak_after(out.peak_before, s.imported, s.standing) || out.charge.value < 0 ||
      out.charge.value > max_amount || (out.peak == out.peak_before && out.charge.value != 0))
    r.fail();
  return out;
}

std::uint8_t version_of(const Statement& s) {
  return s.capacity ? capacity_version : s.deals.empty() ? one_price_version : deals_version;
}

}  // namespace

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
  if (s.capacity) post(PostingKind::capacity, s.account, grid_operator, s.capacity->charge);
}

Bytes encode(const Statement& s) {
  ByteWriter w;
  w.raw(s.account.bytes).u8(version_of(s));
  w.u32(s.meter.value).u32(s.slot.value).u32(s.since.value);
  w.u8(static_cast<std::uint8_t>(s.standing));
  each_field(s, [&](std::int64_t v) { w.i64(v); });
  if (const auto& line = s.capacity)
    w.i64(line->peak_before.value).i64(line->peak.value).i64(line->charge.value);
  if (s.capacity || !s.deals.empty()) encode_deals(s.deals, w);
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
  if (standing >= standings) r.fail();
  if (found_version == capacity_version && !r.failed()) s.capacity = read_capacity(r, s);
  if (found_version >= deals_version && !r.failed())
    s.deals = read_deals(r, found_version == capacity_version);
  if (!r.done() || found_version < one_price_version || found_version > capacity_version ||
      s.slot < s.since || !in_their_order(s.deals))
    return failure("statement is not in its canonical form");
  if (!within_bounds(s)) return failure("statement holds energies or amounts beyond all measure");
  if (!s.deals.empty() && !add_up(s)) return failure("statement is not the sum of its deals");
  return s;
}

namespace {

void price_trade(Statement& s, Price price, const Tariff& tariff) {
  s.trade_paid = cost_of(s.bought, price);
  s.trade_earned = cost_of(s.sold, price);
  s.local_grid_fee = cost_of(s.bought, tariff.local_grid_fee);
  if (s.deals.empty()) return;
  s.trade_paid = s.trade_earned = {};
  for (DealLine& d : s.deals) {
    if (!d.of_the_rest()) {
      d.amount = cost_of(d.delivered, d.price);
      d.fee_amount = cost_of(d.delivered, d.fee);
    }
    (d.side == Side::buy ? s.trade_paid : s.trade_earned) += d.amount;
    s.local_grid_fee += d.fee_amount;
  }
}

}  // namespace

void price_statement(Statement& s, std::optional<Price> price, const Tariff& tariff,
                     bool holds_tokens) {
  const WattHours rest_in = s.imported - s.bought, rest_out = s.exported - s.sold;
  price_trade(s, price.value_or(Price{}), tariff);
  s.trade_levies = cost_of(s.bought, tariff.levies);
  s.retail_energy = cost_of(rest_in, tariff.retail_energy());
  s.grid_fee = cost_of(rest_in, tariff.grid_fee);
  s.levies = cost_of(rest_in, tariff.levies);
  s.feed_in = cost_of(rest_out, tariff.retail_sell);
  s.total = s.trade_paid - s.trade_earned + s.local_grid_fee + s.trade_levies + s.retail_energy +
            s.grid_fee + s.levies - s.feed_in;
  if (s.capacity) {
    s.capacity = capacity_line(s.capacity->peak_before, s.imported, s.standing, tariff);
    s.total += s.capacity->charge;
  }
  s.minted = mints(s.standing) ? s.exported : WattHours{};
  s.retired = holds_tokens ? WattHours{} : s.bought;
}

MicroEuros retailer_bill(const Statement& s, const Tariff& tariff) {
  Statement alone = s;
  alone.bought = alone.sold = WattHours{};
  alone.deals.clear();
  price_statement(alone, std::nullopt, tariff);
  return alone.total;
}

WattHours can_take(const SlotPosition& p) {
  return trades(p.standing) ? std::min(p.contracted_buy, p.imported) : WattHours{};
}

WattHours can_deliver(const SlotPosition& p) {
  return trades(p.standing) ? std::min(p.contracted_sell, p.exported) : WattHours{};
}

std::vector<Statement> begin_statements(Slot slot, std::vector<SlotPosition>& positions) {
  const auto by_account = [](const SlotPosition& a, const SlotPosition& b) {
    return a.account < b.account;
  };
  if (!std::is_sorted(positions.begin(), positions.end(), by_account))
    std::sort(positions.begin(), positions.end(), by_account);
  std::vector<Statement> out;
  out.reserve(positions.size());
  for (const SlotPosition& p : positions) {
    Statement& s = out.emplace_back();
    s.account = p.account;
    s.meter = p.meter;
    s.slot = slot;
    s.since = p.since;
    s.standing = p.standing;
    s.imported = p.imported;
    s.exported = p.exported;
    s.contracted_buy = p.contracted_buy;
    s.contracted_sell = p.contracted_sell;
    if (p.peak_before) s.capacity = CapacityLine{*p.peak_before, *p.peak_before, {}};
  }
  return out;
}

void empty_exchange(const std::vector<Statement>& statements, PostingKind kind,
                    const AccountId& account, std::vector<Posting>& postings) {
  MicroEuros left;
  for (const Statement& s : statements) left += s.trade_paid - s.trade_earned;
  if (left.value > 0) postings.push_back({kind, exchange, account, left});
  if (left.value < 0) postings.push_back({kind, account, exchange, -left});
}

Settlement settle(Slot slot, const Tariff& tariff, std::optional<Price> price,
                  std::vector<SlotPosition> positions) {
  Settlement out;
  out.statements = begin_statements(slot, positions);
  out.postings.reserve(6 * positions.size());
  deliver(positions, out.statements);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    price_statement(out.statements[i], price, tariff, positions[i].holds_tokens);
    add_postings(out.statements[i], out.postings);
  }
  empty_exchange(out.statements, PostingKind::rounding, rounding_account, out.postings);
  return out;
}

}  // namespace market
