#include "market/clearing/bilateral_clearing.hpp"

#include <algorithm>
#include <map>

#include "market/clearing/merit_order.hpp"

namespace market {

using namespace ledger;

namespace {

using Positions = std::vector<std::uint32_t>;

class Dealing {
 public:
  explicit Dealing(std::span<const Order> orders) : orders_(orders), left_(orders.size()) {
    for (std::size_t i = 0; i < orders.size(); ++i) left_[i] = orders[i].energy;
    out.fills.resize(orders.size());
  }

  bool has_left(std::uint32_t order) const { return left_[order].value > 0; }
  bool may_deal(std::uint32_t buyer, std::uint32_t seller) const {
    return has_left(buyer) && has_left(seller) && orders_[buyer].limit >= orders_[seller].limit;
  }
  void deal(std::uint32_t buyer, std::uint32_t seller) {
    const WattHours energy = std::min(left_[buyer], left_[seller]);
    const std::int64_t low = orders_[seller].limit.value, high = orders_[buyer].limit.value;
    out.trades.push_back({buyer, seller, energy, {low + (high - low) / 2}});
    out.volume += energy;
    for (const std::uint32_t i : {buyer, seller}) {
      out.fills[i] += energy;
      left_[i] -= energy;
    }
  }

  Clearing out;

 private:
  std::span<const Order> orders_;
  std::vector<WattHours> left_;
};

// A round, or one bus of it, in which every buyer may deal with every seller; both in merit order.
void deal_all(Dealing& dealing, const Positions& buyers, const Positions& sellers) {
  std::size_t s = 0;
  for (const std::uint32_t buyer : buyers)
    while (dealing.has_left(buyer)) {
      while (s < sellers.size() && !dealing.has_left(sellers[s])) ++s;
      if (s == sellers.size() || !dealing.may_deal(buyer, sellers[s])) break;
      dealing.deal(buyer, sellers[s]);
    }
}

// Sellers in merit order under a key; those that have nothing left are passed over for good.
class SellersBy {
 public:
  void add(const AccountId& key, std::uint32_t rank) { lists_[key].ranks.push_back(rank); }
  // The rank of the best that has something left; UINT32_MAX: none.
  std::uint32_t best(const AccountId& key, const Dealing& dealing, const Positions& sellers) {
    const auto at = lists_.find(key);
    if (at == lists_.end()) return UINT32_MAX;
    List& list = at->second;
    while (list.next < list.ranks.size() && !dealing.has_left(sellers[list.ranks[list.next]]))
      ++list.next;
    return list.next < list.ranks.size() ? list.ranks[list.next] : UINT32_MAX;
  }

 private:
  struct List {
    std::vector<std::uint32_t> ranks;
    std::size_t next = 0;
  };
  std::map<AccountId, List> lists_;
};

void deal_with_partners(Dealing& dealing, std::span<const Order> orders, const Positions& buyers,
                        const Positions& sellers) {
  SellersBy account, partner;
  for (std::uint32_t rank = 0; rank < sellers.size(); ++rank) {
    const Order& o = orders[sellers[rank]];
    account.add(o.account, rank);
    if (o.partner) partner.add(*o.partner, rank);
  }
  for (const std::uint32_t buyer : buyers)
    while (dealing.has_left(buyer)) {
      const Order& o = orders[buyer];
      std::uint32_t rank = partner.best(o.account, dealing, sellers);
      if (o.partner) rank = std::min(rank, account.best(*o.partner, dealing, sellers));
      if (rank == UINT32_MAX || !dealing.may_deal(buyer, sellers[rank])) break;
      dealing.deal(buyer, sellers[rank]);
    }
}

template <class Wanted>
Positions those(std::span<const Order> orders, const Positions& at, Wanted wanted) {
  Positions out;
  std::copy_if(at.begin(), at.end(), std::back_inserter(out),
               [&](std::uint32_t i) { return wanted(orders[i]); });
  return out;
}

void deal_by_bus(Dealing& dealing, std::span<const Order> orders, const Positions& buyers,
                 const Positions& sellers) {
  std::map<std::uint32_t, std::pair<Positions, Positions>> at_bus;
  for (const std::uint32_t i : buyers)
    if (orders[i].bus != 0) at_bus[orders[i].bus].first.push_back(i);
  for (const std::uint32_t i : sellers)
    if (orders[i].bus != 0) at_bus[orders[i].bus].second.push_back(i);
  for (const auto& [bus, both] : at_bus) deal_all(dealing, both.first, both.second);
}

}  // namespace

Clearing bilateral_clearing(std::span<const Order> orders) {
  Dealing dealing(orders);
  const Positions buyers = merit_order(orders, Side::buy),
                  sellers = merit_order(orders, Side::sell);
  const auto green = [](const Order& o) { return o.green; };
  const Positions green_buyers = those(orders, buyers, green);
  const Positions green_sellers = those(orders, sellers, green);
  deal_with_partners(dealing, orders, buyers, sellers);
  deal_by_bus(dealing, orders, green_buyers, green_sellers);
  deal_by_bus(dealing, orders, buyers, sellers);
  deal_all(dealing, green_buyers, green_sellers);
  deal_all(dealing, buyers, sellers);
  return std::move(dealing.out);
}

}  // namespace market
