"""What a slot's market made of an account's orders, and the money of its statement; from
docs/market.md and docs/formats/receipt.md."""
from public_log import Reader, Tree, leaf_hash, sha256, unhex, want
from receipt_deals import BUY, SELL, check_deals, contract_rows, cost, payments
from receipt_entries import items
from receipt_fields import METERED, REPLACEMENT, SPANNING, Fields

MINTING = (METERED, SPANNING)


# ---- clearing

def read_row(row):
    data = unhex(row)
    want(data is not None, "book: a row is not hexadecimal")
    r = Reader(data, "book")
    side, energy, limit = r.uint(1), r.i64(), r.i64()
    order = Fields(side=side, energy=energy, limit=limit, id=r.raw(16), row=data)
    r.done()
    want(side <= 1 and 1 <= energy <= 10_000_000 and 0 <= limit <= 100_000_000,
         "book: a row is not in its canonical form")
    return order


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
    if mechanism == "bill-sharing":
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
    volume = min(sum(o.energy for o in buyers), sum(o.energy for o in sellers))
    if volume == 0:
        return None, 0, {}, []
    return price, volume, {**share(buyers, volume), **share(sellers, volume)}, []


def clear(mechanism, book, prices):
    """(price or None, volume, {row id: Wh}, [(buyer's row, seller's row, Wh, price)]): the trades
    where the mechanism makes pairs."""
    if mechanism == "retailer":
        return None, 0, {}, []
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
        out.append((buys[0][0].id, sells[0][0].id, energy, buys[0][0].limit))
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


def check_clearing(j, o, settled, account, genesis):
    s, rows = o.statement, items(j["book"], "book")
    want(len(rows) == settled.orders and len(rows) <= 1_000_000,
         "book has another number of rows")
    book = [read_row(row) for row in rows]
    want(all(a.id < b.id for a, b in zip(book, book[1:])), "book is not in order of ids")
    want(Tree([leaf_hash(order.row) for order in book]).root() == settled.book_root,
         "book does not hash to the settlement's root")
    price, volume, fills, trades = clear(genesis["mechanism"], book,
                                         genesis["prices_micro_eur_per_kwh"])
    want((price, volume) == (settled.price, settled.volume),
         "price and volume do not follow from the book")
    row_of, contracted = {order.id: order for order in book}, [0, 0]
    rows = [Fields(id=sha256(b"aipchain row 1", account, own.id)[:16], side=own.side,
                   energy=own.energy, limit=own.limit) for own in o.orders]
    rows += contract_rows(o.contracts, s, account, o.orders)
    for own in rows:
        row = row_of.get(own.id)
        want(row and (row.side, row.energy, row.limit) == (own.side, own.energy, own.limit),
             "an order of the account is not in the book")
        contracted[own.side] += fills.get(own.id, 0)
    want([s.contracted_buy, s.contracted_sell] == contracted,
         "contracted energy does not follow from the orders' fills")
    want(s.bought <= min(s.contracted_buy, s.imported)
         and s.sold <= min(s.contracted_sell, s.exported),
         "delivered energy is above what was contracted or metered")
    check_deals(s, {own.id for own in rows}, trades)


# ---- money: prices in micro-EUR/kWh

def check_tariff(s, price, prices, holds):
    rest = s.imported - s.bought
    paid = {
        "trade_paid": sum(d.amount for d in s.deals if d.side == BUY) if s.deals
        else cost(s.bought, price or 0),
        "local_grid_fee": cost(s.bought, prices["local_grid_fee"]),
        "trade_levies": cost(s.bought, prices["levies"]),
        "retail_energy": cost(rest, retail_energy(prices)),
        "grid_fee": cost(rest, prices["grid_fee"]),
        "levies": cost(rest, prices["levies"]),
    }
    earned = {"trade_earned": sum(d.amount for d in s.deals if d.side == SELL) if s.deals
              else cost(s.sold, price or 0),
              "feed_in": cost(s.exported - s.sold, prices["retail_sell"])}
    all_of = {**paid, **earned, "total": sum(paid.values()) - sum(earned.values()),
              "minted": s.exported if s.standing in MINTING else 0,
              "retired": 0 if holds else s.bought}
    for field, amount in all_of.items():
        want(s.__dict__[field] == amount, f"{field} does not follow from quantities and tariff")


def retail_energy(prices):
    return prices["retail_buy"] - prices["grid_fee"] - prices["levies"]


def corrected(ruling, prices):
    """What the retailer's tariff makes of a replacement; nothing else moves money."""
    parts = (retail_energy(prices), prices["grid_fee"], prices["levies"])

    def bill(imported, exported):
        return sum(cost(imported, part) for part in parts) - cost(exported, prices["retail_sell"])
    return bill(*ruling.now) - bill(*ruling.was) if ruling.outcome == REPLACEMENT else 0


def check_bill(j, o, prices):
    s = o.statement
    lines = [("bought from neighbours", s.trade_paid), ("sold to neighbours", -s.trade_earned),
             ("local grid fee", s.local_grid_fee), ("levies on neighbours' energy", s.trade_levies),
             ("energy from the retailer", s.retail_energy), ("grid fee", s.grid_fee),
             ("levies", s.levies), ("feed-in to the retailer", -s.feed_in), ("total", s.total)]
    lines += [(f"correction of slot {v.settled}", corrected(v, prices)) for v in o.rulings]
    lines += payments(o.contracts, s)
    lines += [("balance after", s.balance)]
    found = items(j["bill"], "bill")
    for number, ((line, amount), row) in enumerate(zip(lines, found), 1):
        want(type(row) is dict and set(row) == {"line", "micro_eur"} and row["line"] == line
             and type(row["micro_eur"]) is int and row["micro_eur"] == amount,
             f"line {number} of the bill differs: \"{line}\"")
    want(len(found) == len(lines), "the bill has another number of lines")
