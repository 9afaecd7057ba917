#include "tests/market/naive_clearing.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

namespace market_test {

using namespace ledger;
using namespace market;

namespace {

using Book = std::vector<Order>;

bool better(const Order& a, const Order& b) {
  if (a.limit != b.limit) return a.side == Side::buy ? a.limit > b.limit : a.limit < b.limit;
  return a.id < b.id;
}

// Every single Wh of one side, best first: the order that it belongs to.
std::vector<std::size_t> units_of(const Book& book, Side side) {
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < book.size(); ++i)
    if (book[i].side == side) at.push_back(i);
  std::sort(at.begin(), at.end(),
            [&](std::size_t a, std::size_t b) { return better(book[a], book[b]); });
  std::vector<std::size_t> units;
  for (const std::size_t i : at)
    for (std::int64_t wh = 0; wh < book[i].energy.value; ++wh) units.push_back(i);
  return units;
}

// Hamilton's way: floors first, then one each to whoever is furthest below its exact share.
void share(const Book& book, const std::vector<std::size_t>& at, std::int64_t total,
           std::vector<WattHours>& fills) {
  std::int64_t wanted = 0, given = 0;
  for (const std::size_t i : at) wanted += book[i].energy.value;
  for (const std::size_t i : at) {
    fills[i].value = book[i].energy.value * total / wanted;
    given += fills[i].value;
  }
  for (; given < total; ++given) {
    std::size_t best = SIZE_MAX;
    std::int64_t best_lack = 0;
    for (const std::size_t i : at) {
      const std::int64_t lack = book[i].energy.value * total - fills[i].value * wanted;
      if (best == SIZE_MAX || lack > best_lack ||
          (lack == best_lack && book[i].id < book[best].id)) {
        best = i;
        best_lack = lack;
      }
    }
    ++fills[best].value;
  }
}

void fill_from_best(const Book& book, Side side, std::int64_t volume,
                    std::vector<WattHours>& fills) {
  std::set<std::int64_t> limits;
  for (const Order& o : book)
    if (o.side == side) limits.insert(side == Side::buy ? -o.limit.value : o.limit.value);
  for (const std::int64_t rank : limits) {
    std::vector<std::size_t> at;
    std::int64_t wanted = 0;
    for (std::size_t i = 0; i < book.size(); ++i)
      if (book[i].side == side && book[i].limit.value == (side == Side::buy ? -rank : rank)) {
        at.push_back(i);
        wanted += book[i].energy.value;
      }
    const std::int64_t take = std::min(volume, wanted);
    share(book, at, take, fills);
    volume -= take;
  }
}

Clearing uniform(const Book& book) {
  Clearing out;
  out.fills.resize(book.size());
  const auto bids = units_of(book, Side::buy), asks = units_of(book, Side::sell);
  std::size_t v = 0;
  while (v < bids.size() && v < asks.size() && book[bids[v]].limit >= book[asks[v]].limit) ++v;
  if (v == 0) return out;
  out.volume.value = static_cast<std::int64_t>(v);
  std::int64_t low = book[asks[v - 1]].limit.value, high = book[bids[v - 1]].limit.value;
  if (v < bids.size()) low = std::max(low, book[bids[v]].limit.value);
  if (v < asks.size()) high = std::min(high, book[asks[v]].limit.value);
  out.price = Price{(low + high) / 2};
  fill_from_best(book, Side::buy, out.volume.value, out.fills);
  fill_from_best(book, Side::sell, out.volume.value, out.fills);
  return out;
}

Clearing pay_as_bid(const Book& book) {
  Clearing out = uniform(book);
  out.price.reset();
  Book filled = book;
  for (std::size_t i = 0; i < book.size(); ++i) filled[i].energy = out.fills[i];
  const auto bids = units_of(filled, Side::buy), asks = units_of(filled, Side::sell);
  for (std::size_t k = 0; k < bids.size(); ++k) {
    const auto b = static_cast<std::uint32_t>(bids[k]), s = static_cast<std::uint32_t>(asks[k]);
    if (!out.trades.empty() && out.trades.back().buyer == b && out.trades.back().seller == s)
      ++out.trades.back().energy.value;
    else
      out.trades.push_back({b, s, {1}, book[b].limit});
  }
  return out;
}

void deal(const Book& book, Clearing& out, std::size_t buyer, std::size_t seller, Price price) {
  const WattHours energy =
      std::min(book[buyer].energy - out.fills[buyer], book[seller].energy - out.fills[seller]);
  out.trades.push_back(
      {static_cast<std::uint32_t>(buyer), static_cast<std::uint32_t>(seller), energy, price});
  out.fills[buyer] += energy;
  out.fills[seller] += energy;
  out.volume += energy;
}

Clearing continuous(const Book& book) {
  Clearing out;
  out.fills.resize(book.size());
  for (std::size_t i = 0; i < book.size(); ++i)
    while (out.fills[i] < book[i].energy) {
      std::size_t best = SIZE_MAX;
      for (std::size_t j = 0; j < i; ++j) {
        if (book[j].side == book[i].side || out.fills[j] == book[j].energy) continue;
        const bool meets = book[i].side == Side::buy ? book[i].limit >= book[j].limit
                                                     : book[i].limit <= book[j].limit;
        if (!meets) continue;
        if (best == SIZE_MAX || (book[j].side == Side::buy ? book[j].limit > book[best].limit
                                                           : book[j].limit < book[best].limit))
          best = j;
      }
      if (best == SIZE_MAX) break;
      const bool buys = book[i].side == Side::buy;
      deal(book, out, buys ? i : best, buys ? best : i, book[best].limit);
    }
  return out;
}

// The round in which a pair comes.
int round_of(const Order& buyer, const Order& seller) {
  const bool partners = buyer.partner == seller.account || seller.partner == buyer.account;
  const bool local = buyer.bus != 0 && buyer.bus == seller.bus;
  const bool green = buyer.green && seller.green;
  if (partners) return 1;
  if (local) return green ? 2 : 3;
  return green ? 4 : 5;
}

Clearing bilateral(const Book& book) {
  Clearing out;
  out.fills.resize(book.size());
  using Rank = std::tuple<int, std::uint32_t, std::int64_t, OrderId, std::int64_t, OrderId>;
  std::vector<std::tuple<Rank, std::size_t, std::size_t>> pairs;
  for (std::size_t b = 0; b < book.size(); ++b)
    for (std::size_t s = 0; s < book.size(); ++s) {
      if (book[b].side != Side::buy || book[s].side != Side::sell) continue;
      if (book[b].limit < book[s].limit) continue;
      const int round = round_of(book[b], book[s]);
      const std::uint32_t bus = round == 2 || round == 3 ? book[b].bus : 0;
      pairs.push_back(
          {Rank{round, bus, -book[b].limit.value, book[b].id, book[s].limit.value, book[s].id}, b,
           s});
    }
  std::sort(pairs.begin(), pairs.end());
  for (const auto& [rank, b, s] : pairs)
    if (out.fills[b] < book[b].energy && out.fills[s] < book[s].energy)
      deal(book, out, b, s, {(book[b].limit.value + book[s].limit.value) / 2});
  return out;
}

void share_in_equal_parts(const Book& book, const std::vector<std::size_t>& buyers,
                          std::int64_t offered, Clearing& out) {
  std::map<AccountId, std::vector<std::size_t>> homes;
  for (const std::size_t i : buyers) homes[book[i].account].push_back(i);
  std::map<AccountId, std::int64_t> share_of;
  while (offered > 0 && !homes.empty())  // Wh by Wh, round and round
    for (const auto& [account, at] : homes)
      if (offered > 0) {
        ++share_of[account];
        --offered;
      }
  for (const auto& [account, at] : homes) {
    std::int64_t wanted = 0;
    for (const std::size_t i : at) wanted += book[i].energy.value;
    share(book, at, std::min(wanted, share_of[account]), out.fills);
    out.volume.value += std::min(wanted, share_of[account]);
  }
}

Clearing community(const Book& book, std::int64_t price, SharingKey key) {
  Clearing out;
  out.fills.resize(book.size());
  std::vector<std::size_t> buyers, sellers;
  std::int64_t wanted = 0, offered = 0;
  for (std::size_t i = 0; i < book.size(); ++i) {
    if (book[i].side == Side::buy && book[i].limit.value >= price) {
      buyers.push_back(i);
      wanted += book[i].energy.value;
    }
    if (book[i].side == Side::sell && book[i].limit.value <= price) {
      sellers.push_back(i);
      offered += book[i].energy.value;
    }
  }
  if (wanted == 0 || offered == 0) return out;
  if (key == SharingKey::static_key) {
    share_in_equal_parts(book, buyers, offered, out);
  } else {
    out.volume.value = std::min(wanted, offered);
    share(book, buyers, out.volume.value, out.fills);
  }
  share(book, sellers, out.volume.value, out.fills);
  if (out.volume.value > 0) out.price = Price{price};
  return out;
}

// The largest p in the band with p x below <= above: a fraction rounded down, without dividing.
std::int64_t rounded_down(Wide above, Wide below, const ClearingTerms& terms) {
  std::int64_t low = terms.floor.value, high = terms.ceiling.value;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (middle * below <= above)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

std::int64_t community_price(Mechanism mechanism, const Book& book, const ClearingTerms& terms) {
  const Wide f = terms.floor.value, c = terms.ceiling.value;
  Wide supply = 0, demand = 0;
  for (const Order& o : book) {
    if (o.side == Side::sell && o.limit <= terms.ceiling) supply += o.energy.value;
    if (o.side == Side::buy && o.limit >= terms.floor) demand += o.energy.value;
  }
  if (mechanism == Mechanism::mid_market) return rounded_down(f + c, 2, terms);
  if (supply == 0 || demand == 0) return terms.floor.value;  // nobody trades at any price
  if (mechanism == Mechanism::bill_sharing)
    return rounded_down(f * demand + c * supply, supply + demand, terms);
  if (supply >= demand) return terms.floor.value;
  return rounded_down(f * c * demand, (c - f) * supply + f * demand, terms);
}

}  // namespace

Clearing naive_clearing(Mechanism mechanism, const Book& book, const ClearingTerms& terms) {
  if (mechanism == Mechanism::uniform) return uniform(book);
  if (mechanism == Mechanism::pay_as_bid) return pay_as_bid(book);
  if (mechanism == Mechanism::continuous) return continuous(book);
  if (mechanism == Mechanism::bilateral) return bilateral(book);
  Clearing none;
  none.fills.resize(book.size());
  if (mechanism == Mechanism::retailer || terms.ceiling < terms.floor) return none;
  const bool billed = mechanism == Mechanism::bill_sharing;
  return community(book, community_price(mechanism, book, terms),
                   billed ? terms.key : SharingKey::dynamic_key);
}

MicroEuros dual_welfare(const Book& book) {
  Wide best = 0;
  bool found = false;
  for (const Order& at : book) {
    Wide gain = 0;
    for (const Order& o : book) {
      const std::int64_t over = o.limit.value - at.limit.value;
      const Wide each = o.side == Side::buy ? over : -over;
      if (each > 0) gain += each * o.energy.value;
    }
    if (!found || gain < best) best = gain;
    found = true;
  }
  return {static_cast<std::int64_t>((best + 500) / 1000)};
}

}  // namespace market_test
