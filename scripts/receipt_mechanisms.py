"""How a slot's book clears, by the mechanism that genesis names; from docs/market.md."""
from receipt_deals import BUY, SELL


def share(group, total):
    """{row id: Wh} by energy, rounded down, the rest one each by largest remainder, then id."""
    energy = sum(o.energy for o in group)
    if not energy:
        return {}
    fills = {o.id: o.energy * total // energy for o in group}
    left = total - sum(fills.values())
    for o in sorted(group, key=lambda o: (-(o.energy * total % energy), o.id))[:left]:
        fills[o.id] += 1
    return fills


def fill(merit, volume):
    """Gives the volume to the best limits first; one limit shares."""
    fills = {}
    while merit and volume:
        group = [o for o in merit if o.limit == merit[0].limit]
        merit = merit[len(group):]
        given = min(sum(o.energy for o in group), volume)
        fills.update(share(group, given))
        volume -= given
    return fills


def served(merit, volume):
    """The limits of the last order that is served and of the first that is left out, in part being
    both."""
    passed = 0
    for i, order in enumerate(merit):
        passed += order.energy
        if passed > volume:
            return order.limit, order.limit
        if passed == volume:
            return order.limit, merit[i + 1].limit if i + 1 < len(merit) else None


def community_price(mechanism, book, ceiling, floor):
    supply = sum(o.energy for o in book if o.side == 1 and o.limit <= ceiling)
    demand = sum(o.energy for o in book if o.side == 0 and o.limit >= floor)
    band = ceiling - floor
    if mechanism == "mid-market":
        return floor + band // 2
    if mechanism.startswith("bill-sharing"):
        return floor + (band * supply // (supply + demand) if supply + demand else 0)
    below = band * supply + floor * demand
    return floor if supply >= demand or below == 0 else floor * ceiling * demand // below


def clear_community(mechanism, book, prices):
    ceiling = prices["retail_buy"] - prices["local_grid_fee"] - prices["levies"]
    floor = prices["retail_sell"]
    if floor > ceiling:
        return None, 0, {}, []
    price = community_price(mechanism, book, ceiling, floor)
    buyers = [o for o in book if o.side == 0 and o.limit >= price]
    sellers = [o for o in book if o.side == 1 and o.limit <= price]
    offered, wanted = sum(o.energy for o in sellers), sum(o.energy for o in buyers)
    volume = min(offered, wanted)
    if mechanism == "bill-sharing-static":
        taken = equal_shares(buyers, offered)
        volume = sum(taken.values())
        return (price, volume, {**taken, **share(sellers, volume)}, []) if volume else (
            None, 0, {}, [])
    if volume == 0:
        return None, 0, {}, []
    return price, volume, {**share(buyers, volume), **share(sellers, volume)}, []


def clear(mechanism, book, prices):
    """(price or None, volume, {row id: Wh}, [(buyer's row, seller's row, Wh, what the buyer pays, what
    the seller gets)]): the trades where the mechanism makes pairs."""
    if mechanism == "retailer":
        return None, 0, {}, []
    if mechanism == "continuous":
        return of_trades(continuous(book))
    if mechanism == "bilateral":
        return of_trades(bilateral(book))
    if mechanism in ("grid-aware", "fee-tree"):
        return of_trades(of_results(book))
    if mechanism not in ("uniform", "pay-as-bid"):
        return clear_community(mechanism, book, prices)
    price, volume, fills, trades = clear_uniform(book)
    return (price, volume, fills, trades) if mechanism == "uniform" else (
        None, volume, fills, pairs(book, fills))


def pairs(book, fills):
    """The best buyer with the cheapest seller, as far as their fills go, at what the buyer bid."""
    served_orders = [o for o in book if fills.get(o.id, 0)]
    buys = sorted((o for o in served_orders if o.side == BUY), key=lambda o: (-o.limit, o.id))
    sells = sorted((o for o in served_orders if o.side == SELL), key=lambda o: (o.limit, o.id))
    buys, sells = ([[o, fills[o.id]] for o in side] for side in (buys, sells))
    out = []
    while buys and sells:
        energy = min(buys[0][1], sells[0][1])
        out.append((buys[0][0].id, sells[0][0].id, energy, buys[0][0].limit, buys[0][0].limit))
        for side in (buys, sells):
            side[0][1] -= energy
            if side[0][1] == 0:
                del side[0]
    return out


def clear_uniform(book):
    buys = sorted((o for o in book if o.side == 0), key=lambda o: -o.limit)
    sells = sorted((o for o in book if o.side == 1), key=lambda o: o.limit)
    volume, i, j = 0, 0, 0
    wanted, offered = [o.energy for o in buys], [o.energy for o in sells]
    while i < len(buys) and j < len(sells) and buys[i].limit >= sells[j].limit:
        matched = min(wanted[i], offered[j])
        volume += matched
        wanted[i] -= matched
        offered[j] -= matched
        i += wanted[i] == 0
        j += offered[j] == 0
    if volume == 0:
        return None, 0, {}, []
    last_buy, next_buy = served(buys, volume)
    last_sell, next_sell = served(sells, volume)
    low = last_sell if next_buy is None else max(last_sell, next_buy)
    high = last_buy if next_sell is None else min(last_buy, next_sell)
    return low + (high - low) // 2, volume, {**fill(buys, volume), **fill(sells, volume)}, []



def equal_shares(buyers, offered):
    """By a static key: each party the same, the rest one Wh each to the first parties."""
    parties, out = sorted({o.party for o in buyers}), {}
    for i, party in enumerate(parties):
        own = [o for o in buyers if o.party == party]
        part = offered // len(parties) + (i < offered % len(parties))
        out.update(share(own, min(part, sum(o.energy for o in own))))
    return out


# ---- mechanisms that make pairs

def of_trades(trades):
    fills = {}
    for buyer, seller, energy, *_ in trades:
        fills[buyer] = fills.get(buyer, 0) + energy
        fills[seller] = fills.get(seller, 0) + energy
    return None, sum(t[2] for t in trades), fills, trades


def continuous(book):
    """Each order meets the best that rests of the other side, of equal ones the first, at its limit."""
    resting, out = ([], []), []
    for order in book:
        left, others = order.energy, resting[1 - order.side]
        while left and others:
            best = (min if order.side == BUY else max)(others, key=lambda o: o[0].limit)
            other = best[0]
            if (order.limit < other.limit) if order.side == BUY else (order.limit > other.limit):
                break
            energy = min(left, best[1])
            pair = (order, other) if order.side == BUY else (other, order)
            out.append((pair[0].id, pair[1].id, energy, other.limit, other.limit))
            left -= energy
            best[1] -= energy
            if best[1] == 0:
                others.remove(best)
        if left:
            resting[order.side].append([order, left])
    return out


def bilateral(book):
    """Partners first, then who wants green energy of who has it, then all others; in each round the
    best bid chooses first, the cheapest offer first, at the middle of both limits."""
    buys = sorted((o for o in book if o.side == BUY), key=lambda o: (-o.limit, o.id))
    sells = sorted((o for o in book if o.side == SELL), key=lambda o: (o.limit, o.id))
    left, out = {o.id: o.energy for o in book}, []
    rounds = (lambda b, s: b.partner == s.party or s.partner == b.party,
              lambda b, s: b.green and s.green,
              lambda b, s: True)
    for likes in rounds:
        for buyer in buys:
            for seller in sells:
                if left[buyer.id] == 0 or buyer.limit < seller.limit:
                    break
                energy = min(left[buyer.id], left[seller.id])
                if energy and likes(buyer, seller):
                    middle = seller.limit + (buyer.limit - seller.limit) // 2
                    out.append((buyer.id, seller.id, energy, middle, middle))
                    left[buyer.id] -= energy
                    left[seller.id] -= energy
    return out


def of_results(book):
    """Deals from fills and prices: within each price that both sides have, then what is left by
    rising price; of one price the first row with the first."""
    by_price = [{}, {}]
    for o in book:
        if o.fill:
            by_price[o.side].setdefault(o.price, []).append([o, o.fill])
    out = []
    for price in sorted(by_price[BUY]):
        pair_up(by_price[BUY][price], by_price[SELL].get(price, []), out)
    pair_up(*([one for price in sorted(side) for one in side[price]] for side in by_price), out)
    return out


def pair_up(buys, sells, out):
    while buys and sells:
        (buyer, wanted), (seller, offered) = buys[0], sells[0]
        energy = min(wanted, offered)
        out.append((buyer.id, seller.id, energy, buyer.price, seller.price))
        for side in (buys, sells):
            side[0][1] -= energy
            if side[0][1] == 0:
                del side[0]
