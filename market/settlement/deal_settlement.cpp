#include "market/settlement/deal_settlement.hpp"

#include <algorithm>

#include "market/clearing/proportional_shares.hpp"

namespace market {

using namespace ledger;

namespace {

// By account, the deals that it is a party of on one side, in their order.
using DealsOfAccounts = std::vector<std::pair<std::size_t, std::size_t>>;  // position, deal

DealsOfAccounts parties(const std::vector<Deal>& deals, AccountId Deal::*party,
                        const std::vector<SlotPosition>& positions) {
  std::vector<std::pair<AccountId, std::size_t>> by_account;
  by_account.reserve(deals.size());
  for (std::size_t d = 0; d < deals.size(); ++d) by_account.emplace_back(deals[d].*party, d);
  std::sort(by_account.begin(), by_account.end());
  DealsOfAccounts out;
  out.reserve(deals.size());
  std::size_t position = 0;
  for (const auto& [account, deal] : by_account) {
    while (position < positions.size() && positions[position].account < account) ++position;
    invariant(position < positions.size() && positions[position].account == account,
              "every party has a position");
    out.emplace_back(position, deal);
  }
  return out;
}

// What each deal gets from the accounts of one side.
std::vector<WattHours> side_shares(const std::vector<Deal>& deals, const DealsOfAccounts& parties,
                                   const std::vector<SlotPosition>& positions, Side side) {
  std::vector<WattHours> out(deals.size());
  std::vector<WattHours> energies;
  for (std::size_t i = 0; i < parties.size(); i += energies.size()) {
    const SlotPosition& p = positions[parties[i].first];
    energies.clear();
    WattHours contracted;
    for (std::size_t k = i; k < parties.size() && parties[k].first == parties[i].first; ++k) {
      energies.push_back(deals[parties[k].second].energy);
      contracted += energies.back();
    }
    invariant(contracted == (side == Side::buy ? p.contracted_buy : p.contracted_sell),
              "what an account contracted is the sum of its deals");
    const auto shares = shares_of_deals(energies, side == Side::buy ? can_take(p) : can_deliver(p));
    for (std::size_t k = 0; k < shares.size(); ++k) out[parties[i + k].second] = shares[k];
  }
  return out;
}

void add_lines(const std::vector<Deal>& deals, const DealsOfAccounts& parties, Side side,
               const std::vector<WattHours>& delivered, std::vector<Statement>& statements) {
  for (const auto& [position, number] : parties) {
    const Deal& d = deals[number];
    const bool buys = side == Side::buy;
    DealLine line{side,
                  buys ? d.seller_row : d.buyer_row,
                  d.energy,
                  delivered[number],
                  buys ? d.buyer_price : d.seller_price,
                  {},
                  buys ? d.fee : Price{}};
    line.amount = cost_of(line.delivered, line.price);
    line.fee_amount = cost_of(line.delivered, line.fee);
    Statement& s = statements[position];
    (buys ? s.bought : s.sold) += line.delivered;
    add_line(s.deals, line);
  }
}

}  // namespace

std::vector<Deal> deals_of(std::span<const Order> orders, std::span<const Trade> trades) {
  std::vector<Deal> out;
  out.reserve(trades.size());
  for (const Trade& t : trades) {
    const Order &buyer = orders[t.buyer], &seller = orders[t.seller];
    out.push_back({buyer.id, seller.id, buyer.account, seller.account, t.energy, t.price + t.beside,
                   t.price, t.fee});
  }
  return out;
}

void sort_deals(std::vector<Deal>& deals) {
  std::stable_sort(deals.begin(), deals.end(), [](const Deal& a, const Deal& b) {
    return std::tie(a.buyer_row, a.seller_row) < std::tie(b.buyer_row, b.seller_row);
  });
}

std::vector<WattHours> shares_of_deals(std::span<const WattHours> energies, WattHours able) {
  std::vector<std::int64_t> weights;
  weights.reserve(energies.size());
  for (const WattHours e : energies) weights.push_back(e.value);
  std::vector<WattHours> out;
  out.reserve(weights.size());
  for (const std::int64_t share : proportional_shares(weights, able.value)) out.push_back({share});
  return out;
}

void add_line(std::vector<DealLine>& lines, const DealLine& line) {
  const auto first = std::find_if(lines.begin(), lines.end(),
                                  [&](const DealLine& l) { return l.side == line.side; });
  const auto of_side = static_cast<std::size_t>(lines.end() - first);
  if (of_side < max_deal_lines) return lines.push_back(line);
  if (of_side == max_deal_lines) lines.push_back({line.side, {}, {}, {}, {}, {}});
  DealLine& rest = lines.back();
  rest.contracted += line.contracted;
  rest.delivered += line.delivered;
  rest.amount += line.amount;
  rest.fee_amount += line.fee_amount;
}

Settlement settle_deals(Slot slot, const Tariff& tariff, std::vector<Deal> deals,
                        std::vector<SlotPosition> positions) {
  Settlement out;
  out.statements = begin_statements(slot, positions);
  sort_deals(deals);
  const auto buyers = parties(deals, &Deal::buyer, positions);
  const auto sellers = parties(deals, &Deal::seller, positions);
  std::vector<WattHours> delivered = side_shares(deals, buyers, positions, Side::buy);
  const auto given = side_shares(deals, sellers, positions, Side::sell);
  for (std::size_t d = 0; d < deals.size(); ++d) delivered[d] = std::min(delivered[d], given[d]);
  add_lines(deals, buyers, Side::buy, delivered, out.statements);
  add_lines(deals, sellers, Side::sell, delivered, out.statements);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    price_statement(out.statements[i], std::nullopt, tariff, positions[i].holds_tokens);
    add_postings(out.statements[i], out.postings);
  }
  empty_exchange(out.statements, PostingKind::congestion_rent, grid_operator, out.postings);
  return out;
}

}  // namespace market
